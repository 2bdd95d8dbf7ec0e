//! The only system calls, a file each.

pub(crate) mod futex;
