use shmstore::{Event, Lock, ReadOnly, ShmObject, Versioned};

#[derive(ShmObject)]
#[repr(C)]
struct Bank {
    accounts: Versioned<[i64; 2]>,
    till: Lock,
    closed: Event,
}

fn close(seen: &ReadOnly<Bank>) {
    drop(seen.accounts.begin());
    drop(seen.accounts.writer());
    drop(seen.till.lock());
    seen.closed.notify_all();
}

fn main() {}
