//! shmstore's `Queue` and `Broadcast`, with a lock for each operation, or exclusively.

use std::path::Path;
use std::slice;

use ::shmstore::broadcast::{Sender, Subscriber};
use ::shmstore::error::{PopError, PushError, RecvError};
use ::shmstore::queue::{Consumer, Job, Producer};
use ::shmstore::{Broadcast, Queue, ShmObject, Store};

use super::SECOND;
use super::channel::{CAPACITY, Channel, Ends, Receives, Sends, Waits};
use super::shmstore::kept;
use crate::Failure;
use crate::payload::Payload;

/// `Queue`, where each operation takes a lock.
pub struct Queued;
/// `Queue`, with an exclusive producer and an exclusive consumer.
pub struct QueuedExclusively;
/// `Queue`, whose items are taken, and then done.
pub struct Taken;
/// The same, exclusively.
pub struct TakenExclusively;
/// `Broadcast`, where each operation takes a lock.
pub struct Broadcasted;
/// `Broadcast`, with an exclusive sender.
pub struct BroadcastedExclusively;

type QueueOf<const WORDS: usize> = Queue<Payload<WORDS>, CAPACITY>;
type BroadcastOf<const WORDS: usize> = Broadcast<Payload<WORDS>, CAPACITY>;

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'Q')]
struct QueueObject<const WORDS: usize> {
    queue: QueueOf<WORDS>,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'R')]
struct BroadcastObject<const WORDS: usize> {
    broadcast: BroadcastOf<WORDS>,
}

fn queue<const WORDS: usize>(directory: &Path) -> Result<&'static QueueOf<WORDS>, Failure> {
    Ok(&kept(Store::open(directory)?.attach_or_create::<QueueObject<WORDS>>()?).queue)
}

fn broadcast<const WORDS: usize>(directory: &Path) -> Result<&'static BroadcastOf<WORDS>, Failure> {
    Ok(&kept(Store::open(directory)?.attach_or_create::<BroadcastObject<WORDS>>()?).broadcast)
}

/// A channel, and how its ends are made of the part.
macro_rules! channels {
    ($($channel:ty, $name:literal: $part:ident, $sender:ty = $send:expr, $receiver:ty = $receive:expr;)+) => {
        $(impl Channel for $channel {
            const NAME: &'static str = $name;
            type Sender<const WORDS: usize> = $sender;
            type Receiver<const WORDS: usize> = $receiver;

            fn create<const WORDS: usize>(directory: &Path) -> Result<Ends<Self, WORDS>, Failure> {
                Ok((Self::sender(directory)?, Self::receiver(directory)?))
            }

            fn sender<const WORDS: usize>(directory: &Path) -> Result<Self::Sender<WORDS>, Failure> {
                Ok($send($part(directory)?))
            }

            fn receiver<const WORDS: usize>(directory: &Path) -> Result<Self::Receiver<WORDS>, Failure> {
                Ok($receive($part(directory)?))
            }
        })+
    };
}

channels! {
    Queued, "shmstore":
        queue, &'static QueueOf<WORDS> = |queue| queue, &'static QueueOf<WORDS> = |queue| queue;
    QueuedExclusively, "shmstore, exclusive":
        queue, Producer<'static, Payload<WORDS>, CAPACITY> = QueueOf::producer,
        Consumer<'static, Payload<WORDS>, CAPACITY> = QueueOf::consumer;
    Taken, "shmstore, take + done":
        queue, &'static QueueOf<WORDS> = |queue| queue, Taking<&'static QueueOf<WORDS>> = Taking;
    TakenExclusively, "shmstore, exclusive, take + done":
        queue, Producer<'static, Payload<WORDS>, CAPACITY> = QueueOf::producer,
        Taking<Consumer<'static, Payload<WORDS>, CAPACITY>> = |queue| Taking(QueueOf::consumer(queue));
    Broadcasted, "shmstore":
        broadcast, &'static BroadcastOf<WORDS> = |broadcast| broadcast,
        Subscriber<'static, Payload<WORDS>, CAPACITY> = BroadcastOf::subscribe;
    BroadcastedExclusively, "shmstore, exclusive":
        broadcast, Sender<'static, Payload<WORDS>, CAPACITY> = BroadcastOf::sender,
        Subscriber<'static, Payload<WORDS>, CAPACITY> = BroadcastOf::subscribe;
}

/// A receiver that takes values, and is done with them.
pub struct Taking<C>(C);

impl<const WORDS: usize> Sends<WORDS> for &'static QueueOf<WORDS> {
    #[inline]
    fn try_send(&mut self, value: &Payload<WORDS>) -> bool {
        pushed(if is_large::<WORDS>() {
            self.try_push_many(slice::from_ref(value)).map(drop)
        } else {
            self.try_push(*value)
        })
    }
}

