//! Errors of a part of an object: another process or thread holds it, or its last holder died.

use std::fmt;
use std::time::Duration;

use super::subject::after;
use super::{InvalidValue, KeyText, PartName};

/// Another process or thread holds a part. Nothing was done.
///
/// The calls that do not wait (`try_…`), or wait with a limit (`…_timeout`), return it.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{part} is busy{}: {holder} holds it. {}", after(.waited), .holder.cure(.waited, .part.is_entry()))]
pub struct Busy {
    part: PartName,
    holder: Holder,
    waited: Duration,
}

/// The holder of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Holder {
    /// The process with this pid, as its own PID namespace numbers it.
    Process(u32),
    /// This very thread, which would wait for itself.
    ThisThread,
    /// This process: another of its threads, or a guard that was passed to `mem::forget`.
    ThisProcess,
    /// A process that is not in the object's table, or that released the part before it was looked up.
    Unknown,
}

impl Holder {
    fn cure(self, waited: &Duration, is_entry: bool) -> &'static str {
        match self {
            Self::ThisThread if is_entry => {
                "Drop the guard of this key first, or call after the closure that gets its value. A guard can store a \
                 value, and cannot remove or insert a key"
            }
            Self::ThisThread => "Use the guard that the thread has, or drop it first",
            _ if waited.is_zero() => {
                "Wait for it with a `…_timeout` call. `Shared::participants` shows which process holds which part"
            }
            _ => {
                "`Shared::participants` shows which process holds which part: it may be stopped, in a long update, or keep a \
                 guard, a `Transaction`, or an exclusive `Writer`, `Producer`, `Consumer` or `Sender`"
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

    /// Returns the error of the entry with this key in this map.
    pub(crate) fn at_key(self, key: KeyText) -> Self {
        Self { part: self.part.at_key(key), ..self }
    }

    /// Returns the error of a caller that has made several attempts, and waited for `waited` in all.
    #[must_use]
    pub fn after(self, waited: Duration) -> Self {
        Self { waited, ..self }
    }

    /// The holder when the call gave up.
    #[must_use]
    pub fn holder(&self) -> Holder {
        self.holder
    }

    /// How long the call waited.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.waited
    }
}

/// Why a transaction was not begun, or a key was not removed from a [`Map`](crate::Map) with its value: from the
/// `try_begin` and `begin_timeout` of a [`Versioned`](crate::Versioned), and the `try_remove` and `remove_timeout` of a
/// map.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BeginError {
    /// Another writer has the part, or another thread inserts or removes a key. Nothing was done.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The stored bytes are no value of its type. No transaction was begun. The key was removed.
    #[error(transparent)]
    InvalidValue(#[from] InvalidValue),
}

/// Why a [`Lock`](crate::Lock) was not taken.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// The lock's last owner died or panicked, and what the lock guards has not been repaired. The lock is free again.
    #[error(
        "the last owner of {lock} died or panicked while it held the lock, and may have left the guarded data \
         half-changed. Take it with `lock_or_repair(|| …)`, and repair the data in the closure, or with \
         `lock_to_repair` and `mark_consistent`"
    )]
    OwnerDied {
        /// Which lock.
        lock: PartName,
    },
    /// Another process or thread holds the lock.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// This thread holds the lock already, and would wait for itself.
    #[error("this thread holds {lock} already, and would wait for itself: drop the first guard")]
    WouldDeadlock {
        /// Which lock.
        lock: PartName,
    },
}
