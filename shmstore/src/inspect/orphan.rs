//! The search for the anchor of a segment, without which no process can find the segment.
//!
//! A process can prove that an anchor does not exist only if it sees paths as the creator did, in the same mount
//! namespace and under the same root directory. A mount namespace is identified by its number of 64 bits. Its inode is
//! not enough, because the kernel gives the inode to a later namespace.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::DirEntryExt;
use std::path::Path;

use nix::errno::Errno;

use super::Description;
use crate::segment::anchor::OVERLAYFS;
use crate::segment::identity::Identity;
use crate::sys::file;
use crate::sys::vantage::Vantage;

/// The result of a search for a segment's anchor.
pub(super) enum AnchorSeen {
    There,
    /// It was not found, which proves nothing.
    Unknown,
    /// It does not exist any more, for this reason, so no process can find the segment.
    Gone(String),
    /// It was not found, and cannot be seen from this process.
    Elsewhere(&'static str),
}

const OTHER_VANTAGE: &str =
    "its anchor is in another mount namespace or under another root directory, so nothing is known of it";
const UNKNOWN_VANTAGE: &str = "it is not known in which mount namespace its anchor is, so nothing is known of it";

/// Searches the anchor of a segment. `made_from` is the vantage from which its creator saw the path.
pub(super) fn anchor_of(
    description: &Description,
    identity: &Identity,
    made_from: &Vantage,
    directories: &mut Directories,
) -> AnchorSeen {
    let here = *directories.here.get_or_insert_with(Vantage::of_this_thread);
    let is_of_here = here.is_provably(made_from);
    let unseen = match (is_of_here, here.is_known() && made_from.is_known()) {
        (true, _) => AnchorSeen::Unknown,
        (false, true) => AnchorSeen::Elsewhere(OTHER_VANTAGE),
        (false, false) => AnchorSeen::Elsewhere(UNKNOWN_VANTAGE),
    };
    if !description.path_is_whole {
        return unseen;
    }
    let path = &description.path;
    // Not opened, because a hostile path may be that of a device.
    let anchor = match file::hold(path) {
        Ok(anchor) => anchor,
        Err(Errno::ENOENT | Errno::ENOTDIR) if is_of_here && directories.prove_absent(path, identity) => {
            return AnchorSeen::Gone("its anchor is gone".into());
        }
        Err(_) => return unseen,
    };
    let Some(now) = identity_of(anchor.as_fd()) else { return unseen };
    if now.is_another_life_of(identity) {
        // An inode belongs to one file at a time, in every mount namespace.
        return AnchorSeen::Gone("its anchor was an earlier file of the same inode".into());
    }
    if now.is_same_inode(identity) {
        return AnchorSeen::There;
    }
    if is_of_here && now.dev == identity.dev && directories.prove_absent(path, identity) {
        let why = format!("its anchor was inode {}, and its path now names inode {}", identity.ino, now.ino);
        return AnchorSeen::Gone(why);
    }
    unseen
}

/// Returns the last directory that exists on the path to an anchor, or `None` if a symbolic link is on the path.
///
/// Creators write a path without links. So a link was put there later, or the creator could not resolve it. In both
/// cases the anchor may be elsewhere.
fn directory_above(path: &Path) -> Option<&Path> {
    let there = path.ancestors().find(|there| file::stat_no_follow(there).is_ok())?;
    let has_no_link = fs::canonicalize(there).is_ok_and(|real| real == there);
    if there == path { there.parent() } else { Some(there) }.filter(|_| has_no_link)
}

/// The most entries that are read for one listing, in all directories together. A hostile segment can name any
/// directory.
const ENTRIES: usize = 100_000;

/// The contents of directories. Each is read once, because a listing may search thousands of anchors in one of them.
pub(super) struct Directories {
    /// By device and inode of a directory, the names of the inodes in it, or `None` if it could not be read to its end.
    read: HashMap<(u64, u64), Option<HashMap<u64, OsString>>>,
    entries_left: usize,
    /// The vantage from which this thread sees paths, once it is known.
    here: Option<Vantage>,
}

impl Default for Directories {
    fn default() -> Self {
        Self { read: HashMap::new(), entries_left: ENTRIES, here: None }
    }
}

impl Directories {
    /// Returns `true` if an anchor that is not at its path provably does not exist.
    ///
    /// - It is not beside its path either, where it may have been renamed to.
    /// - The file system that it was on is there. A file system that is not mounted would hide it.
    ///
    /// The contents of directories may be old, so a removal searches again.
    fn prove_absent(&mut self, path: &Path, identity: &Identity) -> bool {
        let Some(above) = directory_above(path) else { return false };
        let Some(stat) = file::stat_path(above).ok().filter(|stat| stat.dev == identity.dev && stat.is_dir()) else {
            return false;
        };
        let left = &mut self.entries_left;
        let beside = self.read.entry((stat.dev, stat.ino)).or_insert_with(|| inodes_in(above, left));
        let Some(beside) = beside.as_ref().filter(|_| stat.ino != identity.ino) else { return false };
        // A later file may have the inode of the anchor.
        beside.get(&identity.ino).is_none_or(|name| is_another_life(&above.join(name), identity))
    }
}

/// Returns `true` if a path names a later file of the same inode.
fn is_another_life(path: &Path, identity: &Identity) -> bool {
    let Ok(held) = file::hold_no_follow(path) else { return false };
    let now = identity_of(held.as_fd());
    now.is_some_and(|now| now.is_another_life_of(identity))
}

fn identity_of(held: BorrowedFd<'_>) -> Option<Identity> {
    let stat = file::stat_fd(held).ok()?;
    let birth_is_trusted = file::file_system(held).is_ok_and(|system| system != OVERLAYFS);
    Some(Identity::new(&stat, birth_is_trusted))
}

/// Returns the inodes in a directory, or `None` if not all can be read. The directory counts as an entry itself.
fn inodes_in(directory: &Path, entries_left: &mut usize) -> Option<HashMap<u64, OsString>> {
    *entries_left = entries_left.checked_sub(1)?;
    let mut inodes = HashMap::new();
    for entry in fs::read_dir(directory).ok()? {
        *entries_left = entries_left.checked_sub(1)?;
        let entry = entry.ok()?;
        inodes.insert(entry.ino(), entry.file_name());
    }
    Some(inodes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory with a number of files, and the identity of an anchor that is missing in it.
    fn without_anchor(files: usize) -> (tempfile::TempDir, Identity) {
        let directory = tempfile::tempdir().unwrap();
        let stat = file::stat_path(directory.path()).unwrap();
        (0..files).for_each(|number| drop(fs::File::create(directory.path().join(number.to_string())).unwrap()));
        (directory, Identity { dev: stat.dev, ino: u64::MAX, birth: None })
    }

    fn is_proved(directories: &mut Directories, of: &(tempfile::TempDir, Identity)) -> bool {
        directories.prove_absent(&of.0.path().canonicalize().unwrap().join("missing"), &of.1)
    }

    #[test]
    fn directory_is_read_once_for_all_anchors_that_are_missing_in_it() {
        let ten = without_anchor(10);
        let mut directories = Directories::default();
        for _ in 0..1000 {
            assert!(is_proved(&mut directories, &ten));
        }
        assert_eq!(directories.entries_left, ENTRIES - 11);
    }

    #[test]
    fn directory_that_was_not_read_to_its_end_proves_nothing() {
        let (ten, three) = (without_anchor(10), without_anchor(3));
        let mut directories = Directories { entries_left: 12, ..Directories::default() };
        assert!(is_proved(&mut directories, &ten));
        for _ in 0..2 {
            assert!(!is_proved(&mut directories, &three));
        }
        assert_eq!(directories.entries_left, 0);
        assert!(is_proved(&mut directories, &ten), "its content is remembered");
    }
}
