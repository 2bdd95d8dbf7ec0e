//! Where objects stand: the files that a path means, and which segments are theirs.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use shmstore::inspect::{Segment, SegmentState, segments};

use crate::failure::Failure;
use crate::text::shown_path;

/// The files that a path means, as far as they are there: the directory or file itself, and the file `NAME.shm` of a name.
#[derive(Debug)]
pub struct Anchors {
    /// Whether they are there or not.
    meant: Vec<PathBuf>,
    /// By the bits of their keys.
    there: HashMap<i32, Vec<Anchor>>,
    /// Why it cannot be told whether anything is there.
    refused: Option<ErrorKind>,
}

/// A file or directory that is there.
#[derive(Debug)]
pub struct Anchor {
    /// Its path, by which the command line means nothing else: that of a directory ends with a `/`.
    pub path: PathBuf,
    device: u64,
    inode: u64,
}

/// What `ftok` makes of an anchor, without the id.
fn key_bits(device: u64, inode: u64) -> i32 {
    (inode & 0xffff | (device & 0xff) << 16) as i32
}

/// The anchor that a path means: the file or directory itself, or else the file of a name.
///
/// # Errors
///
/// [`Failure::NotFound`] if neither is there.
pub fn anchor(path: &Path) -> Result<PathBuf, Failure> {
    let there = meant(path).into_iter().find(|path| path.exists());
    there.ok_or_else(|| Anchors::of(path).nothing())
}

/// The files that a path may mean. With a `/` at its end it means the directory alone.
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

/// Whether a file is that of a name.
#[must_use]
pub fn is_name(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "shm")
}

impl Anchors {
    /// Those that a path means.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        Self::find(meant(path))
    }

    /// The very file or directory at a path, and no name.
    #[must_use]
    pub fn exactly(path: &Path) -> Self {
        Self::find(vec![path.to_owned()])
    }

    /// Those that a path means, and those of the names in the directory that it is.
    #[must_use]
    pub fn with_names(path: &Path) -> Self {
        let mut anchors = Self::of(path);
        let entries = fs::read_dir(path);
        if let Err(error) = &entries {
            anchors.refused =
                Some(error.kind()).filter(|kind| *kind == ErrorKind::PermissionDenied).or(anchors.refused);
        }
        for entry in entries.into_iter().flatten().flatten().filter(|entry| is_name(&entry.path())) {
            // One that is gone meanwhile is not there.
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
            // Its last component is empty, and that adds a `/`.
            path.push("");
        }
        let (device, inode) = (stat.dev(), stat.ino());
        self.there.entry(key_bits(device, inode)).or_default().push(Anchor { path, device, inode });
    }

    /// Whether none is there, or it cannot be told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.there.is_empty() || self.refused.is_some()
    }

    /// The paths of those that are there.
    #[must_use]
    pub fn there(&self) -> Vec<&Path> {
        self.there.values().flatten().map(|anchor| anchor.path.as_path()).collect()
    }

    /// The file of a name, if one is there.
    #[must_use]
    pub fn name(&self) -> Option<&Path> {
        let mut names = self.there.values().flatten().map(|anchor| anchor.path.as_path());
        names.find(|path| is_name(path) && !is_directory_alone(path))
    }

    /// The one that a segment stands at, or may stand at. An orphan stands nowhere: its anchor may be an earlier file of the same inode.
    #[must_use]
    pub fn of_segment(&self, segment: &Segment) -> Option<&Anchor> {
        if segment.state == SegmentState::Orphaned {
            return None;
        }
        let bits = match (segment.key.to_raw(), &segment.description) {
            // It was removed.
            (0, Some(of)) => key_bits(of.device, of.inode),
            (key, _) => key & 0x00ff_ffff,
        };
        self.there.get(&bits)?.iter().find(|anchor| segment.stands_at(anchor.device, anchor.inode))
    }

    /// The paths that objects made there name.
    #[must_use]
    pub fn claimed(&self) -> Claimed {
        Claimed(self.meant.iter().map(|path| absolute(path)).collect())
    }

    /// The segments that stand at them.
    ///
    /// # Errors
    ///
    /// What the kernel refuses.
    pub fn standing(&self) -> Result<Vec<Segment>, Failure> {
        Ok(segments()?.into_iter().filter(|segment| self.of_segment(segment).is_some()).collect())
    }

    /// The segments that are meant by the path: those that stand at them; or, if none does for certain, orphans too that say that they were
    /// made there, and have the key of the anchor that they name.
    ///
    /// # Errors
    ///
    /// [`Failure::NotFound`] if there is nothing at the path, and no such segment; what the kernel refuses.
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

    /// What to say if nothing is at the path.
    #[must_use]
    pub fn nothing(&self) -> Failure {
        let [path, rest @ ..] = self.meant.as_slice() else { unreachable!("a path means itself") };
        if let Some(kind) = self.refused {
            return Failure::File { path: path.clone(), source: kind.into() };
        }
        let in_words = |path: &Path| shown_path(path);
        let name = rest.first().map(|name| format!(", no name's file {} either", in_words(name))).unwrap_or_default();
        Failure::NotFound(format!(
            "nothing is at {}{name}, and no object that is left says it was made there: `shmstore ls` shows what there is",
            in_words(path)
        ))
    }
}

/// Whether more than its key tells whose a segment is.
#[must_use]
pub fn is_certain(segment: &Segment) -> bool {
    segment.description.is_some() || matches!(segment.state, SegmentState::OtherFormat | SegmentState::Damaged)
}

/// Paths that segments may name, whether anything is there or not. Anybody can write one into a segment.
#[derive(Debug)]
pub struct Claimed(Vec<PathBuf>);

impl Claimed {
    /// Whether a path is one of them, or below the first of them.
    #[must_use]
    pub fn by(&self, path: &Path) -> bool {
        path.starts_with(&self.0[0]) || self.0.iter().any(|claimed| claimed == path)
    }

    /// Whether an orphan names one of them, and has the key of the anchor that it says. What has an anchor is that of another path, whatever
    /// it says.
    fn with_the_key(&self, segment: &Segment) -> bool {
        let Some(of) = segment.description.as_ref().filter(|_| segment.state == SegmentState::Orphaned) else {
            return false;
        };
        of.path_is_whole && self.0.contains(&of.path) && segment.stands_at(of.device, of.inode)
    }
}

/// A path as objects know theirs, also if nothing is there.
fn absolute(path: &Path) -> PathBuf {
    let whole = || {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some(fs::canonicalize(parent).ok()?.join(path.file_name()?))
    };
    let known = fs::canonicalize(path).ok().or_else(whole).or_else(|| std::path::absolute(path).ok());
    known.unwrap_or_else(|| path.to_owned())
}
