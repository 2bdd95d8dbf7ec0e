//! There is nothing to share.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Nothing {}

fn main() {}
