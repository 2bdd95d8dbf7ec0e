//! Tasks without a runtime: a thread that runs one, and wakers that count.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::wait::DEADLINE;

/// Wakes a thread, and counts how often it was told to.
#[derive(Debug)]
pub struct Alarm {
    thread: Thread,
    wakes: AtomicU64,
}

impl Alarm {
    /// Makes one for the calling thread.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { thread: thread::current(), wakes: AtomicU64::new(0) })
    }

    pub fn wakes(&self) -> u64 {
        self.wakes.load(SeqCst)
    }

    pub fn waker(self: &Arc<Self>) -> Waker {
        self.clone().into()
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, SeqCst);
        self.thread.unpark();
    }
}

/// Polls a future once.
pub fn poll_by<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// Polls a future once, and has nothing woken.
pub fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_by(future, Waker::noop())
}

/// Runs a future in the calling thread. Panics after the deadline of all tests.
#[track_caller]
pub fn block_on<F: Future>(future: F) -> F::Output {
    let done = block_within(future, DEADLINE);
    done.unwrap_or_else(|| panic!("a task was not woken in {DEADLINE:?}"))
}

/// Runs a future in the calling thread, at most for a time.
pub fn block_within<F: Future>(future: F, time: Duration) -> Option<F::Output> {
    block_counted(future, time).map(|(done, _)| done)
}

/// Runs a future in the calling thread, at most for a time. Also returns how often it was polled.
pub fn block_counted<F: Future>(future: F, time: Duration) -> Option<(F::Output, u64)> {
    let (mut future, started, alarm) = (pin!(future), Instant::now(), Alarm::new());
    let waker = alarm.waker();
    for polls in 1.. {
        let before = alarm.wakes();
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some((done, polls));
        }
        time.checked_sub(started.elapsed())?;
        // A thread may be unparked for no reason. That would hide a lost wake-up.
        while alarm.wakes() == before {
            let left = time.checked_sub(started.elapsed())?;
            thread::park_timeout(left);
        }
    }
    None
}
