//! The models have three slots, two pins, and processes that do some operations each. All but one or two of them may
//! be killed at any access.
//!
//! - A frame that is pinned and valid does not change.
//! - The newest frame is published and whole, and its slot is never loaned.
//! - Each number is given once, and none is left out.
//! - The living always go on.
//! - At each end, after the slots of the dead were reaped, all but one can be loaned.

mod memory;

use std::hash::{Hash, Hasher};

use self::memory::{CONTENTS, K, LINE, LOCK, NEWEST, NOTES, PIN_WORDS, PINS, SLOTS, WORDS, Words};
use super::atomics::Ordering::Relaxed;
use super::atomics::{self, AtomicU64};
use super::pins::{self, Pin, Pinning};
use super::protocol;
use super::word::{FrameAt, number, published};
use crate::explorer::{Access, Model, Process, access, alone};

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Role {
    /// It loans, fills, and publishes or gives back.
    Writer,
    /// As a writer, but it publishes without the lock.
    Careless,
    /// It pins the newest frame, or an older one, and reads it.
    Reader,
    /// It pins the newest frame under the lock, as a reader whose attempts without it have failed.
    Locked,
    /// It pins one frame after another.
    Follower { seen: u64 },
    /// It reads the newest frame without a pin.
    Viewer,
    /// It removes what dead processes have left.
    Reaper,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    /// It has found no slot.
    Reap,
    /// It has reaped.
    LoanAgain,
    Loaned(u64),
    Filled(u64),
    Pinned(Pin),
    Read(Pin),
}

