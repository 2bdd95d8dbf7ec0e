//! The knowledge about the keys of a map. It decides whether a key or its value was lost, torn, swapped or went back.
//!
//! | keys | inserted and removed | what must hold |
//! |---|---|---|
//! | that stay | never removed | each search and each iteration finds them |
//! | of one place | by the worker of this place alone | the value is the last one, or that of the call in which it was killed |
//! | of all | by all | the value is whole, and of this key |
//!
//! The versions of no key ever go back, and each names one value.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;

use shmstore::ShmObject;

use super::board::{MAPS, PLACES};
use super::job::Job;
use super::maps::Table;
use super::stamp::Stamp;

/// The most keys of a map that are known.
const KEYS: usize = 384;
/// The bits of a key that are its index in the register, plus 1.
const INDEX: u64 = (1 << 10) - 1;

#[derive(ShmObject)]
#[repr(C)]
pub(super) struct Register {
    /// Those that stay, those of each place, those of all.
    keys: [AtomicU64; KEYS],
    /// The newest version of each key that was seen, and the body of its stamp: 24 and 40 bits.
    seen: [AtomicU64; KEYS],
    /// The stamps of the values of a place's keys. 0 is no key.
    done: [AtomicU64; KEYS],
    begun: [AtomicU64; KEYS],
    pub(super) inserted: AtomicU64,
    pub(super) removed: AtomicU64,
    pub(super) stored: AtomicU64,
    pub(super) read: AtomicU64,
    pub(super) iterated: AtomicU64,
    pub(super) was_full: AtomicU64,
    /// How often its structure was checked as a whole, and the longest chain that was met.
    pub(super) structures: AtomicU64,
    pub(super) longest: AtomicU64,
}

/// How many keys of each kind a map has.
#[derive(Debug, Clone, Copy)]
struct Plan {
    staying: usize,
    of_each_place: usize,
    of_all: usize,
}

const PLANS: [Plan; MAPS] = [
    Plan { staying: 0, of_each_place: 0, of_all: 3 },
    Plan { staying: 1, of_each_place: 0, of_all: 4 },
    Plan { staying: 2, of_each_place: 1, of_all: 6 },
    Plan { staying: 8, of_each_place: 4, of_all: 60 },
    Plan { staying: 40, of_each_place: 12, of_all: 240 },
];

impl Plan {
    const fn all(self) -> usize {
        self.staying + self.of_each_place * PLACES + self.of_all
    }
}

/// A kind of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Staying,
    Of(usize),
    OfAll,
}

/// The keys of a map of a number, as a process of the torture knows them.
#[derive(Clone, Copy)]
pub(super) struct Known<'r> {
    register: &'r Register,
    plan: Plan,
}

impl<'r> Known<'r> {
    pub(super) fn of(register: &'r Register, map: usize) -> Self {
        Self { register, plan: PLANS[map] }
    }

    /// The indexes of the keys of a kind.
    pub(super) fn indexes(self, kind: Kind) -> std::ops::Range<usize> {
        let Plan { staying, of_each_place, of_all } = self.plan;
        let of_all_from = staying + of_each_place * PLACES;
        match kind {
            Kind::Staying => 0..staying,
            Kind::Of(place) => staying + of_each_place * place..staying + of_each_place * (place + 1),
            Kind::OfAll => of_all_from..of_all_from + of_all,
        }
    }

    pub(super) fn key(self, index: usize) -> u64 {
        self.register.keys[index].load(SeqCst)
    }

    /// The index of a key. `None` if nobody ever inserts it.
    pub(super) fn index(self, key: u64) -> Option<usize> {
        let index = ((key & INDEX) as usize).checked_sub(1)?;
        (index < self.plan.all() && self.key(index) == key).then_some(index)
    }

    pub(super) fn kind(self, index: usize) -> Kind {
        let Plan { staying, of_each_place, .. } = self.plan;
        match index.checked_sub(staying) {
            None => Kind::Staying,
            Some(after) if after < of_each_place * PLACES => Kind::Of(after / of_each_place),
            Some(_) => Kind::OfAll,
        }
    }

