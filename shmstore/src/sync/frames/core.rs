//! Frames of any type: loans, publications and pins, with the lock, the waits and the errors around the protocol.

use std::time::{Duration, Instant};

use super::conditions::LoanableSlot;
use super::memory::{WordRefs, Writers};
use super::pins::{self, Pin, Pinning};
use super::protocol::{self, FrameWords};
use super::word::{self, FrameAt};
use crate::error::{LoanError, PinError, SlotUsers};
use crate::segment::this_process;
use crate::segment::this_process::registry::segment_at;
use crate::sync::atomics::Ordering::{Relaxed, Release};
use crate::sync::backoff::{Left, Limit};
use crate::sync::copy::prepare_copy_in;
use crate::sync::describe::{PartRef, or_panic};
use crate::sync::event_word;
use crate::sync::judge::Judge;
use crate::sync::side::Held;
use crate::sync::waiting::wait_for;
use crate::sys::failpoint::{self, Step};
use crate::sys::futex;

/// Every such loan reaps. Until then, a slot of a dead process has no frame, so fewer old frames are there.
const LOANS_BETWEEN_REAPS: u32 = 16;

/// The time for the lock in which a reader pins the newest frame that was replaced at each attempt.
const TO_LOCK: Duration = Duration::from_millis(10);

#[derive(Clone, Copy)]
pub(super) struct Core<'a> {
    pub(super) writers: &'a Writers,
    pub(super) words: WordRefs<'a>,
    pub(super) part: PartRef,
}

/// A slot that this process fills.
#[derive(Debug, Clone, Copy)]
pub(super) struct Loan {
    pub(super) slot: u64,
    pub(super) token: u32,
}

impl<'a> Core<'a> {
    /// Loans a slot, and waits for one.
    #[inline(always)]
    pub(super) fn loan(&self, limit: Limit) -> Result<Loan, LoanError> {
        let mut left = Left::of(limit);
        loop {
            let held = self.writers.side.lock_within(&mut left, self.part)?;
            let (token, has_recovered) = (held.token(), protocol::recover(&self.words));
            let loaned = protocol::loan(&self.words, token);
            let loans = self.writers.loans.load(Relaxed).wrapping_add(1);
            self.writers.loans.store(loans, Release);
            if has_recovered {
                self.unlock_and_wake(held);
            } else {
                held.free_without_news();
                if loaned.has_backed_off {
                    self.tell_room();
                }
            }
            if let Some(slot) = loaned.slot {
                if loans % LOANS_BETWEEN_REAPS == 0 {
                    self.reap();
                }
                return Ok(Loan { slot, token });
            }
            self.wait_for_slot(&mut left)?;
        }
    }

    /// Waits until there may be a slot. Before that, slots of dead processes are brought back.
    #[cold]
    fn wait_for_slot(self, left: &mut Left) -> Result<(), LoanError> {
        if left.is_first() && self.reap() {
            return Ok(());
        }
        if left.limit() == Limit::Never || left.is_over() {
            return Err(self.full(left.waited()));
        }
        let waited = wait_for(&LoanableSlot(self), left.duration());
        waited.map_err(|error| LoanError::of_wait(error).unwrap_or_else(|| self.full(left.waited())))
    }

    fn full(&self, waited: Duration) -> LoanError {
        let frames = if waited.is_zero() { self.part.kind() } else { self.part.name() };
        let filled_by = self.pids(self.words.slots().iter().map(|slot| word::writer(slot.load(Relaxed))));
        let users = Box::new(SlotUsers { pinned_by: self.pinned_by(), filled_by });
        LoanError::Full { frames, users, waited }
    }

    fn pinned_by(&self) -> Vec<u32> {
        self.pids(self.words.pins().iter().map(|pin| word::reader(pin.load(Relaxed))))
    }

    /// The processes that have these tokens, each once.
    fn pids(&self, tokens: impl Iterator<Item = u32>) -> Vec<u32> {
        let mut tokens: Vec<u32> = tokens.filter(|token| *token != 0).collect();
        tokens.sort_unstable();
        tokens.dedup();
        let (segment, ours) = (segment_at(self.part.address()), this_process::current_token());
        let pid_of = |token| match &segment {
            _ if token == ours => Some(std::process::id()),
            Some(segment) => segment.pid_of(token),
            None => None,
        };
        tokens.into_iter().filter_map(pid_of).collect()
    }

    /// Publishes a frame, and wakes the readers. Returns its number. `None` if this process no longer has the slot.
    #[inline(always)]
    pub(super) fn publish(&self, loan: Loan) -> Option<u64> {
        let held = or_panic(self.writers.side.lock_within(&mut Left::of(Limit::Forever), self.part));
        protocol::recover(&self.words);
        let number = protocol::publish(&self.words, loan.token, loan.slot);
        self.unlock_and_wake(held);
        number
    }

    /// Frees the lock after a frame was published, and wakes all that wait. The frame that was the newest one may be
    /// overwritten now.
    #[inline(always)]
    fn unlock_and_wake(&self, held: Held<'_>) {
        drop(held);
        self.tell_room();
    }

    /// Gives a slot back that was not published.
    pub(super) fn give_back(&self, loan: Loan) {
        protocol::give_back(&self.words, loan.token, loan.slot);
        failpoint::reach(Step::Unpinned);
        self.tell_room();
    }

