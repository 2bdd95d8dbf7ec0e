//! The memory of a `Versioned`: control words and two slots; and what is done to it: reading, publishing, waiting.
//!
//! # Bytes
//!
//! Aligned to 64 bytes, or more if the value is. Its size is a multiple of that, the rest after slot 1 unused.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 4 | lock word of the writers: see `lock_word.rs` |
//! | 4 | 4 | flags: bit 0 *starved*, bit 1 *need fence* |
//! | 8 | 4 | bell of those who wait for a newer version: see `version_waiters.rs` |
//! | 12 | 4 | mark of the thread that is the exclusive writer for longer than one store: see `held.rs` |
//! | 16 | 48 | reserved, zero |
//! | 64 | 8 | sequence number: see `seqlock.rs` |
//! | 72 | 8 | reserved, zero |
//! | s | n | slot 0: the even versions, the first being the zeros of a new object |
//! | s + n | n | slot 1: the odd versions |
//!
//! n is the value's size, rounded up to 16, or to its alignment if that is more. s is 80, rounded up to the value's
//! alignment, and to 64 if n is a multiple of 64: a value of up to 16 bytes shares one cache line with its sequence number, a
//! slot of whole lines begins on one, and neither costs a byte, as the whole is rounded up to 64 anyway.
//!
//! The first line is the writers' own, as readers have no business there but to say that they starve: a writer that takes the lock, or looks whether
//! anybody waits, finds the line where it left it, however many read.
//!
//! # Safety
//!
//! Other processes write these bytes while we hold `&VersionedCell`, some of them maybe against the protocol. So
//! - all of it lies in one `UnsafeCell`;
//! - references are made to the control words only, which are atomics: no `&V`, and no reference to a slot, ever exists;
//! - slots are touched only by the copies of [`crate::sync::copy`], which are atomic byte by byte, at addresses that come from
//!   `self`, from constants, and from one bit of the sequence number: nothing read from memory can lead them outside;
//! - what comes out of a slot is bytes (`MaybeUninit<V>`): whether they are a value, `bits.rs` decides.
//!
//! Nothing of this rests on the sequence protocol. A peer that breaks it can make a value torn, not make it unsound.
#![allow(unsafe_code)]

mod write_side;

use std::cell::UnsafeCell;
use std::hint::spin_loop;
use std::mem::{self, MaybeUninit, offset_of};
use std::time::{Duration, Instant};

use super::atomics::Ordering::{Acquire, Relaxed, SeqCst};
use super::atomics::{AtomicU32, AtomicU64};
use super::backoff::{Backoff, Limit};
use super::held;
use crate::sys::shm::Access;

use super::seqlock;
use super::untyped::VersionedPlaces;
use super::version_waiters;
use super::word_lock::{Refused, Taken, acquire};
use crate::layout::view::load_read_only;
use crate::layout::{ShmValue, is_described};
use crate::segment::process;
use crate::sync::copy::{UNIT, Unit, copy_out};
use crate::sys::failpoint::{self, Step};
use crate::sys::{futex, membarrier};

pub(super) use write_side::{Fences, WriteSide};

/// The words that writers have among themselves, and with those who wait: a line of their own.
#[repr(C, align(64))]
struct Control {
    lock: AtomicU32,
    flags: AtomicU32,
    bell: AtomicU32,
    thread: AtomicU32,
    _reserved: [AtomicU32; 12],
}

/// The word that readers look at, and its place before the slots.
#[repr(C, align(16))]
struct Sequence(AtomicU64);

/// A reader was rejected again and again. The next store is preceded by a pause; a [`Writer`](crate::Writer) makes the
/// pause after its store.
const STARVED: u32 = 1 << 0;
/// A process to which the kernel refuses [`membarrier`] waits for versions: the stores of a [`Writer`](crate::Writer) must
/// fence by themselves.
const NEED_FENCE: u32 = 1 << 1;

/// After how many rejections in a row a reader calls itself starved.
const STARVED_AFTER: u32 = 4;

#[repr(C, align(16))]
struct Slot<V>(MaybeUninit<V>);

#[repr(C, align(64))]
struct Memory<V> {
    control: Control,
    sequence: Sequence,
    _slots: [Slot<V>; 2],
}

