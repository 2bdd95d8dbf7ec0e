//! Whether an anchor is still where this process found it: a process that starts later does not find an object without one.

use std::path::Path;
use std::sync::OnceLock;

use nix::errno::Errno;

use crate::segment::identity::Identity;
use crate::sys::file;
use crate::sys::vantage::Vantage;

/// From where this process saw paths when it first attached an object. After `chroot` or `unshare`, paths may lead elsewhere, and
/// prove nothing.
static FIRST: OnceLock<Vantage> = OnceLock::new();

pub(super) fn note_vantage() {
    FIRST.get_or_init(Vantage::of_this_thread);
}

/// Returns `true` if nothing, or another file, is at the path of an anchor, on the very file system that the anchor was on. In
/// doubt it is not lost: what is mounted over a directory hides an anchor and removes none.
pub(super) fn is_lost(path: &Path, anchor: &Identity) -> bool {
    let is_elsewhere = match file::stat_path(path) {
        Ok(now) => {
            let now = Identity::new(&now, true);
            now.dev == anchor.dev && (now.ino != anchor.ino || now.is_another_life_of(anchor))
        }
        Err(Errno::ENOENT | Errno::ENOTDIR) => {
            let above = path.ancestors().skip(1).find_map(|above| file::stat_path(above).ok());
            above.is_some_and(|above| above.dev == anchor.dev)
        }
        Err(_) => false,
    };
    // Also if the mount namespace is not known: then it is not known of both.
    is_elsewhere && FIRST.get().is_some_and(|first| first.root.ino != 0 && *first == Vantage::of_this_thread())
}
