//! Whether anybody can find a segment by the anchor that it names.

use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::DirEntryExt;
use std::path::Path;

use nix::errno::Errno;

use super::Description;
use crate::anchor::OVERLAYFS;
use crate::identity::Identity;
use crate::sys::file;

/// Why nobody can find a segment any more; `None` if it can be found, or we can not tell.
pub(super) fn why_orphaned(description: &Description, identity: &Identity) -> Option<String> {
    if !description.path_is_whole {
        return None;
    }
    let path = &description.path;
    // Not opened: the path may be that of a device, which whoever wrote it would like us to open.
    let anchor = match file::hold(path) {
        Ok(anchor) => anchor,
        Err(Errno::ENOENT | Errno::ENOTDIR) => {
            return Some("its anchor is gone".into()).filter(|_| is_nowhere_near(path, identity));
        }
        Err(_) => return None,
    };
    let stat = file::stat_fd(anchor.as_fd()).ok()?;
    let birth_is_trusted = file::file_system(anchor.as_fd()).is_ok_and(|system| system != OVERLAYFS);
    let now = Identity::new(&stat, birth_is_trusted);
    if !now.is_same_inode(identity) {
        let why = format!("its anchor was inode {}, and at the path is inode {}", identity.ino, now.ino);
        return Some(why).filter(|_| now.dev == identity.dev && is_nowhere_near(path, identity));
    }
    now.is_another_life_of(identity).then(|| "its anchor was an earlier file of the same inode".into())
}

/// The last directory on the way to an anchor, or to where the way ends; `None` if a symbolic link is on the way. Creators write a path without
/// any: so one was put there since, or they could not tell, and the anchor may be where it led.
fn directory_above(path: &Path) -> Option<&Path> {
    let there = path.ancestors().find(|there| file::stat_no_follow(there).is_ok())?;
    let has_no_link = fs::canonicalize(there).is_ok_and(|real| real == there);
    if there == path { there.parent() } else { Some(there) }.filter(|_| has_no_link)
}

/// Whether an anchor that is not at its path is not beside it either, where it may have been renamed to, and the file system that it was on is
/// there: one that is not mounted hides it.
fn is_nowhere_near(path: &Path, identity: &Identity) -> bool {
    let Some(above) = directory_above(path) else { return false };
    let Some(stat) = file::stat_path(above).ok().filter(|stat| stat.dev == identity.dev && stat.is_dir()) else {
        return false;
    };
    let beside =
        fs::read_dir(above).map(|entries| entries.filter_map(Result::ok).any(|entry| entry.ino() == identity.ino));
    stat.ino != identity.ino && beside.is_ok_and(|is_beside| !is_beside)
}
