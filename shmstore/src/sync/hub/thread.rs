//! The thread of the hub: sleeps on the armed words, and looks at everything after each slice.

use std::cell::Cell;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Acquire;
use std::task::Waker;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::time::{ClockId, clock_gettime};

use super::objects::Objects;
use super::{Hub, Wake};
use crate::segment::this_process;
use crate::sync::backoff;
use crate::sys::futex::{self, Expected, FutexWord, WokenBy};
use crate::sys::process;

/// A look at everything takes at most one part in this many of the thread's time. If it takes long, the slices are
/// longer.
const SHARE: u32 = 20;

/// The same for the questions to the kernel whether objects were removed. Few removals are found by them alone.
const KERNEL_SHARE: u32 = 100;

/// The longest sleep.
const LONGEST: Duration = Duration::from_secs(3600);

/// Starts the thread of a hub.
pub(super) fn spawn(hub: &'static Hub) -> Result<(), Errno> {
    process::spawn_without_signals("shmstore-hub", move || run(hub))
}

thread_local! {
    static IS_THIS: Cell<bool> = const { Cell::new(false) };
}

/// Returns `true` on the thread of the hub.
pub(super) fn is_this() -> bool {
    IS_THIS.get()
}

fn run(hub: &'static Hub) {
    IS_THIS.set(true);
    let (mut words, mut wakes, mut objects) = (Vec::new(), Vec::new(), Objects::default());
    let (mut looked, mut settled, mut look_took) = (Instant::now(), Instant::now(), Duration::ZERO);
    let (mut asked, mut asking_took) = (Instant::now(), Duration::ZERO);
    // A waker may fork. The child has a hub of its own.
    while hub.token == this_process::current_token() {
        let pause = plan(hub, &mut words).map(|pause| pause.max(look_took * SHARE));
        let woken = sleep(&words, pause.map_or(LONGEST, |pause| pause.saturating_sub(looked.elapsed())));
        {
            let mut table = hub.lock();
            table.is_asleep = false;
            table.ring(woken, &mut wakes);
        }
        // Tasks of words that rang do not wait for the look at all others.
        wakes.drain(..).for_each(wake);
        if pause.is_some_and(|pause| looked.elapsed() >= pause) {
            looked = Instant::now();
            let mut began = time_of_thread();
            let settles = settled.elapsed() >= backoff::slice();
            hub.lock().look(settles, &mut wakes);
            look_took = time_of_thread().saturating_sub(began);
            if settles {
                settled = looked;
            }
            if asked.elapsed() >= backoff::slice().max(asking_took * KERNEL_SHARE) {
                (asked, began) = (looked, time_of_thread());
                objects.check(hub, &mut wakes);
                asking_took = time_of_thread().saturating_sub(began);
            }
            wakes.drain(..).for_each(wake);
        }
    }
}

/// The time for which this thread has run. A time in which the process is stopped does not count.
fn time_of_thread() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

/// Fills the list of words to sleep on. Returns the time until the next look. `None` if there is nothing to look at.
fn plan(hub: &Hub, words: &mut Vec<Expected>) -> Option<Duration> {
    let mut table = hub.lock();
    words.clear();
    words.push(Expected::new(hub.kicks.futex().addr(), hub.kicks.load(Acquire)));
    words.extend(table.armed().map(|(address, expected)| Expected::new(address, expected)));
    table.is_asleep = true;
    match (table.is_idle(), table.has_polled()) {
        (true, _) => None,
        (false, true) => Some(backoff::POLL),
        (false, false) => Some(backoff::slice()),
    }
}

/// Sleeps on all words. Returns the address of the one at which the kernel woke the thread, if it is not the first.
fn sleep(words: &[Expected], timeout: Duration) -> Option<usize> {
    if timeout.is_zero() {
        return None;
    }
    if let [kicks] = words {
        kicks.wait(timeout);
        return None;
    }
    match futex::wait_any(words, timeout) {
        WokenBy::Word(index) if index > 0 => Some(words[index].word()),
        // The kernel cannot sleep on several words, or one was unmapped and is not in the table any more.
        WokenBy::Refused | WokenBy::Unmapped => {
            words[0].wait(timeout.min(backoff::POLL));
            None
        }
        _ => None,
    }
}

/// Wakes a waiter. No lock is held, because a waker runs code of the program.
pub(super) fn wake(wake: Wake<Waker>) {
    match wake {
        Wake::Task(waker) => {
            // The tasks of others go on if the waker of one panics.
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
                mem::forget(panic);
            }
        }
        Wake::Word { address, only_one } => {
            futex::wake_at(address, if only_one { 1 } else { futex::ALL });
        }
    }
}
