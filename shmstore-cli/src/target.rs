//! Which object is meant: `PATH[/NAME] [TYPE]`.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use clap::Args;
use shmstore::inspect::{Description, Object, Segment, SegmentState, segments};

use crate::failure::Failure;
use crate::text::shown;

/// An object, as the command line names it.
#[derive(Debug, Clone, Args)]
pub struct Target {
    /// The directory or file that the object stands at; `DIR/NAME` for a named one
    #[arg(value_name = "PATH[/NAME]")]
    pub path: PathBuf,
    /// The type, or its letter, where more than one object stands at the path
    #[arg(value_name = "TYPE")]
    pub type_name: Option<String>,
}

/// The anchor that a path means: the file or directory itself, or the file `NAME.shm` of a name.
///
/// # Errors
///
/// [`Failure::NotFound`] if neither is there.
pub fn anchor(path: &Path) -> Result<PathBuf, Failure> {
    let mut named = OsString::from(path);
    named.push(".shm");
    let there = [path, Path::new(&named)].into_iter().find(|path| path.exists());
    there.map(Path::to_owned).ok_or_else(|| {
        Failure::NotFound(format!(
            "nothing is at {}, and no name's file {} either: `shmstore ls` shows what there is",
            shown(&path.display().to_string()),
            shown(&named.to_string_lossy())
        ))
    })
}

/// What `ftok` makes of an anchor, without the id.
#[must_use]
pub fn key_bits(device: u64, inode: u64) -> i32 {
    (inode & 0xffff | (device & 0xff) << 16) as i32
}

/// Whether a segment stands where it says, or did until it was removed. Anybody can write a path into a segment at another key.
fn has_its_key(segment: &Segment, of: &Description) -> bool {
    let key = segment.key.to_raw();
    let its_own = (of.id as i32) << 24 | key_bits(of.device, of.inode);
    key == its_own || (key == 0 && segment.state == SegmentState::Retired)
}

/// What there is instead of an object of a type.
#[must_use]
pub fn none_of_type(asked: &str, path: &Path, others: &[Segment]) -> String {
    let (asked, path) = (shown(asked), shown(&path.display().to_string()));
    let there = if others.is_empty() {
        "`shmstore ls` shows what there is".into()
    } else {
        format!("there is {}", types(others))
    };
    format!("no object of type `{asked}` is at {path}: {there}")
}

/// Types and ids, as `Rover 'R', Counter 'C'`.
fn types(segments: &[Segment]) -> String {
    let one = |segment: &Segment| {
        let id = segment.description.as_ref().map(|of| format!(" {:?}", of.id)).unwrap_or_default();
        shown(segment.type_name().unwrap_or("?")) + &id
    };
    segments.iter().map(one).collect::<Vec<_>>().join(", ")
}

impl Target {
    /// The segments that it may mean: at its path, and of its type if that is said.
    ///
    /// # Errors
    ///
    /// [`Failure::NotFound`] if the path is not there.
    pub fn segments(&self) -> Result<Vec<Segment>, Failure> {
        let anchor = anchor(&self.path)?;
        let stat = fs::metadata(&anchor).map_err(|source| Failure::File { path: anchor, source })?;
        let mut there = segments()?;
        there.retain(|segment| {
            let of = segment.description.as_ref();
            let is_it =
                of.is_some_and(|of| (of.device, of.inode) == (stat.dev(), stat.ino()) && has_its_key(segment, of));
            is_it && self.is_type_of(segment)
        });
        Ok(there)
    }

    /// Attaches the one object that is meant.
    ///
    /// # Errors
    ///
    /// [`Failure::NotFound`] if there is none, [`Failure::Ambiguous`] if there are several, and what attaching it refuses.
    pub fn object(&self) -> Result<Object, Failure> {
        let mut there = self.segments()?;
        // One that was removed, and lives on for those who have it, is meant only if there is no other.
        if there.iter().any(|segment| segment.state != SegmentState::Retired) {
            there.retain(|segment| segment.state != SegmentState::Retired);
        }
        let path = shown(&self.path.display().to_string());
        match there.as_slice() {
            [one] => Ok(Object::attach(one)?),
            [] => Err(Failure::NotFound(match &self.type_name {
                Some(of) => {
                    let others = (Self { type_name: None, ..self.clone() }).segments()?;
                    none_of_type(of, &self.path, &others)
                }
                None => format!("no object is at {path}: `shmstore ls` shows where there are some"),
            })),
            several => Err(Failure::Ambiguous(format!(
                "{} objects are at {path}: say which, by type or id: {}",
                several.len(),
                types(several)
            ))),
        }
    }

    /// Keeps the segments that stand at the path itself, or at the name that it may be: those of the files that are there, or, if there are
    /// none, those that say that they were made there. Anybody can say so.
    pub fn keep_those_there(&self, segments: &mut Vec<Segment>) {
        if segments.iter().any(|segment| self.is_of_a_file(segment)) {
            segments.retain(|segment| self.is_of_a_file(segment));
        } else {
            segments.retain(|segment| self.was_made_there(segment));
        }
    }

    fn is_of_a_file(&self, segment: &Segment) -> bool {
        let Some(of) = segment.description.as_ref().filter(|of| has_its_key(segment, of)) else { return false };
        let mut named = self.path.clone().into_os_string();
        named.push(".shm");
        let files = [Some(self.path.clone()), (!self.is_directory_alone()).then(|| named.into())];
        let stats = files.into_iter().flatten().filter_map(|path| fs::metadata(path).ok());
        stats.into_iter().any(|stat| (of.device, of.inode) == (stat.dev(), stat.ino()))
    }

    /// Whether the directory is meant, and not the name beside it.
    fn is_directory_alone(&self) -> bool {
        self.path.as_os_str().as_bytes().ends_with(b"/")
    }

    fn was_made_there(&self, segment: &Segment) -> bool {
        let Some(of) = segment.description.as_ref().filter(|of| has_its_key(segment, of)) else { return false };
        if self.is_directory_alone() {
            return false;
        }
        let Ok(path) = fs::canonicalize(&self.path).or_else(|_| std::path::absolute(&self.path)) else { return false };
        let mut named = path.clone().into_os_string();
        named.push(".shm");
        of.path_is_whole && (of.path == path || of.path == named)
    }

    /// Whether a segment is of the type that was asked for.
    #[must_use]
    pub fn is_type_of(&self, segment: &Segment) -> bool {
        let Some(asked) = &self.type_name else { return true };
        let id = segment.description.as_ref().map(|of| of.id.to_string());
        segment.type_name() == Some(asked) || id.as_ref() == Some(asked)
    }
}
