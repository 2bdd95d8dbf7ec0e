//! One participant's slot: who has it, how it is claimed, filled, looked at, and taken from the dead.
//!
//! A slot's word goes through these states. Zero is what the kernel gives.
//!
//! | from | to | who |
//! |---|---|---|
//! | free | claimed | a process that attaches, by one compare-exchange |
//! | claimed | ready | the same process, when it has filled the slot |
//! | ready | left | the same process, when it has dropped its last handle |
//! | left | claimed | the same process, when it attaches again |
//! | claimed, ready | free | the same process, if no lock word ever held its token: see [`Slot::give_back`] |
//! | any | claimed | another process, once the slot's process has died |
//!
//! What stands beside the word belongs to it only if the word is *ready* or *left*, and the same before and after the
//! rest was read: so [`Slot::snapshot`]. Its second load pairs with the fence of [`Slot::take`]: whoever read a number of
//! the next process sees that process's word too.
//!
//! Built a second time by the loom models, with loom's atomics; so it knows nothing of the kernel.

use super::atomics::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use super::atomics::{AtomicU32, AtomicU64, fence};

/// The bits of a lock word, and of a participant's slot, that hold a token.
pub(crate) const TOKEN_BITS: u32 = 29;

/// How many bits of a word hold a pid: the kernel's own limit is 4,194,304.
const PID_BITS: u32 = 22;

/// Where the state begins: two bits.
const STATE: u32 = TOKEN_BITS + PID_BITS;

/// The process holds its lock byte.
const HAS_LIVENESS_LOCK: u64 = 1 << (STATE + 2);

/// One process's place in the table: 32 bytes.
#[repr(C)]
#[derive(Debug, Default)]
pub(crate) struct Slot {
    word: AtomicU64,
    pid_namespace: AtomicU32,
    time_namespace: AtomicU32,
    start: AtomicU64,
    since: AtomicU32,
    exec_id: AtomicU32,
}

/// The state in a slot's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SlotState {
    Claimed = 1,
    Ready = 2,
    Left = 3,
}

/// A slot's word, taken apart: token in the low 29 bits, pid in the next 22, then two bits of state, and one that says
/// whether the process holds its lock byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) token: u32,
    pub(crate) pid: u32,
    pub(crate) state: SlotState,
    /// Set by the claim itself: so that of a slot whose process dies before it has filled it, too.
    pub(crate) has_liveness_lock: bool,
}

impl Word {
    pub(crate) fn pack(self) -> u64 {
        let byte = if self.has_liveness_lock { HAS_LIVENESS_LOCK } else { 0 };
        u64::from(self.token) | u64::from(self.pid) << TOKEN_BITS | (self.state as u64) << STATE | byte
    }

    /// `None` for a free slot, and for one that holds what no process writes.
    pub(crate) fn unpack(word: u64) -> Option<Self> {
        let state = match (word & !HAS_LIVENESS_LOCK) >> STATE {
            1 => SlotState::Claimed,
            2 => SlotState::Ready,
            3 => SlotState::Left,
            _ => return None,
        };
        let token = word as u32 & ((1 << TOKEN_BITS) - 1);
        let pid = (word >> TOKEN_BITS) as u32 & ((1 << PID_BITS) - 1);
        Some(Self { token, pid, state, has_liveness_lock: word & HAS_LIVENESS_LOCK != 0 })
    }
}

/// What stands beside the word of a slot that was filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Details {
    /// Inode; 0 if not known. Likewise of the time namespace.
    pub(crate) pid_namespace: u32,
    pub(crate) time_namespace: u32,
    /// In clock ticks since boot, as the process's time namespace counts; 0 if not known.
    pub(crate) start: u64,
    /// When the process attached: the low 32 bits of the seconds since 1970.
    pub(crate) since: u32,
    /// What tells the program that runs in the process from what ran there before `exec`; 0 if not known.
    pub(crate) exec_id: u32,
}

/// A slot as it was at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Snapshot {
    pub(crate) word: Word,
    /// `None` if it was claimed and not filled yet.
    pub(crate) details: Option<Details>,
}

impl Slot {
    pub(crate) fn word(&self) -> Option<Word> {
        Word::unpack(self.load())
    }

    /// A load with Acquire, in the form that std promises for memory which may be mapped read-only.
    fn load(&self) -> u64 {
        let word = self.word.load(Relaxed);
        fence(Acquire);
        word
    }

    /// Reads the slot; `None` if it is free, or changes meanwhile.
    pub(crate) fn snapshot(&self) -> Option<Snapshot> {
        let word = self.load();
        let found = Word::unpack(word)?;
        let details = (found.state != SlotState::Claimed).then(|| self.details());
        fence(Acquire);
        (self.word.load(Relaxed) == word).then_some(Snapshot { word: found, details })
    }

