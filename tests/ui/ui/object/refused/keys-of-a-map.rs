//! What cannot be a key of a map, or a value in it, has its own advice.
use shmstore::{FixedString, FixedVec, Map, ShmObject, ShmValue};

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Quote {
    bid: f64,
    ask: f64,
}

#[derive(ShmObject)]
#[repr(C)]
struct Book {
    by_price: Map<f64, Quote, 64>,
    by_name: Map<String, Quote, 64>,
    by_list: Map<FixedVec<u8, 12>, Quote, 64>,
    by_quote: Map<Quote, u64, 64>,
    widths: Map<FixedString<12>, usize, 64>,
    quotes: std::collections::HashMap<u64, Quote>,
}

fn main() {}
