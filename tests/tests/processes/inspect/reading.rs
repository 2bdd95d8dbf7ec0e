//! The bytes of parts, by a reader that only loads.

use std::sync::atomic::{AtomicBool, AtomicU16, Ordering::Relaxed};
use std::thread;

use shmstore::inspect::{Limits, Object, Part, Passed};
use shmstore::{AtomicValue, Broadcast, Event, Frames, Lock, Map, Queue, Shared, ShmObject, Versioned};
use shmstore_tests::scratch::Scratch;

use super::{filled, object};

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'R')]
struct Rover {
    mode: AtomicValue<[u8; 3]>,
    turns: AtomicU16,
    position: Versioned<[f64; 8]>,
    stop: Event,
    lock: Lock,
    jobs: Queue<u32, 4>,
    log: Broadcast<u32, 4>,
    wheels: Map<u8, u32, 4>,
    images: Frames<u16, 6, 3, u8>,
}

fn part(object: &Object, path: &str) -> Part {
    object.part(&path.parse().unwrap()).unwrap_or_else(|error| panic!("{error}"))
}

fn loaded(object: &Object, path: &str) -> (u64, Vec<u8>) {
    let mut bytes = vec![9; 5];
    let version = object.reading(&Limits::default()).load_into(&part(object, path), &mut bytes);
    (version.unwrap_or_else(|error| panic!("{error}")), bytes)
}

fn queued(object: &Object, from: u64) -> (Passed, Vec<(u64, u32)>) {
    let mut items = Vec::new();
    let each = |at, bytes: &[u8]| items.push((at, u32::from_le_bytes(bytes.try_into().unwrap())));
    let passed = object.reading(&Limits::default()).queued(&part(object, "jobs"), from, each).unwrap();
    (passed, items)
}

fn logged(object: &Object, from: u64) -> (Passed, Vec<(u64, u32)>) {
    let mut items = Vec::new();
    let each = |at, bytes: &[u8]| items.push((at, u32::from_le_bytes(bytes.try_into().unwrap())));
    let passed = object.reading(&Limits::default()).items(&part(object, "log"), from, 99, each).unwrap();
    (passed, items)
}

#[test]
fn values_are_copied_with_their_versions() {
    let scratch = Scratch::new();
    let rover = scratch.store().create::<Rover>().unwrap();
    let object = object(scratch.path(), 'R');
    assert_eq!(loaded(&object, "position"), (0, vec![0; 64]));
    rover.mode.store([1, 2, 3], Relaxed);
    rover.turns.store(0x1234, Relaxed);
    rover.position.store([1.5; 8]);
    rover.position.store([2.5; 8]);
    rover.stop.notify_all();
    assert_eq!(loaded(&object, "position"), (2, 2.5_f64.to_le_bytes().repeat(8)));
    assert_eq!(loaded(&object, "mode"), (0, vec![1, 2, 3]));
    assert_eq!(loaded(&object, "turns"), (0, vec![0x34, 0x12]));
    assert_eq!(loaded(&object, "stop"), (1, 1_u64.to_le_bytes().to_vec()));
    assert_eq!(loaded(&object, "lock"), (0, vec![0]));
    let guard = rover.lock.lock().unwrap();
    assert_eq!(loaded(&object, "lock"), (0, vec![1]));
    drop(guard);
    thread::scope(|scope| {
        let panicking = scope.spawn(|| {
            let _guard = rover.lock.lock().unwrap();
            panic!("within the lock");
        });
        assert!(panicking.join().is_err());
    });
    assert_eq!(loaded(&object, "lock"), (0, vec![2]));
}

#[test]
fn items_are_seen_and_stay() {
    let scratch = Scratch::new();
    let rover = scratch.store().create::<Rover>().unwrap();
    let object = object(scratch.path(), 'R');
    assert_eq!(queued(&object, 0).1, []);
    for number in 0..4 {
        rover.jobs.push(10 + number).unwrap();
    }
    let (passed, items) = queued(&object, 0);
    assert_eq!((passed.missed, passed.first, passed.next), (0, 0, 4));
    assert_eq!(items, [(0, 10), (1, 11), (2, 12), (3, 13)]);
    assert_eq!(rover.jobs.len(), 4, "nothing was taken");
    // One is finished, and one at work. Its place is free for the next one.
    assert_eq!(rover.jobs.pop(), Ok(10));
    let job = rover.jobs.take().unwrap();
    rover.jobs.push(14).unwrap();
    let (passed, items) = queued(&object, 0);
    assert_eq!((passed.missed, passed.first, passed.next), (1, 1, 5));
    assert_eq!(items, [(1, 11), (2, 12), (3, 13), (4, 14)]);
    job.done().unwrap();
    assert_eq!(queued(&object, 3).1, [(3, 13), (4, 14)]);
    for far in [5, 99, u64::MAX, 1 << 63] {
        assert_eq!(queued(&object, far).0.next, far, "no item is there yet");
    }

    for number in 0..6 {
        rover.log.send(number);
    }
    let (passed, items) = logged(&object, 5);
    assert_eq!((passed.missed, passed.next, &items[..]), (0, 6, &[(5, 5)][..]));
    let (passed, items) = logged(&object, 0);
    assert_eq!((passed.missed, passed.first, passed.next), (4, 4, 6), "two behind the oldest");
    assert_eq!(items, [(4, 4), (5, 5)]);
    assert_eq!(object.reading(&Limits::default()).positions(&part(&object, "log")), Ok(2..6));
}

