//! Lost anchors of attached objects: a process that starts later does not find an object without its anchor.

use std::path::Path;
use std::sync::OnceLock;

use nix::errno::Errno;

use crate::segment::identity::Identity;
use crate::sys::file;
use crate::sys::vantage::Vantage;

/// The root and the mount namespace of this process when it first attached an object. After `chroot` or `unshare` a
/// path may lead elsewhere, and proves nothing.
static FIRST: OnceLock<Vantage> = OnceLock::new();

pub(super) fn note_vantage() {
    FIRST.get_or_init(Vantage::of_this_thread);
}

/// Returns `true` if the path of an anchor provably names nothing, or another file.
///
/// The proof must be on the file system of the anchor: a mount over a directory hides an anchor, and does not remove
/// it.
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
    // Two unknown mount namespaces are equal.
    is_elsewhere && FIRST.get().is_some_and(|first| first.root.ino != 0 && *first == Vantage::of_this_thread())
}
