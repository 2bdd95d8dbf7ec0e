//! What came of it.

use std::collections::BTreeMap;
use std::fmt;

use super::board::{BROADCASTS, MAPS, QUEUES};
use super::book::Closed;
use super::job::Common;
use super::op::{OPS, Op};
use super::register::Sums;
use super::victim::{FIRST_OF_MAPS, FIRST_OF_STREAMS, KINDS};

/// Nobody waits longer, in nanoseconds, after the kernel has released a victim, or for news that was acknowledged.
pub(super) const LIMIT: u64 = 100_000_000;
/// A segment without a first word is left alone until it is two seconds old: then this holds.
pub(super) const LIMIT_OF_VIRGINS: u64 = 2_500_000_000;

#[derive(Debug, Clone, Copy)]
pub(super) struct Recovery {
    pub(super) nanoseconds: u64,
    /// For how long the measurer, and the checker where it may be in the way, was runnable and did not run.
    pub(super) not_scheduled: u64,
    pub(super) generation: u64,
}

#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) seed: u64,
    pub(super) seconds: f64,
    pub(super) kills: u64,
    pub(super) kills_at_steps: u64,
    pub(super) kills_by_op: BTreeMap<usize, u64>,
    pub(super) recoveries: [Vec<Recovery>; KINDS.len()],
    /// Recoveries that had to wait for a segment without a first word to be old enough.
    pub(super) virgins: Vec<Recovery>,
    pub(super) checks: u64,
    pub(super) repairs: u64,
    pub(super) undone: u64,
    pub(super) updates: u64,
    pub(super) transfers: u64,
    pub(super) waits: u64,
    pub(super) worst_wait: u64,
    pub(super) worst_wait_not_scheduled: u64,
    /// The longest that a worker was seen at an operation on a part that others use, too, if longer than the limit.
    pub(super) worst_operation: u64,
    pub(super) queues: [Closed; QUEUES],
    /// Sent, received, missed.
    pub(super) broadcasts: [[u64; 3]; BROADCASTS],
    pub(super) maps: [Sums; MAPS],
    /// Of a map of a million entries. Its keys that stay count as iterated, as many of them as were found in the end.
    pub(super) large_map: Option<Sums>,
    pub(super) growth: (u64, u64),
    /// How often each was found.
    pub(super) violations: BTreeMap<String, u64>,
    pub(super) violations_in_all: u64,
    pub(super) was_interrupted: bool,
}

/// How many violations are remembered, and printed.
const REMEMBERED: usize = 40;

impl Report {
    pub(super) fn violation(&mut self, text: &str) {
        self.violations_in_all += 1;
        if self.violations.len() < REMEMBERED || self.violations.contains_key(text) {
            *self.violations.entry(text.to_owned()).or_default() += 1;
        }
    }

    pub(super) fn killed(&mut self, op: Op, at_a_step: bool) {
        self.kills += 1;
        *self.kills_by_op.entry(op as usize).or_default() += 1;
        self.kills_at_steps += u64::from(at_a_step);
    }

    pub(super) fn recovered(
        &mut self,
        common: &Common<'_>,
        kind: usize,
        recovery: Recovery,
        from_a_virgin: bool,
        seen: &str,
    ) {
        let Recovery { nanoseconds, not_scheduled, generation } = recovery;
        let limit = if from_a_virgin { LIMIT_OF_VIRGINS } else { LIMIT };
        if common.counted(nanoseconds, not_scheduled) > limit {
            self.violation(&format!(
                "recovery of {} took {} us, of which not scheduled {} us (generation {generation}; after half of the limit: {seen})",
                KINDS[kind].1,
                nanoseconds / 1000,
                not_scheduled / 1000
            ));
        }
        if from_a_virgin { self.virgins.push(recovery) } else { self.recoveries[kind].push(recovery) }
    }

