//! The participants of a segment: the processes that have attached it for reading and writing, each in a slot of a
//! fixed table.
//!
//! A slot that a process has used is never freed, only taken over when that process has ended. So a token that is in no
//! slot belongs to no process that is alive.

pub(super) mod slot;

/// The atomics of the slots: the loom models put loom's in their place.
mod atomics {
    pub(super) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
}

use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::moment;
use crate::segment::liveness::Liveness;
use crate::sys::failpoint::{self, Step};
use crate::sys::process::PAGE;
use slot::{SlotState, Word};

pub(crate) use slot::{MAX_FIELDS, Slot, SlotsUsed, TOKEN_BITS};

const _: () = assert!(size_of::<Slot>() == 32 && align_of::<Slot>() == 8);

/// The number of times that a process claims a slot, if a peer takes it away each time.
const ATTEMPTS: u32 = 16;

/// The reason why a process has no slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClaimError {
    /// All slots are taken by processes that may be alive.
    Full,
    /// Another process has this process's token.
    Collision { pid: u32 },
}

/// A process that has a slot, as the slot describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Occupant {
    pub(crate) token: u32,
    pub(crate) pid: u32,
    pub(crate) pid_namespace: u32,
    pub(crate) since: SystemTime,
    /// True if it has dropped its last handle.
    pub(crate) left: bool,
    /// True if it may be alive.
    pub(crate) alive: bool,
    /// The number of fields of the longest layout with which it has attached the object; 0 if it is unknown.
    pub(crate) fields: u16,
}

/// The slots of one segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SlotTable<'a> {
    pub(crate) slots: &'a [Slot],
    pub(crate) used: &'a SlotsUsed,
}

impl<'a> SlotTable<'a> {
    /// The slots that any process may have.
    pub(super) fn used(self) -> &'a [Slot] {
        self.used.of(self.slots)
    }

    /// The size of the used slots, in bytes.
    pub(crate) fn bytes_used(self) -> usize {
        size_of_val(self.used())
    }

    /// Claims a slot for this process: the one that it left, a free one, or the one of a process that has ended. The
    /// caller has taken the liveness lock before, if `has_liveness_lock`. It uses that many `fields`.
    pub(crate) fn claim(
        self,
        has_liveness_lock: bool,
        fields: u16,
        liveness: &Liveness<'_>,
    ) -> Result<&'a Slot, ClaimError> {
        let (token, pid) = (liveness.token, liveness.facts.pid);
        let claim = Word { token, pid, state: SlotState::Claimed, has_liveness_lock, fields };
        // A second attempt is needed only if a peer breaks the protocol and changes our slot.
        for _ in 0..ATTEMPTS {
            let own = self.own(liveness);
            let slot = match own {
                Some((slot, word)) if word.state == SlotState::Ready => return Ok(slot),
                Some((slot, word)) if slot.take_again(word, claim) => slot,
                Some(_) => continue,
                None => match self.claim_with_same_token(claim, liveness)? {
                    Some(slot) => slot,
                    None => self.claim_new(claim, liveness)?,
                },
            };
            failpoint::reach(Step::SlotClaimed);
            if !slot.fill(claim, &liveness.facts.details()) {
                continue;
            }
            // A process that draws this token later finds the slot that we had before.
            return if own.is_some() { Ok(slot) } else { self.check_alone(slot, token) };
        }
        Err(ClaimError::Full)
    }

    /// The slot that this process has had before.
    fn own(self, liveness: &Liveness<'_>) -> Option<(&'a Slot, Word)> {
        let own =
            |slot: &'a Slot| slot.snapshot().filter(|found| liveness.is_own(found)).map(|found| (slot, found.word));
        self.used().iter().find_map(own)
    }

    /// Takes over the slot of another process that drew our token by chance, if that process has ended. What it held
    /// then stays held until we end too, because every process takes a lock word with our token for ours.
    fn claim_with_same_token(self, claim: Word, liveness: &Liveness<'_>) -> Result<Option<&'a Slot>, ClaimError> {
        let mut words = self.used().iter().filter_map(|slot| slot.word().map(|word| (slot, word)));
        match words.find(|(_, word)| word.token == claim.token) {
            None => Ok(None),
            Some((slot, _)) if slot.take_over(claim, |found| liveness.slot_is_dead(found)) => Ok(Some(slot)),
            Some((_, Word { pid, .. })) => Err(ClaimError::Collision { pid }),
        }
    }

    fn claim_new(self, claim: Word, liveness: &Liveness<'_>) -> Result<&'a Slot, ClaimError> {
        let used = self.used();
        // Each process starts elsewhere, so that processes that come together do not fight for the same slot.
        let (before, from) = used.split_at(claim.token as usize % used.len().max(1));
        let mut round = from.iter().chain(before);
        let mut take_dead = |slot: &&Slot| slot.take_over(claim, |found| liveness.slot_is_dead(found));
        // First the slot of the program that ran here before `exec`: others see that the process is alive, and cannot
        // see that the locks of that program are not.
        let mut former = round.clone().filter(|slot| slot.word().is_some_and(|word| word.pid == claim.pid));
        let taken = former.find(&mut take_dead);
        let taken = taken.or_else(|| round.clone().find(|slot| slot.take_free(claim)));
        // Before a new page is touched, so that short-lived processes do not fill one page after the other.
        let dead_first = self.slots.get(used.len()).is_some_and(begins_a_page);
        let taken = taken.or_else(|| if dead_first { round.find(&mut take_dead) } else { None });
        let taken = taken.or_else(|| self.used.take_next(self.slots, claim));
        let taken = taken.or_else(|| self.used().iter().find(take_dead));
        taken.ok_or(ClaimError::Full)
    }

    fn check_alone(self, own: &'a Slot, token: u32) -> Result<&'a Slot, ClaimError> {
        match slot::second_slot(self.slots, self.used, own, token) {
            None => Ok(own),
            Some(Word { pid, .. }) => {
                own.give_back(token);
                Err(ClaimError::Collision { pid })
            }
        }
    }

    /// The process of a token, as its own PID namespace numbers it.
    pub(crate) fn pid_of(self, token: u32) -> Option<u32> {
        self.used().iter().filter_map(Slot::word).find(|word| word.token == token).map(|word| word.pid)
    }

    /// Lists the processes that have a slot.
    pub(crate) fn occupants(self, liveness: &Liveness<'_>) -> impl Iterator<Item = Occupant> {
        let (snapshots, now) = (self.used().iter().filter_map(Slot::snapshot), seconds_since_1970());
        snapshots.map(move |found| Occupant {
            token: found.word.token,
            pid: found.word.pid,
            pid_namespace: found.details.map_or(0, |details| details.pid_namespace),
            since: moment(whole_seconds(found.details.map_or(0, |details| details.since), now), 0),
            left: found.word.state == SlotState::Left,
            alive: !liveness.slot_is_dead(&found),
            fields: found.word.fields,
        })
    }
}

pub(super) fn seconds_since_1970() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The latest time with these low 32 bits that is at most a day later than now: two clocks may differ by that.
fn whole_seconds(low: u32, now: u64) -> u64 {
    const DAY: u64 = 24 * 60 * 60;
    let latest = now + DAY;
    let behind = (latest as u32).wrapping_sub(low);
    latest.checked_sub(behind.into()).unwrap_or(low.into())
}

/// Returns `true` if a slot is the first that has a byte on its page.
fn begins_a_page(slot: &Slot) -> bool {
    std::ptr::from_ref(slot).addr() % PAGE < size_of::<Slot>()
}

#[cfg(test)]
pub(super) mod tests;
