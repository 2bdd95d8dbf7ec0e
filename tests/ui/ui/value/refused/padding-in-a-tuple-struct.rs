//! Fields without names are padded by fields without names.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading(u8, u64);

fn main() {}
