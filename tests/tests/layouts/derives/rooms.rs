//! A root type gives room to its new objects.
#![deny(warnings)]

use shmstore::{ShmId, ShmLayout, ShmObject, Versioned};

/// A constant of the name that the trait's has, exactly as large as the type that it gives room to.
const ROOM: usize = size_of::<without_room::Counters>();

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'C', room = ROOM, name = "Counters")]
pub struct Counters {
    pub values: Versioned<[u64; 8]>,
}

mod without_room {
    use super::*;

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'C')]
    pub struct Counters {
        pub values: Versioned<[u64; 8]>,
    }
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'R', room = if N < 10 { 1_024usize } else { N * 64 })]
pub struct Ring<const N: usize> {
    pub slots: [Versioned<u32>; N],
}

macro_rules! roomy {
    ($name:ident, $room:expr) => {
        #[derive(ShmObject)]
        #[repr(C)]
        #[shm(id = 'M', room = $room)]
        pub struct $name {
            pub value: Versioned<f64>,
        }
    };
}

roomy!(Literal, 0x1000);
roomy!(Computed, 2 * size_of::<Counters>());
roomy!(Largest, 1 << 40);

#[test]
fn room_is_that_of_the_attribute() {
    assert_eq!((Counters::ROOM, Literal::ROOM, Computed::ROOM), (ROOM, 4096, 2 * size_of::<Counters>()));
    assert_eq!((Ring::<2>::ROOM, Ring::<100>::ROOM, Largest::ROOM), (1024, 6400, 1 << 40));
}

#[test]
fn type_has_no_room_unless_it_says_so() {
    assert_eq!(without_room::Counters::ROOM, 0);
}

#[test]
fn room_is_in_no_hash() {
    assert_eq!(Counters::LAYOUT_HASH, without_room::Counters::LAYOUT_HASH);
    assert_eq!(Counters::SCHEMA.to_json(), without_room::Counters::SCHEMA.to_json());
}
