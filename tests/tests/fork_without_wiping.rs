//! The tests of `fork`, where the kernel refuses to wipe pages in children: gVisor, and Linux before 4.14.

#[path = "fork.rs"]
mod fork;
