//! What harm is done with, and how it is seen that a call ends.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

use shmstore::{Shared, ShmObject};
use shmstore_tests::raw::{Raw, field};

/// The limit on calls that take one.
pub(crate) const SHORT: Duration = Duration::from_millis(20);
/// Far more than a call with a limit of some milliseconds takes.
const LATE: Duration = Duration::from_secs(2);

const HOSTILE_THREADS: usize = 4;

/// Where the words of a `Versioned` are: see `docs/format.md`.
pub(crate) const SEQUENCE: usize = 64;
pub(crate) const LOCK_WORD: usize = 0;
/// The bits of a lock word, and of a slot's, that hold a token.
pub(crate) const TOKEN: u32 = (1 << 29) - 1;

/// Where a part of the object is in its segment.
pub(crate) fn place<T: ShmObject, P>(object: &Shared<T>, part: &P, raw: &Raw) -> usize {
    raw.get(field::PAYLOAD_OFFSET) as usize + std::ptr::from_ref(part).addr() - std::ptr::from_ref(&**object).addr()
}

/// Does something to a segment without a pause, while something else is done.
pub(crate) fn meanwhile<R>(raw: &Raw, harm: impl Fn(&Raw, u64) + Sync, done: impl FnOnce() -> R) -> R {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let (shmid, stop, harm) = (raw.shmid(), &stop, &harm);
        for _ in 0..HOSTILE_THREADS {
            scope.spawn(move || {
                let raw = Raw::attach(shmid);
                (0..).take_while(|_| !stop.load(Relaxed)).for_each(|round| harm(&raw, round));
            });
        }
        let _stop = Stop(stop);
        done()
    })
}

/// Stops the harm when the test ends, or fails.
pub(crate) struct Stop<'a>(pub(crate) &'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Makes a call, which must not outlive its limit.
#[track_caller]
pub(crate) fn in_time<R>(call: impl FnOnce() -> R) -> R {
    let started = Instant::now();
    let result = call();
    assert!(started.elapsed() < LATE, "took {:?}", started.elapsed());
    result
}
