//! The counted operations, which run under callgrind.

use std::hint::black_box;
use std::path::PathBuf;

use clap::Args;
use shmstore::{Lock, ShmObject, Store, Versioned};

use crate::Failure;
use crate::payload::Payload;

/// All of them, in the order of the table.
pub(super) const NAMES: [&str; 7] = [
    "empty loop",
    "load 64 B",
    "store 64 B",
    "store 64 B, exclusive writer",
    "lock, unlock",
    "begin, commit",
    "attach, drop",
];

/// A part of the name of the counted function.
pub(super) const COUNTED: &str = "rounds_that_are_counted";

/// One operation, to be repeated.
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

/// The number of repetitions: an attach takes long.
pub(super) fn rounds(name: &str) -> u64 {
    if name.starts_with("attach") { 50 } else { 1_000 }
}

/// The only function that is counted.
#[inline(never)]
fn rounds_that_are_counted(rounds: u64, mut work: impl FnMut()) {
    for _ in 0..rounds {
        work();
    }
}

/// Works once without counting, because the first time has costs of its own.
fn warm(rounds: u64, mut work: impl FnMut()) {
    work();
    rounds_that_are_counted(rounds, work);
}

/// Runs one operation.
pub fn operate(operate: &Operate) -> Result<(), Failure> {
    // In a larger table, the process's slot and the search for it would be random.
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
        "store 64 B, exclusive writer" => {
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
            warm(rounds, || drop(black_box(store.attach::<Object>().expect("created above"))));
        }
        other => return Err(format!("no operation `{other}`").into()),
    }
    store.remove::<Object>()?;
    Ok(())
}
