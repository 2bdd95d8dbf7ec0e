//! What makes two layouts the same: names, kinds and offsets; not modules, aliases, visibilities or raw identifiers.
#![deny(warnings)]

use shmstore::ShmLayout;

mod a {
    #[derive(Clone, Copy, shmstore::ShmValue)]
    #[repr(C)]
    pub struct Reading {
        pub kind: u32,
        pub r#type: [f32; 3],
    }
}

mod b {
    type Number = u32;
    const AXES: usize = 3;

    #[derive(Clone, Copy, shmstore::ShmValue)]
    #[repr(C)]
    #[shm(name = "Reading")]
    pub(crate) struct r#Renamed {
        kind: Number,
        r#type: [f32; AXES],
    }
}

mod c {
    #[allow(non_camel_case_types)]
    type u32 = i32;

    #[derive(Clone, Copy, shmstore::ShmValue)]
    #[repr(C)]
    pub struct Reading {
        pub kind: u32,
        pub r#type: [f32; 3],
    }
}

#[test]
fn names_kinds_and_offsets_make_two_layouts_the_same() {
    assert_eq!(a::Reading::LAYOUT_HASH, b::Renamed::LAYOUT_HASH);
    assert_ne!(a::Reading::LAYOUT_HASH, c::Reading::LAYOUT_HASH);
}