impl<const WORDS: usize> Sends<WORDS> for Producer<'static, Payload<WORDS>, CAPACITY> {
    #[inline]
    fn try_send(&mut self, value: &Payload<WORDS>) -> bool {
        pushed(if is_large::<WORDS>() {
            self.try_push_many(slice::from_ref(value)).map(drop)
        } else {
            self.try_push(*value)
        })
    }
}

/// Returns `true` if a value is sent from where it is, as a slice of one. The copy of an argument would cost as much as
/// the one to the slot.
const fn is_large<const WORDS: usize>() -> bool {
    WORDS > 32
}

#[inline]
fn pushed(answer: Result<(), PushError>) -> bool {
    match answer {
        Ok(()) => true,
        Err(PushError::Full { .. } | PushError::Busy(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

impl<const WORDS: usize> Receives<WORDS> for &'static QueueOf<WORDS> {
    #[inline]
    fn try_receive(&mut self, into: &mut Payload<WORDS>) -> bool {
        match self.try_pop() {
            Ok(value) => *into = value,
            Err(error) => return is_none(error),
        }
        true
    }
}

impl<const WORDS: usize> Receives<WORDS> for Consumer<'static, Payload<WORDS>, CAPACITY> {
    #[inline]
    fn try_receive(&mut self, into: &mut Payload<WORDS>) -> bool {
        match self.try_pop() {
            Ok(value) => *into = value,
            Err(error) => return is_none(error),
        }
        true
    }
}

impl<const WORDS: usize> Receives<WORDS> for Taking<&'static QueueOf<WORDS>> {
    #[inline]
    fn try_receive(&mut self, into: &mut Payload<WORDS>) -> bool {
        match self.0.try_take() {
            Ok(job) => finish(job, into),
            Err(error) => return is_none(error),
        }
        true
    }
}

impl<const WORDS: usize> Receives<WORDS> for Taking<Consumer<'static, Payload<WORDS>, CAPACITY>> {
    #[inline]
    fn try_receive(&mut self, into: &mut Payload<WORDS>) -> bool {
        match self.0.try_take() {
            Ok(job) => finish(job, into),
            Err(error) => return is_none(error),
        }
        true
    }
}

#[inline]
fn finish<const WORDS: usize>(job: Job<'_, Payload<WORDS>, CAPACITY>, into: &mut Payload<WORDS>) {
    *into = *job;
    job.done().expect("a job of this process");
}

/// Returns `false`, for `try_receive` to return, if an item only was not there.
#[cold]
fn is_none(error: PopError) -> bool {
    assert!(matches!(error, PopError::Empty { .. } | PopError::Busy(_)), "{error}");
    false
}

impl<const WORDS: usize> Waits<WORDS> for &'static QueueOf<WORDS> {
    fn wait(&mut self, into: &mut Payload<WORDS>) -> bool {
        match self.pop_timeout(SECOND) {
            Ok(value) => *into = value,
            Err(error) => return is_none(error),
        }
        true
    }
}

impl<const WORDS: usize> Sends<WORDS> for &'static BroadcastOf<WORDS> {
    #[inline]
    fn try_send(&mut self, value: &Payload<WORDS>) -> bool {
        if is_large::<WORDS>() {
            self.send_many(slice::from_ref(value));
        } else {
            self.send(*value);
        }
        true
    }
}

impl<const WORDS: usize> Sends<WORDS> for Sender<'static, Payload<WORDS>, CAPACITY> {
    #[inline]
    fn try_send(&mut self, value: &Payload<WORDS>) -> bool {
        if is_large::<WORDS>() {
            self.send_many(slice::from_ref(value));
        } else {
            self.send(*value);
        }
        true
    }
}

impl<const WORDS: usize> Receives<WORDS> for Subscriber<'static, Payload<WORDS>, CAPACITY> {
    #[inline]
    fn try_receive(&mut self, into: &mut Payload<WORDS>) -> bool {
        match self.try_recv() {
            Ok(value) => *into = value,
            Err(error) => return is_not_there(error),
        }
        true
    }
}

impl<const WORDS: usize> Waits<WORDS> for Subscriber<'static, Payload<WORDS>, CAPACITY> {
    fn wait(&mut self, into: &mut Payload<WORDS>) -> bool {
        match self.recv_timeout(SECOND) {
            Ok(value) => *into = value,
            Err(error) => return is_not_there(error),
        }
        true
    }
}

/// Returns `false`, for `try_receive` to return, if an item only was not there. Missed items are counted by their numbers.
#[cold]
fn is_not_there(error: RecvError) -> bool {
    assert!(matches!(error, RecvError::Empty { .. } | RecvError::Lagged { .. }), "{error}");
    false
}
