//! Where `load` and `create` make an object: the anchor that a path means, and what it is made of.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::unistd::Uid;
use shmstore::Store;
use shmstore::inspect::{Segment, SegmentState};

use crate::about;
use crate::anchors::{Anchors, is_certain, is_name};
use crate::failure::Failure;
use crate::group::{Kind, Member};
use crate::saved;
use crate::text::{shown, shown_path};

/// The properties of a new object. The defaults are those of the store, or of the object that is replaced.
#[derive(Debug, Clone, Copy, Default)]
pub struct Making {
    /// The permission bits.
    pub mode: Option<u32>,
    /// How many processes can have it attached for writing.
    pub max_processes: Option<u32>,
}

/// The anchor of a new object.
#[derive(Debug)]
pub struct Destination {
    path: PathBuf,
    /// The name of a named object.
    name: Option<String>,
    anchor: PathBuf,
    /// Whether the anchor is a file that is not the file of a name.
    is_file: bool,
    is_new: bool,
}

impl Destination {
    /// Finds the anchor of the path on a command line. Refuses to create a directory where the user probably means a
    /// name.
    ///
    /// # Errors
    ///
    /// [`Failure::NotFound`] if the directory above does not exist, [`Failure::Refused`] if the path cannot be an
    /// anchor.
    pub fn of(path: &Path, named: bool, id: char) -> Result<Self, Failure> {
        let parent = saved::parent(path);
        let of = |name, anchor, is_new| Self { path: path.into(), name, anchor, is_file: false, is_new };
        if named {
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.ok_or_else(|| Failure::Other(format!("{} does not end in a name", shown_path(path))))?;
            saved::must_be_there(parent)?;
            let anchor = parent.join(format!("{name}.shm"));
            let is_new = !is_there(&anchor)?;
            return Ok(of(Some(name.into()), anchor, is_new));
        }
        if let Some(anchor) = the_one_there(path, id)? {
            if saved::is_saved(&anchor) {
                let why = "is a saved object, and cannot be the anchor of a shared object";
                return Err(Failure::Refused(format!("{} {why}", shown_path(&anchor))));
            }
            return Ok(of(None, anchor, false));
        }
        is_there(path)?;
        saved::must_be_there(parent)?;
        if is_of_a_store(parent)? {
            return Err(Failure::Refused(format!(
                "{} does not exist, and {} holds objects or names: use --named, or create the directory first",
                shown_path(path),
                shown_path(parent)
            )));
        }
        Ok(of(None, path.into(), true))
    }

    /// Finds the anchor of a member of a group, below a directory.
    ///
    /// # Errors
    ///
    /// [`Failure::Refused`] if something else is at the path.
    pub fn of_member(directory: &Path, member: &Member) -> Result<Self, Failure> {
        // An empty path would add a `/`.
        let anchor = if member.path.as_os_str().is_empty() { directory.into() } else { directory.join(&member.path) };
        let (is_new, is_dir) = (!is_there(&anchor)?, anchor.is_dir());
        if !is_new && is_dir != (member.kind == Kind::Directory) {
            let (is, was) = if is_dir { ("a directory", "file") } else { ("a file", "directory") };
            let why = format!("is {is}, and the anchor of the saved object was a {was}: use another directory");
            return Err(Failure::Refused(format!("{} {why}", shown_path(&anchor))));
        }
        let name = anchor.file_stem().and_then(|stem| stem.to_str()).filter(|_| member.kind == Kind::Name);
        let (name, path) = (name.map(str::to_owned), name.map_or(anchor.clone(), |name| anchor.with_file_name(name)));
        Ok(Self { path, name, anchor, is_file: member.kind == Kind::File, is_new })
    }

    /// Returns the path as the command line takes it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns `true` if the anchor does not exist yet.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Returns the object of that id at the anchor, or the journal of which it is going to be made. Remains of a dead
    /// creator do not count.
    ///
    /// # Errors
    ///
    /// An error of the kernel.
    pub fn object(&self, id: char) -> Result<Option<Segment>, Failure> {
        use SegmentState::{Abandoned, Initializing, Journal, Orphaned, Removed};
        if self.is_new {
            return Ok(None);
        }
        let there = Anchors::exactly(&self.anchor).standing()?;
        let is_object = |segment: &Segment| {
            let is_complete = !matches!(segment.state, Removed | Orphaned | Initializing | Abandoned);
            about::id(segment) == Some(id) && is_complete && is_believed(segment)
        };
        Ok(there.into_iter().filter(is_object).min_by_key(|segment| segment.state == Journal))
    }

