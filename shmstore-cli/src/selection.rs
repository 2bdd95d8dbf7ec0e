//! Which segments a path means.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use shmstore::inspect::{Description, Segment, SegmentState, segments};

use crate::about::place;
use crate::failure::Failure;
use crate::target::anchor;
use crate::text::shown;

/// The segments at the file or directory of a path, and at the names in it, but for those that are none of shmstore's. In the order of
/// path, name and id.
///
/// # Errors
///
/// [`Failure::NotFound`] if there is neither the path nor an object that was made there; what the kernel refuses.
pub fn at(path: &Path) -> Result<Vec<Segment>, Failure> {
    select(path, At::includes)
}

/// The same, with all that is below it, too.
///
/// # Errors
///
/// As [`at`].
pub fn under(path: &Path) -> Result<Vec<Segment>, Failure> {
    select(path, |at, of| at.includes(of) || (of.path_is_whole && of.path.starts_with(&at.path)))
}

/// All segments of this IPC namespace in the same order; with those that are none of shmstore's, or without.
///
/// # Errors
///
/// What the kernel refuses.
pub fn all(foreign: bool) -> Result<Vec<Segment>, Failure> {
    let mut listed = segments()?;
    listed.retain(|segment| foreign || segment.state != SegmentState::Foreign);
    listed.sort_by_cached_key(|segment| {
        let of = segment.description.as_ref().map(|of| (place(of), of.id));
        (of.is_none(), of, segment.shmid)
    });
    Ok(listed)
}

fn select(path: &Path, is_meant: impl Fn(&At, &Description) -> bool) -> Result<Vec<Segment>, Failure> {
    let (at, mut listed) = (At::new(path)?, all(false)?);
    listed.retain(|segment| segment.description.as_ref().is_some_and(|of| is_meant(&at, of)));
    if listed.is_empty() && at.inodes.is_empty() {
        let path = shown(&path.display().to_string());
        let why = "nothing is there, and no object that is left says it was: `shmstore ls` shows all";
        return Err(Failure::NotFound(format!("{path}: {why}")));
    }
    Ok(listed)
}

/// A place: an anchor, or a directory with the anchors in it.
struct At {
    /// Devices and inodes of what is there.
    inodes: HashSet<(u64, u64)>,
    /// What objects say that were made there, if it is gone.
    path: PathBuf,
}

impl At {
    fn new(path: &Path) -> Result<Self, Failure> {
        let refused = |source| Failure::File { path: path.into(), source };
        let absolute = fs::canonicalize(path).or_else(|_| std::path::absolute(path)).map_err(refused)?;
        let mut inodes = HashSet::new();
        if let Ok(anchor) = anchor(path) {
            let stat = fs::metadata(&anchor).map_err(|source| Failure::File { path: anchor, source })?;
            inodes.insert((stat.dev(), stat.ino()));
            if stat.is_dir() {
                let names = fs::read_dir(path).into_iter().flatten().flatten();
                let names = names.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "shm"));
                inodes.extend(names.filter_map(|entry| entry.metadata().ok()).map(|stat| (stat.dev(), stat.ino())));
            }
        }
        Ok(Self { inodes, path: absolute })
    }

    fn includes(&self, of: &Description) -> bool {
        let was_there = || {
            let mut named = self.path.clone().into_os_string();
            named.push(".shm");
            let is_name = of.path.extension().is_some_and(|extension| extension == "shm");
            of.path == self.path || of.path == named || (is_name && of.path.parent() == Some(&self.path))
        };
        self.inodes.contains(&(of.device, of.inode)) || (of.path_is_whole && was_there())
    }
}
