//! A foreign type is not a value by itself.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    field: std::net::Ipv4Addr,
}

fn main() {}
