//! Queues and broadcasts: both have senders and receivers, and the same traits.

use std::path::Path;

use super::{Poll, Sides, Talk};
use crate::Failure;
use crate::payload::Payload;

/// The number of values that a channel has room for. POSIX allows fewer by default.
pub const CAPACITY: usize = 256;

/// A queue or a broadcast of values in shared memory. Of a queue, each value goes to one receiver; of a broadcast, each
/// receiver gets every value.
pub trait Channel {
    /// The name in tables.
    const NAME: &'static str;
    /// One end.
    type Sender<const WORDS: usize>: Sends<WORDS> + 'static;
    /// The other end.
    type Receiver<const WORDS: usize>: Receives<WORDS> + 'static;

    /// Creates an empty channel, and its first ends.
    fn create<const WORDS: usize>(directory: &Path) -> Result<Ends<Self, WORDS>, Failure>;

    /// Opens one more sender.
    fn sender<const WORDS: usize>(directory: &Path) -> Result<Self::Sender<WORDS>, Failure>;

    /// Opens one more receiver. A broadcast's receiver gets the values that are sent from now on.
    fn receiver<const WORDS: usize>(directory: &Path) -> Result<Self::Receiver<WORDS>, Failure>;
}

/// Both ends of a channel.
pub type Ends<C, const WORDS: usize> = (<C as Channel>::Sender<WORDS>, <C as Channel>::Receiver<WORDS>);

/// A sender.
pub trait Sends<const WORDS: usize> {
    /// Sends a value. Returns `false` if there is no room now.
    fn try_send(&mut self, value: &Payload<WORDS>) -> bool;
}

/// A receiver.
pub trait Receives<const WORDS: usize> {
    /// Copies the next value to `into`. Returns `false` if there is none now.
    fn try_receive(&mut self, into: &mut Payload<WORDS>) -> bool;
}

/// A receiver that can sleep.
pub trait Waits<const WORDS: usize>: Receives<WORDS> {
    /// Waits for the next value, asleep, for a limited time if the system knows limits. Returns `false` if there is none.
    fn wait(&mut self, into: &mut Payload<WORDS>) -> bool;
}

/// A channel for each direction, and one end of each.
pub struct Both<C: Channel, const WORDS: usize> {
    tells: C::Sender<WORDS>,
    hears: C::Receiver<WORDS>,
    into: Payload<WORDS>,
    round: u64,
}

impl<C: Channel, const WORDS: usize> Both<C, WORDS> {
    fn new(tells: C::Sender<WORDS>, hears: C::Receiver<WORDS>) -> Self {
        Self { tells, hears, into: Payload::filled(0), round: 0 }
    }
}

impl<C: Channel, const WORDS: usize> Sides for Both<C, WORDS> {
    const NAME: &'static str = C::NAME;

    fn create(directory: &Path) -> Result<Self, Failure> {
        let [calls, answers] = ["calls", "answers"].map(|name| directory.join(name));
        std::fs::create_dir(&calls)?;
        std::fs::create_dir(&answers)?;
        Ok(Self::new(C::create(&answers)?.0, C::create(&calls)?.1))
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        Ok(Self::new(C::sender(&directory.join("calls"))?, C::receiver(&directory.join("answers"))?))
    }
}

impl<C: Channel, const WORDS: usize> Poll for Both<C, WORDS> {
    #[inline]
    fn tell(&mut self, number: u64) {
        assert!(self.tells.try_send(&Payload::filled(number)), "one value is under way, and there is room for more");
    }

    #[inline]
    fn hears(&mut self, number: u64) -> bool {
        self.hears.try_receive(&mut self.into) && self.into.word() == number
    }
}

/// A channel for each direction, whose receivers sleep.
pub struct Asleep<C: Channel>(Both<C, 1>);

impl<C: Channel> Sides for Asleep<C> {
    const NAME: &'static str = C::NAME;

    fn create(directory: &Path) -> Result<Self, Failure> {
        Both::create(directory).map(Self)
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        Both::open(directory).map(Self)
    }
}

impl<C: Channel> Talk for Asleep<C>
where
    C::Receiver<1>: Waits<1>,
{
    fn call(&mut self) {
        self.answer();
        while !self.receive() {}
    }

    fn receive(&mut self) -> bool {
        self.0.hears.wait(&mut self.0.into)
    }

    fn answer(&mut self) {
        self.0.round += 1;
        self.0.tell(self.0.round);
    }
}
