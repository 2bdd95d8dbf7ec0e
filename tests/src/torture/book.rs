//! What producers and consumers say of the items of a queue, before and after each of their calls. It decides whether an
//! item was lost, invented, or delivered twice without a reason.
//!
//! A producer says which items it is about to push, and how many of them it has pushed. If it is killed in between, the
//! items of that call may be there or not. All others must be delivered once.
//!
//! A consumer says how many items it is about to pop. If it is killed before it has said what it got, so many items may
//! be lost with it. It says which job it is about to finish. If it is killed then, that one item may be done or not.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;

use shmstore::ShmObject;

use super::board::{PLACES, QUEUES};
use super::stamp::Stamp;

/// The items of each producer that are remembered. A queue that has an unfinished item takes not many more.
const RECORDS: usize = 1 << 14;

#[derive(ShmObject)]
#[repr(C)]
pub(super) struct Book {
    sources: [Source; PLACES],
    /// How many items each place is popping.
    popping: [AtomicU64; PLACES],
    /// The item that each place is about to finish: its stamp. 0 for none.
    finishing: [AtomicU64; PLACES],
    /// How many items killed processes may have popped, and not told of.
    may_be_lost: AtomicU64,
    /// How many items had to be forgotten before they were finished.
    unfinished: AtomicU64,
    /// How many of these were finished later.
    late: AtomicU64,
    pub(super) pushed: AtomicU64,
    pub(super) popped: AtomicU64,
    pub(super) done: AtomicU64,
    pub(super) returned: AtomicU64,
    /// How many deliveries followed the death of a process that had the item.
    pub(super) inherited: AtomicU64,
    pub(super) was_full: AtomicU64,
    pub(super) was_empty: AtomicU64,
}

/// The items of one producer, which count from 1.
#[derive(ShmObject)]
#[repr(C)]
struct Source {
    /// The last item that was maybe pushed.
    begun: AtomicU64,
    /// The last item that was certainly pushed, or may have been by a process that is dead.
    pushed: AtomicU64,
    records: [AtomicU64; RECORDS],
}

/// A record: the item's number, its taker's generation and place, how often it was taken, and flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Record(u64);

const FINISHED: u64 = 1;
/// Its producer died in the push, or its consumer when it finished it.
const UNCERTAIN: u64 = 2;
const TAKES_SHIFT: u32 = 4;
const TAKES: u64 = 15 << TAKES_SHIFT;
const TAKER_SHIFT: u32 = 8;
const TAKER: u64 = ((1 << 24) - 1) << TAKER_SHIFT;
const NUMBER_SHIFT: u32 = 32;

impl Record {
    fn number(self) -> u64 {
        self.0 >> NUMBER_SHIFT
    }

    fn is(self, flag: u64) -> bool {
        self.0 & flag != 0
    }

    fn takes(self) -> u32 {
        ((self.0 & TAKES) >> TAKES_SHIFT) as u32
    }

    fn taker(self) -> Option<Taker> {
        let taker = (self.0 & TAKER) >> TAKER_SHIFT;
        (taker != 0).then_some(Taker { place: (taker & 15) as usize, generation: taker >> 4 })
    }

    fn taken_by(self, taker: Taker) -> Self {
        let takes = (self.0 & TAKES).saturating_add(1 << TAKES_SHIFT).min(TAKES);
        let taker = ((taker.generation & 0xf_ffff) << 4 | taker.place as u64) << TAKER_SHIFT;
        Self(self.0 & !(TAKES | TAKER) | takes | taker)
    }
}

/// A process that has an item: its place and the lower bits of its generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taker {
    pub(super) place: usize,
    pub(super) generation: u64,
}

impl Taker {
    pub(super) fn is_generation(self, generation: u64) -> bool {
        self.generation == generation & 0xf_ffff
    }
}

/// The stamp of a producer's item in a queue.
fn stamp(place: usize, number: u64, queue: usize) -> Stamp {
    Stamp::new(place, number << 3 | queue as u64)
}

/// The number of a stamp's item.
pub(super) fn number(stamp: Stamp) -> u64 {
    stamp.counter() >> 3
}

impl Book {
    /// The stamps of the items that a place pushes next, into a queue by its number.
    pub(super) fn begin(&self, place: usize, queue: usize, count: usize) -> Vec<Stamp> {
        let source = &self.sources[place];
        let last = source.pushed.load(SeqCst);
        let numbers = last + 1..=last + count as u64;
        for number in numbers.clone() {
            let record = source.record(number);
            // After a call that found no room it is there already.
            if Record(record.load(SeqCst)).number() != number {
                self.forget(Record(record.swap(number << NUMBER_SHIFT, SeqCst)));
            }
        }
        // Not less than before: of an earlier call there may be records of items that found no room.
        source.begun.fetch_max(last + count as u64, SeqCst);
        numbers.map(|number| stamp(place, number, queue)).collect()
    }

    /// So many of the items that a place began with are pushed.
    pub(super) fn pushed(&self, place: usize, count: usize) {
        self.sources[place].pushed.fetch_add(count as u64, SeqCst);
        self.pushed.fetch_add(count as u64, SeqCst);
    }

    fn forget(&self, record: Record) {
        if record.number() != 0 && !record.is(FINISHED | UNCERTAIN) {
            self.unfinished.fetch_add(1, SeqCst);
        }
    }

    /// A place is about to pop so many items.
    pub(super) fn popping(&self, place: usize, most: usize) {
        self.popping[place].store(most as u64, SeqCst);
    }

    /// It has said what it got.
    pub(super) fn has_popped(&self, place: usize) {
        self.popping[place].store(0, SeqCst);
    }

