//! Who is attached to a segment for reading and writing: a fixed table of slots in the segment.
//!
//! A slot is never freed by a process that has used it: so a token that stands in no slot belongs to nobody alive.

pub(in crate::segment) mod slot;

/// The atomics of the slots: the loom models put loom's in their place.
mod atomics {
    pub(super) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
}

use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::moment;
use crate::segment::liveness::Liveness;
use crate::sys::failpoint::{self, Step};
use crate::sys::process;
use crate::sys::process::PAGE;
use slot::{Details, SlotState, Word};

pub(crate) use slot::{Slot, SlotsUsed, TOKEN_BITS};

const _: () = assert!(size_of::<Slot>() == 32 && align_of::<Slot>() == 8);

/// How often a slot is claimed that others take again.
const ATTEMPTS: u32 = 16;

/// What does not change while a process lives, asked for once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProcessFacts {
    pub(crate) pid: u32,
    /// In clock ticks since boot, as this process's time namespace counts.
    pub(crate) start: u64,
    pub(crate) pid_namespace: u32,
    pub(crate) time_namespace: u32,
    /// The program, until `exec`: see [`process::exec_id`].
    pub(crate) exec_id: u32,
}

impl ProcessFacts {
    pub(crate) fn gather() -> Self {
        let pid = process::pid();
        let start = if process::proc_is_ours() { process::start_time(pid) } else { 0 };
        let (pid_namespace, time_namespace) = (process::namespace("pid"), process::namespace("time"));
        Self { pid, start, pid_namespace, time_namespace, exec_id: process::exec_id() }
    }

    /// Returns `true` if this process can have written what stands in a slot.
    pub(in crate::segment) fn match_slot(&self, details: &Details) -> bool {
        let found = (details.start, details.pid_namespace, details.time_namespace, details.exec_id);
        found == (self.start, self.pid_namespace, self.time_namespace, self.exec_id)
    }

    /// What the process writes into its slot.
    fn details(&self) -> Details {
        Details {
            pid_namespace: self.pid_namespace,
            time_namespace: self.time_namespace,
            start: self.start,
            since: seconds_since_1970() as u32,
            exec_id: self.exec_id,
        }
    }
}

/// Why a process has no slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClaimError {
    /// All slots are taken by processes that may be alive.
    Full,
    /// A process that is not this one has this one's token.
    Collision { pid: u32 },
}

/// What a slot tells of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Occupant {
    pub(crate) token: u32,
    pub(crate) pid: u32,
    pub(crate) pid_namespace: u32,
    pub(crate) since: SystemTime,
    /// Whether it has dropped its last handle.
    pub(crate) left: bool,
    /// Whether it may be alive.
    pub(crate) alive: bool,
}

/// The slots of one segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SlotTable<'a> {
    pub(crate) slots: &'a [Slot],
    pub(crate) used: &'a SlotsUsed,
}

