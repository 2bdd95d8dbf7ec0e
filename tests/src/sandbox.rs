//! A sandbox that refuses one system call, as those of containers and browsers do.
//!
//! # Safety
//!
//! Assumes the C library's prototypes and structures. Promises that the filter lives until the kernel has copied it.
#![allow(unsafe_code)]

use nix::errno::Errno;
use nix::libc;

/// Set to `EPERM` or `ENOSYS` for a process of the tests that is to be refused `membarrier`.
pub const WITHOUT_MEMBARRIER: &str = "SHMSTORE_TEST_WITHOUT_MEMBARRIER";

/// Has the kernel refuse `membarrier` to this process and its children from now on, if the environment asks for it.
///
/// # Panics
///
/// If the kernel has no seccomp, or the environment asks for another error.
pub fn enter() {
    match std::env::var(WITHOUT_MEMBARRIER).as_deref() {
        Ok("EPERM") => refuse(libc::SYS_membarrier, libc::EPERM),
        Ok("ENOSYS") => refuse(libc::SYS_membarrier, libc::ENOSYS),
        Ok(other) => panic!("no sandbox answers {other}"),
        Err(_) => {}
    }
}

/// Has the kernel refuse a system call to this thread and its children from now on.
///
/// # Panics
///
/// If the kernel has no seccomp.
pub fn refuse(call: libc::c_long, errno: i32) {
    const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const JUMP_IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    let line = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    // The number of the call is the first word of what the filter is shown.
    let mut filter = [
        line(LOAD, 0, 0, 0),
        line(JUMP_IF_EQUAL, 0, 1, u32::try_from(call).expect("a call's number")),
        line(RETURN, 0, 0, libc::SECCOMP_RET_ERRNO | errno as u32),
        line(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: takes numbers only. Without privileges nobody may install a filter who could gain some later.
    let promised = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    Errno::result(promised).expect("every process may promise that");
    // SAFETY: `program` and the filter it points to live until the kernel has copied them.
    let installed = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    Errno::result(installed).expect("a kernel with seccomp");
    // SAFETY: takes numbers only.
    let refused = unsafe { libc::syscall(call, 0, 0, 0) };
    assert_eq!((refused, Errno::last_raw()), (-1, errno), "the filter does not work");
}