    /// An item was popped. Returns the process that had taken it before, which must be dead.
    pub(super) fn popped(&self, queue: usize, item: Stamp) -> Result<Option<Taker>, String> {
        self.popped.fetch_add(1, SeqCst);
        self.finish(queue, item)
    }

    /// An item was taken. Returns the process that had taken it before, which must be dead.
    pub(super) fn taken(
        &self,
        queue: usize,
        item: Stamp,
        deliveries: u32,
        taker: Taker,
    ) -> Result<Option<Taker>, String> {
        let Some(before) = self.change(queue, item, |record| record.taken_by(taker))? else { return Ok(None) };
        if before.takes() >= deliveries && deliveries < 7 {
            return Err(format!("item {item:?} was taken {} times before its delivery {deliveries}", before.takes()));
        }
        if before.taker().is_some() {
            self.inherited.fetch_add(1, SeqCst);
        }
        Ok(before.taker())
    }

    /// The process that has an item is about to return it.
    pub(super) fn returning(&self, queue: usize, item: Stamp) -> Result<(), String> {
        self.returned.fetch_add(1, SeqCst);
        self.change(queue, item, |record| Record(record.0 & !TAKER)).map(drop)
    }

    /// A place is about to finish an item.
    pub(super) fn finishing(&self, place: usize, item: Stamp) {
        self.finishing[place].store(item.0, SeqCst);
    }

    pub(super) fn finished(&self, place: usize, queue: usize, item: Stamp) -> Result<(), String> {
        self.done.fetch_add(1, SeqCst);
        let finished = self.finish(queue, item).map(drop);
        self.finishing[place].store(0, SeqCst);
        finished
    }

    fn finish(&self, queue: usize, item: Stamp) -> Result<Option<Taker>, String> {
        let before = self.change(queue, item, |record| Record(record.0 & !TAKER | FINISHED))?;
        Ok(before.and_then(Record::taker))
    }

    /// Changes the record of an item that was delivered, and returns it as it was. `None` if it is forgotten.
    fn change(&self, queue: usize, item: Stamp, change: impl Fn(Record) -> Record) -> Result<Option<Record>, String> {
        let (place, number) = (item.writer(), number(item));
        if place >= PLACES || item.counter() & 7 != queue as u64 {
            return Err(format!("item {item:?} is of another queue"));
        }
        let source = &self.sources[place];
        if number == 0 || number > source.begun.load(SeqCst) {
            return Err(format!("item {item:?} was never pushed"));
        }
        let word = source.record(number);
        loop {
            let record = Record(word.load(SeqCst));
            if record.number() != number {
                self.late.fetch_add(1, SeqCst);
                return Ok(None);
            }
            if record.is(FINISHED) {
                return Err(format!("item {item:?} was delivered after it was finished: {record:x?}"));
            }
            if word.compare_exchange(record.0, change(record).0, SeqCst, SeqCst).is_ok() {
                return Ok(Some(record));
            }
        }
    }

    /// The process of a place is dead: says which of its items may be there or not.
    pub(super) fn bury(&self, place: usize) {
        self.may_be_lost.fetch_add(self.popping[place].swap(0, SeqCst), SeqCst);
        let finishing = Stamp(self.finishing[place].swap(0, SeqCst));
        if finishing.0 != 0 {
            self.sources[finishing.writer()].doubt(number(finishing));
        }
        let source = &self.sources[place];
        let begun = source.begun.load(SeqCst);
        (source.pushed.load(SeqCst) + 1..=begun).for_each(|number| source.doubt(number));
        source.pushed.store(begun, SeqCst);
    }

    /// All are dead, and the queue is empty. Returns how many items were lost, and how many might have been.
    pub(super) fn close(&self) -> (u64, u64) {
        for record in self.sources.iter().flat_map(|source| &source.records) {
            self.forget(Record(record.load(SeqCst)));
        }
        (self.unfinished.load(SeqCst).saturating_sub(self.late.load(SeqCst)), self.may_be_lost.load(SeqCst))
    }
}

impl Source {
    fn record(&self, number: u64) -> &AtomicU64 {
        &self.records[number as usize % RECORDS]
    }

    fn doubt(&self, number: u64) {
        let word = self.record(number);
        let doubt = |record| (Record(record).number() == number).then_some(record | UNCERTAIN);
        let _ = word.fetch_update(SeqCst, SeqCst, doubt);
    }
}

/// What came of all queues, for the report.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Closed {
    pub(super) pushed: u64,
    pub(super) popped: u64,
    pub(super) done: u64,
    pub(super) returned: u64,
    pub(super) inherited: u64,
    pub(super) was_full: u64,
    pub(super) was_empty: u64,
    pub(super) lost: u64,
    pub(super) may_be_lost: u64,
}

impl Closed {
    /// Returns `true` if the queue was full, empty and in between, and had jobs.
    pub(super) fn was_used(&self) -> bool {
        [self.pushed, self.done, self.was_full, self.was_empty].iter().all(|count| *count > 0)
    }

    pub(super) fn of(book: &Book) -> Self {
        let (lost, may_be_lost) = book.close();
        let [pushed, popped, done, returned] =
            [&book.pushed, &book.popped, &book.done, &book.returned].map(|count| count.load(SeqCst));
        let [inherited, was_full, was_empty] =
            [&book.inherited, &book.was_full, &book.was_empty].map(|count| count.load(SeqCst));
        Self { pushed, popped, done, returned, inherited, was_full, was_empty, lost, may_be_lost }
    }
}

const _: () = assert!(PLACES <= 16 && QUEUES <= 8);
