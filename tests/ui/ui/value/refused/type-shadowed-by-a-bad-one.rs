//! What a name means counts, not the name.
#![allow(unused_imports)]

use shmstore::ShmValue;

mod a {
    #[derive(Clone, Copy)]
    #[allow(non_camel_case_types)]
    pub struct u32(pub u8);

    #[derive(Clone, Copy, shmstore::ShmValue)]
    #[repr(C)]
    pub struct Reading {
        field: u32,
    }
}

fn main() {}
