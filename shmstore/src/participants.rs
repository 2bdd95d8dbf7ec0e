//! Who is attached to a segment for reading and writing: a fixed table of slots in the segment.
//!
//! A slot's word goes through these states. Zero is what the kernel gives.
//!
//! | from | to | who |
//! |---|---|---|
//! | free | claimed | a process that attaches, by one compare-exchange |
//! | claimed | ready | the same process, when it has filled the slot |
//! | ready | left | the same process, when it has dropped its last handle |
//! | left | ready | the same process, when it attaches again |
//! | any | claimed | another process, once the slot's process has died |
//!
//! A slot is never freed by its process: so a token that stands in no slot belongs to nobody alive.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::sys::process;
use crate::view::load_read_only;

/// The bits of a lock word, and of a participant's slot, that hold a token.
pub(crate) const TOKEN_BITS: u32 = 29;

/// What does not change while a process lives, asked for once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    pub(crate) pid: u32,
    /// In clock ticks since boot, as this process's time namespace counts.
    pub(crate) start: u64,
    pub(crate) pid_namespace: u32,
    pub(crate) time_namespace: u32,
}

impl Facts {
    pub(crate) fn gather() -> Self {
        let pid = process::pid();
        let start = if process::proc_is_ours() { process::start_time(pid) } else { 0 };
        Self { pid, start, pid_namespace: process::namespace("pid"), time_namespace: process::namespace("time") }
    }
}

/// One process's place in the table: 32 bytes.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Slot {
    word: AtomicU64,
    pid_namespace: AtomicU32,
    time_namespace: AtomicU32,
    start: AtomicU64,
    /// When the process attached, in seconds since 1970.
    since: AtomicU64,
}

const _: () = assert!(size_of::<Slot>() == 32 && align_of::<Slot>() == 8);

/// How many bits of a word hold a pid: the kernel's own limit is 4,194,304.
const PID_BITS: u32 = 22;

/// The state in a slot's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SlotState {
    Claimed = 1,
    Ready = 2,
    Left = 3,
}

/// A slot's word, taken apart: token in the low 29 bits, pid in the next 22, state in the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Word {
    token: u32,
    pid: u32,
    state: SlotState,
}

impl Word {
    fn pack(self) -> u64 {
        u64::from(self.token) | u64::from(self.pid) << TOKEN_BITS | (self.state as u64) << (TOKEN_BITS + PID_BITS)
    }

    /// `None` for a free slot, and for one that holds what no process writes.
    fn unpack(word: u64) -> Option<Self> {
        let state = match word >> (TOKEN_BITS + PID_BITS) {
            1 => SlotState::Claimed,
            2 => SlotState::Ready,
            3 => SlotState::Left,
            _ => return None,
        };
        let token = word as u32 & ((1 << TOKEN_BITS) - 1);
        let pid = (word >> TOKEN_BITS) as u32 & ((1 << PID_BITS) - 1);
        Some(Self { token, pid, state })
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
    pub(crate) pid: u32,
    pub(crate) pid_namespace: u32,
    pub(crate) since: SystemTime,
    /// Whether it has dropped its last handle.
    pub(crate) left: bool,
}

/// The slots of one segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SlotTable<'a>(pub(crate) &'a [Slot]);

impl<'a> SlotTable<'a> {
    /// Finds the process its slot: the one it left, a free one, or one whose process has died.
    pub(crate) fn claim(self, token: u32, facts: &Facts) -> Result<&'a Slot, ClaimError> {
        let ours = self.0.iter().find(|slot| slot.token() == Some(token));
        let slot = match ours {
            Some(slot) => slot.reenter(token, facts)?,
            None => self.claim_new(token, facts)?,
        };
        self.check_alone(slot, token)?;
        Ok(slot)
    }

