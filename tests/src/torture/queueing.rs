//! What a worker does with the queues, and what must hold of them.

use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::{Duration, Instant};

use shmstore::error::{JobLost, PopError, PushError};

use super::arena::Arena;
use super::board::{PLACES, QUEUES};
use super::book::{Book, Taker, number};
use super::job::{Job, STUCK};
use super::op::Op;
use super::os::{has_ended_or_ends, now};
use super::stamp::Stamp;
use super::streams::{Checked, End, Items, Limit, Work};

/// For how long most of the workers push, and then most of them pop: so queues are neither always full nor always empty.
const TIDE: u32 = 27;
/// The most jobs that a worker has at a time.
const JOBS: usize = 3;

/// One operation on a queue.
pub(super) fn one(job: &mut Job<'_>, arena: &Arena) {
    let at = job.random.within(0..QUEUES);
    let queue = arena.streams.queues()[at];
    let is_flood = now() >> TIDE & 1 == 0;
    match job.random.within(0..12) {
        0 => look(job, queue),
        1..8 if is_flood => push(job, queue, at),
        1..4 => push(job, queue, at),
        4..6 | 8..9 if is_popped(job.common.seed, at) => pop(job, queue, at),
        _ => take(job, queue, at, JOBS),
    }
}

/// Half of the queues are popped. The items of the others are only taken, so not even a killed consumer loses one.
pub(super) fn is_popped(seed: u64, queue: usize) -> bool {
    (seed >> (queue / 2) ^ queue as u64) & 1 == 0
}

fn limit(job: &mut Job<'_>) -> Limit {
    match job.random.within(0..80) {
        0 => Limit::Forever,
        1..30 => Limit::Within(Duration::from_micros(job.random.within(0..1500) as u64)),
        _ => Limit::Never,
    }
}

/// A limit for taking one side of a queue.
const FOR_A_SIDE: Duration = Duration::from_millis(2);

fn enter(job: &Job<'_>, op: Op, limit: Limit) {
    job.enter(if limit == Limit::Forever { Op::StreamWait } else { op });
}

fn push(job: &mut Job<'_>, queue: &dyn Items, at: usize) {
    let (board, place) = (job.board(), job.number);
    let book = &board.queues[at];
    let limit = limit(job);
    enter(job, Op::Push, limit);
    if job.random.one_in(5) {
        let mut left = job.random.within(1..2 * queue.capacity().min(16) + 1);
        let mut next = || {
            left = left.checked_sub(1)?;
            book.begin(place, at, 1).pop()
        };
        return count_push(job, book, queue.produce(FOR_A_SIDE, &mut next, &mut || book.pushed(place, 1)));
    }
    let count = if job.random.one_in(4) { job.random.within(1..queue.capacity() + 2) } else { 1 };
    let pushed = queue.push(&book.begin(place, at, count), limit);
    let pushed = pushed.map(|pushed| book.pushed(place, pushed));
    count_push(job, book, pushed);
}

fn count_push(job: &Job<'_>, book: &Book, pushed: Result<(), PushError>) {
    match pushed {
        Ok(()) | Err(PushError::Busy(_)) => {}
        Err(PushError::Full { .. }) => {
            book.was_full.fetch_add(1, SeqCst);
        }
        Err(error) => job.violation(&format!("push: {error}")),
    }
}

fn pop(job: &mut Job<'_>, queue: &dyn Items, at: usize) {
    let (board, place) = (job.board(), job.number);
    let book = &board.queues[at];
    let limit = limit(job);
    enter(job, Op::Pop, limit);
    if job.random.one_in(5) {
        let times = job.random.within(1..2 * queue.capacity().min(16) + 1);
        let consumed = queue.consume(FOR_A_SIDE, times, &mut |step| match step {
            None => book.popping(place, 1),
            Some(item) => {
                popped(job, book, at, item);
                book.has_popped(place);
            }
        });
        book.has_popped(place);
        return count_pop(job, book, consumed);
    }
    let most = if job.random.one_in(4) { job.random.within(1..queue.capacity() + 2) } else { 1 };
    book.popping(place, most);
    let items = queue.pop(most, limit);
    let items = items.map(|items| items.into_iter().for_each(|item| popped(job, book, at, item)));
    book.has_popped(place);
    count_pop(job, book, items);
}

fn popped(job: &Job<'_>, book: &Book, at: usize, item: Checked) {
    let item = job.expect("pop", item);
    let taker = item.and_then(|item| job.expect("pop", book.popped(at, item)));
    expect_dead(job, at, taker.flatten());
}

fn count_pop(job: &Job<'_>, book: &Book, popped: Result<(), PopError>) {
    match popped {
        Ok(()) | Err(PopError::Busy(_)) => {}
        Err(PopError::Empty { .. }) => {
            book.was_empty.fetch_add(1, SeqCst);
        }
        Err(error) => job.violation(&format!("pop: {error}")),
    }
}

