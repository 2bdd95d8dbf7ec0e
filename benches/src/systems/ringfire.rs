//! ringfire's blackboard: one writer, plain copies under a sequence number.

use std::path::{Path, PathBuf};

use ::ringfire::{BlackboardConsumer, BlackboardProducer};

use super::{Board, Read, Write};
use crate::Failure;
use crate::payload::Payload;

/// A table with one key.
pub struct Ringfire;

fn file(directory: &Path) -> PathBuf {
    directory.join("ringfire")
}

impl Board for Ringfire {
    const NAME: &'static str = "ringfire";
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
        // Its readers give up after 100 ms without a whole copy: a user would ask again.
        while !self.read_copy(0, into).unwrap_or(false) {}
    }
}
