//! What a worker does with the broadcasts, and the subscribers that live as long as the run.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use shmstore::ShmObject;
use shmstore::broadcast::Subscriber;
use shmstore::error::RecvError;

use super::arena::Arena;
use super::board::{Acknowledged, BROADCASTS, PLACES};
use super::job::Job;
use super::op::Op;
use super::os::{not_scheduled, now};
use super::stamp::{Stamp, Stamped};
use super::streams::{Checked, Feed, Limit, Received, Start};
use super::waiters::{ONE_WAIT, note, note_silence};

/// What was sent to a broadcast.
#[derive(ShmObject)]
#[repr(C)]
pub(super) struct Sendings {
    /// The last item of each place that was maybe sent.
    begun: [AtomicU64; PLACES],
    /// Item k is version k + 1.
    pub(super) acknowledged: Acknowledged,
    pub(super) received: AtomicU64,
    pub(super) missed: AtomicU64,
}

impl Sendings {
    /// The stamps of the items that a place sends next. It is never killed and asked for the same again.
    fn begin(&self, place: usize, count: usize) -> Vec<Stamp> {
        let last = self.begun[place].fetch_add(count as u64, SeqCst);
        (last + 1..=last + count as u64).map(|number| Stamp::new(place, number)).collect()
    }

    fn sent(&self, job: &Job<'_>, number: u64, stamp: Stamp) {
        if let Some(body) = self.acknowledged.body_of(number + 1).filter(|body| *body != stamp.body()) {
            job.violation(&format!("number {number} was given twice: to {stamp:?} and to {body:x}"));
        }
        self.acknowledged.acknowledge(number + 1, Some(stamp));
    }

    /// Checks an item that was received or looked at, by its number.
    fn check(&self, job: &Job<'_>, number: u64, item: Checked) -> Option<Stamp> {
        let stamp = job.expect("an item of a broadcast", item)?;
        let is_begun = self.begun.get(stamp.writer()).is_some_and(|begun| stamp.counter() <= begun.load(SeqCst));
        if !is_begun {
            job.violation(&format!("item {number} was never sent: {stamp:?}"));
        }
        if let Some(body) = self.acknowledged.body_of(number + 1).filter(|body| *body != stamp.body()) {
            job.violation(&format!("item {number} is {stamp:?}, and {body:x} was sent"));
        }
        self.acknowledged.remember(number + 1, stamp);
        Some(stamp)
    }
}

/// What a subscriber has received since it began.
struct Followed<'f> {
    sendings: &'f Sendings,
    /// The last item of each place. A later one has a greater number.
    last: [u64; PLACES],
    began: u64,
    passed: u64,
}

impl<'f> Followed<'f> {
    fn from(sendings: &'f Sendings, began: u64) -> Self {
        Self { sendings, last: [0; PLACES], began, passed: 0 }
    }

    fn note(&mut self, job: &Job<'_>, received: Received) {
        let Received { from, to, what } = received;
        let passed = match what {
            Ok(item) => {
                if let Some(stamp) = self.sendings.check(job, from, item) {
                    let last = std::mem::replace(&mut self.last[stamp.writer() % PLACES], stamp.counter());
                    if stamp.counter() <= last {
                        job.violation(&format!("item {from} is {stamp:?}, after item {last} of the same sender"));
                    }
                }
                self.sendings.received.fetch_add(1, SeqCst);
                1
            }
            Err(RecvError::Lagged { missed }) => {
                self.sendings.missed.fetch_add(missed, SeqCst);
                missed
            }
            Err(RecvError::Empty { position, .. }) => {
                if position != from {
                    job.violation(&format!("waited for item {position}, and not for {from}"));
                }
                0
            }
            Err(error) => return job.violation(&format!("receive: {error}")),
        };
        self.passed += passed;
        if to != from.wrapping_add(passed) || to != self.began.wrapping_add(self.passed) {
            let Self { began, passed, .. } = *self;
            job.violation(&format!("from item {began} on {passed} were received or missed, and the next is {to}"));
        }
    }
}