/// The memory of a `Versioned<V>`, shared with other processes.
#[repr(transparent)]
pub(super) struct VersionedCell<V> {
    // INVARIANT: only the control words are ever referenced; slots are reached by `slot()` alone.
    memory: UnsafeCell<Memory<V>>,
}

// SAFETY: what `&self` gives access to is atomic, byte by byte, and values cross threads only by copy (`V: Send`).
unsafe impl<V: Send + Sync> Sync for VersionedCell<V> {}

impl<V: ShmValue> VersionedCell<V> {
    /// Where the sequence number and the slots are: as anybody computes it who knows the type by its schema only.
    const PLACES: VersionedPlaces = {
        is_described::<V>();
        let Some(at) = VersionedPlaces::of(size_of::<V>() as u64, align_of::<V>() as u64) else {
            panic!("a value that is larger than memory can be")
        };
        assert!(
            at.sequence == offset_of!(Memory<V>, sequence) as u64 && at.slots >= offset_of!(Memory<V>, _slots) as u64
        );
        assert!(at.slots % UNIT as u64 == 0 && at.slots % align_of::<V>() as u64 == 0);
        assert!(at.slot == size_of::<Slot<V>>() as u64 && at.slot % UNIT as u64 == 0);
        assert!(at.size == size_of::<Memory<V>>() as u64 && at.align == align_of::<Memory<V>>() as u64);
        assert!(at.slots + 2 * at.slot <= at.size);
        at
    };

    /// A new one: all bytes zero, so version 0 of a value that is all zero.
    pub(super) fn zeroed() -> Self {
        // SAFETY: zero is valid for atomics, and any bytes are for `MaybeUninit`.
        unsafe { mem::zeroed() }
    }

    /// A new one that holds `value` as version 1, which is in slot 1.
    pub(super) const fn holding(value: V) -> Self {
        let mut memory = MaybeUninit::<Memory<V>>::zeroed();
        let start = memory.as_mut_ptr().cast::<u8>();
        let slot = start.wrapping_add(Self::PLACES.slots as usize + Self::PLACES.slot as usize);
        // SAFETY: in bounds and aligned, as asserted of `PLACES`.
        unsafe { slot.cast::<V>().write(value) };
        // SAFETY: in bounds and aligned, as above.
        unsafe { start.wrapping_add(Self::PLACES.sequence as usize).cast::<u64>().write(seqlock::stable_at(1)) };
        // SAFETY: zero is valid for atomics, as is any number; and any bytes are for `MaybeUninit`.
        Self { memory: UnsafeCell::new(unsafe { memory.assume_init() }) }
    }

    #[inline(always)]
    fn control(&self) -> &Control {
        // SAFETY: in bounds and aligned, as `self` is; nothing but atomics, which others may write meanwhile.
        unsafe { &*self.memory.get().cast::<Control>() }
    }

    #[inline(always)]
    fn sequence(&self) -> &AtomicU64 {
        let at = self.memory.get().cast::<u8>().wrapping_add(Self::PLACES.sequence as usize);
        // SAFETY: in bounds and aligned, as asserted of `PLACES`; an atomic, which others may write meanwhile.
        unsafe { &*at.cast::<AtomicU64>() }
    }

    /// Slot 0 or 1: writable, through the cell, for `PLACES.slot` bytes. Never made a reference.
    #[inline(always)]
    fn slot(&self, index: usize) -> *mut Unit {
        let offset = Self::PLACES.slots as usize + (index & 1) * Self::PLACES.slot as usize;
        self.memory.get().cast::<u8>().wrapping_add(offset).cast()
    }

    /// The number of the newest version. What was done before it was stored is seen after this.
    #[inline]
    pub(super) fn version(&self) -> u64 {
        seqlock::version(load_read_only(Acquire, || self.sequence().load(Relaxed)))
    }

    /// Copies the newest version's bytes, all of them, and returns its number.
    ///
    /// Waits for nobody, but may have to begin again while others write flat out: after some attempts it then asks them
    /// for a pause, unless it may only read, as that writes to the memory.
    #[inline(always)]
    pub(super) fn read(&self, value: &mut MaybeUninit<V>, access: Access) -> u64 {
        match self.try_read(value) {
            Some(version) => version,
            None => self.read_again(value, access, None).expect("there is no deadline"),
        }
    }

