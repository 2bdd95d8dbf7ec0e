//! Errors of frames.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::subject::after;
use super::wait::{anchor_lost, no_thread};
use super::{Awaited, Busy, InvalidValue, PartName, WaitError};

/// Why no slot was loaned for a new frame. Nothing was changed.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoanError {
    /// Each slot has the newest frame, or one that is pinned, or one that is being filled.
    #[error(
        "no slot of {frames} can be filled{}: {}. Drop pins and loans sooner, or give the frames more slots: one for \
         each pinned frame, one for each frame that is being filled, and one more",
        after(.waited), .users
    )]
    Full {
        /// Which frames. Only their type is named if the call did not wait.
        frames: PartName,
        /// The processes that have the slots.
        users: Box<SlotUsers>,
        /// How long the call waited.
        waited: Duration,
    },
    /// Another process or thread loans or publishes a frame at this moment.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The object was removed during the wait.
    #[error("the object was removed during the wait for {awaited}: attach again. A new object has no frames")]
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

/// The processes that have slots of frames, each once. A process that is not in the object's table is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlotUsers {
    /// The pids of the processes that have pins, as their own PID namespaces number them.
    pub pinned_by: Vec<u32>,
    /// The pids of the processes that fill a slot.
    pub filled_by: Vec<u32>,
}

impl fmt::Display for SlotUsers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.pinned_by[..], &self.filled_by[..]) {
            ([], []) => f.write_str("other processes had all slots at that moment"),
            (pinned_by, []) => write!(f, "frames are pinned by {}", pids(pinned_by)),
            ([], filled_by) => write!(f, "slots are filled by {}", pids(filled_by)),
            (pinned_by, filled_by) => {
                write!(f, "frames are pinned by {}, and slots are filled by {}", pids(pinned_by), pids(filled_by))
            }
        }
    }
}

impl LoanError {
    /// The error of a wait. `None` if only its time is over.
    pub(crate) fn of_wait(error: WaitError) -> Option<Self> {
        match error {
            WaitError::Removed { awaited } => Some(Self::Removed { awaited }),
            WaitError::AnchorLost { awaited, anchor } => Some(Self::AnchorLost { awaited, anchor }),
            _ => None,
        }
    }
}

/// Why no frame was pinned.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PinError {
    /// No newer frame was published.
    #[error(
        "{}{}. Check that the process that publishes is running",
        not_yet(.frames, *.seen, *.newest), after(.waited)
    )]
    NotYet {
        /// Which frames.
        frames: PartName,
        /// The frame had to be newer than this number.
        seen: u64,
        /// The number of the newest frame. 0 if there is none.
        newest: u64,
        /// How long the call waited.
        waited: Duration,
    },
    /// All 64 pins of the frames are in use.
    #[error(
        "all 64 pins of {frames} are in use, by {}. Drop pins sooner, or share one pin between the threads of a process",
        pids(.pinned_by)
    )]
    Full {
        /// Which frames.
        frames: PartName,
        /// The processes that have pins.
        pinned_by: Vec<u32>,
    },
    /// The newest frame was not pinned. Writers replaced it at each attempt, or a process has damaged its words.
    #[error(
        "the newest frame of {frames} was not pinned{}, because it was replaced at each attempt, or a process has \
         damaged its words. Try again, or give the frames more slots",
        after(.waited)
    )]
    Disturbed {
        /// Which frames.
        frames: PartName,
        /// How long the call tried.
        waited: Duration,
    },
    /// The memory is mapped for reading only, and a pin is written.
    #[error(
        "{frames} cannot be pinned through a handle of `attach_read_only`, because a pin is written. Use `attach_view`, \
         or read the newest frame with `read_newest`"
    )]
    ReadOnly {
        /// Which frames.
        frames: PartName,
    },
    /// The bytes of the metadata are not a valid value.
    #[error("a frame has invalid metadata: {0}")]
    InvalidValue(InvalidValue),
    /// The object was removed during the wait.
    #[error("the object was removed during the wait for {awaited}: attach again. Frames of a new object count from 1")]
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

fn pids(pids: &[u32]) -> String {
    match pids {
        [] => "processes that are not in the object's table".into(),
        [pid] => format!("pid {pid}"),
        pids => format!("pids {}", pids.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")),
    }
}

fn not_yet(frames: &PartName, seen: u64, newest: u64) -> String {
    match newest {
        0 => format!("{frames} has no frame yet"),
        newest => format!("the newest frame of {frames} is number {newest}, which is not newer than {seen}"),
    }
}

impl PinError {
    /// The error of a wait that ended without a frame. `waited` is its time.
    pub(crate) fn of_wait(error: WaitError) -> Self {
        match error {
            WaitError::Timeout { awaited: Awaited::Frame { frames, seen, newest }, waited } => {
                Self::NotYet { frames, seen, newest, waited }
            }
            WaitError::Removed { awaited } => Self::Removed { awaited },
            WaitError::AnchorLost { awaited, anchor } => Self::AnchorLost { awaited, anchor },
            WaitError::NoThread { awaited, errno } => Self::NoThread { awaited, errno },
            other => unreachable!("{other}"),
        }
    }
}

/// A frame was not published, because this process no longer had its slot. Another process may have filled it since.
///
/// That happens if another process believed that this one was dead. A process of another PID namespace believes it if
/// this process has closed descriptors that it did not open. It also happens if a process writes to the object without
/// shmstore.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "this process no longer had its slot of {frames} when it called `publish`, so the frame was dropped. That happens if \
     another process believed that this one was dead, or if a process writes to the object without shmstore"
)]
pub struct FrameLost {
    pub(crate) frames: PartName,
}

/// More elements than a frame has room for. The frame is unchanged.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("a frame of {len} elements does not fit: the frames have room for {capacity}. Give them a greater capacity")]
#[non_exhaustive]
pub struct TooLong {
    /// The number of elements.
    pub len: usize,
    /// The number of elements that fit.
    pub capacity: usize,
}

/// A writer reused the slot of a frame while a reader without a pin read it.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "frame {number} was overwritten while it was read. Read the newest frame again, give the frames more slots, or pin \
     the frame through a handle of `attach_view`"
)]
#[non_exhaustive]
pub struct Overrun {
    /// The number of the frame.
    pub number: u64,
}
