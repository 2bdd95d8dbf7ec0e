//! Whether anybody can find a segment by the anchor that it names.
//!
//! Only from where the creator saw the anchor's path can it be seen that nothing is there: in the same mount namespace, under the same root
//! directory. The inode of a mount namespace does not tell one from another, as the kernel gives it to the next one; the number of 64 bits does.

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

/// What can be seen of a segment's anchor.
pub(super) enum AnchorSeen {
    There,
    /// It is not seen, and that proves nothing.
    Unknown,
    /// Nobody can find the segment any more, for this reason.
    Gone(String),
    /// It is not seen, and could not be seen from here.
    Elsewhere(&'static str),
}

const OTHER_VANTAGE: &str =
    "its anchor is in another mount namespace or under another root directory, so nothing is known of it";
const UNKNOWN_VANTAGE: &str = "it is not known in which mount namespace its anchor is, so nothing is known of it";

/// Looks for the anchor of a segment, whose creator saw its path from where it says.
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
    // Not opened: the path may be that of a device, which whoever wrote it would like us to open.
    let anchor = match file::hold(path) {
        Ok(anchor) => anchor,
        Err(Errno::ENOENT | Errno::ENOTDIR) if is_of_here && directories.prove_absent(path, identity) => {
            return AnchorSeen::Gone("its anchor is gone".into());
        }
        Err(_) => return unseen,
    };
    let Some(now) = identity_of(anchor.as_fd()) else { return unseen };
    if now.is_another_life_of(identity) {
        // An inode is of one file at a time, from wherever it is seen.
        return AnchorSeen::Gone("its anchor was an earlier file of the same inode".into());
    }
    if now.is_same_inode(identity) {
        return AnchorSeen::There;
    }
    if is_of_here && now.dev == identity.dev && directories.prove_absent(path, identity) {
        let why = format!("its anchor was inode {}, and at the path is inode {}", identity.ino, now.ino);
        return AnchorSeen::Gone(why);
    }
    unseen
}

/// The last directory on the way to an anchor, or to where the way ends; `None` if a symbolic link is on the way. Creators write a path without
/// any: so one was put there since, or they could not tell, and the anchor may be where it led.
fn directory_above(path: &Path) -> Option<&Path> {
    let there = path.ancestors().find(|there| file::stat_no_follow(there).is_ok())?;
    let has_no_link = fs::canonicalize(there).is_ok_and(|real| real == there);
    if there == path { there.parent() } else { Some(there) }.filter(|_| has_no_link)
}

/// The entries that are read for one listing, in all directories together: whoever may make segments can have it ask for any.
const ENTRIES: usize = 100_000;

/// What directories hold. A listing may ask for thousands of anchors in one of them: each is read once.
pub(super) struct Directories {
    /// The names of the inodes in each, by device and inode of its own; `None` if it could not be read to its end.
    read: HashMap<(u64, u64), Option<HashMap<u64, OsString>>>,
    entries_left: usize,
    /// From where this thread sees paths, once it was asked for.
    here: Option<Vantage>,
}

impl Default for Directories {
    fn default() -> Self {
        Self { read: HashMap::new(), entries_left: ENTRIES, here: None }
    }
}

impl Directories {
    /// Whether an anchor that is not at its path is provably not beside it either, where it may have been renamed to, and the file system
    /// that it was on is there: one that is not mounted hides it. What is remembered may be old: who removes asks anew.
    fn prove_absent(&mut self, path: &Path, identity: &Identity) -> bool {
        let Some(above) = directory_above(path) else { return false };
        let Some(stat) = file::stat_path(above).ok().filter(|stat| stat.dev == identity.dev && stat.is_dir()) else {
            return false;
        };
        let left = &mut self.entries_left;
        let beside = self.read.entry((stat.dev, stat.ino)).or_insert_with(|| inodes_in(above, left));
        let Some(beside) = beside.as_ref().filter(|_| stat.ino != identity.ino) else { return false };
        // A later file may have its inode.
        beside.get(&identity.ino).is_none_or(|name| is_another_life(&above.join(name), identity))
    }
}

/// Whether what is at a path is a later file of the same inode.
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

/// The inodes in a directory; `None` if not all of them can be had. It counts as an entry itself.
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

    /// A directory with so many files, and the anchor that is missing in it.
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
    fn directory_is_read_once_for_all_that_are_missing_in_it() {
        let ten = without_anchor(10);
        let mut directories = Directories::default();
        for _ in 0..1000 {
            assert!(is_proved(&mut directories, &ten));
        }
        assert_eq!(directories.entries_left, ENTRIES - 11);
    }

    #[test]
    fn nothing_is_proved_by_directories_that_were_not_read_to_their_ends() {
        let (ten, three) = (without_anchor(10), without_anchor(3));
        let mut directories = Directories { entries_left: 12, ..Directories::default() };
        assert!(is_proved(&mut directories, &ten));
        for _ in 0..2 {
            assert!(!is_proved(&mut directories, &three));
        }
        assert_eq!(directories.entries_left, 0);
        assert!(is_proved(&mut directories, &ten), "it is known");
    }
}
