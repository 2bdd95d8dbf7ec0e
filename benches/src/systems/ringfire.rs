//! ringfire's blackboard: one writer, plain copies under a sequence number.
//!
//! In its favour: a reader takes the value as it is returned, without a copy more to where the others copy to.

pub mod ring;

use std::hint::black_box;
use std::path::{Path, PathBuf};

use ::ringfire::{BlackboardConsumer, BlackboardProducer};

use super::{Board, Read, Reads, Whole, Write};
use crate::Failure;
use crate::payload::Payload;

/// A table with one key.
pub struct Ringfire;

const NAME: &str = "ringfire";

fn file(directory: &Path) -> PathBuf {
    directory.join("ringfire")
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

    /// After 100 ms without a whole copy it gives up.
    fn try_read(&mut self, into: &mut Payload<WORDS>) -> bool {
        self.read_copy(0, into).unwrap_or(false)
    }

    /// A read that gives up counts as the time that it took, and ends the batch.
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

    fn attaching(directory: &Path) -> Result<impl FnMut(u64) + 'static, Failure> {
        let writer = Self::create::<8>(directory)?;
        let directory = directory.to_owned();
        Ok(move |rounds| {
            let _writer = &writer;
            for _ in 0..rounds {
                let reader = Self::open::<8>(&directory).expect("a table that was made");
                black_box(&BlackboardConsumer::read(&reader, 0).expect("nobody writes"));
            }
        })
    }

    fn creating(directory: &Path) -> Result<impl FnMut(u64) + 'static, Failure> {
        let directory = directory.to_owned();
        // Its file is removed with the producer.
        Ok(move |rounds| (0..rounds).for_each(|_| drop(Self::create::<8>(&directory).expect("a free name"))))
    }
}
