//! Errors of queues and broadcasts.

use std::path::PathBuf;
use std::time::Duration;

use super::part::anchor_lost;
use super::subject::after;
use super::{Awaited, Busy, InvalidValue, PartName};

/// Why an item was not pushed to a [`Queue`](crate::Queue). The queue is unchanged.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// There is no room.
    #[error(
        "{queue} is full{}: each of its {capacity} slots has an item that waits, or a job that is not done. Check that \
         its consumers are running, or give it a greater capacity",
        after(.waited)
    )]
    Full {
        /// Which queue. Only its type is named if the call did not wait.
        queue: PartName,
        /// The number of its slots.
        capacity: u64,
        /// How long the call waited.
        waited: Duration,
    },
    /// Another process or thread pushes, or this thread has the [`Producer`](crate::queue::Producer).
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The object was removed during the wait.
    #[error("the object was removed during the wait for {awaited}: attach again, as a new object has an empty queue")]
    Removed {
        /// The aim of the wait.
        awaited: Awaited,
    },
    /// The object's anchor no longer exists: see [`WaitError::AnchorLost`](crate::WaitError::AnchorLost).
    #[error("{}", anchor_lost(.awaited, .anchor))]
    AnchorLost {
        /// The aim of the wait.
        awaited: Awaited,
        /// The path of the anchor.
        anchor: PathBuf,
    },
}

/// Why no item was popped or taken from a [`Queue`](crate::Queue).
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PopError {
    /// There is no item.
    #[error("{queue} is empty{}: check that its producers are running", after(.waited))]
    Empty {
        /// Which queue. Only its type is named if the call did not wait.
        queue: PartName,
        /// How long the call waited.
        waited: Duration,
    },
    /// Another process or thread pops, or this thread has the [`Consumer`](crate::queue::Consumer).
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The bytes of the item are not a valid value. The item is consumed, as it would block its queue.
    #[error("an item was consumed, and thrown away: {0}")]
    InvalidValue(InvalidValue),
    /// The object was removed during the wait.
    #[error("the object was removed during the wait for {awaited}: attach again, as a new object has an empty queue")]
    Removed {
        /// The aim of the wait.
        awaited: Awaited,
    },
    /// The object's anchor no longer exists: see [`WaitError::AnchorLost`](crate::WaitError::AnchorLost).
    #[error("{}", anchor_lost(.awaited, .anchor))]
    AnchorLost {
        /// The aim of the wait.
        awaited: Awaited,
        /// The path of the anchor.
        anchor: PathBuf,
    },
}

/// A job was not done, because this process no longer had its item. Another process has got the item, or will get it.
///
/// That happens if this process was held for dead, as a process of another PID namespace may be that has closed its
/// descriptors, or if a process writes to the object without shmstore.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "this process no longer had the item of {queue}, so it is not done: another process got it, or will get it. That \
     happens if this process was held for dead, or if a process writes to the object without shmstore"
)]
pub struct JobLost {
    pub(crate) queue: PartName,
}

/// Why no item was received from a [`Broadcast`](crate::Broadcast).
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecvError {
    /// The item was not sent yet.
    #[error("item {position} of {broadcast} was not sent{}: check that its senders are running", after(.waited))]
    Empty {
        /// Which broadcast. Only its type is named if the call did not wait.
        broadcast: PartName,
        /// The number of the item. The first one has number 0.
        position: u64,
        /// How long the call waited.
        waited: Duration,
    },
    /// The subscriber was too slow: items were overwritten before it received them. It has moved past them, and past
    /// those that are overwritten next. The next call goes on there.
    #[error(
        "{missed} items were missed, because senders overwrote them or were about to. The next call goes on after them: \
         receive more often, or give the broadcast a greater capacity"
    )]
    Lagged {
        /// The exact number of items between the one that was to be received and the next one.
        missed: u64,
    },
    /// The bytes of the item are not a valid value. The next call goes on after it.
    #[error("an item is passed over: {0}")]
    InvalidValue(InvalidValue),
    /// Every copy of the newest item was torn, because processes send without a pause.
    #[error(
        "every copy of the newest item of {broadcast} was torn, because processes send without a pause. Subscribe, or \
         give the broadcast a greater capacity"
    )]
    NeverWhole {
        /// Which broadcast.
        broadcast: PartName,
    },
    /// The object was removed during the wait.
    #[error(
        "the object was removed during the wait for {awaited}: attach again, as items of a new object count from 0"
    )]
    Removed {
        /// The aim of the wait.
        awaited: Awaited,
    },
    /// The object's anchor no longer exists: see [`WaitError::AnchorLost`](crate::WaitError::AnchorLost).
    #[error("{}", anchor_lost(.awaited, .anchor))]
    AnchorLost {
        /// The aim of the wait.
        awaited: Awaited,
        /// The path of the anchor.
        anchor: PathBuf,
    },
}
