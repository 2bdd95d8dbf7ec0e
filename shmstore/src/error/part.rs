//! What can go wrong with a part of an object: it is held by another, its last holder died, what was waited for did not
//! come.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::InvalidValue;
use super::subject::after;
use crate::layout::path::write_path;
use crate::layout::schema::Schema;

/// Which part of an object an error is about. It is shown as "`Bank.till` (`Lock`)"; as "this `Lock`" if it is no part of
/// an attached object.
///
/// It is a copy of two addresses in the program and of a number, so it costs little, and is good for as long as the
/// program runs: the text is made when it is shown.
#[derive(Clone, Copy)]
pub struct PartName {
    kind: &'static Schema,
    /// The object, and where in it the part begins.
    place: Option<(&'static Schema, usize)>,
}

impl PartName {
    pub(crate) fn new(kind: &'static Schema, place: Option<(&'static Schema, usize)>) -> Self {
        Self { kind, place }
    }
}

impl fmt::Display for PartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, place } = self;
        let path = place.and_then(|(object, offset)| Some((object, object.path_of_part(offset)?)));
        match path {
            Some((object, steps)) if !steps.is_empty() => {
                write!(f, "`{object}.")?;
                write_path(f, &steps)?;
                write!(f, "` (`{kind}`)")
            }
            _ => write!(f, "this `{kind}`"),
        }
    }
}

/// Two names are the same if they are shown alike.
impl PartialEq for PartName {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for PartName {}

/// A part is held by somebody else: nothing was done.
///
/// From the calls that do not wait (`try_…`), or not longer than they were told to (`…_timeout`).
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot have {part}{}: {holder} holds it. {}", after(.waited), .holder.cure(.waited))]
pub struct Busy {
    part: PartName,
    holder: Holder,
    waited: Duration,
}

/// Who holds a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Holder {
    /// A process, by its pid, as its own PID namespace numbers it.
    Process(u32),
    /// This very thread: it would wait for itself.
    ThisThread,
    /// This process: another thread, or a guard that was forgotten.
    ThisProcess,
    /// A process that is not in the object's table, or that had let go again when it was looked for.
    Unknown,
}

impl Holder {
    fn cure(self, waited: &Duration) -> &'static str {
        match self {
            Self::ThisThread => "Use that, or end it before",
            _ if waited.is_zero() => {
                "Give it more time with a `…_timeout` call; `Shared::participants` tells who holds what"
            }
            _ => {
                "`Shared::participants` tells who holds what: a long update, a `Transaction`, a `Writer` or a guard that lives on?"
            }
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process(pid) => write!(f, "pid {pid}"),
            Self::ThisThread => f.write_str("this very thread"),
            Self::ThisProcess => f.write_str("this process"),
            Self::Unknown => f.write_str("another process"),
        }
    }
}

impl Busy {
    pub(crate) fn new(part: PartName, holder: Holder, waited: Duration) -> Self {
        Self { part, holder, waited }
    }

    /// Who held the part last.
    #[must_use]
    pub fn holder(&self) -> Holder {
        self.holder
    }

    /// How long we waited.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.waited
    }
}

/// Why a transaction was not begun: from [`Versioned::try_begin`](crate::Versioned::try_begin) and
/// [`Versioned::begin_timeout`](crate::Versioned::begin_timeout).
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BeginError {
    /// Another writer has the part.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// What is stored is no value of its type.
    #[error(transparent)]
    InvalidValue(#[from] InvalidValue),
}

/// Why a [`Lock`](crate::Lock) was not taken.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Its last owner died or panicked, and nobody has repaired what it guards. The lock is free again.
    #[error(
        "the last owner of {lock} died, or panicked, while it held it: what it guards may be changed by half. Take it with \
         `lock_or_repair(|| …)`, whose closure puts that right, or with `lock_to_repair` and `mark_consistent`"
    )]
    OwnerDied {
        /// Which lock.
        lock: PartName,
    },
    /// Somebody else holds it.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// This thread holds it already, and would wait for itself.
    #[error("this thread holds {lock} already, and would wait for itself: drop the first guard before")]
    WouldDeadlock {
        /// Which lock.
        lock: PartName,
    },
}

/// What was waited for in vain.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Awaited {
    /// A newer version of a value.
    Version {
        /// Which value.
        part: PartName,
        /// A version newer than this.
        seen: u64,
        /// The newest that there was.
        newest: u64,
    },
    /// A notification of an event.
    Notification {
        /// Which event.
        event: PartName,
        /// Its number: the first is 1.
        number: u64,
        /// How many there were.
        count: u64,
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
        }
    }
}

/// Why waiting brought nothing.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// The time is over.
    #[error("waited {waited:?} for {awaited} in vain: is the process that should bring it running?")]
    Timeout {
        /// What was waited for.
        awaited: Awaited,
        /// How long.
        waited: Duration,
    },
    /// No copy of the newest value was whole: it is stored to without a pause. Who keeps to the protocol pauses when it is
    /// asked to, but one that may only read cannot ask.
    #[error(
        "no copy of {part} was whole for {waited:?}, as it is stored to without a pause: give it more time, or attach it for \
         writing, which lets a reader ask for a pause"
    )]
    NeverWhole {
        /// Which part.
        part: PartName,
        /// How long it was tried.
        waited: Duration,
    },
    /// The object was removed: nobody new will find it, so nothing may ever come.
    #[error(
        "the object was removed while we waited for {awaited}: attach again, to the one in its place, whose versions and \
         notifications count from 0"
    )]
    Removed {
        /// What was waited for.
        awaited: Awaited,
    },
    /// The object is there, but its anchor is gone, or another file is in its place: a process that looks for the object by its
    /// path will not find this one, and may make another. Processes that have it attached still share it.
    #[error(
        "waited for {awaited} in vain, and the anchor {} is gone, or is another file now: a process that starts finds no object \
         there, or makes another. Attach again, and keep the anchor where nothing removes it: systemd-tmpfiles removes what is \
         old in /tmp",
        .anchor.display()
    )]
    AnchorLost {
        /// What was waited for.
        awaited: Awaited,
        /// The path of the anchor.
        anchor: PathBuf,
    },
    /// It came, but is no value of its type.
    #[error(transparent)]
    InvalidValue(#[from] InvalidValue),
}
