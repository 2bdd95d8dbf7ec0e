//! Errors of waits that ended without a result.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{InvalidValue, PartName, Removed};

/// The aim of a wait.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Awaited {
    /// A newer version of a value.
    Version {
        /// Which value.
        part: PartName,
        /// The version was to be newer than this one.
        seen: u64,
        /// The newest version that there was.
        newest: u64,
    },
    /// A notification of an event.
    Notification {
        /// Which event.
        event: PartName,
        /// The notification's number. The first one has number 1.
        number: u64,
        /// How many notifications there were.
        count: u64,
    },
    /// A free slot.
    Slot {
        /// In which queue.
        queue: PartName,
    },
    /// An item that waits in a queue.
    Item {
        /// In which queue.
        queue: PartName,
    },
    /// An item that is sent.
    Sent {
        /// By which broadcast.
        broadcast: PartName,
        /// The item's number. The first one has number 0.
        position: u64,
    },
    /// A key of a map, with a newer value.
    Key {
        /// The entry that the key will have.
        entry: PartName,
        /// The version was to be newer than this one.
        seen: u64,
    },
    /// An insertion or removal of a key.
    Keys {
        /// In which map.
        map: PartName,
        /// The number of changes was to be more than this one.
        seen: u64,
    },
    /// A newer frame.
    Frame {
        /// Of which frames.
        frames: PartName,
        /// The frame had to be newer than this number.
        seen: u64,
        /// The number of the newest frame. 0 if there was none.
        newest: u64,
    },
    /// A slot to fill with a frame.
    Loan {
        /// Of which frames.
        frames: PartName,
    },
}

impl fmt::Display for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { part, seen, newest } => {
                write!(f, "a version of {part} newer than {seen} (the newest is {newest})")
            }
            Self::Notification { event, number, count } => {
                write!(f, "notification {number} of {event} (there were {count})")
            }
            Self::Slot { queue } => write!(f, "a free slot in {queue}"),
            Self::Item { queue } => write!(f, "an item in {queue}"),
            Self::Sent { broadcast, position } => write!(f, "item {position} of {broadcast}"),
            Self::Key { entry, seen } => {
                write!(f, "a version of {entry} newer than {seen} (the key is not in the map)")
            }
            Self::Keys { map, seen } => write!(f, "a change of the keys of {map} after the first {seen}"),
            Self::Frame { frames, seen, newest } => {
                write!(f, "a frame of {frames} newer than {seen} (the newest is {newest})")
            }
            Self::Loan { frames } => write!(f, "a slot of {frames} that no process fills or reads"),
        }
    }
}

impl Awaited {
    /// Returns what the process does that is waited for.
    fn by(&self) -> &'static str {
        match self {
            Self::Version { .. } => "stores",
            Self::Notification { .. } => "notifies",
            Self::Slot { .. } => "pops items or finishes jobs",
            Self::Item { .. } => "pushes items",
            Self::Sent { .. } => "sends",
            Self::Key { .. } => "inserts the key",
            Self::Keys { .. } => "inserts or removes keys",
            Self::Frame { .. } => "publishes",
            Self::Loan { .. } => "keeps its frames pinned",
        }
    }
}

/// The message of an anchor that was lost during a wait.
pub(super) fn anchor_lost(awaited: &Awaited, anchor: &Path) -> String {
    format!(
        "{awaited} did not come, and the anchor {} no longer exists, or is a different file now. A process that starts \
         finds no object there, or makes another one. Open the store and attach again, and keep the anchor where \
         nothing removes it: systemd-tmpfiles removes old files in /tmp",
        anchor.display()
    )
}

/// The message of a task that no thread can wake.
pub(super) fn no_thread(awaited: &Awaited, errno: i32) -> String {
    format!(
        "cannot wait for {awaited}: the system refuses the one thread of this process that wakes its tasks ({}). Raise \
         the limit on processes and threads (`ulimit -u`, `pids.max`), or wait in a thread of the program",
        io::Error::from_raw_os_error(errno)
    )
}