    fn claim_new(self, token: u32, facts: &Facts) -> Result<&'a Slot, ClaimError> {
        // Start where few others do, so that processes that come together do not fight for the same slot.
        let (before, from) = self.0.split_at(token as usize % self.0.len());
        let mut round = from.iter().chain(before);
        let free = round.clone().find(|slot| slot.take(0, token, facts));
        free.or_else(|| round.find(|slot| slot.take_from_the_dead(token, facts))).ok_or(ClaimError::Full)
    }

    /// Two processes that drew the same token both see the other here, as each claims before it looks.
    fn check_alone(self, ours: &Slot, token: u32) -> Result<(), ClaimError> {
        let twin = self.0.iter().find(|slot| !std::ptr::eq(*slot, ours) && slot.token() == Some(token));
        match twin.and_then(|slot| slot.word()) {
            Some(Word { pid, .. }) => {
                ours.leave(token);
                Err(ClaimError::Collision { pid })
            }
            None => Ok(()),
        }
    }

    /// Tells whether the process of a token has provably ended. A token that is in no slot is of nobody alive: its slot
    /// was taken, after its death. The caller has loaded the token with Acquire.
    pub(crate) fn token_is_dead(self, token: u32, facts: &Facts) -> bool {
        let slot = self.0.iter().find(|slot| slot.token() == Some(token));
        slot.is_none_or(|slot| slot.word().is_none_or(|found| found.token != token || slot.is_dead(found, facts)))
    }

    /// The process of a token, as its own PID namespace numbers it.
    pub(crate) fn pid_of(self, token: u32) -> Option<u32> {
        self.0.iter().filter_map(Slot::word).find(|word| word.token == token).map(|word| word.pid)
    }

    /// Lists the processes that have a slot.
    pub(crate) fn occupants(self) -> impl Iterator<Item = Occupant> + use<'a> {
        self.0.iter().filter_map(Slot::occupant)
    }
}

impl Slot {
    fn word(&self) -> Option<Word> {
        Word::unpack(load_read_only(Acquire, || self.word.load(Relaxed)))
    }

    fn token(&self) -> Option<u32> {
        self.word().map(|word| word.token)
    }

    /// Says that the process has dropped its last handle. The slot stays its own.
    pub(crate) fn leave(&self, token: u32) {
        if let Some(word) = self.word().filter(|word| word.token == token) {
            let left = Word { state: SlotState::Left, ..word };
            // Fails only if a peer broke the protocol; then there is nothing of ours to leave.
            let _ = self.word.compare_exchange(word.pack(), left.pack(), AcqRel, Relaxed);
        }
    }

    /// Takes the slot that this process left, or the one it has had since another thread attached.
    fn reenter(&self, token: u32, facts: &Facts) -> Result<&Self, ClaimError> {
        let word = self.word.load(Acquire);
        match Word::unpack(word) {
            Some(found) if found.token == token && found.pid == facts.pid => {
                let entered = found.state == SlotState::Ready || self.take(word, token, facts);
                if entered { Ok(self) } else { Err(ClaimError::Collision { pid: found.pid }) }
            }
            Some(found) => Err(ClaimError::Collision { pid: found.pid }),
            None => Err(ClaimError::Full),
        }
    }

    /// Takes the slot if its word is still `found`, and fills it.
    fn take(&self, found: u64, token: u32, facts: &Facts) -> bool {
        let claimed = Word { token, pid: facts.pid, state: SlotState::Claimed };
        if self.word.compare_exchange(found, claimed.pack(), AcqRel, Relaxed).is_err() {
            return false;
        }
        self.pid_namespace.store(facts.pid_namespace, Relaxed);
        self.time_namespace.store(facts.time_namespace, Relaxed);
        self.start.store(facts.start, Relaxed);
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        self.since.store(since, Relaxed);
        self.word.store(Word { state: SlotState::Ready, ..claimed }.pack(), Release);
        true
    }

    /// Takes the slot if its process has provably ended. The word is compared again after all else was read, so that a
    /// slot that got a new process meanwhile is left alone.
    fn take_from_the_dead(&self, token: u32, facts: &Facts) -> bool {
        let word = self.word.load(Acquire);
        let dead = Word::unpack(word).is_some_and(|found| self.is_dead(found, facts));
        dead && self.take(word, token, facts)
    }

