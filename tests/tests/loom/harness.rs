//! What the models have in common: how loom explores them, the kernel's futex, and death.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use loom::sync::{Condvar, Mutex};

/// Explores all orders with at most this many preemptions of a thread that could go on.
pub(crate) fn check(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// The kernel's queue for one word. A thread that goes to sleep compares the word under the queue's lock, which a
/// thread that wakes takes too.
pub(crate) struct Futex {
    queue: Mutex<usize>,
    woken: Condvar,
}

impl Futex {
    pub(crate) fn new() -> Self {
        Self { queue: Mutex::new(0), woken: Condvar::new() }
    }

    pub(crate) fn wait(&self, is_as_expected: impl Fn() -> bool) {
        let mut asleep = self.queue.lock().unwrap();
        if is_as_expected() {
            *asleep += 1;
            drop(self.woken.wait(asleep).unwrap());
        }
    }

    /// Returns how many were asleep.
    pub(crate) fn wake_one(&self) -> usize {
        let mut asleep = self.queue.lock().unwrap();
        let woken = (*asleep).min(1);
        *asleep -= woken;
        self.woken.notify_one();
        woken
    }

    pub(crate) fn wake_all(&self) {
        let mut asleep = self.queue.lock().unwrap();
        *asleep = 0;
        self.woken.notify_all();
    }
}

/// The end of a process.
struct Killed;

/// The process that calls this is killed.
pub(crate) fn die() {
    resume_unwind(Box::new(Killed));
}

/// Runs what a process does until it is killed. Returns `false` if it was not.
pub(crate) fn is_killed(process: impl FnOnce()) -> bool {
    match catch_unwind(AssertUnwindSafe(process)) {
        Ok(()) => false,
        Err(panic) if panic.is::<Killed>() => true,
        Err(panic) => resume_unwind(panic),
    }
}
