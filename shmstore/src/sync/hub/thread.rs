//! The thread of the hub: sleeps on the armed words, and looks at everything after each slice.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Acquire;
use std::task::Waker;
use std::time::{Duration, Instant};

use nix::errno::Errno;

use super::look::Objects;
use super::{Hub, Wake};
use crate::sync::backoff;
use crate::sys::futex::{self, Expected, FutexWord, WokenBy};
use crate::sys::process;

/// A slice is longer if a look takes long, so that the thread needs at most a part of a core: one in this many.
const SHARE: u32 = 20;

/// Starts the thread of a hub.
pub(super) fn spawn(hub: &'static Hub) -> Result<(), Errno> {
    process::spawn_without_signals("shmstore-hub", move || run(hub))
}

fn run(hub: &'static Hub) {
    let (mut words, mut wakes, mut objects) = (Vec::new(), Vec::new(), Objects::default());
    let (mut looked, mut look_took) = (Instant::now(), Duration::ZERO);
    loop {
        let pause = {
            let mut table = hub.lock();
            words.clear();
            words.push(Expected::new(hub.kicks.futex().addr(), hub.kicks.load(Acquire)));
            words.extend(table.armed().map(|(address, expected)| Expected::new(address, expected)));
            let pause = match (table.is_idle(), table.has_polled()) {
                (true, _) => None,
                (false, true) => Some(backoff::poll()),
                (false, false) => Some(backoff::slice()),
            };
            table.is_asleep = true;
            pause.map(|pause| pause.max(look_took * SHARE))
        };
        let left = pause.map(|pause| pause.saturating_sub(looked.elapsed()));
        let woken = match sleep(&words, left) {
            WokenBy::Word(index) if index > 0 => Some(words[index].word()),
            _ => None,
        };
        {
            let mut table = hub.lock();
            table.is_asleep = false;
            table.ring(woken, &mut wakes);
        }
        // Tasks of words that rang do not wait for a look at all others.
        wakes.drain(..).for_each(wake);
        if pause.is_some_and(|pause| looked.elapsed() >= pause) {
            looked = Instant::now();
            hub.lock().look(&mut wakes);
            look_took = looked.elapsed();
            objects.check(hub, &mut wakes);
            wakes.drain(..).for_each(wake);
        }
    }
}

/// Sleeps on all words, or on the first one for a moment where the kernel cannot do that.
fn sleep(words: &[Expected], timeout: Option<Duration>) -> WokenBy {
    if timeout == Some(Duration::ZERO) {
        return WokenBy::Nothing;
    }
    let woken = futex::wait_any(words, timeout);
    if matches!(woken, WokenBy::Refused | WokenBy::Unmapped) {
        let moment = backoff::poll();
        words[0].wait(timeout.map_or(moment, |timeout| timeout.min(moment)));
    }
    woken
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
