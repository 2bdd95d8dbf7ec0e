//! The slot of one participant, and how many slots of a table count.
//!
//! The word of a slot goes through these states. The kernel gives zero, which is free.
//!
//! | from | to | by |
//! |---|---|---|
//! | free | claimed | a process that attaches, by one compare-exchange |
//! | claimed | ready | the same process, when it has filled the slot |
//! | ready | left | the same process, when it has dropped its last handle |
//! | left | claimed | the same process, when it attaches again |
//! | claimed, ready | free | the same process, if no lock word ever held its token: see [`Slot::give_back`] |
//! | any | claimed | another process, when the slot's process has ended |
//!
//! The details belong to the word only if the word is *ready* or *left*, and the same before and after the details were
//! read: see [`Slot::snapshot`]. The second load there pairs with the fence of [`Slot::take`]: a reader that has read a
//! detail of the next process sees that process's word too.
//!
//! The loom models build this file a second time, with loom's atomics, so it makes no system calls.

use super::atomics::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use super::atomics::{AtomicU32, AtomicU64, fence};

/// The bits of a lock word, and of a participant's slot, that hold a token.
pub(crate) const TOKEN_BITS: u32 = 29;

/// The bits of a word that hold a pid: the kernel's own limit is 4,194,304.
const PID_BITS: u32 = 22;

/// The first of the two bits of the state.
const STATE: u32 = TOKEN_BITS + PID_BITS;

/// The process holds its liveness lock.
const HAS_LIVENESS_LOCK: u64 = 1 << (STATE + 2);

/// The first of the ten bits of the number of fields.
const FIELDS: u32 = STATE + 3;

/// The largest number of fields that a word holds. It stands for larger numbers too.
pub(crate) const MAX_FIELDS: u16 = (1 << (u64::BITS - FIELDS)) - 1;

/// The entry of one process in the table: 32 bytes.
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

/// A slot's word, taken apart: token in the low 29 bits, pid in the next 22, then two bits of state, one bit for the
/// liveness lock, and ten bits for the number of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) token: u32,
    pub(crate) pid: u32,
    pub(crate) state: SlotState,
    /// Set by the claim itself, so it is known of a process that ends before it has filled the slot too.
    pub(crate) has_liveness_lock: bool,
    /// The number of fields of the longest layout with which the process has attached the object; 0 if it is unknown.
    pub(crate) fields: u16,
}

impl Word {
    pub(crate) fn pack(self) -> u64 {
        let lock = if self.has_liveness_lock { HAS_LIVENESS_LOCK } else { 0 };
        let fields = u64::from(self.fields.min(MAX_FIELDS)) << FIELDS;
        u64::from(self.token) | u64::from(self.pid) << TOKEN_BITS | (self.state as u64) << STATE | lock | fields
    }

    /// `None` for a free slot, and for a word that no process writes.
    pub(crate) fn unpack(word: u64) -> Option<Self> {
        let state = match word >> STATE & 0b11 {
            1 => SlotState::Claimed,
            2 => SlotState::Ready,
            3 => SlotState::Left,
            _ => return None,
        };
        let token = word as u32 & ((1 << TOKEN_BITS) - 1);
        let pid = (word >> TOKEN_BITS) as u32 & ((1 << PID_BITS) - 1);
        let has_liveness_lock = word & HAS_LIVENESS_LOCK != 0;
        Some(Self { token, pid, state, has_liveness_lock, fields: (word >> FIELDS) as u16 })
    }
}

/// The rest of a slot that was filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Details {
    /// The namespace's inode; 0 if it is unknown.
    pub(crate) pid_namespace: u32,
    /// The namespace's inode; 0 if it is unknown.
    pub(crate) time_namespace: u32,
    /// In clock ticks since boot, as the process's time namespace counts; 0 if it is unknown.
    pub(crate) start: u64,
    /// The time at which the process attached: the low 32 bits of the seconds since 1970.
    pub(crate) since: u32,
    /// Tells the program in the process from the one that ran there before `exec`; 0 if it is unknown.
    pub(crate) exec_id: u32,
}

/// A slot as it was at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Snapshot {
    pub(crate) word: Word,
    /// `None` if it is claimed and not filled yet.
    pub(crate) details: Option<Details>,
}