    pub(super) fn is_clean(&self) -> bool {
        self.violations_in_all == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, seconds, kills, kills_at_steps, checks, .. } = self;
        let interrupted = if self.was_interrupted { ", interrupted" } else { "" };
        writeln!(f, "seed {seed}, {seconds:.1} s{interrupted}")?;
        writeln!(f, "{kills} kills, {kills_at_steps} of them at failpoints; {checks} checks of all invariants")?;
        let by_op: Vec<String> = self.kills_by_op.iter().map(|(op, kills)| format!("{kills} {}", OPS[*op].1)).collect();
        writeln!(f, "killed while: {}", by_op.join(", "))?;
        writeln!(f, "recovery, from the kernel's release of the victim to the next who has the part, in us:")?;
        writeln!(
            f,
            "  {:<22} {:>7} {:>9} {:>9} {:>9}  of the worst not scheduled",
            "", "count", "median", "p99", "worst"
        )?;
        for ((_, name), recoveries) in KINDS.iter().zip(&self.recoveries) {
            row(f, name, recoveries)?;
        }
        row(f, "create, no first word", &self.virgins)?;
        for (name, recoveries) in self.of_parts() {
            row(f, name, &recoveries)?;
        }
        let [late, delayed] = [self.worst_wait, self.worst_wait_not_scheduled].map(|nanoseconds| nanoseconds / 1000);
        writeln!(
            f,
            "waits for news: {}, the longest {late} us after it was acknowledged, {delayed} not scheduled",
            self.waits
        )?;
        writeln!(
            f,
            "{} updates and transactions; {} transfers under the lock, {} repairs after a death, {} undone transfers",
            self.updates, self.transfers, self.repairs, self.undone
        )?;
        self.streams(f)?;
        self.maps(f)?;
        if self.worst_operation > 0 {
            let worst = self.worst_operation / 1000;
            writeln!(f, "the longest wait for a part that the living use, too: {worst} us")?;
        }
        let (descriptors, pages) = self.growth;
        writeln!(f, "long-lived processes grew by at most {descriptors} descriptors and {pages} pages")?;
        if self.is_clean() {
            return writeln!(f, "nothing lost");
        }
        writeln!(f, "{} violations:", self.violations_in_all)?;
        self.violations.iter().try_for_each(|(text, times)| writeln!(f, "  {times} x {text}"))
    }
}

/// A run with so many kills shows something.
pub(super) const ENOUGH: u64 = 10_000;
/// How many deaths with a side of a queue or broadcast a run with enough kills has, and the median of the recoveries.
const RECOVERIES: usize = 200;
const MEDIAN: u64 = 5_000_000;

impl Report {
    /// The recoveries of the parts that have several kinds of victims.
    fn of_parts(&self) -> [(&'static str, Vec<Recovery>); 2] {
        let streams = self.recoveries[FIRST_OF_STREAMS..FIRST_OF_MAPS].concat();
        [("queues and broadcasts", streams), ("maps", self.recoveries[FIRST_OF_MAPS..].concat())]
    }

    /// Says so if queues and broadcasts, or maps, are recovered too rarely to say anything, or too slowly.
    pub(super) fn judge_recoveries(&mut self, common: &Common<'_>) {
        let is_short = self.kills < ENOUGH;
        for (name, recoveries) in self.of_parts() {
            let counted = |recovery: &Recovery| common.counted(recovery.nanoseconds, recovery.not_scheduled);
            let mut times: Vec<_> = recoveries.iter().map(counted).collect();
            times.sort_unstable();
            if times.len() < RECOVERIES && !is_short {
                self.violation(&format!("only {} recoveries of {name}", times.len()));
            }
            let median = times.get(times.len() / 2).copied().unwrap_or(0);
            if median > MEDIAN && !is_short {
                self.violation(&format!("the median recovery of {name} takes {} us", median / 1000));
            }
        }
    }

    fn maps(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, sums) in self.maps.iter().enumerate() {
            let Sums { inserted, removed, stored, read, iterated, was_full, structures, longest } = sums;
            writeln!(
                f,
                "map {at}: {inserted} keys inserted, {removed} removed, {was_full} times full; {stored} values stored, \
                 {read} read, {iterated} iterations; structure checked {structures} times, the longest chain {longest}"
            )?;
        }
        if let Some(Sums { inserted, removed, stored, read, iterated, was_full, structures, longest }) = self.large_map
        {
            writeln!(
                f,
                "large map: {iterated} keys that stay were all found in the end; {inserted} inserted, {removed} removed, \
                 {was_full} times full; {stored} values stored, {read} read; structure checked {structures} times, the \
                 longest chain {longest}"
            )?;
        }
        Ok(())
    }

    fn streams(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, queue) in self.queues.iter().enumerate() {
            let Closed { pushed, popped, done, returned, inherited, .. } = queue;
            let Closed { was_full, was_empty, lost, may_be_lost, .. } = queue;
            writeln!(
                f,
                "queue {at}: {pushed} pushed, {popped} popped, {done} jobs done, {returned} returned, {inherited} of the \
                 dead delivered again; {was_full} times full, {was_empty} times empty; {lost} lost with their poppers, \
                 at most {may_be_lost}"
            )?;
        }
        for (at, [sent, received, missed]) in self.broadcasts.iter().enumerate() {
            writeln!(f, "broadcast {at}: {sent} sent; {received} received and {missed} missed by all subscribers")?;
        }
        Ok(())
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, recoveries: &[Recovery]) -> fmt::Result {
    let mut sorted = recoveries.to_vec();
    sorted.sort_unstable_by_key(|recovery| recovery.nanoseconds);
    let Some(worst) = sorted.last() else { return Ok(()) };
    let at = |share: usize| sorted[(sorted.len() * share / 100).min(sorted.len() - 1)].nanoseconds / 1000;
    let (count, worst_ns, delay) = (sorted.len(), worst.nanoseconds / 1000, worst.not_scheduled / 1000);
    writeln!(f, "  {name:<22} {count:>7} {:>9} {:>9} {worst_ns:>9}  {delay}", at(50), at(99))
}
