//! shmstore: frames.

use std::path::Path;

use ::shmstore::{Frames, ShmObject, Store};

use super::frames::{Hand, Hold, Pin, Publish, WORDS};
use super::shmstore::kept;
use super::{Poll, SECOND, Sides, Talk};
use crate::Failure;

/// Frames of 4 MiB, with a word of metadata.
type Values = Frames<u64, WORDS, 4, u64>;

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

impl Pin for Pins {
    #[inline]
    fn next(&mut self) -> Option<u64> {
        if self.values.newest_number() == self.seen {
            return None;
        }
        let frame = self.values.pin_newest().expect("an entry for a pin").expect("a frame");
        self.seen = frame.number();
        Some(*frame.meta())
    }
}

impl Hold for Pins {
    #[inline]
    fn hold(&mut self) -> u64 {
        *self.values.pin_newest().expect("an entry for a pin").expect("a frame").meta()
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