impl Slot {
    pub(crate) fn word(&self) -> Option<Word> {
        Word::unpack(self.load())
    }

    /// A load with Acquire, in the form that std promises for memory that may be mapped read-only.
    fn load(&self) -> u64 {
        let word = self.word.load(Relaxed);
        fence(Acquire);
        word
    }

    /// Reads the slot; `None` if it is free, or changes while it is read.
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

    /// Claims the slot of a process that has ended, if `is_dead` says so of what is in the slot.
    pub(crate) fn take_over(&self, claim: Word, is_dead: impl FnOnce(&Snapshot) -> bool) -> bool {
        self.snapshot().is_some_and(|snapshot| is_dead(&snapshot) && self.take(snapshot.word.pack(), claim))
    }

    /// Returns `true` if the slot has a token, and `is_dead` says of what is in the slot that its process has ended.
    /// Returns `false` if the slot changes while it is read.
    pub(crate) fn token_is_dead(&self, token: u32, is_dead: impl FnOnce(&Snapshot) -> bool) -> bool {
        self.snapshot().is_some_and(|snapshot| snapshot.word.token == token && is_dead(&snapshot))
    }

    fn take(&self, found: u64, claim: Word) -> bool {
        let taken = self.word.compare_exchange(found, claim.pack(), AcqRel, Relaxed).is_ok();
        fence(Release);
        taken
    }

    /// Fills the slot that was claimed, and makes it ready. Returns `false` if a peer took it, against the protocol.
    pub(crate) fn fill(&self, claim: Word, details: &Details) -> bool {
        self.pid_namespace.store(details.pid_namespace, Relaxed);
        self.time_namespace.store(details.time_namespace, Relaxed);
        self.start.store(details.start, Relaxed);
        self.since.store(details.since, Relaxed);
        self.exec_id.store(details.exec_id, Relaxed);
        let ready = Word { state: SlotState::Ready, ..claim };
        self.word.compare_exchange(claim.pack(), ready.pack(), AcqRel, Relaxed).is_ok()
    }

    /// Notes that the process attached the object with a layout of more fields than before.
    pub(crate) fn raise_fields(&self, token: u32, fields: u16) {
        if let Some(word) = self.word().filter(|word| word.token == token && word.fields < fields) {
            // Fails only if a peer broke the protocol.
            let _ = self.word.compare_exchange(word.pack(), Word { fields, ..word }.pack(), AcqRel, Relaxed);
        }
    }

    /// Marks the slot as left, because the process has dropped its last handle. The slot stays its own.
    pub(crate) fn leave(&self, token: u32) {
        if let Some(word) = self.word().filter(|word| word.token == token) {
            let left = Word { state: SlotState::Left, ..word };
            // Fails only if a peer broke the protocol: then the slot is not ours any more.
            let _ = self.word.compare_exchange(word.pack(), left.pack(), AcqRel, Relaxed);
        }
    }

    /// Frees a slot that was claimed in vain. The process must not have used the token in the segment: otherwise a lock
    /// word could hold a token that is in no slot, although its process is alive.
    pub(crate) fn give_back(&self, token: u32) {
        if let Some(word) = self.word().filter(|word| word.token == token) {
            // Fails only if a peer broke the protocol.
            let _ = self.word.compare_exchange(word.pack(), 0, AcqRel, Relaxed);
        }
    }
}

/// The number of slots that count, from the first one on. No process has claimed or touched the slots behind them.
///
/// Raised before a slot is claimed, and never lowered. A process that sees the claim, by a token in a lock word or by
/// the fence of [`second_slot`], sees that the slot counts too.
#[repr(transparent)]
#[derive(Debug, Default)]
pub(crate) struct SlotsUsed(AtomicU32);

impl SlotsUsed {
    /// The number after so many claims.
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

    /// Claims the first slot that no process has claimed before.
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

/// Finds a second slot with the same token.
///
/// If two processes drew the same token, and claimed a slot each before they call this, at least one finds the other:
/// the fence orders each claim before the search.
pub(crate) fn second_slot(slots: &[Slot], used: &SlotsUsed, own: &Slot, token: u32) -> Option<Word> {
    fence(SeqCst);
    let others = used.of(slots).iter().filter(|slot| !std::ptr::eq(*slot, own));
    others.filter_map(Slot::word).find(|word| word.token == token)
}