/// One operation on a broadcast.
pub(super) fn one(job: &mut Job<'_>, arena: &Arena) {
    let at = job.random.within(0..BROADCASTS);
    let (feed, sendings) = (arena.streams.broadcasts()[at], &job.board().broadcasts[at]);
    match job.random.within(0..8) {
        0..4 => send(job, feed, sendings),
        4..7 => receive(job, feed, sendings),
        _ => {
            job.enter(Op::Look);
            check(job, feed, sendings);
        }
    }
}

fn send(job: &mut Job<'_>, feed: &dyn Feed, sendings: &Sendings) {
    job.enter(Op::Send);
    let place = job.number;
    if job.random.one_in(4) {
        let mut left = job.random.within(1..20);
        let mut next = || {
            left = left.checked_sub(1)?;
            sendings.begin(place, 1).pop()
        };
        // Another one may have it for as long.
        let _ = feed.send_as_sender(Duration::from_millis(2), &mut next, &mut |number, stamp| {
            sendings.sent(job, number, stamp);
        });
        return;
    }
    let count = if job.random.one_in(4) { job.random.within(1..5) } else { 1 };
    let stamps = sendings.begin(place, count);
    let first = feed.send(&stamps);
    stamps.iter().zip(first..).for_each(|(stamp, number)| sendings.sent(job, number, *stamp));
}

fn receive(job: &mut Job<'_>, feed: &dyn Feed, sendings: &Sendings) {
    let limit = match job.random.within(0..40) {
        0 => Limit::Forever,
        1..15 => Limit::Within(Duration::from_micros(job.random.within(0..1000) as u64)),
        _ => Limit::Never,
    };
    job.enter(if limit == Limit::Forever { Op::StreamWait } else { Op::Receive });
    let start = match job.random.within(0..3) {
        0 => Start::Now,
        1 => Start::Oldest,
        _ => Start::At(feed.sent().saturating_sub(job.random.within(0..100) as u64)),
    };
    let times = job.random.within(1..30);
    let mut followed = None;
    feed.receive(start, times, limit, &mut |received| {
        let followed = followed.get_or_insert_with(|| Followed::from(sendings, received.from));
        followed.note(job, received);
    });
}

/// What must hold of a broadcast at any time.
pub(super) fn check(job: &Job<'_>, feed: &dyn Feed, sendings: &Sendings) {
    let newest = sendings.acknowledged.version();
    let sent = feed.sent();
    if sent < newest {
        job.violation(&format!("{newest} items were acknowledged, and {sent} were sent"));
    }
    match feed.newest() {
        Ok(Some((number, item))) => {
            sendings.check(job, number, item);
            if number + 1 < sent {
                job.violation(&format!("item {number} is the newest of {sent}"));
            }
        }
        Ok(None) if sent == 0 => {}
        Ok(None) => job.violation(&format!("there is no newest item of {sent}")),
        Err(RecvError::NeverWhole { .. }) => {}
        Err(error) => job.violation(&format!("newest: {error}")),
    }
}

/// Receives all that comes, until the run is over.
pub(super) fn follow<const N: usize>(job: &mut Job<'_>, at: usize, mut subscriber: Subscriber<'_, Stamped<6>, N>) {
    let sendings = &job.board().broadcasts[at];
    let mut followed = Followed::from(sendings, subscriber.position());
    while job.board().stop.load(SeqCst) == 0 {
        job.enter(Op::Wait);
        let (began, delayed, from) = (now(), not_scheduled(), subscriber.position());
        let what = subscriber.recv_timeout(ONE_WAIT);
        match &what {
            Ok(_) => note(job, sendings.acknowledged.time_of(from + 1), began, delayed),
            Err(RecvError::Empty { .. }) => note_silence(job, &sendings.acknowledged, from, began),
            Err(_) => {}
        }
        let what = what.map(|item| item.check(1));
        followed.note(job, Received { from, to: subscriber.position(), what });
        job.enter(Op::Idle);
        if job.random.one_in(64) {
            std::thread::sleep(Duration::from_micros(job.random.within(0..3000) as u64));
        }
    }
}
