//! The operations that are counted.

use std::hint::black_box;
use std::path::PathBuf;

use clap::Args;
use shmstore::{Broadcast, Frames, Lock, Map, Queue, ShmObject, Store, Versioned};

use crate::Failure;
use crate::payload::Payload;

/// All of them, in the order of the table.
pub(super) const NAMES: [&str; 23] = [
    "empty loop",
    "load 64 B",
    "store 64 B",
    "store 64 B, exclusive writer",
    "lock, unlock",
    "begin, commit",
    "push 48 B",
    "push 48 B, exclusive",
    "pop 48 B",
    "pop 48 B, exclusive",
    "pop of an empty queue",
    "take, done 48 B",
    "take, done 48 B, exclusive",
    "send 48 B, exclusive",
    "recv 48 B",
    "map get 64 B",
    "map get, absent",
    "map insert 64 B",
    "map update 64 B",
    "map remove 64 B",
    "loan, publish",
    "pin, unpin",
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

/// The number of items that a queue or a broadcast has room for: more than are pushed, or popped, in all rounds.
const ROOM: usize = 4096;

/// An object of its own, so that the cost of an attach does not depend on it.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'J')]
struct Channels {
    queue: Queue<Payload<6>, ROOM>,
    broadcast: Broadcast<Payload<6>, ROOM>,
}

/// Maps of one entry. The hash of a map is random, so in a larger one the keys of a bucket, and with them the number of
/// instructions, would differ from run to run.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'K')]
struct Maps {
    maps: [Map<u64, Payload<8>, 1>; ROOM],
}

/// Frames with metadata.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'N')]
struct OfFrames {
    frames: Frames<u64, 512, 4, u64>,
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
        other if other.starts_with("map") => operate_map(&store, other, rounds)?,
        "loan, publish" | "pin, unpin" => operate_frames(&store, &operate.name, rounds)?,
        other => operate_channel(&store, other, rounds)?,
    }
    store.remove::<Object>()?;
    Ok(())
}

/// Runs one operation of a queue or a broadcast.
fn operate_channel(store: &Store, name: &str, rounds: u64) -> Result<(), Failure> {
    let object = store.create::<Channels>()?;
    let Channels { queue, broadcast } = &*object;
    let value = Payload::filled(1);
    let mut subscriber = broadcast.subscribe();
    if name.starts_with("pop 48") || name.starts_with("take") {
        (0..=rounds).try_for_each(|_| queue.try_push(value))?;
    }
    match name {
        "push 48 B" => warm(rounds, || black_box(queue).try_push(*black_box(&value)).expect("there is room")),
        "push 48 B, exclusive" => {
            let mut producer = queue.producer();
            warm(rounds, || black_box(&mut producer).try_push(*black_box(&value)).expect("there is room"));
        }
        "pop 48 B" => warm(rounds, || {
            black_box(black_box(queue).try_pop().expect("there are enough"));
        }),
        "pop 48 B, exclusive" => {
            let mut consumer = queue.consumer();
            warm(rounds, || {
                black_box(black_box(&mut consumer).try_pop().expect("there are enough"));
            });
        }
        "pop of an empty queue" => {
            let mut consumer = queue.consumer();
            warm(rounds, || {
                black_box(black_box(&mut consumer).try_pop().is_err());
            });
        }
        "take, done 48 B" => warm(rounds, || {
            let job = black_box(queue).try_take().expect("there are enough");
            black_box(&*job);
            job.done().expect("a job of this process");
        }),
        "take, done 48 B, exclusive" => {
            let mut consumer = queue.consumer();
            warm(rounds, || {
                let job = black_box(&mut consumer).try_take().expect("there are enough");
                black_box(&*job);
                job.done().expect("a job of this process");
            });
        }
        "send 48 B, exclusive" => {
            let mut sender = broadcast.sender();
            warm(rounds, || {
                black_box(black_box(&mut sender).send(*black_box(&value)));
            });
        }
        "recv 48 B" => {
            for _ in 0..=rounds {
                broadcast.send(value);
            }
            warm(rounds, || {
                black_box(black_box(&mut subscriber).try_recv().expect("sent above"));
            });
        }
        other => return Err(format!("no operation `{other}`").into()),
    }
    store.remove::<Channels>()?;
    Ok(())
}

/// Runs one operation of frames.
fn operate_frames(store: &Store, name: &str, rounds: u64) -> Result<(), Failure> {
    let object = store.create::<OfFrames>()?;
    let frames = &object.frames;
    let publish = || {
        let mut frame = black_box(frames).try_loan().expect("a slot");
        frame.set_meta(black_box(1));
        frame.publish().expect("a slot of this process");
    };
    if name == "loan, publish" {
        warm(rounds, publish);
    } else {
        publish();
        warm(rounds, || drop(black_box(black_box(frames).pin_newest())));
    }
    store.remove::<OfFrames>()?;
    Ok(())
}

/// Runs one operation of a map.
fn operate_map(store: &Store, name: &str, rounds: u64) -> Result<(), Failure> {
    const KEY: u64 = 7;
    let object = store.create::<Maps>()?;
    let (maps, value, mut into) = (&object.maps, Payload::filled(1), Payload::filled(0));
    let used = || maps.iter().take(rounds as usize + 1);
    for map in used() {
        map.insert_from(&KEY, &value)?;
    }
    if matches!(name, "map get, absent" | "map insert 64 B") {
        // Only a map that was never used is known to be empty before the key is hashed.
        used().try_for_each(|map| map.remove(&KEY).map(drop))?;
    }
    let (map, mut next) = (&maps[0], maps.iter());
    match name {
        "map get 64 B" | "map get, absent" => warm(rounds, || {
            let _ = black_box(black_box(map).get_into(black_box(&KEY), black_box(&mut into)));
        }),
        "map insert 64 B" => warm(rounds, || {
            let map = black_box(next.next().expect("one for each round"));
            let _ = black_box(map.insert_from(black_box(&KEY), black_box(&value)));
        }),
        "map update 64 B" => warm(rounds, || {
            let _ = black_box(black_box(map).insert_from(black_box(&KEY), black_box(&value)));
        }),
        "map remove 64 B" => warm(rounds, || {
            let map = black_box(next.next().expect("one for each round"));
            let _ = black_box(map.remove(black_box(&KEY)));
        }),
        other => return Err(format!("no operation `{other}`").into()),
    }
    store.remove::<Maps>()?;
    Ok(())
}