impl Hash for At {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Self::Loaned(slot) | Self::Filled(slot) => slot.hash(state),
            Self::Pinned(pin) | Self::Read(pin) => pin.frame.number.hash(state),
            Self::Start | Self::Reap | Self::LoanAgain => {}
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct One {
    token: u32,
    /// The number of pins that there are.
    pins: usize,
    role: Role,
    /// The operations that are left.
    left: u64,
    at: At,
}

fn lock(token: u32) {
    access(Access::Lock(LOCK, token.into()));
}

fn unlock() {
    AtomicU64(LOCK).store(0, Relaxed);
}

fn contents(slot: u64) -> [AtomicU64; 2] {
    [0, 1].map(|half| AtomicU64(CONTENTS + 2 * slot as usize + half))
}

/// The content of the frame with this number.
fn noted(number: u64) -> u64 {
    access(Access::Peek(NOTES + number as usize))
}

fn reap(words: &Words) {
    protocol::reap(&words, |token| access(Access::IsDead(token.into())) != 0);
}

impl Process for One {
    fn step(self) -> Option<Self> {
        let words = &&Words::with(self.pins);
        let token = self.token;
        let ended = Self { left: self.left.wrapping_sub(1), at: At::Start, ..self };
        let next = |at| Some(Self { at, ..self });
        if self.left == 0 {
            return None;
        }
        match (self.at, self.role) {
            (At::Start | At::LoanAgain, Role::Writer | Role::Careless) => {
                lock(token);
                protocol::recover(words);
                let loaned = protocol::loan(words, token).slot;
                unlock();
                match (loaned, self.at) {
                    (Some(slot), _) => next(At::Loaned(slot)),
                    (None, At::Start) => next(At::Reap),
                    (None, _) => Some(ended),
                }
            }
            (At::Reap, _) => {
                reap(words);
                next(At::LoanAgain)
            }
            (At::Loaned(slot), _) => {
                contents(slot).iter().for_each(|half| half.store(100 * u64::from(token) + self.left, Relaxed));
                next(At::Filled(slot))
            }
            (At::Filled(slot), _) => {
                if access(Access::Choose(2)) == 0 {
                    assert!(protocol::give_back(words, token, slot), "no process takes it from the living");
                    return Some(ended);
                }
                if self.role != Role::Careless {
                    lock(token);
                }
                protocol::recover(words);
                protocol::publish(words, token, slot).expect("no process takes it from the living");
                if self.role != Role::Careless {
                    unlock();
                }
                Some(ended)
            }
            (At::Start, Role::Reader) => {
                let newest = FrameAt::of(access(Access::Peek(NEWEST))).number;
                let pinning = match access(Access::Choose(3)) {
                    0 => pins::pin_newest(words, token),
                    older => pins::pin(words, token, newest.saturating_sub(older)),
                };
                match pinning {
                    Pinning::Pinned(pin) | Pinning::Moved(pin) => next(At::Pinned(pin)),
                    Pinning::NoFrame | Pinning::Full => Some(ended),
                    Pinning::Disturbed => panic!("it is replaced a few times at most"),
                }
            }
            (At::Start, Role::Locked) => {
                lock(token);
                protocol::recover(words);
                let pinning = pins::pin_newest(words, token);
                unlock();
                match pinning {
                    Pinning::Pinned(pin) => next(At::Pinned(pin)),
                    Pinning::NoFrame | Pinning::Full => Some(ended),
                    Pinning::Moved(_) | Pinning::Disturbed => panic!("no process replaces it under the lock"),
                }
            }
            (At::Start, Role::Follower { seen }) => match pins::pin_after(words, token, seen) {
                Pinning::Pinned(pin) | Pinning::Moved(pin) => {
                    assert!(pin.frame.number >= seen, "it never goes back");
                    Some(Self { role: Role::Follower { seen: pin.frame.number }, at: At::Pinned(pin), ..self })
                }
                Pinning::NoFrame | Pinning::Full => Some(ended),
                Pinning::Disturbed => panic!("it is replaced a few times at most"),
            },
            (At::Start, Role::Viewer) => {
                let frame = protocol::newest(words);
                if frame.number != 0 {
                    let halves = contents(frame.slot).map(|half| half.load(Relaxed));
                    let is_there = pins::is_still_there(words, frame);
                    assert!(!is_there || halves == [noted(frame.number); 2], "an accepted frame is whole");
                }
                Some(ended)
            }
            (At::Pinned(pin), _) => {
                let halves = contents(pin.frame.slot).map(|half| half.load(Relaxed));
                assert_eq!(halves, [noted(pin.frame.number); 2], "a pinned frame does not change");
                next(At::Read(pin))
            }
            (At::Read(pin), _) => {
                assert!(pins::unpin(words, pin), "no process takes it from the living");
                Some(ended)
            }
            (At::Start, Role::Reaper) => {
                reap(words);
                Some(ended)
            }
            (At::LoanAgain, _) => unreachable!("only writers loan"),
        }
    }
}

/// Checks what a store has changed, and notes the content of each frame.
fn watch(before: &[u64], after: &mut [u64], word: usize) -> Result<(), &'static str> {
    let check = |holds: bool, what: &'static str| if holds { Ok(()) } else { Err(what) };
    let (was, is) = (FrameAt::of(before[NEWEST]), FrameAt::of(after[NEWEST]));
    if (SLOTS..PIN_WORDS).contains(&word) && number(after[word]) != 0 {
        let content = CONTENTS + 2 * (word - SLOTS);
        check(after[content] == after[content + 1], "a published frame is not whole")?;
        let note = NOTES + number(after[word]) as usize;
        check(after[note] == 0 || after[note] == after[content], "a number was given twice")?;
        after[note] = after[content];
    }
    if word == NEWEST && is != was {
        check(is.number == was.number + 1, "the numbers have a gap")?;
    }
    if is.number != 0 {
        let (slot, content) = (is.slot as usize, CONTENTS + 2 * is.slot as usize);
        check(after[SLOTS + slot] == published(is.number), "the newest frame is not published")?;
        let note = after[NOTES + is.number as usize];
        check([after[content], after[content + 1]] == [note; 2], "the newest frame is not whole")?;
    }
    Ok(())
}