impl<'a> SlotTable<'a> {
    /// The slots that any process may have.
    pub(in crate::segment) fn used(self) -> &'a [Slot] {
        self.used.of(self.slots)
    }

    /// How many bytes from the first slot on they take.
    pub(crate) fn bytes_used(self) -> usize {
        size_of_val(self.used())
    }

    /// Finds the process its slot: the one it left, a free one, or one whose process has died. The caller has locked
    /// its byte before, if `has_liveness_lock`.
    pub(crate) fn claim(self, has_liveness_lock: bool, liveness: &Liveness<'_>) -> Result<&'a Slot, ClaimError> {
        let (token, pid) = (liveness.token, liveness.facts.pid);
        let claim = Word { token, pid, state: SlotState::Claimed, has_liveness_lock };
        // Again only if somebody else changed a slot of ours, which nobody does who keeps to the protocol.
        for _ in 0..ATTEMPTS {
            let ours = self.ours(liveness);
            let slot = match ours {
                Some((slot, word)) if word.state == SlotState::Ready => return Ok(slot),
                Some((slot, word)) if slot.take_again(word, claim) => slot,
                Some(_) => continue,
                None => match self.claim_with_own_token(claim, liveness)? {
                    Some(slot) => slot,
                    None => self.claim_new(claim, liveness)?,
                },
            };
            failpoint::reach(Step::SlotClaimed);
            if !slot.fill(claim, &liveness.facts.details()) {
                continue;
            }
            // Whoever draws this token while we have a slot finds that.
            return if ours.is_some() { Ok(slot) } else { self.check_alone(slot, token) };
        }
        Err(ClaimError::Full)
    }

    /// The slot that this process has had before.
    fn ours(self, liveness: &Liveness<'_>) -> Option<(&'a Slot, Word)> {
        let snapshots = self.used().iter().filter_map(|slot| slot.snapshot().map(|snapshot| (slot, snapshot)));
        snapshots
            .into_iter()
            .find(|(_, snapshot)| liveness.is_ours(snapshot))
            .map(|(slot, snapshot)| (slot, snapshot.word))
    }

    /// Takes over the slot of another process that had our token by chance, if that process has ended. What it held
    /// when it died stays held until we end, too: a lock word that holds our token looks like ours to everybody.
    fn claim_with_own_token(self, claim: Word, liveness: &Liveness<'_>) -> Result<Option<&'a Slot>, ClaimError> {
        let words = self.used().iter().filter_map(|slot| slot.word().map(|word| (slot, word)));
        match words.into_iter().find(|(_, word)| word.token == claim.token) {
            None => Ok(None),
            Some((slot, _)) if slot.take_over(claim, |snapshot| liveness.is_dead(snapshot)) => Ok(Some(slot)),
            Some((_, Word { pid, .. })) => Err(ClaimError::Collision { pid }),
        }
    }

    fn claim_new(self, claim: Word, liveness: &Liveness<'_>) -> Result<&'a Slot, ClaimError> {
        let used = self.used();
        // Start where few others do, so that processes that come together do not fight for the same slot.
        let (before, from) = used.split_at(claim.token as usize % used.len().max(1));
        let mut round = from.iter().chain(before);
        let mut take_dead = |slot: &&Slot| slot.take_over(claim, |snapshot| liveness.is_dead(snapshot));
        // What ran here before `exec` first: others, who see that the process lives, cannot tell that its locks do not.
        let mut former = round.clone().filter(|slot| slot.word().is_some_and(|word| word.pid == claim.pid));
        let taken = former.find(&mut take_dead);
        let taken = taken.or_else(|| round.clone().find(|slot| slot.take_free(claim)));
        // Processes that come and go, one after the other, do not fill one page of memory after the other.
        let dead_first = self.slots.get(used.len()).is_some_and(begins_a_page);
        let taken = taken.or_else(|| if dead_first { round.find(&mut take_dead) } else { None });
        let taken = taken.or_else(|| self.used.take_next(self.slots, claim));
        let taken = taken.or_else(|| self.used().iter().find(take_dead));
        taken.ok_or(ClaimError::Full)
    }

    fn check_alone(self, ours: &'a Slot, token: u32) -> Result<&'a Slot, ClaimError> {
        match slot::second_slot(self.slots, self.used, ours, token) {
            None => Ok(ours),
            Some(Word { pid, .. }) => {
                ours.give_back(token);
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
        snapshots.map(move |snapshot| Occupant {
            token: snapshot.word.token,
            pid: snapshot.word.pid,
            pid_namespace: snapshot.details.map_or(0, |details| details.pid_namespace),
            since: moment(whole_seconds(snapshot.details.map_or(0, |details| details.since), now), 0),
            left: snapshot.word.state == SlotState::Left,
            alive: !liveness.is_dead(&snapshot),
        })
    }
}

fn seconds_since_1970() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The latest time with these low 32 bits that is not later than now: by more than a day, as clocks are set.
fn whole_seconds(low: u32, now: u64) -> u64 {
    const DAY: u64 = 24 * 60 * 60;
    let latest = now + DAY;
    let behind = (latest as u32).wrapping_sub(low);
    latest.checked_sub(behind.into()).unwrap_or(low.into())
}

/// Tells whether a slot is the first that has a byte on its page.
fn begins_a_page(slot: &Slot) -> bool {
    std::ptr::from_ref(slot).addr() % PAGE < size_of::<Slot>()
}

#[cfg(test)]
mod tests;