    /// [`read`](Self::read), for not much longer than `timeout`: then `None`, and `value` means nothing.
    pub(super) fn read_within(&self, value: &mut MaybeUninit<V>, access: Access, timeout: Duration) -> Option<u64> {
        let limit = Backoff::new(Limit::Within(timeout));
        self.try_read(value).or_else(|| self.read_again(value, access, Some(&limit)))
    }

    #[cold]
    fn read_again(&self, value: &mut MaybeUninit<V>, access: Access, limit: Option<&Backoff>) -> Option<u64> {
        let mut rejections = 1;
        loop {
            spin_loop();
            if let Some(version) = self.try_read(value) {
                return Some(version);
            }
            rejections += 1;
            if access == Access::ReadWrite && rejections >= STARVED_AFTER {
                self.ask_for_pause();
            }
            if limit.is_some_and(Backoff::is_over) {
                return None;
            }
        }
    }

    /// Copies the newest version's bytes once: all bytes of `value` are initialized, and if there is a version number
    /// they belong together.
    #[inline(always)]
    fn try_read(&self, value: &mut MaybeUninit<V>) -> Option<u64> {
        seqlock::try_read(self.sequence(), |slot| {
            // SAFETY: a slot of ours, aligned, a whole number of units; and `value` is a V's own memory.
            unsafe { copy_out(self.slot(slot), value.as_mut_ptr()) }
        })
    }

    /// Takes the right to store: no other thread stores until it is dropped.
    ///
    /// A process that died with it has changed nothing: what it had begun to write is not valid, and written again.
    #[inline(always)]
    pub(super) fn write_side(&self, limit: Limit) -> Result<WriteSide<'_, V>, Refused> {
        let token = process::token();
        let control = self.control();
        if acquire(&control.lock, &control.thread, token, limit)? == Taken::FromTheDead {
            held::leave(&control.thread);
        }
        failpoint::reach(Step::WriteSideTaken);
        Ok(WriteSide { cell: self, token, token_now: process::token_word() })
    }

    /// Sleeps, for a slice at most, unless there is a version newer than `seen`. Returns whether there is.
    ///
    /// A waiter that may only read announces nothing, so that nothing but the slice ends its sleep.
    pub(super) fn sleep_unless_newer(&self, seen: u64, access: Access, slice: Duration) -> bool {
        let bell = &self.control().bell;
        let expected = match access {
            Access::ReadWrite => self.announce_waiter(),
            Access::ReadOnly => bell.load(Relaxed),
        };
        failpoint::reach(Step::VersionAwaited);
        if self.version() <= seen {
            futex::wait(bell, expected, slice);
        }
        self.version() > seen
    }

    /// From here on, whoever stores a version that we do not see yet knows that somebody waits. Returns what the bell is
    /// as long as it is not rung.
    fn announce_waiter(&self) -> u32 {
        let control = self.control();
        let announced = version_waiters::announce(&control.lock, &control.bell);
        if announced.is_held && !membarrier::everywhere() {
            control.flags.fetch_or(NEED_FENCE, SeqCst);
        }
        announced.bell
    }

    fn wake_waiters(&self) {
        futex::wake(&self.control().bell, futex::ALL);
    }

    /// Sets the flag that makes the next store wait a moment first.
    fn ask_for_pause(&self) {
        let flags = &self.control().flags;
        if flags.load(Relaxed) & STARVED == 0 {
            flags.fetch_or(STARVED, Relaxed);
        }
    }

    /// Gives starved readers time to copy the newest version, before it is one of two again.
    #[cold]
    fn pause_for_readers(&self) {
        self.control().flags.fetch_and(!STARVED, Relaxed);
        let start = Instant::now();
        while start.elapsed() < Self::PAUSE {
            spin_loop();
        }
    }

    /// Two copies of a value whose lines are in another core's cache: some 150 ns until the first arrives, then about
    /// 16 bytes a nanosecond.
    const PAUSE: Duration = Duration::from_nanos(2 * (150 + size_of::<V>() as u64 / 16));
}

const _: () = {
    assert!(offset_of!(Control, lock) == 0);
    assert!(offset_of!(Control, flags) == 4);
    assert!(offset_of!(Control, bell) == 8);
    assert!(offset_of!(Control, thread) == 12);
    assert!(offset_of!(Memory<u64>, control) == 0);
};
