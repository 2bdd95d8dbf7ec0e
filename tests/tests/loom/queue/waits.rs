//! Waits for items and for room. Nothing here sleeps in slices, so a lost wake-up is a deadlock, which loom finds.

use loom::sync::Arc;
use loom::thread;

use super::part::{Death, Part};
use super::protocol::Reached;
use crate::harness::check;

const PRODUCER: u32 = 2;
const CONSUMER: u32 = 3;
const WORKER: u32 = 4;

impl Part<1> {
    fn lock_and_push(&self, item: u64) -> bool {
        self.producers.lock(PRODUCER);
        let is_pushed = self.push(item);
        if is_pushed {
            self.producers.unlock(PRODUCER)
        } else {
            self.producers.unlock_without_news(PRODUCER)
        }
        is_pushed
    }

    fn push_and_wait(&self, item: u64) {
        while !self.lock_and_push(item) {
            self.consumers.wait(|| self.has_room());
        }
    }

    fn pop_and_wait(&self) -> u64 {
        loop {
            self.consumers.lock(CONSUMER);
            if let Some(item) = self.pop() {
                self.consumers.unlock(CONSUMER);
                return item;
            }
            self.consumers.unlock_without_news(CONSUMER);
            self.producers.wait(|| self.has_item());
        }
    }
}

/// A consumer waits for two items, one after the other.
pub(crate) fn pushes_are_waited_for() {
    check(2, || {
        let part = Part::new(&[]);
        let consumer = spawn(&part, |part| assert_eq!([part.pop_and_wait(), part.pop_and_wait()], [1, 2]));
        part.push_and_wait(1);
        part.push_and_wait(2);
        consumer.join().unwrap();
    });
}

/// A producer waits for room.
pub(crate) fn pops_are_waited_for() {
    check(3, || {
        let part = Part::new(&[1]);
        let producer = spawn(&part, |part| part.push_and_wait(2));
        assert_eq!(part.pop_and_wait(), 1);
        producer.join().unwrap();
        part.ends_with(&[2]);
    });
}

/// A producer waits for room, which comes with a finished job.
pub(crate) fn finished_jobs_are_waited_for() {
    check(3, || {
        let part = Part::new(&[1]);
        let (job, _) = part.take(WORKER).expect("an item");
        let producer = spawn(&part, |part| part.push_and_wait(2));
        assert!(part.finish(job));
        part.consumers.wake_without_lock();
        producer.join().unwrap();
        part.ends_with(&[2]);
    });
}

/// A consumer waits for an item, which is returned.
pub(crate) fn returned_jobs_are_waited_for() {
    check(3, || {
        let part = Part::new(&[1]);
        let (job, _) = part.take(WORKER).expect("an item");
        let consumer = spawn(&part, |part| assert_eq!(part.pop_and_wait(), 1));
        assert!(part.give_back(job));
        part.producers.wake_without_lock();
        consumer.join().unwrap();
    });
}

/// A consumer waits for an item, which another process takes from the dead. The dead one may have returned it before.
pub(crate) fn reaped_jobs_are_waited_for() {
    for returned_before in [false, true] {
        check(3, move || {
            let part = Part::new(&[1]);
            let (job, _) = part.take(WORKER).expect("an item");
            if returned_before {
                assert!(part.give_back_until(job, Death::At(Reached::Returned)));
            }
            let consumer = spawn(&part, |part| assert_eq!(part.pop_and_wait(), 1));
            assert!(part.reap(|token| token == WORKER));
            part.producers.wake_without_lock();
            consumer.join().unwrap();
        });
    }
}

/// A consumer waits for an item. A producer finds no room, and leaves it announced.
pub(crate) fn a_push_without_room_wakes_nobody() {
    check(3, || {
        let part = Part::new(&[1]);
        let (job, _) = part.take(WORKER).expect("an item");
        let consumer = spawn(&part, |part| assert_eq!(part.pop_and_wait(), 1));
        assert!(!part.lock_and_push(2));
        assert!(part.give_back(job));
        part.producers.wake_without_lock();
        consumer.join().unwrap();
    });
}

fn spawn(part: &Arc<Part<1>>, process: impl FnOnce(&Part<1>) + 'static) -> thread::JoinHandle<()> {
    let part = part.clone();
    thread::spawn(move || process(&part))
}
