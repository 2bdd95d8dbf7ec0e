//! The tests of `fork`, where the kernel refuses to wipe pages in children: gVisor, and Linux before 4.14.

#[expect(clippy::duplicate_mod, reason = "the same tests, on another kernel")]
#[path = "forks.rs"]
mod forks;
