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

/// Whether an anchor that is not at its path is not beside it either, where it may have been renamed to, and the file system that it was on is
/// there: one that is not mounted hides it.
fn is_nowhere_near(path: &Path, identity: &Identity) -> bool {
    let above = path.ancestors().skip(1).find_map(|above| Some((above, file::stat_path(above).ok()?)));
    let Some((above, stat)) = above.filter(|(_, stat)| stat.dev == identity.dev && stat.is_dir()) else { return false };
    let beside =
        fs::read_dir(above).map(|entries| entries.filter_map(Result::ok).any(|entry| entry.ino() == identity.ino));
    stat.ino != identity.ino && beside.is_ok_and(|is_beside| !is_beside)
}
