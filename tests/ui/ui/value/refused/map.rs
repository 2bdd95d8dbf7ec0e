//! A map is an object: it stands beside a value, not in it.
use shmstore::{Map, ShmValue};

#[derive(ShmValue)]
#[repr(C)]
struct Book {
    quotes: Map<u64, u64, 64>,
    levels: std::collections::BTreeMap<u64, u64>,
}

impl Clone for Book {
    fn clone(&self) -> Self {
        unreachable!()
    }
}

impl Copy for Book {}

fn main() {}
