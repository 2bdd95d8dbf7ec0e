//! Atomics, versions, locks and events.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicI16, AtomicU8, AtomicU64};
use std::thread;
use std::time::Duration;

use shmstore::dynamic::{DynamicError, Limit, Part};
use shmstore::inspect::Value;
use shmstore::{AtomicValue, Event, Lock, LockError, ShmObject, ShmValue, Versioned, WaitError, wait_any};
use shmstore_tests::scratch::Scratch;
use shmstore_tests::tasks::block_on;

use super::{both, floats, path};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ShmValue)]
#[repr(u8)]
enum Mode {
    Idle = 0,
    Run = 1,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'V')]
struct Values {
    frames: AtomicU64,
    level: AtomicI16,
    tiny: AtomicU8,
    mode: AtomicValue<Mode>,
    speed: AtomicValue<f64>,
    code: AtomicValue<u32>,
    position: Versioned<[f64; 3]>,
    lock: Lock,
    done: Event,
}

fn variant(name: &str, discriminant: i128) -> Value {
    Value::Variant { name: name.into(), discriminant }
}

#[test]
fn atomics_of_all_kinds_are_those_of_the_typed_process() {
    let scratch = Scratch::new();
    let (typed, object) = both::<Values>(&scratch);
    let atomic = |text: &str| object.atomic(&path(text)).expect("an atomic");
    assert_eq!(atomic("frames").fetch_add(5).unwrap(), Value::Unsigned(0));
    assert_eq!(atomic("level").fetch_add(-3).unwrap(), Value::Signed(0));
    assert_eq!(atomic("tiny").fetch_add(-1).unwrap(), Value::Unsigned(0));
    assert_eq!((typed.frames.load(Relaxed), typed.level.load(Relaxed), typed.tiny.load(Relaxed)), (5, -3, 255));
    assert_eq!(atomic("tiny").fetch_add(2).unwrap(), Value::Unsigned(255));
    assert_eq!(typed.tiny.load(Relaxed), 1, "modulo 256");

    atomic("mode").store(&variant("Run", 1)).unwrap();
    atomic("speed").store(&Value::F64(1.5)).unwrap();
    assert_eq!((typed.mode.load_checked(Relaxed), typed.speed.load(Relaxed)), (Ok(Mode::Run), 1.5));
    typed.mode.store(Mode::Idle, Relaxed);
    assert_eq!(atomic("mode").swap(&variant("Run", 1)).unwrap(), variant("Idle", 0));

    typed.code.store(u32::MAX, Relaxed);
    assert_eq!(atomic("code").fetch_add(2).unwrap(), Value::Unsigned(u64::from(u32::MAX)));
    assert_eq!(typed.code.load(Relaxed), 1, "modulo 2^32, and nothing of the rest of the word");
    assert!(matches!(atomic("speed").fetch_add(1), Err(DynamicError::NoInteger { .. })));
    assert!(matches!(atomic("frames").fetch_add(1 << 64), Err(DynamicError::TooMuch { .. })));
    let old = atomic("speed").update(|speed| std::mem::replace(speed, Value::F64(2.5))).unwrap();
    assert_eq!((old, typed.speed.load(Relaxed)), (Value::F64(1.5), 2.5));
}

#[test]
fn value_that_is_not_of_the_type_is_refused_and_changes_nothing() {
    let scratch = Scratch::new();
    let (typed, object) = both::<Values>(&scratch);
    typed.level.store(7, Relaxed);
    typed.position.store([1.0, 2.0, 3.0]);
    let refused = [
        ("level", Value::Signed(40_000)),
        ("level", Value::F64(1.0)),
        ("mode", variant("Stop", 2)),
        ("speed", Value::Text("fast".into())),
        ("position", floats(&[1.0, 2.0])),
        ("position[1]", Value::Bool(true)),
    ];
    for (text, value) in refused {
        let error = object.store(&path(text), &value).expect_err(text);
        assert!(matches!(error, DynamicError::Value(_)), "{text}: {error}");
    }
    assert_eq!((typed.level.load(Relaxed), typed.position.load_versioned()), (7, (1, [1.0, 2.0, 3.0])));
    let position = object.versioned(&path("position")).unwrap();
    assert!(matches!(
        position.store_bytes(&[0; 23], Limit::Never),
        Err(DynamicError::Length { expected: 24, found: 23 })
    ));
}

