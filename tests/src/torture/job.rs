//! What a process of the torture has at hand.

use std::path::Path;
use std::time::{Duration, Instant};

use shmstore::{Shared, Store};

use super::arena::Arena;
use super::board::{Board, Place};
use super::op::Op;
use super::os::News;
use super::queueing::Order;
use super::stamp::{Stamp, mix};
use crate::random::Random;

/// After this time nobody waits any more for anything that may be had: it is stuck.
pub(super) const STUCK: Duration = Duration::from_secs(1);

pub(super) struct Common<'a> {
    pub(super) board: &'a Board,
    pub(super) news: &'a News,
    pub(super) path: &'a Path,
    pub(super) seed: u64,
    /// Whether time for which somebody was runnable and not scheduled does not count.
    pub(super) busy: bool,
    /// Whether there is a map of a million entries.
    pub(super) large_map: bool,
}

impl Common<'_> {
    /// What counts of some time, in nanoseconds.
    pub(super) fn counted(&self, nanoseconds: u64, not_scheduled: u64) -> u64 {
        if self.busy { nanoseconds.saturating_sub(not_scheduled) } else { nanoseconds }
    }
}

pub(super) struct Job<'a> {
    pub(super) common: &'a Common<'a>,
    pub(super) place: &'a Place,
    /// In the table of the board, as a writer.
    pub(super) number: usize,
    pub(super) generation: u64,
    pub(super) random: Random,
    pub(super) stored: u64,
    pub(super) order: Order,
}

impl<'a> Job<'a> {
    pub(super) fn new(common: &'a Common<'a>, number: usize, generation: u64) -> Self {
        let random = Random::new(mix(common.seed ^ mix(generation << 8 | number as u64)));
        Self {
            common,
            place: &common.board.places[number],
            number,
            generation,
            random,
            stored: 0,
            order: Order::default(),
        }
    }

    pub(super) fn board(&self) -> &'a Board {
        self.common.board
    }

    /// The next value of this writer: its counts grow from generation to generation.
    pub(super) fn next_stamp(&mut self) -> Stamp {
        self.stored += 1;
        Stamp::new(self.number, self.generation << 16 | self.stored.min(0xffff))
    }

    pub(super) fn enter(&self, op: Op) {
        self.place.enter(op);
    }

    /// Takes a little time now and then, so that a kill may come right here.
    pub(super) fn dawdle(&mut self) {
        if self.random.one_in(4) {
            let until = Instant::now() + Duration::from_nanos(self.random.within(0..30_000) as u64);
            while Instant::now() < until {
                std::hint::spin_loop();
            }
        }
    }

    /// Says so if something does not hold.
    pub(super) fn expect<R, E: std::fmt::Display>(&self, what: &str, result: Result<R, E>) -> Option<R> {
        result.map_err(|error| self.violation(&format!("{what}: {error}"))).ok()
    }

    pub(super) fn violation(&self, text: &str) {
        let (op, nanoseconds) = self.place.doing();
        let who = format!("place {} generation {} pid {}", self.number, self.generation, std::process::id());
        self.common.news.violation(&format!("{text} ({who}, {} for {} us)", op.name(), nanoseconds / 1000));
    }

    /// Opens the store and attaches what never goes away: neither may ever fail.
    pub(super) fn attach(&self) -> Option<(Store, Shared<Arena>)> {
        self.enter(Op::Open);
        let store = self.expect("open", Store::open(self.common.path))?;
        self.enter(Op::Attach);
        let arena = self.expect("attach", store.attach::<Arena>())?;
        Some((store, arena))
    }
}
