//! Wakers are code of the program: they may panic, block, drop other futures, and be replaced.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::thread;
use std::time::Duration;

use shmstore::wait::Newer;
use shmstore::{Shared, Versioned};
use shmstore_tests::objects::Idle;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::tasks::{Alarm, block_on, poll_by};
use shmstore_tests::wait::until_true;

/// An object, which lives until the end of the process, as wakers do not borrow.
fn object() -> (Scratch, &'static Shared<Idle>) {
    let scratch = Scratch::new();
    let object = scratch.store().create::<Idle>().unwrap();
    (scratch, Box::leak(Box::new(object)))
}

/// A waker that runs a closure.
struct Run<F>(F);

impl<F: Fn() + Send + Sync + 'static> Wake for Run<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

fn waker(run: impl Fn() + Send + Sync + 'static) -> Waker {
    Arc::new(Run(run)).into()
}

fn pending(part: &'static Versioned<u64>, waker: &Waker) -> Newer<'static, u64> {
    let mut newer = part.newer(part.version());
    assert!(poll_by(&mut newer, waker).is_pending());
    newer
}

/// Stores to another part, and asserts that its task is woken.
fn others_go_on(object: &'static Idle) {
    let (part, alarm) = (&object.parts[127], Alarm::new());
    let _task = pending(part, &alarm.waker());
    part.store(7);
    until_true("a task to be woken", || alarm.wakes() == 1);
}

#[test]
fn waker_that_panics_or_blocks_for_a_moment_keeps_no_other_task_asleep() {
    let (_scratch, object) = object();
    let was_called: &'static AtomicBool = Box::leak(Box::default());
    let panics = waker(|| {
        was_called.store(true, SeqCst);
        std::panic::resume_unwind(Box::new("a waker that panics"));
    });
    let blocks = waker(|| thread::sleep(Duration::from_millis(50)));
    let alarm = Alarm::new();
    let first = pending(&object.parts[0], &panics);
    let second = pending(&object.parts[0], &blocks);
    let third = pending(&object.parts[0], &alarm.waker());
    object.parts[0].store(7);
    until_true("all to be woken", || was_called.load(SeqCst) && alarm.wakes() == 1);
    others_go_on(object);
    for task in [first, second, third] {
        assert_eq!(block_on(task).unwrap(), (1, 7));
    }
}

#[test]
fn waker_may_drop_futures_make_others_and_store() {
    let (_scratch, object) = object();
    let held: &'static Mutex<Vec<Newer<'static, u64>>> = Box::leak(Box::default());
    let (alarm, is_done) = (Alarm::new(), &*Box::leak(Box::new(AtomicBool::new(false))));
    for part in &object.parts[..100] {
        held.lock().unwrap().push(pending(part, &alarm.waker()));
    }
    // A future of the same word, which is dropped by the waker of the other, and was perhaps woken together with it.
    held.lock().unwrap().push(pending(&object.parts[100], &alarm.waker()));
    let busy = waker(|| {
        held.lock().unwrap().clear();
        drop(pending(&object.parts[101], Waker::noop()));
        object.parts[102].store(8);
        is_done.store(true, SeqCst);
    });
    let task = pending(&object.parts[100], &busy);
    let other = pending(&object.parts[102], &alarm.waker());
    object.parts[100].store(7);
    until_true("the waker to be done", || is_done.load(SeqCst));
    assert_eq!((block_on(task).unwrap(), block_on(other).unwrap()), ((1, 7), (1, 8)));
    assert!(alarm.wakes() <= 2, "{} tasks were woken after they were dropped", alarm.wakes());
    others_go_on(object);
}

#[test]
fn waker_of_the_last_poll_is_the_one_that_is_woken() {
    let (_scratch, object) = object();
    let part = &object.parts[0];
    for version in 0..200 {
        let (first, last) = (Alarm::new(), Alarm::new());
        let mut task = pending(part, &first.waker());
        assert!(poll_by(&mut task, &last.waker()).is_pending());
        assert_eq!(Arc::strong_count(&first), 1, "the first waker is kept");
        part.store(7);
        until_true("the last waker to be woken", || last.wakes() == 1);
        assert_eq!((first.wakes(), block_on(task).unwrap()), (0, (version + 1, 7)));
    }
}

/// A store meets each step of a poll by another waker.
#[test]
fn task_is_woken_while_its_waker_is_replaced() {
    let (_scratch, object) = object();
    let part = &object.parts[0];
    for version in 0..2000 {
        let mut task = pending(part, Waker::noop());
        let storing = thread::spawn(|| part.store(7));
        assert_eq!(block_on(&mut task).unwrap(), (version + 1, 7));
        storing.join().unwrap();
    }
}

#[test]
fn task_that_moves_between_threads_goes_on() {
    let (_scratch, object) = object();
    let part = &object.parts[0];
    let mut task = pending(part, Waker::noop());
    for _ in 0..10 {
        task = thread::spawn(move || {
            assert!(poll_by(&mut task, &Alarm::new().waker()).is_pending());
            task
        })
        .join()
        .unwrap();
    }
    let ended = thread::spawn(move || block_on(task).unwrap());
    part.store(7);
    assert_eq!(ended.join().unwrap(), (1, 7));
}