    /// Hints that this process is about to pin a frame, so that the line of its entry comes while the newest frame is
    /// looked up.
    #[inline(always)]
    pub(super) fn prepare_to_pin(&self) {
        let pins = self.words.pins();
        let first = &pins[pins::first_entry(this_process::token()) % pins.len()];
        prepare_copy_in::<u64>(first.as_ptr().cast());
    }

    /// Pins the newest frame.
    #[inline(always)]
    pub(super) fn pin_newest(&self) -> Result<Option<Pin>, PinError> {
        self.pin_by(pins::pin_newest)
    }

    /// Pins the frame after `seen`, or the oldest later one that is there.
    pub(super) fn pin_after(&self, seen: u64) -> Result<Option<Pin>, PinError> {
        self.pin_by(|words, token| pins::pin_after(words, token, seen))
    }

    /// Pins the frame with this number.
    pub(super) fn pin(&self, number: u64) -> Result<Option<Pin>, PinError> {
        self.pin_by(|words, token| pins::pin(words, token, number))
    }

    #[inline(always)]
    fn pin_by(&self, pin: impl Fn(&WordRefs<'a>, u32) -> Pinning) -> Result<Option<Pin>, PinError> {
        let pinning = self.pin_once(&pin);
        pinned(pinning, || self.pin_after_reap(pin), || self.pin_under_lock())
    }

    #[inline(always)]
    fn pin_once(&self, pin: &impl Fn(&WordRefs<'a>, u32) -> Pinning) -> Pinning {
        let pinning = pin(&self.words, this_process::token());
        if !matches!(pinning, Pinning::Pinned(_)) {
            self.tell_room();
        }
        pinning
    }

    /// Pins the newest frame under the lock, where no writer replaces it.
    #[cold]
    fn pin_under_lock(self) -> Result<Option<Pin>, PinError> {
        let started = Instant::now();
        let disturbed = || PinError::Disturbed { frames: self.part.name(), waited: started.elapsed() };
        let held = self.writers.side.lock(Limit::Within(TO_LOCK)).map_err(|_| disturbed())?;
        protocol::recover(&self.words);
        let pinning = pins::pin_newest(&self.words, held.token());
        self.unlock_and_wake(held);
        // Only a peer that breaks the protocol disturbs it under the lock.
        pinned(pinning, || self.pin_after_reap(pins::pin_newest), || Err(disturbed()))
    }

    /// Pins a frame once more, after the entries of dead processes were removed.
    #[cold]
    fn pin_after_reap(self, pin: impl Fn(&WordRefs<'a>, u32) -> Pinning) -> Result<Option<Pin>, PinError> {
        self.reap();
        let full = || Err(PinError::Full { frames: self.part.name(), pinned_by: self.pinned_by() });
        let disturbed = || Err(PinError::Disturbed { frames: self.part.name(), waited: Duration::ZERO });
        pinned(self.pin_once(&pin), full, disturbed)
    }

    /// Removes a pin, and wakes the writers.
    #[inline(always)]
    pub(super) fn unpin(&self, pin: Pin) {
        pins::unpin(&self.words, pin);
        failpoint::reach(Step::Unpinned);
        self.tell_room();
    }

    /// Wakes the writers that wait for a slot. The caller has made one free by a read-modify-write just before, or has
    /// freed the lock since.
    #[inline(always)]
    fn tell_room(&self) {
        if event_word::notify_after_rmw(&self.writers.room) {
            self.wake_writers();
        }
    }

    #[cold]
    fn wake_writers(self) {
        failpoint::reach(Step::EventUnwoken);
        futex::wake(&self.writers.room, futex::ALL);
    }

    /// Removes the pins and the loans of dead processes. Returns `true` if there were any.
    #[cold]
    pub(super) fn reap(self) -> bool {
        let mut judge = Judge::of(self.part);
        let has_reaped = protocol::reap(&self.words, |token| judge.is_dead(token));
        if has_reaped {
            failpoint::reach(Step::Reaped);
            self.tell_room();
        }
        has_reaped
    }

    /// Completes the publication of a process that died in it.
    pub(super) fn settle(&self) {
        if protocol::is_half_published(&self.words) {
            if let Some(held) = self.writers.side.lock_of_dead() {
                protocol::recover(&self.words);
                self.unlock_and_wake(held);
            }
        }
    }

    /// The newest frame. Its number is 0 if there is none.
    pub(super) fn newest(&self) -> FrameAt {
        protocol::newest(&self.words)
    }
}

/// Returns the pin of an attempt, `None` if there is no such frame, or what another attempt comes to.
#[inline(always)]
fn pinned(
    pinning: Pinning,
    if_full: impl FnOnce() -> Result<Option<Pin>, PinError>,
    if_disturbed: impl FnOnce() -> Result<Option<Pin>, PinError>,
) -> Result<Option<Pin>, PinError> {
    match pinning {
        Pinning::Pinned(pin) | Pinning::Moved(pin) => Ok(Some(pin)),
        Pinning::NoFrame => Ok(None),
        Pinning::Full => if_full(),
        Pinning::Disturbed => if_disturbed(),
    }
}
