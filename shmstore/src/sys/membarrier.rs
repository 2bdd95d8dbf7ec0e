//! Memory barriers in other processes ([membarrier(2)]).
//!
//! [membarrier(2)]: https://man7.org/linux/man-pages/man2/membarrier.2.html
//!
//! # Safety
//!
//! Assumes nothing: the calls take numbers only.
#![allow(unsafe_code)]

use nix::libc;

/// From `<linux/membarrier.h>`; since Linux 4.16.
const GLOBAL_EXPEDITED: libc::c_int = 1 << 1;
const REGISTER_GLOBAL_EXPEDITED: libc::c_int = 1 << 2;

/// Registers this process for the [`everywhere`] of others. Returns `false` if the kernel refuses: then this process
/// needs fences of its own.
pub(crate) fn register() -> bool {
    call(REGISTER_GLOBAL_EXPEDITED)
}

/// Runs a full barrier on every processor that runs a thread of a registered process. Returns `false` if the kernel
/// refuses.
pub(crate) fn everywhere() -> bool {
    call(GLOBAL_EXPEDITED)
}

fn call(command: libc::c_int) -> bool {
    // SAFETY: takes numbers only.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}