    /// Chooses all keys by what is wanted of them, and inserts those that stay.
    pub(super) fn choose(self, table: &dyn Table, is_wanted: impl Fn(u64) -> bool) {
        for index in 0..self.plan.all() {
            let number = |round: u64| round << 10 | (index as u64 + 1);
            let key = (1..).map(number).find(|key| is_wanted(*key)).expect("a key of some bucket");
            self.register.keys[index].store(key, SeqCst);
        }
        for index in self.indexes(Kind::Staying) {
            let stamp = Stamp::new(0, index as u64 + 1);
            table.insert_from(self.key(index), stamp).expect("room for the keys that stay");
        }
    }

    /// The newest version of a key that was seen. Later ones are not less.
    pub(super) fn version(self, index: usize) -> u64 {
        self.register.seen[index].load(SeqCst) >> 40
    }

    /// A version of a key is there, by one look after `least` was asked for, or by one store.
    pub(super) fn note(self, job: &Job<'_>, index: usize, least: u64, version: u64, stamp: Stamp) {
        let key = self.key(index);
        if version < least {
            job.violation(&format!("key {key:#x}: version {version} after version {least}"));
        }
        let is_of = match self.kind(index) {
            Kind::Of(place) => stamp.writer() == place,
            _ => stamp.writer() < PLACES,
        };
        if !is_of {
            job.violation(&format!("key {key:#x} has a value that nobody stores: {stamp:?}"));
        }
        let word = version << 40 | stamp.body();
        let before = self.register.seen[index].fetch_max(word, SeqCst);
        if before >> 40 == version && before != word {
            job.violation(&format!("key {key:#x}: version {version} is {stamp:?}, and was another: {before:#x}"));
        }
    }

    /// What a key of this place must have: the stamp, or 0.
    pub(super) fn done(self, index: usize) -> u64 {
        self.register.done[index].load(SeqCst)
    }

    /// Returns `true` if no call on a key of this place is open, because its worker was killed in it.
    pub(super) fn is_settled(self, index: usize) -> bool {
        self.register.begun[index].load(SeqCst) == self.done(index)
    }

    /// Says what a key of this place is about to have.
    pub(super) fn begin(self, index: usize, stamp: u64) {
        self.register.begun[index].store(stamp, SeqCst);
    }

    pub(super) fn finish(self, index: usize, stamp: u64) {
        self.register.done[index].store(stamp, SeqCst);
        self.register.begun[index].store(stamp, SeqCst);
    }

    /// Compares a key of this place with what its last call left. Returns `false` if it has another value.
    pub(super) fn settle(self, index: usize, found: u64) -> bool {
        let [done, begun] = [&self.register.done, &self.register.begun].map(|stamps| stamps[index].load(SeqCst));
        self.finish(index, found);
        found == done || found == begun
    }
}

/// What came of a map, for the report.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Sums {
    pub(super) inserted: u64,
    pub(super) removed: u64,
    pub(super) stored: u64,
    pub(super) read: u64,
    pub(super) iterated: u64,
    pub(super) was_full: u64,
    pub(super) structures: u64,
    pub(super) longest: u64,
}

impl Sums {
    pub(super) fn of(register: &Register) -> Self {
        let Register { inserted, removed, stored, read, iterated, was_full, structures, longest, .. } = register;
        let [inserted, removed, stored, read] = [inserted, removed, stored, read].map(|count| count.load(SeqCst));
        let [iterated, was_full] = [iterated, was_full].map(|count| count.load(SeqCst));
        let [structures, longest] = [structures, longest].map(|count| count.load(SeqCst));
        Self { inserted, removed, stored, read, iterated, was_full, structures, longest }
    }

    /// Returns `true` if keys came and went, and there was no room, and it was checked as a whole.
    pub(super) fn was_used(&self) -> bool {
        let Self { inserted, removed, stored, read, iterated, was_full, structures, .. } = *self;
        [inserted, removed, stored, read, iterated, was_full, structures].into_iter().all(|count| count > 0)
    }
}

const _: () = {
    let mut map = 0;
    while map < MAPS {
        assert!(PLANS[map].all() <= KEYS && PLANS[map].all() < INDEX as usize);
        map += 1;
    }
};
