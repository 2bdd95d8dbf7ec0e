//! The namespaces and the root directory of a thread ([ioctl_nsfs(2)], [mount_namespaces(7)], [chroot(2)]).
//!
//! [ioctl_nsfs(2)]: https://man7.org/linux/man-pages/man2/ioctl_nsfs.2.html
//! [mount_namespaces(7)]: https://man7.org/linux/man-pages/man7/mount_namespaces.7.html
//! [chroot(2)]: https://man7.org/linux/man-pages/man2/chroot.2.html
//!
//! # Safety
//!
//! Assumes nothing but the C library's prototypes. Every buffer is on the stack, and of the type that the call fills.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;

use nix::errno::Errno;
use nix::libc;

use super::file::Inode;
use super::process;

/// The vantage from which a thread sees paths. A path that is missing from one vantage proves nothing about another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Vantage {
    /// The mount namespace, by a number that the kernel does not use again until the machine restarts; 0 if it is
    /// unknown.
    pub(crate) mount_namespace: u64,
    /// The root directory; zeros if it is unknown.
    pub(crate) root: Inode,
}

impl Vantage {
    /// The vantage of the calling thread, which may change at any time. One system call, where the kernel numbers
    /// mounts.
    pub(crate) fn of_this_thread() -> Self {
        thread_local! {
            /// The mount of the root directory, and the namespace of that mount.
            static KNOWN: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
        }
        let (root, mount) = root().unwrap_or((Inode { dev: 0, ino: 0 }, None));
        let (known_mount, known) = KNOWN.get();
        // A mount belongs to one namespace, and its number is not used again.
        if mount.is_some_and(|mount| mount == known_mount) {
            return Self { mount_namespace: known, root };
        }
        let mount_namespace = mount_namespace();
        KNOWN.set((mount.unwrap_or(0), mount_namespace));
        Self { mount_namespace, root }
    }

    /// Returns `true` if all of it is known.
    pub(crate) fn is_known(&self) -> bool {
        self.mount_namespace != 0 && self.root.ino != 0
    }

    /// Returns `true` if the same paths are provably seen from both.
    pub(crate) fn is_provably(&self, other: &Self) -> bool {
        self.is_known() && self == other
    }
}

/// The inode of the calling thread's IPC namespace, which no other namespace has while a process is in it; 0 if it is
/// unknown.
pub(crate) fn ipc_namespace() -> u32 {
    process::namespace_at("/proc/thread-self/ns/ipc")
}

/// The root directory, and the number of its mount, where the kernel numbers mounts (Linux 6.8).
fn root() -> Result<(Inode, Option<u64>), Errno> {
    let mut buffer = MaybeUninit::<libc::statx>::zeroed();
    let mask = libc::STATX_INO | libc::STATX_MNT_ID_UNIQUE;
    // SAFETY: a C string and a `statx`, both alive during the call.
    Errno::result(unsafe { libc::statx(libc::AT_FDCWD, c"/".as_ptr(), 0, mask, buffer.as_mut_ptr()) })?;
    // SAFETY: zeroed, then filled: integers all of them.
    let found = unsafe { buffer.assume_init() };
    let inode = Inode { dev: libc::makedev(found.stx_dev_major, found.stx_dev_minor), ino: found.stx_ino };
    let mount = (found.stx_mask & libc::STATX_MNT_ID_UNIQUE != 0).then_some(found.stx_mnt_id);
    Ok((inode, mount.filter(|&mount| mount != 0)))
}

/// `NS_GET_MNTNS_ID` of `<linux/nsfs.h>`, from Linux 6.11 on.
const NS_GET_MNTNS_ID: u32 = 0x8008_b705;

/// The number of the initial mount namespace. Kernels without numbers get it too.
const INITIAL: u64 = 1;

fn mount_namespace() -> u64 {
    let Ok(file) = fs::File::open("/proc/thread-self/ns/mnt") else { return 0 };
    numbered(file.as_fd()).unwrap_or_else(|_| {
        let inode = file.metadata().map_or(0, |found| found.ino());
        if is_initial(inode) { INITIAL } else { 0 }
    })
}

fn numbered(namespace: BorrowedFd<'_>) -> Result<u64, Errno> {
    let mut number = 0_u64;
    // SAFETY: NS_GET_MNTNS_ID fills eight bytes, alive during the call. A kernel or a file that does not know it
    // returns an error.
    let asked = unsafe { libc::ioctl(namespace.as_raw_fd(), NS_GET_MNTNS_ID as libc::Ioctl, &raw mut number) };
    Errno::result(asked).map(|_| number)
}

/// Returns `true` if this is the inode of the initial mount namespace, on a kernel without numbers for them.
///
/// Such a kernel gives inodes from 0xf0000000 up, makes the initial namespace first or second of all, and never frees
/// inodes that it gave before the first process.
fn is_initial(inode: u64) -> bool {
    (0xf000_0000..=0xf000_0001).contains(&inode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_provably_the_same_only_if_all_is_known_and_equal() {
        let here = Vantage { mount_namespace: 7, root: Inode { dev: 1, ino: 2 } };
        assert!(here.is_provably(&here));
        assert!(!here.is_provably(&Vantage { mount_namespace: 8, ..here }));
        assert!(!here.is_provably(&Vantage { root: Inode { dev: 1, ino: 3 }, ..here }));
        let unknown = [Vantage { mount_namespace: 0, ..here }, Vantage { root: Inode { dev: 0, ino: 0 }, ..here }];
        assert!(unknown.iter().all(|unknown| !unknown.is_provably(unknown)));
    }

    #[test]
    fn thread_sees_what_it_saw() {
        let (before, after) = (Vantage::of_this_thread(), Vantage::of_this_thread());
        assert_eq!(before, after);
        assert_eq!(before.mount_namespace, mount_namespace(), "also when it is remembered");
        assert_ne!(before.root.ino, 0);
    }

    #[test]
    fn only_the_first_inodes_are_those_of_the_initial_namespace() {
        assert!(is_initial(4_026_531_840) && is_initial(4_026_531_841));
        assert!(!is_initial(0) && !is_initial(4_026_531_842) && !is_initial(4_026_532_321));
    }
}