#[test]
fn entries_and_frames_are_copied_as_they_are_now() {
    let scratch = Scratch::new();
    let rover = scratch.store().create::<Rover>().unwrap();
    let object = object(scratch.path(), 'R');
    for key in 0..4 {
        rover.wheels.insert(key, 100 + u32::from(key)).unwrap();
    }
    rover.wheels.remove(&1).unwrap();
    rover.wheels.insert(2, 202).unwrap();
    let (limits, mut entries, mut versions) = (Limits::default(), Vec::new(), Vec::new());
    let reading = object.reading(&limits);
    let is_wanted = |key: &[u8], version: u64| {
        versions.push((key[0], version));
        key[0] != 3
    };
    let each = |key: &[u8], version, value: &[u8]| entries.push((key[0], version, value.to_vec()));
    reading.entries(&part(&object, "wheels"), is_wanted, each).unwrap();
    entries.sort();
    assert_eq!(entries.iter().map(|(key, ..)| *key).collect::<Vec<_>>(), [0, 2]);
    assert_eq!(entries[1].2, 202_u32.to_le_bytes());
    versions.sort();
    assert_eq!(versions.len(), 3, "{versions:?}");
    assert_eq!(versions[1], (2, entries[1].1), "the version of the value that was copied");

    let (images, mut meta, mut elements) = (part(&object, "images"), vec![7; 9], vec![7; 99]);
    assert_eq!(reading.newest_frame_into(&images, &mut meta, &mut elements), Ok(None));
    for length in [6, 2] {
        let mut frame = rover.images.try_loan().unwrap();
        frame.set_meta(length as u8);
        frame.copy_from(&vec![0x0102; length]).unwrap();
        frame.publish().unwrap();
    }
    assert_eq!(reading.newest_frame_into(&images, &mut meta, &mut elements), Ok(Some(2)));
    assert_eq!((meta, elements), (vec![2], vec![2, 1, 2, 1]));
    let mut few = Limits::default();
    few.bytes = 3;
    let refused = object.reading(&few).newest_frame_into(&images, &mut Vec::new(), &mut Vec::new()).unwrap_err();
    assert_eq!(refused.to_string(), "`images` cannot be read: its newest frame has 4 bytes, and the limit is 3");
}

#[test]
fn parts_count_their_changes_and_refuse_what_they_have_not() {
    let scratch = Scratch::new();
    let typed = filled(&scratch.store());
    let object = object(scratch.path(), Shared::info(&typed).unwrap().id);
    let (limits, parts) = (Limits::default(), object.parts().unwrap());
    let reading = object.reading(&limits);
    assert!(parts.len() > 15, "{parts:?}");
    for part in &parts {
        assert_eq!(reading.changes(part).unwrap(), object.changes_at(part.path()).unwrap(), "{part:?}");
        assert_eq!(&object.part(part.path()).unwrap(), part);
    }
    let refused = |refused: Result<(), shmstore::inspect::PartError>| refused.unwrap_err().to_string();
    let [queue, label] = ["queue", "label"].map(|path| part(&object, path));
    assert_eq!(
        refused(reading.load_into(&queue, &mut Vec::new()).map(drop)),
        "`queue` is a `Queue<Choosy, 5>`, which has no value of its own"
    );
    refused(reading.items(&queue, 0, 1, |_, _| {}).map(drop));
    refused(reading.queued(&label, 0, |_, _| {}).map(drop));
    refused(reading.entries(&label, |_, _| true, |_, _, _| {}));
    refused(reading.newest_frame_into(&label, &mut Vec::new(), &mut Vec::new()).map(drop));
    for no_part in ["position.x", ".", "queue[0]", "nothing"] {
        refused(object.part(&no_part.parse().unwrap()).map(drop));
    }
    drop(typed);
}

#[test]
fn values_and_items_of_a_busy_writer_are_whole() {
    let scratch = Scratch::new();
    let rover = scratch.store().create::<Rover>().unwrap();
    let object = object(scratch.path(), 'R');
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 1.. {
                rover.position.store([f64::from(number); 8]);
                rover.log.send(number as u32);
                if is_over.load(Relaxed) {
                    break;
                }
            }
        });
        let (limits, mut bytes, mut next, mut got) = (Limits::default(), Vec::new(), 0, 0);
        let [position, log] = ["position", "log"].map(|path| part(&object, path));
        let mut seen = 0;
        while seen < 100_000 || got < 10_000 {
            let reading = object.reading(&limits);
            let version = reading.load_into(&position, &mut bytes).unwrap();
            assert!(version >= seen && bytes == (version as f64).to_le_bytes().repeat(8), "{version}: {bytes:?}");
            seen = version;
            let each = |at, bytes: &[u8]| {
                assert_eq!(u32::from_le_bytes(bytes.try_into().unwrap()), at as u32 + 1);
                got += 1;
            };
            let passed = reading.items(&log, next, 99, each).unwrap();
            assert_eq!(passed.first, next + passed.missed);
            next = passed.next;
        }
        is_over.store(true, Relaxed);
    });
}
