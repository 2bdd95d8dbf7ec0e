//! Whether the process of a slot, or of a token, has ended: what the kernel tells, and when it is to be believed.
//!
//! | the slot's process | it has ended if |
//! |---|---|
//! | is ours: has our token, pid, start time and namespaces | never |
//! | has not filled its slot | its lock byte is free |
//! | is of our PID namespace | the kernel knows no such process, or one that has exited, or one with another start time |
//! | is of our PID namespace, and lives | its lock byte is free, and it has not mapped the segment for writing: it is what ran in that process before `exec` |
//! | is of our PID namespace, with our pid | its start time is another than ours, or its image is: it is what ran here before `exec`, and not a second copy of this crate |
//! | likewise, and an image is not known | its lock byte is free |
//! | is of our PID namespace, lives, and has left its slot | its lock byte is free: it was a library in that process, and is unloaded |
//! | is of another PID namespace, or of one not known | its lock byte is free |
//!
//! A process that has left its slot has dropped its last handle, so it holds nothing in the segment. If it lives after
//! all, it takes another slot when it comes back.
//!
//! A byte is asked only of a process that said it holds one. In doubt, nobody has ended: two writers in one place do more
//! harm than one who waits.

pub(crate) mod lock;

use crate::segment::participants::slot::{Details, SlotState, Snapshot};
use crate::segment::participants::{ProcessFacts, SlotTable};
use crate::sys::process;

/// How many processes may have drawn the same token at a time, and died before they found each other.
const MAX_SLOTS_PER_TOKEN: usize = 4;

/// Who judges, and how to ask for lock bytes.
pub(crate) struct Liveness<'a> {
    /// This process's token; 0 if it has none yet.
    pub(crate) token: u32,
    pub(crate) facts: &'a ProcessFacts,
    /// The segment whose slots these are.
    pub(crate) shmid: i32,
    /// Whether some process may live without a slot. Read after the token that is judged, which was loaded with Acquire.
    pub(crate) has_unlisted: bool,
    /// Tells whether another process holds the byte of a token; `None` if that cannot be asked.
    pub(crate) lock_is_held: &'a dyn Fn(u32) -> Option<bool>,
}

impl Liveness<'_> {
    /// Tells whether the process of a slot has provably ended.
    pub(in crate::segment) fn is_dead(&self, snapshot: &Snapshot) -> bool {
        let word = snapshot.word;
        let has_left = word.state == SlotState::Left;
        let lock_is_free = || word.has_liveness_lock && self.lock_is_free(word.token);
        match &snapshot.details {
            _ if self.is_ours(snapshot) => false,
            None => lock_is_free(),
            Some(details) if !self.shares_pid_namespace_with(details) => lock_is_free(),
            Some(details) if word.pid == self.facts.pid => {
                self.started_at_another_time(details)
                    || self.has_another_exec_id(details).unwrap_or_else(lock_is_free)
                    || has_left && lock_is_free()
            }
            Some(details) => {
                let has_ended = process::has_ended(word.pid) || pid_was_reused(word.pid, details);
                has_ended || lock_is_free() && (has_left || self.has_not_mapped_segment(word.pid))
            }
        }
    }

    /// Returns `true` if this very process has filled a slot.
    pub(in crate::segment) fn is_ours(&self, snapshot: &Snapshot) -> bool {
        let has_our_numbers = (snapshot.word.token, snapshot.word.pid) == (self.token, self.facts.pid);
        has_our_numbers && snapshot.details.as_ref().is_some_and(|details| self.facts.match_slot(details))
    }

    /// What ran before `exec` has lost its mappings with its byte. The byte alone does not tell: somebody may have closed
    /// the descriptor behind its back. The mapping alone does, but is not to be seen of every process.
    fn has_not_mapped_segment(&self, pid: u32) -> bool {
        process::maps_segment_to_write(pid, self.shmid) == Some(false)
    }

    /// Tells whether the process of a token has provably ended. The caller has loaded the token with Acquire.
    ///
    /// A slot is freed only by taking it from the dead: so a token in no slot is of nobody alive, but for a child of
    /// `fork` that found the table full, said so in the header, and holds its byte. A token in more than [`MAX_SLOTS_PER_TOKEN`] slots was written there
    /// against the protocol: that proves nothing, and to judge each of them may take seconds.
    pub(crate) fn token_is_dead(&self, slots: SlotTable<'_>, token: u32) -> bool {
        if token == self.token {
            return false;
        }
        let with_it = || slots.used().iter().filter(|slot| slot.word().is_some_and(|word| word.token == token));
        match with_it().take(MAX_SLOTS_PER_TOKEN + 1).count() {
            0 => !self.has_unlisted || self.lock_is_free(token),
            count => {
                count <= MAX_SLOTS_PER_TOKEN
                    && with_it().all(|slot| slot.token_is_dead(token, |snapshot| self.is_dead(snapshot)))
            }
        }
    }

    fn lock_is_free(&self, token: u32) -> bool {
        (self.lock_is_held)(token) == Some(false)
    }

    fn shares_pid_namespace_with(&self, details: &Details) -> bool {
        self.facts.pid_namespace != 0 && self.facts.pid_namespace == details.pid_namespace
    }

    /// `None` if that is not known.
    fn has_another_exec_id(&self, details: &Details) -> Option<bool> {
        let known = self.facts.exec_id != 0 && details.exec_id != 0;
        known.then_some(self.facts.exec_id != details.exec_id)
    }

    fn started_at_another_time(&self, details: &Details) -> bool {
        let known = self.facts.start != 0 && details.start != 0 && self.facts.time_namespace != 0;
        known && self.facts.time_namespace == details.time_namespace && self.facts.start != details.start
    }
}

/// Tells whether a pid is of a process that started at another time. What the answer rests on is asked anew: this
/// process may have gone to another time namespace, or have got another `/proc`.
fn pid_was_reused(pid: u32, details: &Details) -> bool {
    if details.start == 0 || details.time_namespace == 0 {
        return false;
    }
    let now = process::start_time(pid);
    let differs = now != 0 && now != details.start;
    differs && process::namespace("time") == details.time_namespace && process::proc_is_ours()
}