    /// Opens the store, and creates the anchor. The defaults of the options are those of the replaced object.
    ///
    /// # Errors
    ///
    /// The anchor cannot be created or used.
    pub fn store(&self, making: &Making, old: Option<&Segment>) -> Result<Store, Failure> {
        let mut options = Store::options();
        if let Some(mode) = making.mode.or(old.map(|old| old.mode & 0o666 | 0o600)) {
            options = options.mode(mode);
        }
        let slots = old.and_then(|old| Some(old.description.as_ref()?.max_processes));
        if let Some(slots) = making.max_processes.or(slots) {
            options = options.max_processes(slots);
        }
        if self.is_file && self.is_new {
            let made = File::options().write(true).create_new(true).mode(0o600).open(&self.anchor);
            made.map_err(Failure::at(&self.anchor))?;
        }
        Ok(match &self.name {
            None if self.is_file => options.open(&self.anchor)?,
            None => options.open_or_create(&self.anchor)?,
            Some(name) => options.open(saved::parent(&self.path))?.open_or_create_named(name)?,
        })
    }

    /// Says what was created.
    #[must_use]
    pub fn made(&self) -> String {
        match &self.name {
            None if self.is_file => format!("created file {}", shown_path(&self.path)),
            None => format!("created directory {}", shown_path(&self.path)),
            Some(name) => format!("created name {} in {}", shown(name), shown_path(saved::parent(&self.path))),
        }
    }

    /// Removes a new anchor, if it has no object. Errors are ignored, because the creation has failed already.
    pub fn clear(&self) {
        if !self.is_new {
            return;
        }
        match &self.name {
            Some(name) => {
                drop(Store::open(saved::parent(&self.path)).and_then(|directory| directory.remove_name(name)))
            }
            None => {
                if Anchors::exactly(&self.anchor).standing().is_ok_and(|there| there.is_empty()) {
                    drop(if self.is_file { fs::remove_file(&self.anchor) } else { fs::remove_dir(&self.anchor) });
                }
            }
        }
    }
}

/// Returns `false` for a segment at the key of a journal that the store ignores. Any user can make one there, and would
/// choose mode, layout and room of the new object.
fn is_believed(segment: &Segment) -> bool {
    let trusted = [0, Uid::effective().as_raw()];
    let is_at_journal_key = segment.key.to_raw() < 0;
    !is_at_journal_key || [segment.owner, segment.creator].iter().all(|user| trusted.contains(user))
}

/// Returns the anchor that a path means, if it exists. Of a directory and the name beside it, it is the one with an
/// object of that id.
fn the_one_there(path: &Path, id: char) -> Result<Option<PathBuf>, Failure> {
    let anchors = Anchors::of(path);
    let mut there = anchors.there();
    if there.len() > 1 {
        there.retain(|anchor| {
            let standing = Anchors::exactly(anchor).standing();
            standing.is_ok_and(|there| there.iter().any(|one| about::id(one) == Some(id) && is_certain(one)))
        });
        if there.len() != 1 {
            let all: Vec<String> = anchors.there().into_iter().map(shown_path).collect();
            let (path, all) = (shown_path(path), all.join(" or "));
            return Err(Failure::Ambiguous(format!("{path} may mean {all}: write one of them")));
        }
    }
    Ok(there.first().map(|anchor| anchor.components().collect()))
}

fn is_there(path: &Path) -> Result<bool, Failure> {
    match path.try_exists() {
        Err(source) if source.kind() == ErrorKind::PermissionDenied => Err(Failure::at(path)(source)),
        there => Ok(there.unwrap_or(false)),
    }
}

/// Returns `true` if a directory has objects or names. A name is a file `….shm` that is empty or has objects.
fn is_of_a_store(directory: &Path) -> Result<bool, Failure> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten().filter(|entry| is_name(&entry.path()));
    let mut files = entries.filter_map(|entry| entry.metadata().ok()).filter(fs::Metadata::is_file);
    Ok(files.any(|file| file.len() == 0) || Anchors::with_names(&directory.join("")).standing()?.iter().any(is_certain))
}

/// Parses permission bits.
///
/// # Errors
///
/// The message for a text that is not an octal number.
pub fn octal(mode: &str) -> Result<u32, String> {
    u32::from_str_radix(mode, 8).map_err(|_| "write an octal number, such as 660".into())
}
