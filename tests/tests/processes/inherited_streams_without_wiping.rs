//! The tests of `inherited_streams`, where the kernel refuses to wipe pages in children: gVisor, and Linux before 4.14.

#[expect(clippy::duplicate_mod, reason = "the same tests, on another kernel")]
#[path = "inherited_streams.rs"]
mod inherited_streams;
