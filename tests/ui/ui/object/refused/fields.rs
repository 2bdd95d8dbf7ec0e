//! Each kind of field that is no object has its own advice, and all of it is given at once.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    number: u64,
    numbers: [u64; 4],
    text: String,
    copied: shmstore::FixedString<16>,
    list: Vec<u32>,
    stream: std::collections::VecDeque<u32>,
    option: Option<u32>,
    non_zero: std::num::NonZeroU32,
    flag: std::sync::atomic::AtomicBool,
    pointer: Box<std::sync::atomic::AtomicU32>,
    cell: std::cell::Cell<u32>,
    marker: std::marker::PhantomData<std::cell::Cell<u8>>,
    mutex: std::sync::Mutex<u32>,
    condvar: std::sync::Condvar,
    pad: shmstore::Pad<4>,
    wide: u128,
    width: usize,
}

fn main() {}
