//! The parts that wait for other processes or keep them out: `cargo run --example parts`.

#![forbid(unsafe_code)]

use shmstore::{Event, Lock, ShmObject, Store, Versioned};
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'B')]
struct Bank {
    accounts: Versioned<[i64; 2]>,
    rate: Versioned<f64>,
    till: Lock, // guards the next two
    paid_in: AtomicI64,
    booked: AtomicI64,
    closed: Event,
}

fn main() -> Result<(), shmstore::Error> {
    let store = Store::open_or_create("./bank")?;
    let bank = store.attach_or_create::<Bank>()?;

    let mut transfer = bank.accounts.begin(); // a `Transaction`: a private copy
    transfer[0] -= 30;
    transfer[1] += 30;
    let version = transfer.commit(); // publishes both changes at once; without it, nothing changes

    let mut feed = bank.rate.writer(); // a `Writer`: no other process stores until it is dropped
    for rate in [1.5, 1.25] {
        feed.store(rate);
    }
    drop(feed);

    // If the last owner died half-way, the closure repairs that first.
    let guard = bank.till.lock_or_repair(|| bank.booked.store(bank.paid_in.load(Relaxed), Relaxed));
    bank.paid_in.fetch_add(5, Relaxed);
    bank.booked.fetch_add(5, Relaxed);
    drop(guard); // unlocked

    let days = bank.closed.notify_all(); // wakes all that wait

    // Most often in another process. It sleeps until there is something newer than what it has seen.
    let (second, seen) = (Duration::from_secs(1), store.attach_read_only::<Bank>()?);
    let (_, accounts) = seen.accounts.wait_newer(version - 1, second)?;
    let day = seen.closed.wait_past(days - 1, second)?;
    println!("day {day}: {accounts:?}, rate {}, paid in {:?}", seen.rate.load(), seen.paid_in);
    Ok(())
}
