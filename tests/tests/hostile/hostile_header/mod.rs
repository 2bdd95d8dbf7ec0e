//! A peer that may write a segment writes what it likes over header, schema and participants: nothing that a process
//! does with it panics, crashes, hangs, or hands out an object that is not within the segment.

mod damage;
mod random;
mod vandal;
mod wide;

use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use shmstore::{AttachError, ReadOnly, Shared, Store};
use shmstore_tests::objects::{Telemetry, drifted};
use shmstore_tests::raw::{Raw, field, find, plant};
use shmstore_tests::scratch::{Planted, Scratch};

/// What `frames` is in the intact object.
const FRAMES: u64 = 42;

/// Longer than any single operation takes on a busy machine.
pub(super) const NO_HANG: Duration = Duration::from_secs(10);

/// An object whose segment is damaged again and again, and made whole in between.
struct Victim {
    scratch: Scratch,
    store: Store,
    pristine: Vec<u8>,
    /// Header, schema and participants: all but the object.
    described: usize,
}

impl Victim {
    fn new() -> Self {
        let scratch = Scratch::new();
        let store = Store::options().wait(Duration::ZERO).max_processes(8).open(scratch.path()).unwrap();
        let object = store.create_with(|new: &Telemetry| new.frames.store(FRAMES, Relaxed)).unwrap();
        drop(object);
        let pristine = Raw::at_key(scratch.key('T')).bytes();
        let described = Raw::at_key(scratch.key('T')).get(field::PAYLOAD_OFFSET) as usize;
        let victim = Self { scratch, store, pristine, described };
        victim.check_intact();
        victim
    }

    /// The segment with some bytes changed, from a whole one.
    fn damage(&self, changes: &[(usize, u8)]) {
        let raw = self.restored();
        for &(at, byte) in changes {
            raw.write(at, &[byte]);
        }
    }

    /// The whole segment, as it was at first; made anew if it was removed.
    fn restored(&self) -> Raw {
        let key = self.scratch.key('T');
        if let Some(raw) = find(key).and_then(Raw::try_attach) {
            if raw.len() == self.pristine.len() {
                raw.write(0, &self.pristine);
                return raw;
            }
            drop(raw);
            drop(Planted { shmid: find(key).unwrap() });
        }
        // `Scratch` removes it in the end.
        let planted = plant(key, self.pristine.len(), 0o600, &self.pristine);
        let raw = Raw::attach(planted.shmid);
        std::mem::forget(planted);
        raw
    }

    /// Does all that can be done, and checks what comes of it.
    #[track_caller]
    fn use_it(&self, what: &dyn Fn() -> String) {
        let started = Instant::now();
        self.look_at_it(what);
        let attached = self.store.attach::<Telemetry>();
        if let Ok(object) = &attached {
            check(object, FRAMES, what);
        }
        if let Err(error) = attached {
            let _ = format!("{error} {error:?}");
        }
        if let Err(error) = self.store.attach::<drifted::Telemetry>() {
            let _ = error.to_string();
        } else {
            panic!("attached as another type, {}", what());
        }
        let _ = format!("{:?}", self.store.list());
        if let Ok(object) = self.store.attach_or_create::<Telemetry>() {
            check(&object, if Shared::was_created(&object) { 0 } else { FRAMES }, what);
        }
        let _ = self.store.remove::<Telemetry>().map_err(|error| error.to_string());
        assert!(started.elapsed() < NO_HANG, "took {:?}, {}", started.elapsed(), what());
    }

    /// Does all that can be done by those who may only read, and checks what comes of it.
    #[track_caller]
    fn look_at_it(&self, what: &dyn Fn() -> String) {
        let before = Raw::at_key(self.scratch.key('T')).bytes();
        match self.store.attach_read_only::<Telemetry>() {
            Ok(seen) => check_seen(&seen, what),
            Err(error) => {
                assert!(!matches!(error, AttachError::System { .. }), "{error}, {}", what());
                let _ = format!("{error} {error:?}");
            }
        }
        let Err(error) = self.store.attach_read_only::<drifted::Telemetry>() else {
            panic!("attached for reading as another type, {}", what());
        };
        let _ = error.to_string();
        let after = find(self.scratch.key('T')).map(|shmid| Raw::attach(shmid).bytes());
        assert!(after == Some(before), "who only looks has changed it, {}", what());
    }

    fn check_intact(&self) {
        self.damage(&[]);
        assert_eq!(self.store.attach_read_only::<Telemetry>().unwrap().frames.load(Relaxed), FRAMES);
        assert_eq!(self.store.attach::<Telemetry>().unwrap().frames.load(Relaxed), FRAMES);
    }
}

/// Asserts that a handed-out object is whole, and within a mapping.
#[track_caller]
fn check(object: &Shared<Telemetry>, frames: u64, what: &dyn Fn() -> String) {
    assert!(is_mapped(&**object), "out of bounds, {}", what());
    assert_eq!(object.frames.load(Relaxed), frames, "{}", what());
    assert_eq!(object.position.version(), 0, "{}", what());
    let _ = (Shared::participants(object), Shared::info(object), Shared::is_removed(object));
    let _ = format!("{object:?}");
}

/// Asserts that an object that was handed out for reading is whole, and within a mapping.
#[track_caller]
fn check_seen(object: &ReadOnly<Telemetry>, what: &dyn Fn() -> String) {
    assert!(is_mapped(&**object), "out of bounds, {}", what());
    assert_eq!((object.frames.load(Relaxed), object.position.version()), (FRAMES, 0), "{}", what());
    let _ = (ReadOnly::participants(object), ReadOnly::info(object), ReadOnly::is_removed(object));
    let _ = format!("{object:?}");
}

/// Tells whether all of an object lies within one shared-memory mapping of this process.
fn is_mapped<T>(object: &T) -> bool {
    is_within_a_segment(std::ptr::from_ref(object).addr(), size_of::<T>())
}

/// Returns `true` if these bytes lie within one shared-memory mapping of this process.
pub(super) fn is_within_a_segment(start: usize, size: usize) -> bool {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let ranges = maps.lines().filter(|line| line.contains("/SYSV")).map(|line| {
        let (from, to) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
        Range { start: usize::from_str_radix(from, 16).unwrap(), end: usize::from_str_radix(to, 16).unwrap() }
    });
    let mut ranges = ranges.into_iter();
    ranges.any(|range| range.contains(&start) && start + size <= range.end)
}