/// Why a wait ended without a result.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// The time ran out.
    #[error(
        "waited {waited:?} for {awaited}, and it did not come. Check that the process that {} is running",
        .awaited.by()
    )]
    Timeout {
        /// The aim of the wait.
        awaited: Awaited,
        /// How long the call waited.
        waited: Duration,
    },
    /// The value was not read whole, because processes store it without a pause. In a map, a search for its key can
    /// also be disturbed by insertions and removals. A writer pauses when a reader asks, but a read-only process cannot
    /// ask.
    #[error(
        "{part} was not read whole in {waited:?}, because processes change it without a pause. Wait longer. If the \
         handle is `ReadOnly`, use `attach` instead, so that this reader can ask for a pause"
    )]
    NeverWhole {
        /// Which part.
        part: PartName,
        /// How long the call tried.
        waited: Duration,
    },
    /// The object was removed. No other process will find it, so nothing may ever come. A removed key of a map is
    /// [`EntryRemoved`](Self::EntryRemoved).
    #[error(
        "the object was removed during the wait for {awaited}: attach again, as versions, notifications and changes of \
         a new object count from the start"
    )]
    Removed {
        /// The aim of the wait.
        awaited: Awaited,
    },
    /// The object's anchor no longer exists: the path is missing, or names a different file. Processes that have the
    /// object attached still share it, but a process that opens the path does not find it, and may make another.
    #[error("{}", anchor_lost(.awaited, .anchor))]
    AnchorLost {
        /// The aim of the wait.
        awaited: Awaited,
        /// The path of the anchor.
        anchor: PathBuf,
    },
    /// The thread that wakes tasks cannot be started. Only futures return this.
    #[error("{}", no_thread(.awaited, *.errno))]
    NoThread {
        /// The aim of the wait.
        awaited: Awaited,
        /// The error number of the system.
        errno: i32,
    },
    /// The key of an [`Entry`](crate::map::Entry) was removed from its map. The object is still there. Look the key up
    /// again.
    #[error(transparent)]
    EntryRemoved(#[from] Removed),
    /// A value came, but its bytes are not valid for its type.
    #[error(transparent)]
    InvalidValue(#[from] InvalidValue),
}

/// Why [`wait_any`](crate::wait_any) ended without a change.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WaitAnyError {
    /// The time ran out.
    #[error(
        "waited {waited:?} for {awaited}{}: nothing came. Check that the processes that make these changes are running",
        and_others(*.others)
    )]
    Timeout {
        /// The first change of the list.
        awaited: Awaited,
        /// The number of the other changes.
        others: usize,
        /// How long the call waited.
        waited: Duration,
    },
    /// The object of one of the changes was removed, and no change is there.
    #[error(
        "the change at index {index} will not come: the object was removed during the wait for {awaited}. Attach again, \
         or leave it out of the list"
    )]
    Removed {
        /// The index in the list.
        index: usize,
        /// The aim of the wait.
        awaited: Awaited,
    },
    /// The anchor of the object of one of the changes no longer exists, and no change is there: see
    /// [`WaitError::AnchorLost`].
    #[error("the change at index {index}: {}", anchor_lost(.awaited, .anchor))]
    AnchorLost {
        /// The index in the list.
        index: usize,
        /// The aim of the wait.
        awaited: Awaited,
        /// The path of the anchor.
        anchor: PathBuf,
    },
}

fn and_others(others: usize) -> String {
    match others {
        0 => String::new(),
        1 => " and one other change".into(),
        others => format!(" and {others} other changes"),
    }
}

/// Without the index.
impl From<WaitAnyError> for WaitError {
    fn from(error: WaitAnyError) -> Self {
        match error {
            WaitAnyError::Timeout { awaited, waited, .. } => Self::Timeout { awaited, waited },
            WaitAnyError::Removed { awaited, .. } => Self::Removed { awaited },
            WaitAnyError::AnchorLost { awaited, anchor, .. } => Self::AnchorLost { awaited, anchor },
        }
    }
}
