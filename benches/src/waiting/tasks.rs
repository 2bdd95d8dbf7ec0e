//! An executor of one thread, without any comfort.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// Futures of one type, by their numbers.
pub(super) struct Tasks<F> {
    tasks: Vec<Task<F>>,
    woken: Arc<Woken>,
}

struct Task<F> {
    /// `None`: it has ended.
    future: Option<Pin<Box<F>>>,
    waker: Waker,
}

/// The tasks that were woken, and the thread that polls them.
struct Woken {
    numbers: Mutex<Vec<usize>>,
    thread: Thread,
}

struct OfTask {
    number: usize,
    woken: Arc<Woken>,
}

impl Wake for OfTask {
    fn wake(self: Arc<Self>) {
        self.woken.numbers.lock().unwrap_or_else(PoisonError::into_inner).push(self.number);
        self.woken.thread.unpark();
    }
}

impl<F: Future> Tasks<F> {
    /// Takes futures, which this thread is to poll.
    pub(super) fn new(futures: impl IntoIterator<Item = F>) -> Self {
        let woken = Arc::new(Woken { numbers: Mutex::new(Vec::new()), thread: thread::current() });
        let task = |(number, future)| {
            let waker = Waker::from(Arc::new(OfTask { number, woken: woken.clone() }));
            Task { future: Some(Box::pin(future)), waker }
        };
        Self { tasks: futures.into_iter().enumerate().map(task).collect(), woken }
    }

    /// Polls a future, unless it has ended.
    pub(super) fn poll(&mut self, number: usize) -> Poll<F::Output> {
        let Task { future, waker } = &mut self.tasks[number];
        let Some(pending) = future else { return Poll::Pending };
        let polled = pending.as_mut().poll(&mut Context::from_waker(waker));
        if polled.is_ready() {
            *future = None;
        }
        polled
    }

    /// Polls all futures. Returns `true` if none has ended.
    pub(super) fn poll_all(&mut self) -> bool {
        (0..self.tasks.len()).fold(true, |all, number| all & self.poll(number).is_pending())
    }

    /// Sleeps until a future ends. Returns its number and its output.
    pub(super) fn next(&mut self) -> (usize, F::Output) {
        loop {
            let woken = self.woken.numbers.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(number) = woken else {
                thread::park();
                continue;
            };
            if let Poll::Ready(output) = self.poll(number) {
                return (number, output);
            }
        }
    }

    /// Puts another future in the place of one that has ended.
    pub(super) fn replace(&mut self, number: usize, future: F) {
        self.tasks[number].future = Some(Box::pin(future));
    }

    /// Returns the futures that have not ended.
    pub(super) fn into_futures(self) -> Vec<Pin<Box<F>>> {
        self.tasks.into_iter().filter_map(|task| task.future).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::atomic::AtomicBool;
    use std::sync::atomic::Ordering::{Acquire, Release};

    use super::*;

    #[test]
    fn a_woken_future_is_polled_again_and_its_output_returned() {
        let (is_done, left) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(None::<Waker>)));
        let waits = |number: usize| {
            let (is_done, left) = (is_done.clone(), left.clone());
            poll_fn(move |context| {
                if number == 1 && is_done.load(Acquire) {
                    return Poll::Ready(7);
                }
                if number == 1 {
                    *left.lock().expect("not poisoned") = Some(context.waker().clone());
                }
                Poll::Pending
            })
        };
        let mut tasks = Tasks::new((0..3).map(waits));
        assert!(tasks.poll_all());
        let waker = left.lock().expect("not poisoned").take().expect("it was polled");
        let other = thread::spawn(move || {
            is_done.store(true, Release);
            waker.wake();
        });
        assert_eq!(tasks.next(), (1, 7));
        other.join().expect("it wakes");
    }
}
