//! shmstore: frames, and a `Versioned` of the same size, which is copied in and out.
//!
//! # Safety
//!
//! Relies on the other process, which changes the frames only by their own methods.
#![allow(unsafe_code)]

use std::path::Path;

use ::shmstore::frames::Pinned;
use ::shmstore::{Frames, Shared, ShmObject, ShmValue, Store, Versioned};

use super::frames::{Fill, Hand, Hold, Pin, Publish, Sum, WORDS, fill_words, sum_words};
use super::shmstore::kept;
use super::{Poll, SECOND, Sides, Talk};
use crate::Failure;
use crate::payload::Payload;

/// Frames of 4 MiB, with a word of metadata. Three slots are enough for a writer and a reader that drops a pin before the
/// next one.
type Values = Frames<u64, WORDS, 3, u64>;

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'E')]
struct Object {
    values: Values,
}

/// Frames in one direction.
pub struct Framed;

/// The read side.
pub struct Pins {
    values: &'static Values,
    seen: u64,
}

impl Hand for Framed {
    const NAME: &'static str = "shmstore";
    type Writer = &'static Values;
    type Reader = Pins;

    fn create(directory: &Path) -> Result<&'static Values, Failure> {
        let values = &kept(Store::open(directory)?.create::<Object>()?).values;
        values.prefault()?;
        Ok(values)
    }

    fn open(directory: &Path) -> Result<Pins, Failure> {
        let values = &kept(Store::open(directory)?.attach::<Object>()?).values;
        values.prefault()?;
        Ok(Pins { values, seen: values.newest_number() })
    }
}

impl Publish for &'static Values {
    #[inline]
    fn publish(&mut self, word: impl FnOnce() -> u64) {
        let mut frame = self.try_loan().expect("a slot");
        frame.set_meta(word());
        frame.publish().expect("a slot of this process");
    }
}

impl Pins {
    /// Pins the next frame.
    #[inline]
    fn pinned(&mut self) -> Option<Pinned<'static, u64, WORDS, 3, u64>> {
        if self.values.newest_number() == self.seen {
            return None;
        }
        let frame = self.values.pin_newest().expect("an entry for a pin").expect("a frame");
        self.seen = frame.number();
        Some(frame)
    }
}

impl Pin for Pins {
    #[inline]
    fn next(&mut self) -> Option<u64> {
        self.pinned().map(|frame| *frame.meta())
    }
}

impl Hold for Pins {
    #[inline]
    fn hold(&mut self) -> u64 {
        *self.values.pin_newest().expect("an entry for a pin").expect("a frame").meta()
    }
}

impl Fill for &'static Values {
    fn fill(&mut self, first: u64) {
        let mut frame = self.try_loan().expect("a slot");
        let filled = frame.fill(WORDS, |at, block| fill_words(block, first.wrapping_add(at as u64)));
        filled.expect("room for so many");
        frame.publish().expect("a slot of this process");
    }
}

impl Sum for Pins {
    fn sum(&mut self) -> Option<u64> {
        let frame = self.pinned()?;
        let mut sum = 0_u64;
        frame.blocks(|_, block| sum = sum.wrapping_add(sum_words(block)));
        Some(sum)
    }
}

/// The same, by slices in place.
pub struct FramedInPlace;

/// The write side by slices.
pub struct Writes(&'static Values);

/// The read side by slices.
pub struct Reads(Pins);

impl Hand for FramedInPlace {
    const NAME: &'static str = "shmstore, unsafe slices";
    type Writer = Writes;
    type Reader = Reads;

    fn create(directory: &Path) -> Result<Writes, Failure> {
        Framed::create(directory).map(Writes)
    }

    fn open(directory: &Path) -> Result<Reads, Failure> {
        Framed::open(directory).map(Reads)
    }
}

impl Fill for Writes {
    fn fill(&mut self, first: u64) {
        let mut frame = self.0.try_loan().expect("a slot");
        frame.set_len(WORDS).expect("room for so many");
        // SAFETY: the other process reads published frames alone.
        fill_words(unsafe { frame.as_mut_slice() }, first);
        frame.publish().expect("a slot of this process");
    }
}

impl Sum for Reads {
    fn sum(&mut self) -> Option<u64> {
        let frame = self.0.pinned()?;
        // SAFETY: no process writes a pinned frame but by a mistake.
        Some(sum_words(unsafe { frame.as_slice() }))
    }
}

/// A `Versioned`.
pub struct Copied;

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'K')]
struct Large {
    value: Versioned<Payload<WORDS>>,
}

/// Either side, with a copy of its own.
pub struct Copying {
    value: &'static Versioned<Payload<WORDS>>,
    copy: Box<Payload<WORDS>>,
    seen: u64,
}

impl Copying {
    fn of(object: Shared<Large>) -> Self {
        let value = &kept(object).value;
        Self { value, copy: Payload::zeroed_box(), seen: value.version() }
    }
}

impl Hand for Copied {
    const NAME: &'static str = "shmstore, Versioned";
    type Writer = Copying;
    type Reader = Copying;

    fn create(directory: &Path) -> Result<Copying, Failure> {
        Ok(Copying::of(Store::open(directory)?.create()?))
    }

    fn open(directory: &Path) -> Result<Copying, Failure> {
        Ok(Copying::of(Store::open(directory)?.attach()?))
    }
}

impl Fill for Copying {
    fn fill(&mut self, first: u64) {
        fill_words(&mut self.copy.0, first);
        self.value.store_from(&self.copy);
    }
}

impl Sum for Copying {
    fn sum(&mut self) -> Option<u64> {
        if self.value.version() == self.seen {
            return None;
        }
        self.seen = self.value.load_into(&mut self.copy);
        Some(sum_words(&self.copy.0))
    }
}

/// Frames in both directions.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'G')]
struct Both {
    calls: Values,
    answers: Values,
}

/// One side of a conversation.
pub struct Framing {
    tells: &'static Values,
    hears: Pins,
}

impl Framing {
    fn of(tells: &'static Values, hears: &'static Values) -> Result<Self, Failure> {
        tells.prefault()?;
        hears.prefault()?;
        Ok(Self { tells, hears: Pins { values: hears, seen: 0 } })
    }
}

impl Sides for Framing {
    const NAME: &'static str = "shmstore";

    fn create(directory: &Path) -> Result<Self, Failure> {
        let Both { calls, answers } = kept(Store::open(directory)?.create()?);
        Self::of(answers, calls)
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        let Both { calls, answers } = kept(Store::open(directory)?.attach()?);
        Self::of(calls, answers)
    }
}

impl Poll for Framing {
    #[inline]
    fn tell(&mut self, number: u64) {
        self.tells.publish(|| number);
    }

    #[inline]
    fn hears(&mut self, number: u64) -> bool {
        self.hears.next() == Some(number)
    }
}

/// One side of a conversation, which sleeps.
pub struct FramingAsleep(Framing);

impl Sides for FramingAsleep {
    const NAME: &'static str = "shmstore";

    fn create(directory: &Path) -> Result<Self, Failure> {
        Framing::create(directory).map(Self)
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        Framing::open(directory).map(Self)
    }
}

impl Talk for FramingAsleep {
    fn call(&mut self) {
        self.answer();
        assert!(self.receive(), "the other process does not answer");
    }

    fn receive(&mut self) -> bool {
        let Pins { values, seen } = &mut self.0.hears;
        let frame = values.wait_newer(*seen, SECOND);
        frame.map(|frame| *seen = frame.number()).is_ok()
    }

    fn answer(&mut self) {
        self.0.tells.publish(|| 0);
    }
}