    /// Judges only processes of our own PID namespace, and slots that are filled: in doubt, alive.
    fn is_dead(&self, found: Word, facts: &Facts) -> bool {
        let same_namespace = facts.pid_namespace != 0 && self.pid_namespace.load(Relaxed) == facts.pid_namespace;
        if found.state == SlotState::Claimed || !same_namespace || found.pid == facts.pid {
            return false;
        }
        process::has_ended(found.pid) || self.pid_was_reused(found.pid, facts)
    }

    fn pid_was_reused(&self, pid: u32, facts: &Facts) -> bool {
        let comparable = facts.start != 0 && self.time_namespace.load(Relaxed) == facts.time_namespace;
        let (then, now) = (self.start.load(Relaxed), process::start_time(pid));
        comparable && then != 0 && now != 0 && then != now
    }

    fn occupant(&self) -> Option<Occupant> {
        let word = self.word()?;
        Some(Occupant {
            pid: word.pid,
            pid_namespace: self.pid_namespace.load(Relaxed),
            since: crate::error::moment(self.since.load(Relaxed), 0),
            left: word.state == SlotState::Left,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(len: usize) -> Vec<Slot> {
        let slot = || Slot {
            word: AtomicU64::new(0),
            pid_namespace: AtomicU32::new(0),
            time_namespace: AtomicU32::new(0),
            start: AtomicU64::new(0),
            since: AtomicU64::new(0),
        };
        std::iter::repeat_with(slot).take(len).collect()
    }

    fn facts(pid: u32) -> Facts {
        Facts { pid, start: 1, pid_namespace: 7, time_namespace: 8 }
    }

    #[test]
    fn words_survive_packing() {
        let word = Word { token: (1 << TOKEN_BITS) - 1, pid: (1 << PID_BITS) - 1, state: SlotState::Left };
        assert_eq!(Word::unpack(word.pack()), Some(word));
        assert_eq!(Word::unpack(0), None);
        assert_eq!(Word::unpack(u64::MAX), None);
    }

    #[test]
    fn process_that_comes_back_gets_its_slot_again() {
        let slots = table(4);
        let table = SlotTable(&slots);
        let first = table.claim(9, &facts(100)).unwrap();
        first.leave(9);
        assert!(table.occupants().next().unwrap().left);
        assert!(std::ptr::eq(first, table.claim(9, &facts(100)).unwrap()));
        assert_eq!(table.occupants().count(), 1);
        assert!(!table.occupants().next().unwrap().left);
    }

    #[test]
    fn full_table_is_refused_and_slots_of_the_dead_are_taken() {
        let slots = table(2);
        let table = SlotTable(&slots);
        let alive = process::pid();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        table.claim(1, &facts(alive)).unwrap();
        table.claim(2, &facts(child.id())).unwrap();
        let newcomer = Facts { start: 0, ..facts(u32::from(u16::MAX)) };
        table.claim(3, &newcomer).unwrap();
        assert_eq!(table.claim(4, &newcomer).unwrap_err(), ClaimError::Full);
        assert!(slots.iter().all(|slot| slot.token() != Some(2)));
    }

    #[test]
    fn other_namespaces_are_never_judged() {
        let slots = table(1);
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        SlotTable(&slots).claim(1, &Facts { pid_namespace: 6, ..facts(child.id()) }).unwrap();
        assert_eq!(SlotTable(&slots).claim(2, &facts(1)).unwrap_err(), ClaimError::Full);
    }

    #[test]
    fn same_token_of_another_process_is_a_collision() {
        let slots = table(4);
        SlotTable(&slots).claim(5, &facts(100)).unwrap();
        assert_eq!(SlotTable(&slots).claim(5, &facts(200)).unwrap_err(), ClaimError::Collision { pid: 100 });
    }
}
