//! Anchors: the files that a path of the command line can mean, and the segments that belong to each file.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use shmstore::inspect::{Segment, SegmentState, segments};

use crate::failure::Failure;
use crate::saved::parent;
use crate::text::shown_path;

/// The anchors that a path means: the directory or file itself, and the file `NAME.shm` of a name.
#[derive(Debug)]
pub struct Anchors {
    /// All paths that are meant. Some may not exist.
    meant: Vec<PathBuf>,
    /// The anchors that exist, by their key bits.
    there: HashMap<i32, Vec<Anchor>>,
    /// The error that hides whether an anchor exists.
    refused: Option<ErrorKind>,
}

/// A file or directory that exists.
#[derive(Debug)]
pub struct Anchor {
    /// A path that means only this anchor: the path of a directory ends with a `/`.
    pub path: PathBuf,
    device: u64,
    inode: u64,
}

/// Returns the bits that `ftok` makes of an anchor, without the id.
fn key_bits(device: u64, inode: u64) -> i32 {
    (inode & 0xffff | (device & 0xff) << 16) as i32
}

/// Returns the anchor that a path means: the file or directory itself, or else the file of a name.
///
/// # Errors
///
/// [`Failure::NotFound`] if neither exists.
pub fn anchor(path: &Path) -> Result<PathBuf, Failure> {
    let there = meant(path).into_iter().find(|path| path.exists());
    there.ok_or_else(|| Anchors::of(path).nothing())
}

/// Returns the files that a path may mean. With a `/` at its end, it means only the directory.
fn meant(path: &Path) -> Vec<PathBuf> {
    let mut meant = vec![path.to_owned()];
    if !is_directory_alone(path) {
        let mut named = OsString::from(path);
        named.push(".shm");
        meant.push(named.into());
    }
    meant
}

fn is_directory_alone(path: &Path) -> bool {
    path.as_os_str().as_bytes().ends_with(b"/")
}

/// Returns `true` if this is the file of a name.
#[must_use]
pub fn is_name(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "shm")
}

