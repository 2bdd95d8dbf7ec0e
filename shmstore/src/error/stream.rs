//! Errors of queues and broadcasts.

use std::path::PathBuf;
use std::time::Duration;

use super::subject::after;
use super::wait::{anchor_lost, no_thread};
use super::{Awaited, Busy, InvalidValue, PartName, WaitError};

/// Why an item was not pushed to a [`Queue`](crate::Queue). The queue is unchanged.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// No slot is free.
    #[error(
        "{queue} is full{}: the next of its {capacity} slots has an item that waits, or a job that is not done. Check \
         that its consumers are running, or give it a greater capacity",
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
    /// Another process or thread pushes or is the producer, or this thread has the
    /// [`Producer`](crate::queue::Producer).
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The object was removed during the wait.
    #[error("the object was removed during the wait for {awaited}: attach again. The queue of a new object is empty")]
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
    /// The thread that wakes tasks cannot be started: see [`WaitError::NoThread`](crate::WaitError::NoThread).
    #[error("{}", no_thread(.awaited, *.errno))]
    NoThread {
        /// The aim of the wait.
        awaited: Awaited,
        /// The error number of the system.
        errno: i32,
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
    /// Another process or thread pops, takes or is the consumer, or this thread has the
    /// [`Consumer`](crate::queue::Consumer).
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The bytes of the item are not a valid value. The item is consumed, because it would block its queue.
    #[error("an invalid item was removed from its queue: {0}")]
    InvalidValue(InvalidValue),
    /// The object was removed during the wait.
    #[error("the object was removed during the wait for {awaited}: attach again. The queue of a new object is empty")]
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
    /// The thread that wakes tasks cannot be started: see [`WaitError::NoThread`](crate::WaitError::NoThread).
    #[error("{}", no_thread(.awaited, *.errno))]
    NoThread {
        /// The aim of the wait.
        awaited: Awaited,
        /// The error number of the system.
        errno: i32,
    },
}

/// A job was not finished, because this process no longer had its item. Another process has the item, or will get it.
///
/// That happens if another process believed that this one was dead. A process of another PID namespace believes it if
/// this process has closed all its descriptors. It also happens if a process writes to the object without shmstore.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "this process no longer had the item of {queue} when it called `done`: another process has the item, or will get \
     it. That happens if another process believed that this one was dead, or if a process writes to the object without \
     shmstore"
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
    /// The subscriber was too slow, and items were overwritten before it received them. The next call goes on after
    /// them, and after the items that are overwritten next.
    #[error(
        "{missed} items were missed, because senders overwrote them or were about to. The next call goes on after \
         them. Receive more often, or give the broadcast a greater capacity"
    )]
    Lagged {
        /// The exact number of items that this subscriber did not receive and no longer can.
        missed: u64,
    },
    /// The bytes of the item are not a valid value. The next call goes on after it.
    #[error("an invalid item is skipped: {0}")]
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
    #[error("the object was removed during the wait for {awaited}: attach again. Items of a new object count from 0")]
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
    /// The thread that wakes tasks cannot be started: see [`WaitError::NoThread`](crate::WaitError::NoThread).
    #[error("{}", no_thread(.awaited, *.errno))]
    NoThread {
        /// The aim of the wait.
        awaited: Awaited,
        /// The error number of the system.
        errno: i32,
    },
}

macro_rules! of_wait {
    ($($error:ident),*) => {$(
        impl $error {
            /// The error of a wait. `None` if only its time is over.
            pub(crate) fn of_wait(error: WaitError) -> Option<Self> {
                match error {
                    WaitError::Removed { awaited } => Some(Self::Removed { awaited }),
                    WaitError::AnchorLost { awaited, anchor } => Some(Self::AnchorLost { awaited, anchor }),
                    WaitError::NoThread { awaited, errno } => Some(Self::NoThread { awaited, errno }),
                    _ => None,
                }
            }
        }
    )*};
}
of_wait!(PushError, PopError, RecvError);
