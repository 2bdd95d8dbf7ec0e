//! ringfire's blackboard (one writer, plain copies under a sequence number), and a ring for each direction, polled.
//!
//! In its favor: a reader takes the value as it is returned, without another copy to the common destination.

use std::hint::black_box;
use std::path::{Path, PathBuf};

use ::ringfire::{BlackboardConsumer, BlackboardProducer, RingConsumer, RingProducer};

use super::{Board, Poll, Read, Reads, Sides, Whole, Write};
use crate::Failure;
use crate::payload::Payload;

/// A table with one key.
pub struct Ringfire;

const NAME: &str = "ringfire";

fn file(directory: &Path) -> PathBuf {
    directory.join(NAME)
}

impl Board for Ringfire {
    const NAME: &'static str = NAME;
    type Writer<const WORDS: usize> = BlackboardProducer<Payload<WORDS>>;
    type Reader<const WORDS: usize> = BlackboardConsumer<Payload<WORDS>>;

    fn create<const WORDS: usize>(directory: &Path) -> Result<Self::Writer<WORDS>, Failure> {
        let mut writer = BlackboardProducer::create(file(directory), 1)?;
        writer.write(0, &Payload::filled(1))?;
        Ok(writer)
    }

    fn open<const WORDS: usize>(directory: &Path) -> Result<Self::Reader<WORDS>, Failure> {
        Ok(BlackboardConsumer::attach(file(directory))?)
    }
}

impl<const WORDS: usize> Write<WORDS> for BlackboardProducer<Payload<WORDS>> {
    #[inline]
    fn write(&mut self, value: &Payload<WORDS>) {
        BlackboardProducer::write(self, 0, value).expect("key 0 of one");
    }
}

impl<const WORDS: usize> Read<WORDS> for BlackboardConsumer<Payload<WORDS>> {
    #[inline]
    fn read(&mut self, into: &mut Payload<WORDS>) {
        while !self.try_read(into) {}
    }

    /// Gives up after 100 ms without a whole copy.
    fn try_read(&mut self, into: &mut Payload<WORDS>) -> bool {
        self.read_copy(0, into).unwrap_or(false)
    }

    /// A read that gives up counts with the time that it took, and ends the batch.
    fn read_rounds(&mut self, _: &mut Payload<WORDS>, rounds: u64) -> Reads {
        let mut reads = Reads::default();
        for _ in 0..rounds {
            let answer = BlackboardConsumer::read(self, 0);
            reads.done += 1;
            match black_box(&answer) {
                Ok(Some(value)) => reads.torn += u64::from(value.ends_differ()),
                _ => {
                    reads.starved += 1;
                    break;
                }
            }
        }
        reads
    }
}

impl Whole for Ringfire {
    const NAME: &'static str = NAME;

    fn attaching(directory: &Path) -> Result<impl FnMut() + 'static, Failure> {
        let writer = Self::create::<8>(directory)?;
        let directory = directory.to_owned();
        Ok(move || {
            let _writer = &writer;
            let reader = Self::open::<8>(&directory).expect("a table that exists");
            black_box(&BlackboardConsumer::read(&reader, 0).expect("a table at rest"));
        })
    }

    /// The producer removes its file when it is dropped.
    fn creating(directory: &Path) -> Result<impl FnMut() + 'static, Failure> {
        let directory = directory.to_owned();
        Ok(move || drop(Self::create::<8>(&directory).expect("a free name")))
    }
}

/// The number of messages that a ring has room for; one is under way.
const CAPACITY: u64 = 1024;

/// Either side of two rings.
pub struct Rings {
    tells: RingProducer<u64>,
    /// The other side's ring, opened at its first use, because each side creates the ring that it writes.
    hears: Option<RingConsumer<u64>>,
    heard: PathBuf,
}

impl Rings {
    fn new(directory: &Path, tells: &str, hears: &str) -> Result<Self, Failure> {
        let tells = RingProducer::create(directory.join(tells), CAPACITY)?;
        Ok(Self { tells, hears: None, heard: directory.join(hears) })
    }
}

impl Sides for Rings {
    const NAME: &'static str = NAME;

    fn create(directory: &Path) -> Result<Self, Failure> {
        Self::new(directory, "answers", "calls")
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        Self::new(directory, "calls", "answers")
    }
}

impl Poll for Rings {
    #[inline]
    fn tell(&mut self, number: u64) {
        self.tells.push(&number);
    }

    #[inline]
    fn hears(&mut self, number: u64) -> bool {
        let heard = &self.heard;
        let ring = self.hears.get_or_insert_with(|| RingConsumer::attach(heard).expect("the other side's ring"));
        ring.try_recv() == Some(number)
    }
}
