//! A sandbox that refuses system calls, as those of containers and browsers do.

use std::collections::BTreeMap;

use nix::libc;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter,
};

/// Set for a process of the tests that is to be refused a call: to the name of the error and that of the call.
pub const SANDBOX: &str = "SHMSTORE_TEST_SANDBOX";

/// A call by the name that documentation and tests give it: its number, and the place and value of the argument by
/// which it is meant.
type Call = (&'static str, libc::c_long, Option<(u8, u64)>);

/// The call beneath the C library's `poll`: aarch64 has only the newer one.
#[cfg(target_arch = "x86_64")]
const POLL: libc::c_long = libc::SYS_poll;
#[cfg(not(target_arch = "x86_64"))]
const POLL: libc::c_long = libc::SYS_ppoll;

const CALLS: &[Call] = &[
    ("close_range", libc::SYS_close_range, None),
    ("fchmod", libc::SYS_fchmod, None),
    ("fchown", libc::SYS_fchown, None),
    ("fcntl(F_GETSIG)", libc::SYS_fcntl, Some((1, 11))),
    ("fcntl(F_OFD_GETLK)", libc::SYS_fcntl, Some((1, 36))),
    ("fcntl(F_OFD_SETLK)", libc::SYS_fcntl, Some((1, 37))),
    ("fcntl(F_SETSIG)", libc::SYS_fcntl, Some((1, 10))),
    ("fstat", libc::SYS_fstat, None),
    ("flock", libc::SYS_flock, None),
    ("fstatfs", libc::SYS_fstatfs, None),
    ("futex(FUTEX_WAIT)", libc::SYS_futex, Some((1, 0))),
    ("futex(FUTEX_WAKE)", libc::SYS_futex, Some((1, 1))),
    ("futex_waitv", libc::SYS_futex_waitv, None),
    ("futex_waitv", libc::SYS_futex_waitv, None),
    ("getrandom", libc::SYS_getrandom, None),
    ("ioctl(NS_GET_MNTNS_ID)", libc::SYS_ioctl, Some((1, 0x8008_b705))),
    ("kill", libc::SYS_kill, None),
    ("linkat", libc::SYS_linkat, None),
    ("madvise(MADV_COLD)", libc::SYS_madvise, Some((2, 20))),
    ("madvise(MADV_POPULATE_READ)", libc::SYS_madvise, Some((2, 22))),
    ("madvise(MADV_POPULATE_WRITE)", libc::SYS_madvise, Some((2, 23))),
    ("madvise(MADV_REMOVE)", libc::SYS_madvise, Some((2, 9))),
    ("madvise(MADV_WIPEONFORK)", libc::SYS_madvise, Some((2, 18))),
    ("membarrier", libc::SYS_membarrier, None),
    ("mincore", libc::SYS_mincore, None),
    ("newfstatat", libc::SYS_newfstatat, None),
    ("pidfd_open", libc::SYS_pidfd_open, None),
    ("poll", POLL, None),
    ("read", libc::SYS_read, None),
    ("renameat2", libc::SYS_renameat2, None),
    ("shmat", libc::SYS_shmat, None),
    ("shmctl(IPC_INFO)", libc::SYS_shmctl, Some((1, 3))),
    ("shmctl(IPC_RMID)", libc::SYS_shmctl, Some((1, 0))),
    ("shmctl(IPC_STAT)", libc::SYS_shmctl, Some((1, 2))),
    ("shmctl(SHM_INFO)", libc::SYS_shmctl, Some((1, 14))),
    ("shmctl(SHM_STAT)", libc::SYS_shmctl, Some((1, 13))),
    ("shmctl(SHM_STAT_ANY)", libc::SYS_shmctl, Some((1, 15))),
    ("shmdt", libc::SYS_shmdt, None),
    ("shmget", libc::SYS_shmget, None),
    ("statx", libc::SYS_statx, None),
    ("sysinfo", libc::SYS_sysinfo, None),
];

/// Has the kernel refuse a call to this process and its children from now on, if the environment asks for it.
pub fn enter() {
    if let Some((errno, call)) = std::env::var(SANDBOX).ok().as_deref().and_then(|asked| asked.split_once(' ')) {
        refuse(&[call], errno);
    }
}

/// Has the kernel refuse calls to this process and its children from now on, with an error by its name.
pub fn refuse(names: &[&str], errno: &str) {
    let errno = match errno {
        "EINVAL" => libc::EINVAL,
        "ENOENT" => libc::ENOENT,
        "ENOSYS" => libc::ENOSYS,
        "EPERM" => libc::EPERM,
        other => panic!("no sandbox answers {other}"),
    };
    let mut rules = BTreeMap::<i64, Vec<SeccompRule>>::new();
    for name in names {
        let call = CALLS.iter().find(|(known, ..)| known == name);
        let &(_, number, argument) =
            call.unwrap_or_else(|| panic!("{name} is not one of the calls that can be refused"));
        let of_call = rules.entry(number).or_default();
        if let Some((place, value)) = argument {
            let is_it =
                SeccompCondition::new(place, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value).expect("a condition");
            of_call.push(SeccompRule::new(vec![is_it]).expect("a rule of one condition"));
        }
    }
    let architecture = std::env::consts::ARCH.try_into().expect("an architecture with seccomp");
    let refused = SeccompAction::Errno(errno.unsigned_abs());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refused, architecture).expect("a filter");
    let program = BpfProgram::try_from(filter).expect("a filter that is not too long");
    apply_filter(&program).expect("a kernel with seccomp");
}