/// The items of a queue's producers that this process has taken first, which are in order.
pub(super) type Order = [[u64; PLACES]; QUEUES];

/// A job in the hands of a worker.
struct Worker<'w, 'a> {
    job: &'w mut Job<'a>,
    queue: &'w dyn Items,
    at: usize,
    /// How many more jobs it may take meanwhile.
    more: usize,
    item: Option<Stamp>,
}

fn take(job: &mut Job<'_>, queue: &dyn Items, at: usize, most: usize) {
    let book = &job.board().queues[at];
    let limit = limit(job);
    enter(job, Op::Take, limit);
    let by_consumer = most == JOBS && job.random.one_in(5);
    let times = job.random.within(1..8);
    let mut worker = Worker { job, queue, at, more: if by_consumer { 0 } else { most - 1 }, item: None };
    let taken = if by_consumer {
        queue.take_by_consumer(FOR_A_SIDE, times, &mut worker)
    } else {
        queue.take(limit, &mut worker)
    };
    count_pop(job, book, taken);
}

impl Work for Worker<'_, '_> {
    fn work(&mut self, item: Checked, deliveries: u32) -> End {
        let (job, at) = (&mut *self.job, self.at);
        let book = &job.board().queues[at];
        let us = Taker { place: job.number, generation: job.generation };
        let Some(item) = job.expect("take", item) else { return End::Done };
        let taker = job.expect("take", book.taken(at, item, deliveries, us));
        expect_dead(job, at, taker.flatten());
        self.item = Some(item);
        let (writer, number) = (item.writer() % PLACES, number(item));
        if deliveries == 1 && std::mem::replace(&mut job.order[at][writer], number) >= number {
            job.violation(&format!("queue {at}: item {item:?} came after a later one"));
        }
        job.dawdle();
        if self.more > 0 && job.random.one_in(2) {
            take(job, self.queue, at, self.more);
        }
        if job.random.one_in(6) {
            job.expect("return", book.returning(at, item));
            return End::Returned;
        }
        book.finishing(job.number, item);
        End::Done
    }

    fn done(&mut self, done: Result<(), JobLost>) {
        let job = &*self.job;
        job.expect("done", done);
        if let Some(item) = self.item {
            job.expect("done", job.board().queues[self.at].finished(job.number, self.at, item));
        }
    }
}

/// An item that a process had is delivered again only if the process is dead.
fn expect_dead(job: &Job<'_>, at: usize, taker: Option<Taker>) {
    let Some(taker) = taker else { return };
    let place = &job.board().places[taker.place];
    let is_replaced = || !taker.is_generation(place.generation.load(SeqCst));
    let started = Instant::now();
    // The kernel releases what a killed process has locked before it says that the process has ended.
    while !is_replaced() && !has_ended_or_ends(place.pid.load(SeqCst)) && !is_replaced() {
        if started.elapsed() > STUCK {
            return job.violation(&format!("queue {at}: {taker:?} lives, and its item was delivered again"));
        }
        thread::sleep(Duration::from_micros(100));
    }
}

fn look(job: &mut Job<'_>, queue: &dyn Items) {
    job.enter(Op::Look);
    check(job, queue);
}

/// What must hold of a queue at any time.
pub(super) fn check(job: &Job<'_>, queue: &dyn Items) {
    let (items, len) = queue.look();
    let (outstanding, capacity) = (queue.outstanding(), queue.capacity());
    if items.len() > 2 * capacity || len > capacity || outstanding > capacity {
        let seen = items.len();
        job.violation(&format!("a queue of {capacity} has {len} items, {seen} seen, and {outstanding} jobs"));
    }
    for item in items {
        job.expect("items", item);
    }
}

/// All workers are dead: takes out what is left, jobs of the dead included.
pub(super) fn drain(job: &Job<'_>, arena: &Arena) {
    for (at, queue) in arena.streams.queues().into_iter().enumerate() {
        let book = &job.board().queues[at];
        let started = Instant::now();
        loop {
            match queue.pop(1, Limit::Never) {
                Ok(items) => items.into_iter().for_each(|item| popped(job, book, at, item)),
                Err(PopError::Empty { .. }) => break,
                Err(error) => {
                    job.violation(&format!("the last pop: {error}"));
                    break;
                }
            }
            if started.elapsed() > STUCK {
                job.violation(&format!("queue {at} has no end"));
                break;
            }
        }
        let (_, len) = queue.look();
        if len + queue.outstanding() > 0 {
            job.violation(&format!("queue {at} is empty, with {len} items and {} jobs", queue.outstanding()));
        }
    }
}
