//! The queues and broadcasts that are tortured: of several capacities, and with items of several sizes.

use std::time::Duration;

use shmstore::error::{Busy, JobLost, PopError, PushError, RecvError};
use shmstore::queue::Job;
use shmstore::{Broadcast, Queue, ShmObject};

use super::board::{BROADCASTS, QUEUES};
use super::stamp::{Stamp, Stamped};

#[derive(ShmObject)]
#[repr(C)]
pub(super) struct Streams {
    queue_of_1: Queue<Stamped<6>, 1>,
    queue_of_2: Queue<Stamped<64>, 2>,
    queue_of_7: Queue<Stamped<7>, 7>,
    queue_of_64: Queue<Stamped<6>, 64>,
    broadcast_of_2: Broadcast<Stamped<64>, 2>,
    broadcast_of_7: Broadcast<Stamped<6>, 7>,
    pub(super) broadcast_of_64: Broadcast<Stamped<6>, 64>,
}

impl Streams {
    pub(super) fn queues(&self) -> [&dyn Items; QUEUES] {
        [&self.queue_of_1, &self.queue_of_2, &self.queue_of_7, &self.queue_of_64]
    }

    pub(super) fn broadcasts(&self) -> [&dyn Feed; BROADCASTS] {
        [&self.broadcast_of_2, &self.broadcast_of_7, &self.broadcast_of_64]
    }
}

/// How long a call may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    Never,
    Within(Duration),
    Forever,
}

/// What becomes of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Done,
    Returned,
}

/// The stamp of an item, if the item is whole.
pub(super) type Checked = Result<Stamp, String>;

/// The consumer's side of what happens to a job.
pub(super) trait Work {
    /// Works on an item, by its stamp and the number of its delivery. Says what is to become of the job.
    fn work(&mut self, item: Checked, deliveries: u32) -> End;
    /// Is told that the job is done, or why not.
    fn done(&mut self, done: Result<(), JobLost>);
}

/// A queue of stamped items, whatever their size and its capacity.
pub(super) trait Items {
    fn push(&self, stamps: &[Stamp], limit: Limit) -> Result<usize, PushError>;
    /// Pushes by a producer as long as there are stamps and there is room.
    fn produce(
        &self,
        limit: Duration,
        next: &mut dyn FnMut() -> Option<Stamp>,
        pushed: &mut dyn FnMut(),
    ) -> Result<(), PushError>;
    fn pop(&self, most: usize, limit: Limit) -> Result<Vec<Checked>, PopError>;
    /// Pops by a consumer, a number of times, and says so before and after each.
    fn consume(&self, limit: Duration, times: usize, popping: &mut dyn FnMut(Option<Checked>)) -> Result<(), PopError>;
    fn take(&self, limit: Limit, work: &mut dyn Work) -> Result<(), PopError>;
    fn take_by_consumer(&self, limit: Duration, times: usize, work: &mut dyn Work) -> Result<(), PopError>;
    fn capacity(&self) -> usize;
    fn outstanding(&self) -> usize;
    /// The items that wait, and how many the queue says there are.
    fn look(&self) -> (Vec<Checked>, usize);
}

fn check<const WORDS: usize>(item: &Stamped<WORDS>) -> Checked {
    item.check(1)
}

fn finish<const WORDS: usize, const N: usize>(job: Job<'_, Stamped<WORDS>, N>, work: &mut dyn Work) {
    match work.work(check(&job), job.deliveries()) {
        End::Done => work.done(job.done()),
        End::Returned => drop(job),
    }
}

impl<const WORDS: usize, const N: usize> Items for Queue<Stamped<WORDS>, N> {
    fn push(&self, stamps: &[Stamp], limit: Limit) -> Result<usize, PushError> {
        if let [stamp] = stamps {
            let item = Stamped::of(*stamp);
            let pushed = match limit {
                Limit::Never => self.try_push(item),
                Limit::Within(timeout) => self.push_timeout(item, timeout),
                Limit::Forever => self.push(item),
            };
            return pushed.map(|()| 1);
        }
        let items: Vec<_> = stamps.iter().map(|stamp| Stamped::of(*stamp)).collect();
        match limit {
            Limit::Never => self.try_push_many(&items),
            Limit::Within(timeout) => self.push_many_timeout(&items, timeout),
            Limit::Forever => self.push_many(&items).map(|()| items.len()),
        }
    }

    fn produce(
        &self,
        limit: Duration,
        next: &mut dyn FnMut() -> Option<Stamp>,
        pushed: &mut dyn FnMut(),
    ) -> Result<(), PushError> {
        let mut producer = self.producer_timeout(limit)?;
        while let Some(stamp) = next() {
            producer.try_push(Stamped::of(stamp))?;
            pushed();
        }
        Ok(())
    }