/// A fresh process finds everything in order.
fn end(memory: &[u64], dead: &[u64]) {
    const FRESH: u32 = 99;
    let words = &&Words::with(LINE);
    alone(memory, dead, || {
        protocol::recover(words);
        reap(words);
        let newest = protocol::newest(words);
        let has_pin = (PIN_WORDS..CONTENTS).any(|word| AtomicU64(word).load(Relaxed) != 0);
        assert!(!has_pin, "a pin is left");
        let loans = [(); K + 1].map(|()| protocol::loan(words, FRESH).slot);
        let slots = if newest.number == 0 { K } else { K - 1 };
        assert_eq!(loans.iter().flatten().count(), slots, "a slot is lost");
        match pins::pin_newest(words, FRESH) {
            Pinning::Pinned(pin) => assert_eq!(pin.frame, newest),
            Pinning::Moved(_) => panic!("no other process is there"),
            Pinning::NoFrame => assert_eq!(newest.number, 0),
            Pinning::Full | Pinning::Disturbed => panic!("the newest frame can always be pinned"),
        }
    });
}

/// Explores processes with these roles and numbers of operations, of which so many are killed. At the start there is a
/// frame in each slot, or none.
fn explore<const N: usize>(is_full: bool, processes: [(Role, u64); N], kills: u32) -> usize {
    explore_with(PINS, is_full, processes, kills)
}

fn explore_with<const N: usize>(pins: usize, is_full: bool, processes: [(Role, u64); N], kills: u32) -> usize {
    let mut memory = vec![0; WORDS];
    if is_full {
        for slot in 0..K {
            let number = slot as u64 + 1;
            memory[SLOTS + slot] = published(number);
            for word in [CONTENTS + 2 * slot, CONTENTS + 2 * slot + 1, NOTES + slot + 1] {
                memory[word] = 50 + number;
            }
        }
        memory[NEWEST] = FrameAt { number: K as u64, slot: K as u64 - 1 }.word();
    }
    let one = |(token, (role, left)): (u32, (Role, u64))| One { token, pins, role, left, at: At::Start };
    let processes = (1..).zip(processes).map(one).collect();
    let states = Model { memory, processes, kills, watch, end }.explore();
    println!("{states} states");
    states
}

use Role::{Careless, Follower, Locked, Reader, Reaper, Viewer, Writer};

pub(crate) fn a_writer_and_a_reader() {
    explore(true, [(Writer, 3), (Reader, 3)], 1);
    explore(true, [(Writer, 2), (Follower { seen: 1 }, 2)], 1);
    explore(false, [(Writer, 2), (Reader, 2)], 1);
}

/// There are as many pins as a loan reads at a time.
pub(crate) fn a_line_of_pins() {
    explore_with(LINE, true, [(Writer, 2), (Reader, 2)], 1);
    explore_with(LINE, true, [(Writer, 1), (Reader, 1), (Reader, 1)], 1);
}

pub(crate) fn two_writers() {
    explore(true, [(Writer, 2), (Writer, 2)], 2);
    explore(false, [(Writer, 2), (Writer, 1)], 2);
}

pub(crate) fn two_readers() {
    explore(true, [(Writer, 2), (Reader, 1), (Reader, 1)], 1);
}

pub(crate) fn two_writers_and_a_reader() {
    explore(true, [(Writer, 2), (Writer, 1), (Reader, 1)], 1);
    explore(true, [(Writer, 1), (Writer, 1), (Reader, 1)], 2);
}

pub(crate) fn a_reader_with_the_lock() {
    explore(true, [(Writer, 2), (Locked, 2)], 1);
    explore(true, [(Writer, 1), (Writer, 1), (Locked, 1)], 1);
}

/// One of those that reap goes on for a process that had the same pin or loan before.
pub(crate) fn two_reapers() {
    explore(true, [(Reader, 1), (Reaper, 1), (Reaper, 1), (Reader, 1)], 1);
    explore(true, [(Writer, 1), (Reaper, 1), (Reaper, 1), (Writer, 1)], 1);
}

pub(crate) fn readers_without_pins() {
    explore(true, [(Writer, 3), (Viewer, 2)], 1);
    explore(true, [(Writer, 1), (Writer, 1), (Viewer, 1)], 1);
}

/// The explorer finds that a number is given twice, or left out.
pub(crate) fn two_writers_publish_without_the_lock() {
    explore(true, [(Writer, 1), (Careless, 1)], 0);
}
