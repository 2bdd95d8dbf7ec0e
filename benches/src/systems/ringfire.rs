//! ringfire's blackboard (one writer, plain copies under a sequence number), its rings and its queue, and a ring for each
//! direction, polled.
//!
//! In its favor: a reader takes the value as it is returned, without another copy to the common destination.

use std::hint::black_box;
use std::path::{Path, PathBuf};

use ::ringfire::{
    BlackboardConsumer, BlackboardProducer, CleanupMode, FutexWait, MpmcProducer, MpmcQueueConsumer, RingConsumer,
    RingProducer,
};

use super::channel::{self, Channel, Ends, Receives, Sends, Waits};
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

/// The number of messages that a ring has room for.
const CAPACITY: u64 = channel::CAPACITY as u64;

/// Either side of two rings.
pub struct Rings<const WORDS: usize> {
    tells: RingProducer<Payload<WORDS>>,
    /// The other side's ring, opened at its first use, because each side creates the ring that it writes.
    hears: Option<RingConsumer<Payload<WORDS>>>,
    heard: PathBuf,
}

impl<const WORDS: usize> Rings<WORDS> {
    fn new(directory: &Path, tells: &str, hears: &str) -> Result<Self, Failure> {
        let tells = RingProducer::create(directory.join(tells), CAPACITY)?;
        Ok(Self { tells, hears: None, heard: directory.join(hears) })
    }
}

impl<const WORDS: usize> Sides for Rings<WORDS> {
    const NAME: &'static str = NAME;

    fn create(directory: &Path) -> Result<Self, Failure> {
        Self::new(directory, "answers", "calls")
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        Self::new(directory, "calls", "answers")
    }
}

impl<const WORDS: usize> Poll for Rings<WORDS> {
    #[inline]
    fn tell(&mut self, number: u64) {
        self.tells.push(&Payload::filled(number));
    }

    #[inline]
    fn hears(&mut self, number: u64) -> bool {
        let heard = &self.heard;
        let ring = self.hears.get_or_insert_with(|| RingConsumer::attach(heard).expect("the other side's ring"));
        ring.try_recv().is_some_and(|value| value.word() == number)
    }
}

/// A ring that one producer writes, as a channel: a broadcast, and a queue if it has one consumer. A consumer that falls
/// a ring behind loses values.
pub struct Ring;
/// A ring that several producers write. Each of its consumers gets every value.
pub struct Mpmc;
/// The same, whose consumers share the values.
pub struct MpmcQueue;

impl Channel for Ring {
    const NAME: &'static str = NAME;
    type Sender<const WORDS: usize> = RingProducer<Payload<WORDS>>;
    type Receiver<const WORDS: usize> = RingConsumer<Payload<WORDS>>;

    fn create<const WORDS: usize>(directory: &Path) -> Result<Ends<Self, WORDS>, Failure> {
        Ok((RingProducer::create(file(directory), CAPACITY)?, Self::receiver(directory)?))
    }

    fn sender<const WORDS: usize>(_: &Path) -> Result<Self::Sender<WORDS>, Failure> {
        Err("such a ring has one producer".into())
    }

    fn receiver<const WORDS: usize>(directory: &Path) -> Result<Self::Receiver<WORDS>, Failure> {
        Ok(RingConsumer::attach(file(directory))?)
    }
}

fn producer<const WORDS: usize>(directory: &Path) -> Result<MpmcProducer<Payload<WORDS>>, Failure> {
    let mut producer = MpmcProducer::create(file(directory), CAPACITY)?;
    producer.set_cleanup_mode(CleanupMode::Persistent);
    Ok(producer)
}

impl Channel for Mpmc {
    const NAME: &'static str = "ringfire, several producers";
    type Sender<const WORDS: usize> = MpmcProducer<Payload<WORDS>>;
    type Receiver<const WORDS: usize> = RingConsumer<Payload<WORDS>>;

    fn create<const WORDS: usize>(directory: &Path) -> Result<Ends<Self, WORDS>, Failure> {
        Ok((producer(directory)?, Self::receiver(directory)?))
    }

    fn sender<const WORDS: usize>(directory: &Path) -> Result<Self::Sender<WORDS>, Failure> {
        Ok(MpmcProducer::attach(file(directory))?)
    }

    fn receiver<const WORDS: usize>(directory: &Path) -> Result<Self::Receiver<WORDS>, Failure> {
        Ok(RingConsumer::attach(file(directory))?)
    }
}

impl Channel for MpmcQueue {
    const NAME: &'static str = "ringfire, several producers";
    type Sender<const WORDS: usize> = MpmcProducer<Payload<WORDS>>;
    type Receiver<const WORDS: usize> = MpmcQueueConsumer<Payload<WORDS>>;

    fn create<const WORDS: usize>(directory: &Path) -> Result<Ends<Self, WORDS>, Failure> {
        Ok((producer(directory)?, Self::receiver(directory)?))
    }

    fn sender<const WORDS: usize>(directory: &Path) -> Result<Self::Sender<WORDS>, Failure> {
        Mpmc::sender(directory)
    }

    fn receiver<const WORDS: usize>(directory: &Path) -> Result<Self::Receiver<WORDS>, Failure> {
        Ok(MpmcQueueConsumer::attach(file(directory))?)
    }
}

/// Never waits, because it overwrites the oldest value.
impl<const WORDS: usize> Sends<WORDS> for RingProducer<Payload<WORDS>> {
    #[inline]
    fn try_send(&mut self, value: &Payload<WORDS>) -> bool {
        self.push(value);
        true
    }
}

/// The same.
impl<const WORDS: usize> Sends<WORDS> for MpmcProducer<Payload<WORDS>> {
    #[inline]
    fn try_send(&mut self, value: &Payload<WORDS>) -> bool {
        self.push(value);
        true
    }
}

impl<const WORDS: usize> Receives<WORDS> for RingConsumer<Payload<WORDS>> {
    #[inline]
    fn try_receive(&mut self, into: &mut Payload<WORDS>) -> bool {
        let Some(value) = self.try_recv() else { return false };
        *into = value;
        true
    }
}

impl<const WORDS: usize> Receives<WORDS> for MpmcQueueConsumer<Payload<WORDS>> {
    #[inline]
    fn try_receive(&mut self, into: &mut Payload<WORDS>) -> bool {
        let Some(value) = self.try_recv() else { return false };
        *into = value;
        true
    }
}

/// Has no limit.
impl<const WORDS: usize> Waits<WORDS> for RingConsumer<Payload<WORDS>> {
    fn wait(&mut self, into: &mut Payload<WORDS>) -> bool {
        *into = self.recv_blocking(&mut FutexWait::default());
        true
    }
}

/// The same.
impl<const WORDS: usize> Waits<WORDS> for MpmcQueueConsumer<Payload<WORDS>> {
    fn wait(&mut self, into: &mut Payload<WORDS>) -> bool {
        *into = self.recv_blocking(&mut FutexWait::default());
        true
    }
}