    fn pop(&self, most: usize, limit: Limit) -> Result<Vec<Checked>, PopError> {
        if most == 1 {
            let popped = match limit {
                Limit::Never => self.try_pop(),
                Limit::Within(timeout) => self.pop_timeout(timeout),
                Limit::Forever => self.pop(),
            };
            return popped.map(|item| vec![check(&item)]);
        }
        let mut items = Vec::new();
        match limit {
            Limit::Never => self.try_pop_many(&mut items, most)?,
            Limit::Within(timeout) => self.pop_many_timeout(&mut items, most, timeout)?,
            Limit::Forever => self.pop_many(&mut items, most)?,
        };
        Ok(items.iter().map(check).collect())
    }

    fn consume(&self, limit: Duration, times: usize, popping: &mut dyn FnMut(Option<Checked>)) -> Result<(), PopError> {
        let mut consumer = self.consumer_timeout(limit)?;
        for _ in 0..times {
            popping(None);
            let item = consumer.try_pop()?;
            popping(Some(check(&item)));
        }
        Ok(())
    }

    fn take(&self, limit: Limit, work: &mut dyn Work) -> Result<(), PopError> {
        let job = match limit {
            Limit::Never => self.try_take()?,
            Limit::Within(timeout) => self.take_timeout(timeout)?,
            Limit::Forever => self.take()?,
        };
        finish(job, work);
        Ok(())
    }

    fn take_by_consumer(&self, limit: Duration, times: usize, work: &mut dyn Work) -> Result<(), PopError> {
        let mut consumer = self.consumer_timeout(limit)?;
        for _ in 0..times {
            finish(consumer.try_take()?, work);
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        N
    }

    fn outstanding(&self) -> usize {
        Queue::outstanding(self)
    }

    fn look(&self) -> (Vec<Checked>, usize) {
        let items = self.items();
        let checked = items.iter().map(|item| item.as_ref().map_err(ToString::to_string).and_then(check));
        (checked.collect(), self.len())
    }
}

/// Where a subscription begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    Now,
    Oldest,
    At(u64),
}

/// What a call to a subscriber came to, and its positions before and after.
pub(super) struct Received {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) what: Result<Checked, RecvError>,
}

/// A broadcast of stamped items, whatever their size and its capacity.
pub(super) trait Feed {
    /// Sends under one lock, and returns the number of the first.
    fn send(&self, stamps: &[Stamp]) -> u64;
    /// Sends by an exclusive sender as long as there are stamps, and tells the number of each.
    fn send_as_sender(
        &self,
        limit: Duration,
        next: &mut dyn FnMut() -> Option<Stamp>,
        sent: &mut dyn FnMut(u64, Stamp),
    ) -> Result<(), Busy>;
    /// Receives a number of times, or until there is nothing more.
    fn receive(&self, start: Start, times: usize, limit: Limit, received: &mut dyn FnMut(Received));
    fn newest(&self) -> Result<Option<(u64, Checked)>, RecvError>;
    fn sent(&self) -> u64;
}

impl<const WORDS: usize, const N: usize> Feed for Broadcast<Stamped<WORDS>, N> {
    fn send(&self, stamps: &[Stamp]) -> u64 {
        if let [stamp] = stamps {
            return Broadcast::send(self, Stamped::of(*stamp));
        }
        let items: Vec<_> = stamps.iter().map(|stamp| Stamped::of(*stamp)).collect();
        let sent = self.send_many(&items);
        assert_eq!(sent.end - sent.start, items.len() as u64, "numbers are given one after the other");
        sent.start
    }

    fn send_as_sender(
        &self,
        limit: Duration,
        next: &mut dyn FnMut() -> Option<Stamp>,
        sent: &mut dyn FnMut(u64, Stamp),
    ) -> Result<(), Busy> {
        let mut sender = self.sender_timeout(limit)?;
        while let Some(stamp) = next() {
            sent(sender.send(Stamped::of(stamp)), stamp);
        }
        Ok(())
    }

    fn receive(&self, start: Start, times: usize, limit: Limit, received: &mut dyn FnMut(Received)) {
        let mut subscriber = match start {
            Start::Now => self.subscribe(),
            Start::Oldest => self.subscribe_oldest(),
            Start::At(position) => self.subscribe_from(position),
        };
        for _ in 0..times {
            let from = subscriber.position();
            let what = match limit {
                Limit::Never => subscriber.try_recv(),
                Limit::Within(timeout) => subscriber.recv_timeout(timeout),
                Limit::Forever => subscriber.recv(),
            };
            let is_over = matches!(what, Err(RecvError::Empty { .. }));
            received(Received { from, to: subscriber.position(), what: what.map(|item| check(&item)) });
            if is_over {
                return;
            }
        }
    }

    fn newest(&self) -> Result<Option<(u64, Checked)>, RecvError> {
        Broadcast::newest(self).map(|newest| newest.map(|(number, item)| (number, check(&item))))
    }

    fn sent(&self) -> u64 {
        Broadcast::sent(self)
    }
}
