//! There is nothing to share.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Nothing {}

fn main() {}
