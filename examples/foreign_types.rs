//! Types of other crates in shared memory: `cargo run --example foreign_types`, twice.
//!
//! The time of any crate is a `Timestamp`. A type that is no value, and has no feature of shmstore, is copied into a
//! struct of our own with the same content, by `From` in both directions.

#![forbid(unsafe_code)]

use shmstore::{Pad, ShmObject, ShmValue, Store, Timestamp, Versioned};
use std::net::SocketAddrV4;
use std::time::SystemTime;

/// A `SocketAddrV4` as a value: its fields, in types whose layout is fixed.
#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Address {
    ip: [u8; 4],
    port: u16,
}

impl From<SocketAddrV4> for Address {
    fn from(address: SocketAddrV4) -> Self {
        Self { ip: address.ip().octets(), port: address.port() }
    }
}

impl From<Address> for SocketAddrV4 {
    fn from(address: Address) -> Self {
        Self::new(address.ip.into(), address.port)
    }
}

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Visit {
    time: Timestamp,
    from: Address,
    _pad: Pad<2>,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'V')]
struct Visits {
    last: Versioned<Visit>,
}

fn main() -> Result<(), shmstore::Error> {
    let store = Store::open_or_create("./visits")?;
    let visits = store.attach_or_create::<Visits>()?;

    let (count, visit) = visits.last.load_versioned();
    let (from, time): (SocketAddrV4, SystemTime) = (visit.from.into(), visit.time.into());
    match time.elapsed() {
        Ok(ago) if count > 0 => println!("visit {count}: {from} at {}, {} s ago", visit.time, ago.as_secs()),
        _ => println!("no visit yet"),
    }

    let from = SocketAddrV4::new([127, 0, 0, 1].into(), 4001 + count as u16);
    visits.last.store(Visit { time: SystemTime::now().try_into()?, from: from.into(), _pad: Pad::new() });
    Ok(())
}
