use shmstore::{Broadcast, Event, Lock, Queue, ReadOnly, ShmObject, Versioned};

#[derive(ShmObject)]
#[repr(C)]
struct Bank {
    accounts: Versioned<[i64; 2]>,
    till: Lock,
    closed: Event,
    orders: Queue<u64, 4>,
    rates: Broadcast<f64, 4>,
}

fn close(seen: &ReadOnly<Bank>) {
    drop(seen.accounts.begin());
    drop(seen.accounts.writer());
    drop(seen.till.lock());
    seen.closed.notify_all();
    drop(seen.orders.take());
    seen.rates.send(1.5);
}

fn main() {}