impl Anchors {
    /// Finds the anchors that a path means.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        Self::find(meant(path))
    }

    /// Finds the file or directory at a path, and no name.
    #[must_use]
    pub fn exactly(path: &Path) -> Self {
        Self::find(vec![path.to_owned()])
    }

    /// Finds the anchors that a path means. If the path is a directory, finds the names in it, too.
    #[must_use]
    pub fn with_names(path: &Path) -> Self {
        let mut anchors = Self::of(path);
        let entries = fs::read_dir(path);
        if let Err(error) = &entries {
            anchors.refused =
                Some(error.kind()).filter(|kind| *kind == ErrorKind::PermissionDenied).or(anchors.refused);
        }
        for entry in entries.into_iter().flatten().flatten().filter(|entry| is_name(&entry.path())) {
            // An entry may have been removed since the directory was read.
            if let Ok(stat) = entry.metadata() {
                anchors.add(entry.path(), &stat);
            }
        }
        anchors
    }

    fn find(meant: Vec<PathBuf>) -> Self {
        let mut anchors = Self { meant: meant.clone(), there: HashMap::new(), refused: None };
        for path in meant {
            match fs::metadata(&path) {
                Ok(stat) => anchors.add(path, &stat),
                Err(error) if error.kind() == ErrorKind::PermissionDenied => anchors.refused = Some(error.kind()),
                Err(_) => {}
            }
        }
        anchors
    }

    fn add(&mut self, mut path: PathBuf, stat: &Metadata) {
        if stat.is_dir() {
            // An empty last component adds a `/`.
            path.push("");
        }
        let (device, inode) = (stat.dev(), stat.ino());
        self.there.entry(key_bits(device, inode)).or_default().push(Anchor { path, device, inode });
    }

    /// Returns `true` if no anchor exists, or if an error hides whether one does.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.there.is_empty() || self.refused.is_some()
    }

    /// Returns the paths of the anchors that exist.
    #[must_use]
    pub fn there(&self) -> Vec<&Path> {
        self.there.values().flatten().map(|anchor| anchor.path.as_path()).collect()
    }

    /// Returns the file of a name, if it exists.
    #[must_use]
    pub fn name(&self) -> Option<&Path> {
        self.there().into_iter().find(|path| is_name(path) && !is_directory_alone(path))
    }

    /// Returns the anchor of a segment.
    ///
    /// An orphan has no anchor: the inode may have belonged to an earlier file.
    #[must_use]
    pub fn of_segment(&self, segment: &Segment) -> Option<&Anchor> {
        if segment.state == SegmentState::Orphaned {
            return None;
        }
        let bits = match (segment.key.to_raw(), &segment.description) {
            // A removed segment has no key.
            (0, Some(of)) => key_bits(of.device, of.inode),
            (key, _) => key & 0x00ff_ffff,
        };
        self.there.get(&bits)?.iter().find(|anchor| segment.stands_at(anchor.device, anchor.inode))
    }

    /// Returns the paths that the headers of objects at these anchors contain.
    #[must_use]
    pub fn claimed(&self) -> Claimed {
        Claimed(self.meant.iter().map(|path| absolute(path)).collect())
    }

    /// Returns the segments at these anchors.
    ///
    /// # Errors
    ///
    /// An error of the kernel.
    pub fn standing(&self) -> Result<Vec<Segment>, Failure> {
        Ok(segments()?.into_iter().filter(|segment| self.of_segment(segment).is_some()).collect())
    }

    /// Returns the segments that the path means: the segments at its anchors.
    ///
    /// If none of them is certain, orphans are returned, too. Their header names the path, and their key fits the
    /// anchor in their header.
    ///
    /// # Errors
    ///
    /// [`Failure::NotFound`] if neither the path nor such a segment exists; an error of the kernel.
    pub fn segments(&self) -> Result<Vec<Segment>, Failure> {
        let (mut standing, others): (Vec<_>, Vec<_>) =
            segments()?.into_iter().partition(|segment| self.of_segment(segment).is_some());
        if !standing.iter().any(is_certain) {
            let claimed = self.claimed();
            standing.extend(others.into_iter().filter(|segment| claimed.with_the_key(segment)));
        }
        if standing.is_empty() && self.is_empty() {
            return Err(self.nothing());
        }
        Ok(standing)
    }

    /// Returns the error for a path at which nothing exists.
    #[must_use]
    pub fn nothing(&self) -> Failure {
        let [path, rest @ ..] = self.meant.as_slice() else { unreachable!("a path means itself") };
        if let Some(kind) = self.refused {
            return Failure::at(path)(kind.into());
        }
        let missing = match rest.first() {
            Some(name) => format!("neither {} nor the name's file {} exists", shown_path(path), shown_path(name)),
            None => format!("{} does not exist", shown_path(path)),
        };
        Failure::NotFound(format!("{missing}, and no orphan was created there: `shmstore ls` lists all objects"))
    }
}

/// Returns `true` if more than the key says which anchor a segment belongs to.
#[must_use]
pub fn is_certain(segment: &Segment) -> bool {
    segment.description.is_some() || matches!(segment.state, SegmentState::OtherFormat | SegmentState::Damaged)
}

/// Paths that headers may contain. The paths may not exist, and any process can write any path into its segment.
#[derive(Debug)]
pub struct Claimed(Vec<PathBuf>);

impl Claimed {
    /// Returns `true` if a path is one of these, or below the first.
    #[must_use]
    pub fn by(&self, path: &Path) -> bool {
        path.starts_with(&self.0[0]) || self.0.iter().any(|claimed| claimed == path)
    }

    /// Returns `true` if an orphan names one of these paths and its key fits the anchor in its header.
    ///
    /// Only orphans count: a segment with an anchor belongs to the path of that anchor, whatever its header says.
    fn with_the_key(&self, segment: &Segment) -> bool {
        let Some(of) = segment.description.as_ref().filter(|_| segment.state == SegmentState::Orphaned) else {
            return false;
        };
        of.path_is_whole && self.0.contains(&of.path) && segment.stands_at(of.device, of.inode)
    }
}

/// Returns a path in the form that headers contain. The path need not exist.
fn absolute(path: &Path) -> PathBuf {
    let whole = || Some(fs::canonicalize(parent(path)).ok()?.join(path.file_name()?));
    let known = fs::canonicalize(path).ok().or_else(whole).or_else(|| std::path::absolute(path).ok());
    known.unwrap_or_else(|| path.to_owned())
}
