//! Liveness: the answer to "is this token dead?", also for processes of other PID namespaces.
//!
//! A *token* is the number that stands for a process in lock words and slots. A token is dead only if something proves
//! that its process has ended. In doubt it is alive: two writers at once do more harm than one process that waits.
//!
//! # What proves that the process of a token has ended
//!
//! | slots with the token | proof |
//! |---|---|
//! | none | a process keeps its slot until it has ended, so the token is dead |
//! | none, and the header says that some process has no slot | its liveness lock is free |
//! | one to four | the process of each of these slots has ended |
//! | more than four | none: a peer has broken the protocol, and to check all of them can take seconds |
//!
//! # What proves that the process of a slot has ended
//!
//! | the process | proof, any of these |
//! |---|---|
//! | is this process, with the same token | none |
//! | has not filled its slot yet | its liveness lock is free |
//! | is in another PID namespace, or in an unknown one | its liveness lock is free |
//! | is in our PID namespace | the kernel knows no process with its pid |
//! | | the process with its pid has exited |
//! | | the process with its pid started at another time |
//! | | its liveness lock is free, and the process with its pid has not mapped the segment for writing ¹ |
//! | | its liveness lock is free, and it has left its slot ² |
//! | is in our PID namespace, with our own pid | it started at another time |
//! | | its exec id is not ours ¹ |
//! | | its liveness lock is free, and one of the two exec ids is unknown ¹ |
//! | | its liveness lock is free, and it has left its slot ² |
//!
//! ¹ The slot is of a program that ran in the same process before `exec`.
//!
//! ² The slot is of a library that was unloaded. A process that has left its slot has dropped its last handle, so it
//! holds nothing in the segment. If it is alive after all, it takes another slot when it attaches again.
//!
//! # What proves nothing
//!
//! * A free liveness lock, if the slot does not say that its process holds one.
//! * A free liveness lock of a process that is alive and has mapped the segment: another part of the program may have
//!   closed the descriptor.
//! * A liveness lock that cannot be queried: the file cannot be opened, or a sandbox refuses the call.
//! * Mappings that cannot be read.
//! * A start time that is unknown, or counted in another time namespace.
//! * A `/proc` of another PID namespace.
//! * The exec id of this process in the slot of another token: the slot is of a second copy of this crate.
//! * A slot that changes while it is read.

mod facts;
mod lock;

use crate::segment::participants::SlotTable;
use crate::segment::participants::slot::{Details, SlotState, Snapshot};
use crate::sys::process;

pub(crate) use facts::ProcessFacts;
pub(crate) use lock::LivenessFile;
pub(super) use lock::LivenessLocks;

/// The number of processes that may have drawn the same token, and ended before they found each other.
const MAX_SLOTS_PER_TOKEN: usize = 4;

/// The facts about this process and one segment by which it answers for the segment's other processes.
pub(crate) struct Liveness<'a> {
    /// This process's token; 0 if it has none yet.
    pub(crate) token: u32,
    pub(crate) facts: &'a ProcessFacts,
    /// The segment of the slots.
    pub(crate) shmid: i32,
    /// True if a process may be alive without a slot. Read after the token in question was loaded with Acquire.
    pub(crate) has_unlisted: bool,
    /// Returns `true` if another process holds the liveness lock of a token; `None` if that is unknown.
    pub(crate) lock_is_held: &'a dyn Fn(u32) -> Option<bool>,
}

impl Liveness<'_> {
    /// Returns `true` if the process of a token has provably ended. The caller has loaded the token with Acquire.
    pub(super) fn token_is_dead(&self, slots: SlotTable<'_>, token: u32) -> bool {
        if token == self.token {
            return false;
        }
        let with_token = || slots.used().iter().filter(|slot| slot.word().is_some_and(|word| word.token == token));
        match with_token().take(MAX_SLOTS_PER_TOKEN + 1).count() {
            0 => !self.has_unlisted || self.lock_is_free(token),
            1..=MAX_SLOTS_PER_TOKEN => with_token().all(|slot| slot.token_is_dead(token, |of| self.slot_is_dead(of))),
            _ => false,
        }
    }

    /// Returns `true` if the process of a slot has provably ended.
    pub(super) fn slot_is_dead(&self, slot: &Snapshot) -> bool {
        let word = slot.word;
        let has_left = word.state == SlotState::Left;
        let lock_is_free = || word.has_liveness_lock && self.lock_is_free(word.token);
        match &slot.details {
            _ if self.is_own(slot) => false,
            None => lock_is_free(),
            Some(details) if !self.shares_pid_namespace_with(details) => lock_is_free(),
            Some(details) if word.pid == self.facts.pid => {
                self.facts.started_at_another_time(details)
                    || self.facts.has_another_exec_id(details).unwrap_or_else(lock_is_free)
                    || has_left && lock_is_free()
            }
            Some(details) => {
                let has_ended = process::has_ended(word.pid) || pid_was_reused(word.pid, details);
                has_ended || lock_is_free() && (has_left || self.has_not_mapped_segment(word.pid))
            }
        }
    }

    /// Returns `true` if this very process has filled a slot, under its present token.
    pub(super) fn is_own(&self, slot: &Snapshot) -> bool {
        let has_own_numbers = (slot.word.token, slot.word.pid) == (self.token, self.facts.pid);
        has_own_numbers && slot.details.as_ref().is_some_and(|details| self.facts.match_slot(details))
    }

    fn lock_is_free(&self, token: u32) -> bool {
        (self.lock_is_held)(token) == Some(false)
    }

    fn shares_pid_namespace_with(&self, details: &Details) -> bool {
        self.facts.pid_namespace != 0 && self.facts.pid_namespace == details.pid_namespace
    }

    /// Returns `false` for a process of which the mappings cannot be read.
    fn has_not_mapped_segment(&self, pid: u32) -> bool {
        process::maps_segment_to_write(pid, self.shmid) == Some(false)
    }
}

/// Returns `true` if a pid is of a process that started at another time. The namespace and `/proc` are asked for anew:
/// this process may have gone to another time namespace, or another `/proc` may be mounted.
fn pid_was_reused(pid: u32, details: &Details) -> bool {
    if details.start == 0 || details.time_namespace == 0 {
        return false;
    }
    let now = process::start_time(pid);
    let differs = now != 0 && now != details.start;
    differs && process::namespace("time") == details.time_namespace && process::proc_is_ours()
}

#[cfg(test)]
mod tests;
