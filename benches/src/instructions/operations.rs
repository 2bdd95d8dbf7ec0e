//! The operations that are counted: this runs under callgrind.

use std::hint::black_box;
use std::path::PathBuf;

use clap::Args;
use shmstore::{Lock, ShmObject, Store, Versioned};

use crate::Failure;
use crate::payload::Payload;

/// All of them, in the order of the table.
pub(super) const NAMES: [&str; 7] =
    ["empty loop", "load 64 B", "store 64 B", "store 64 B, leased", "lock, unlock", "begin, commit", "attach, drop"];

/// What the name of the counted function has in it.
pub(super) const COUNTED: &str = "rounds_that_are_counted";

/// One operation, to be done so many times.
#[derive(Debug, Clone, Args)]
pub struct Operate {
    name: String,
    rounds: u64,
    directory: PathBuf,
}

/// An object with one part of each kind.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'I')]
struct Object {
    value: Versioned<Payload<8>>,
    lock: Lock,
}

/// How often it is done: attaching takes long.
pub(super) fn rounds(name: &str) -> u64 {
    if name.starts_with("attach") { 50 } else { 1_000 }
}

/// Nothing else is counted.
#[inline(never)]
fn rounds_that_are_counted(rounds: u64, mut work: impl FnMut()) {
    for _ in 0..rounds {
        work();
    }
}

/// First once uncounted, for what happens only once.
fn warm(rounds: u64, mut work: impl FnMut()) {
    work();
    rounds_that_are_counted(rounds, work);
}

/// Does it.
pub fn operate(operate: &Operate) -> Result<(), Failure> {
    // Room for one process: where in a larger table its place is, and how long it is looked for, is drawn by lot.
    let store = Store::options().max_processes(1).open(&operate.directory)?;
    let object = store.create::<Object>()?;
    let (value, rounds) = (Payload::filled(1), operate.rounds);
    let mut into = Payload::filled(0);
    match operate.name.as_str() {
        "empty loop" => warm(rounds, || {
            black_box(());
        }),
        "load 64 B" => warm(rounds, || {
            black_box(&object.value).load_into(black_box(&mut into));
        }),
        "store 64 B" => warm(rounds, || {
            black_box(&object.value).store_from(black_box(&value));
        }),
        "store 64 B, leased" => {
            let mut writer = object.value.writer();
            warm(rounds, || {
                black_box(&mut writer).store_from(black_box(&value));
            });
        }
        "lock, unlock" => warm(rounds, || drop(black_box(black_box(&object.lock).lock()))),
        "begin, commit" => warm(rounds, || {
            let mut transaction = black_box(&object.value).begin();
            *black_box(&mut transaction).word_mut() += 1;
            transaction.commit();
        }),
        "attach, drop" => {
            drop(object);
            warm(rounds, || drop(black_box(store.attach::<Object>().expect("made a moment ago"))));
        }
        other => return Err(format!("no operation `{other}`").into()),
    }
    store.remove::<Object>()?;
    Ok(())
}