    fn details(&self) -> Details {
        Details {
            pid_namespace: self.pid_namespace.load(Relaxed),
            time_namespace: self.time_namespace.load(Relaxed),
            start: self.start.load(Relaxed),
            since: self.since.load(Relaxed),
            exec_id: self.exec_id.load(Relaxed),
        }
    }

    /// Claims a free slot.
    pub(crate) fn take_free(&self, claim: Word) -> bool {
        self.take(0, claim)
    }

    /// Claims the slot that this process left.
    pub(crate) fn take_again(&self, left: Word, claim: Word) -> bool {
        self.take(left.pack(), claim)
    }

    /// Claims the slot of a process that has ended, as `is_dead` tells of what stands there.
    pub(crate) fn take_over(&self, claim: Word, is_dead: impl FnOnce(&Snapshot) -> bool) -> bool {
        self.snapshot().is_some_and(|snapshot| is_dead(&snapshot) && self.take(snapshot.word.pack(), claim))
    }

    /// Tells whether the process that has the slot has ended. In doubt, and when the slot changes meanwhile, it has not.
    pub(crate) fn token_is_dead(&self, token: u32, is_dead: impl FnOnce(&Snapshot) -> bool) -> bool {
        self.snapshot().is_some_and(|snapshot| snapshot.word.token == token && is_dead(&snapshot))
    }

    fn take(&self, found: u64, claim: Word) -> bool {
        let taken = self.word.compare_exchange(found, claim.pack(), AcqRel, Relaxed).is_ok();
        fence(Release);
        taken
    }

    /// Fills the slot that was claimed, and says that it is ready; false if somebody took it, against the protocol.
    pub(crate) fn fill(&self, claim: Word, details: &Details) -> bool {
        self.pid_namespace.store(details.pid_namespace, Relaxed);
        self.time_namespace.store(details.time_namespace, Relaxed);
        self.start.store(details.start, Relaxed);
        self.since.store(details.since, Relaxed);
        self.exec_id.store(details.exec_id, Relaxed);
        let ready = Word { state: SlotState::Ready, ..claim };
        self.word.compare_exchange(claim.pack(), ready.pack(), AcqRel, Relaxed).is_ok()
    }

    /// Says that the process has dropped its last handle. The slot stays its own.
    pub(crate) fn leave(&self, token: u32) {
        if let Some(word) = self.word().filter(|word| word.token == token) {
            let left = Word { state: SlotState::Left, ..word };
            // Fails only if a peer broke the protocol; then there is nothing of ours to leave.
            let _ = self.word.compare_exchange(word.pack(), left.pack(), AcqRel, Relaxed);
        }
    }

    /// Frees a slot that was claimed in vain. Only before its process has used the token on anything in the segment:
    /// otherwise a lock word could hold a token that stands in no slot, and whose process lives.
    pub(crate) fn give_back(&self, token: u32) {
        if let Some(word) = self.word().filter(|word| word.token == token) {
            // Fails only if a peer broke the protocol.
            let _ = self.word.compare_exchange(word.pack(), 0, AcqRel, Relaxed);
        }
    }
}

/// How many slots of a table, from the first on, were ever to be claimed: nobody needs to look at those behind, which
/// are on pages that nobody has touched.
///
/// Raised before such a slot is claimed, and never lowered: who knows of a claim, by a token in a lock word or by the
/// fence of [`second_slot`], sees that its slot counts.
#[repr(transparent)]
#[derive(Debug, Default)]
pub(crate) struct SlotsUsed(AtomicU32);

impl SlotsUsed {
    /// So many were claimed before.
    #[cfg(test)]
    pub(crate) fn before(count: u32) -> Self {
        Self(AtomicU32::new(count))
    }

    /// The slots that may have been claimed.
    pub(crate) fn of<'a>(&self, slots: &'a [Slot]) -> &'a [Slot] {
        let used = self.0.load(Relaxed) as usize;
        fence(Acquire);
        &slots[..used.min(slots.len())]
    }

    /// Claims the first slot that nobody has claimed before.
    pub(crate) fn take_next<'a>(&self, slots: &'a [Slot], claim: Word) -> Option<&'a Slot> {
        let from = self.of(slots).len();
        let mut next = slots.iter().zip(1_u32..).skip(from);
        let taken = next.find(|(slot, count)| {
            self.0.fetch_max(*count, AcqRel);
            slot.take_free(claim)
        });
        taken.map(|(slot, _)| slot)
    }
}

/// Finds another slot with the same token. Of two processes that drew the same one, and claimed a slot each before they
/// asked, at least one finds the other: each claim is ordered before its look by the fence.
pub(crate) fn second_slot(slots: &[Slot], used: &SlotsUsed, ours: &Slot, token: u32) -> Option<Word> {
    fence(SeqCst);
    let others = used.of(slots).iter().filter(|slot| !std::ptr::eq(*slot, ours));
    others.filter_map(Slot::word).find(|word| word.token == token)
}
