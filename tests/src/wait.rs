//! Waiting for a condition, with a deadline: never for a time to pass.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

/// Longer than anything takes on a busy machine; a test that waits so long has failed.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Waits until `found` finds something.
#[track_caller]
pub fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(started.elapsed() < DEADLINE, "waited {DEADLINE:?} in vain for {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

#[track_caller]
pub fn until_true(what: &str, mut holds: impl FnMut() -> bool) {
    until(what, || holds().then_some(()));
}

/// Waits until a value is the expected one. It is for counts of attachments: a list of the machine's segments, which any
/// other test may ask for, attaches each of them for a moment.
#[track_caller]
pub fn until_equal<T: PartialEq + fmt::Debug>(mut found: impl FnMut() -> T, expected: T) {
    let started = Instant::now();
    loop {
        let found = found();
        if found == expected {
            return;
        }
        assert!(started.elapsed() < DEADLINE, "waited {DEADLINE:?} in vain for {expected:?}, and have {found:?}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Returns the time that this thread has had of a processor. A busy machine does not change what is measured with it.
pub fn processor_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("a clock that every kernel has").into()
}

/// Keeps the other tests of this binary that load the processors or measure time waiting until it is dropped. Tests run as
/// threads of one process, and the busy ones would make each other late.
#[must_use = "the next test may start once it is dropped"]
pub fn flat_out() -> MutexGuard<'static, ()> {
    static FLAT_OUT: Mutex<()> = Mutex::new(());
    FLAT_OUT.lock().unwrap_or_else(PoisonError::into_inner)
}
