//! Each kind of field that is no value has its own advice. Rustc adds that some of them cannot be copied.
use shmstore::ShmValue;

#[derive(ShmValue)]
#[repr(C)]
struct Reading {
    atomic: std::sync::atomic::AtomicU64,
    pointer: Box<u32>,
    cell: std::cell::Cell<u32>,
    condvar: std::sync::Condvar,
    lock: shmstore::Lock,
    mutex: std::sync::Mutex<u32>,
    text: String,
    list: Vec<u8>,
    stream: std::sync::mpsc::Sender<u8>,
    duration: std::time::Duration,
    foreign: std::net::Ipv4Addr,
    non_zero: std::num::NonZeroU32,
    option: Option<u32>,
    wide: u128,
}

impl Clone for Reading {
    fn clone(&self) -> Self {
        unreachable!()
    }
}

impl Copy for Reading {}

fn main() {}