#[test]
fn versions_follow_each_other_whoever_stores() {
    let scratch = Scratch::new();
    let (typed, object) = both::<Values>(&scratch);
    let position = object.versioned(&path("position")).unwrap();
    assert_eq!(position.store(&floats(&[1.0, 2.0, 3.0]), Limit::Forever).unwrap(), 1);
    assert_eq!(typed.position.store([4.0, 5.0, 6.0]), 2);
    assert_eq!(position.load().unwrap(), (2, floats(&[4.0, 5.0, 6.0])));
    let mut bytes = [0; 24];
    assert_eq!(position.load_bytes(&mut bytes).unwrap(), 2);
    assert_eq!(bytes[..8], 4.0_f64.to_le_bytes());
    position.update(Limit::Forever, |value| *value = floats(&[7.0, 8.0, 9.0])).unwrap();
    assert_eq!(typed.position.load_versioned(), (3, [7.0, 8.0, 9.0]));

    let mut begun = position.begin(Limit::Forever).unwrap();
    assert!(typed.position.try_begin().is_err(), "the transaction has the part");
    begun.bytes_mut()[..8].copy_from_slice(&0.5_f64.to_le_bytes());
    drop(begun);
    assert_eq!(typed.position.load_versioned(), (3, [7.0, 8.0, 9.0]), "nothing has changed");
    let mut begun = position.begin(Limit::Forever).unwrap();
    begun.set(&floats(&[0.5, 8.0, 9.0])).unwrap();
    assert_eq!(begun.commit().unwrap(), 4);
    assert_eq!(typed.position.load(), [0.5, 8.0, 9.0]);

    let writer = typed.position.writer();
    assert!(matches!(position.store(&floats(&[0.0; 3]), Limit::Never), Err(DynamicError::Busy(_))));
    drop(writer);
}

#[test]
fn locks_and_events_are_those_of_the_typed_process() {
    let scratch = Scratch::new();
    let (typed, object) = both::<Values>(&scratch);
    let lock = object.lock(&path("lock")).unwrap();
    let guard = lock.lock(Limit::Never).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| assert!(matches!(typed.lock.try_lock(), Err(LockError::Busy(_)))));
    });
    drop(guard);
    drop(typed.lock.try_lock().unwrap());
    let panicked = thread::scope(|scope| {
        scope
            .spawn(|| {
                let _guard = lock.lock(Limit::Never).unwrap();
                panic!("with the lock");
            })
            .join()
    });
    assert!(panicked.is_err() && lock.is_inconsistent());
    assert!(matches!(lock.lock(Limit::Never), Err(DynamicError::Lock(LockError::OwnerDied { .. }))));
    lock.lock_to_repair(Limit::Never).unwrap().mark_consistent();
    drop(typed.lock.lock().unwrap());

    let done = object.event(&path("done")).unwrap();
    assert_eq!((typed.done.notify_all(), done.notify_one(), typed.done.count()), (1, 2, 2));
    assert_eq!(done.wait_past(1, Limit::Never).unwrap(), 2);
}

#[test]
fn waits_end_with_the_change_of_a_typed_process() {
    let scratch = Scratch::new();
    let (typed, object) = both::<Values>(&scratch);
    let (position, done) = (object.versioned(&path("position")).unwrap(), object.event(&path("done")).unwrap());
    let limit = Limit::Within(Duration::from_millis(1));
    assert!(matches!(position.wait_newer(0, limit), Err(DynamicError::Wait(WaitError::Timeout { .. }))));
    thread::scope(|scope| {
        scope.spawn(|| typed.position.store([1.0, 0.0, 0.0]));
        assert_eq!(position.wait_newer(0, Limit::Forever).unwrap(), (1, floats(&[1.0, 0.0, 0.0])));
        scope.spawn(|| typed.done.notify_all());
        let (newer, past) = (position.newer(1), done.past(0));
        let ready = wait_any(&[&newer, &past], Duration::from_secs(10)).unwrap();
        assert!(ready.contains(1) && !ready.contains(0));
        scope.spawn(|| typed.position.store([2.0, 0.0, 0.0]));
        block_on(newer).unwrap();
    });
    assert_eq!(position.version(), 2);
}

#[test]
fn handle_says_what_a_part_is_and_keeps_the_object_attached() {
    let scratch = Scratch::new();
    let (typed, object) = both::<Values>(&scratch);
    let kinds = ["frames", "mode", "position", "lock", "done"].map(|text| object.part(&path(text)).unwrap());
    assert!(matches!(kinds, [Part::Atomic(_), Part::Atomic(_), Part::Versioned(_), Part::Lock(_), Part::Event(_)]));
    let error = object.queue(&path("position")).unwrap_err().to_string();
    assert_eq!(error, "`position` is a `Versioned<[f64; 3]>`, and not a `Queue`: use the handle of that part");
    assert!(matches!(object.part(&path("position[0]")), Err(DynamicError::NotAPart { .. })));
    assert!(matches!(object.part(&path("nowhere")), Err(DynamicError::Field(_))));
    let position = object.versioned(&path("position")).unwrap();
    drop(object);
    position.store(&floats(&[1.0; 3]), Limit::Forever).unwrap();
    assert_eq!(typed.position.load(), [1.0; 3]);
}
