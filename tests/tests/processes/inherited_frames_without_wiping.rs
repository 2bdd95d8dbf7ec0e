//! The tests of `inherited_frames`, where the kernel refuses to wipe pages in children: gVisor, and Linux before 4.14.

#[expect(clippy::duplicate_mod, reason = "the same tests, on another kernel")]
#[path = "inherited_frames.rs"]
mod inherited_frames;
