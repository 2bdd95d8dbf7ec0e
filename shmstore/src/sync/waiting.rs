//! Waits for a change of a part, of one or of many, by threads and by tasks.
//!
//! Every wait is for something [`Waitable`], which names the [`Condition`] to sleep for. A thread sleeps itself
//! (`sleep.rs`), on the word of the condition or on many words (`any.rs`). A task cannot sleep, so the
//! [hub](super::hub) does so for it (`task.rs`).

mod any;
mod changes;
mod condition;
mod sleep;
mod task;
mod turns;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::error::{Awaited, WaitError};
use crate::segment::this_process::registry::{SegmentRef, access_at};
use crate::sys::shm::Access;

pub use any::{Ready, wait_any, wait_any_while};
pub use changes::Changes;
pub(super) use changes::Repeat;
pub(super) use condition::Bell;
pub(crate) use condition::Condition;
pub(crate) use task::Pending;
pub(super) use turns::in_turns;

/// The time that a copy gets at least, even if the time of the wait is over. A writer that follows the protocol grants
/// a pause in less time.
pub(super) const TO_COPY: Duration = Duration::from_millis(10);

/// A change of a part for which a thread or a task can wait.
///
/// Threads pass a list of them to [`wait_any`], and tasks use `.await`, because each is also a [`Future`]. The methods
/// named `newer`, `past`, `changed`, `not_empty` and `not_full` return them. The trait is sealed: no other crate can
/// implement it.
///
/// ```
/// use shmstore::{Awaitable, Event, Versioned};
///
/// let (position, done) = (Versioned::<[f64; 3]>::default(), Event::new());
/// let (newer, past) = (position.newer(0), done.past(0));
/// let awaited: Vec<&dyn Awaitable> = vec![&newer, &past]; // for `wait_any`
/// # assert_eq!(awaited.len(), 2);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what `wait_any` waits for",
    label = "a change of a part is expected here",
    note = "say which change, and what you have seen: `&value.newer(seen)`, `&entry.newer(seen)`, `&event.past(seen)`, \
            `&map.newer(&key, seen)`, `&map.changed(seen)`, `&queue.not_empty()`, `&queue.not_full()`, \
            `&subscriber.not_empty()`, `&frames.newer(seen)`"
)]
pub trait Awaitable: Sealed {}

/// Keeps [`Awaitable`] to this crate.
pub trait Sealed {
    fn aim(&self) -> AnyAim<'_>;
}

/// What an [`Awaitable`] waits for.
pub struct AnyAim<'a>(pub(crate) &'a dyn Waitable);

/// A change of a part that can be awaited.
pub(crate) trait Waitable {
    /// The condition for which to sleep at this moment.
    fn condition(&self) -> Condition<'_>;

    /// Returns `true` if the change is there. The condition may hold although it is not.
    fn is_there(&self) -> bool {
        self.condition().holds()
    }

    /// How the part was reached. A part of a view may be in memory that this process can write nevertheless.
    fn access(&self) -> Access {
        Access::ReadWrite
    }

    /// Completes what dead processes have left. Called after each sleep that did not end with the change.
    fn settle(&self) {}

    /// Describes the change in an error.
    fn describe(&self) -> Awaited;
}

/// A change, and what comes with it.
pub(crate) trait Aim: Waitable {
    type Change;

    /// Returns what comes with the change. `None` if the change is gone again. A copy of a value takes at most `time`.
    fn change(&self, time: Duration) -> Result<Option<Self::Change>, WaitError>;
}

/// A change with which nothing comes.
pub(crate) trait Signal: Waitable {}

impl<S: Signal> Aim for S {
    type Change = ();

    fn change(&self, _: Duration) -> Result<Option<()>, WaitError> {
        Ok(Some(()))
    }
}

/// Waits for a change, at most for `timeout`, and returns what comes with it.
pub(crate) fn wait_for<A: Aim>(aim: &A, timeout: Duration) -> Result<A::Change, WaitError> {
    let started = Instant::now();
    loop {
        let left = wait_until_there(aim, timeout.saturating_sub(started.elapsed()));
        let left = left.map_err(|ended| ended.error(aim, timeout))?;
        if let Some(change) = aim.change(left)? {
            return Ok(change);
        }
        if started.elapsed() >= timeout {
            return Err(Ended::Timeout.error(aim, timeout));
        }
    }
}

/// Waits for a change, at most for `timeout`. Returns the time that is left for a copy. The copy has a limit, too,
/// because a process that breaks the protocol can prevent any whole copy.
pub(super) fn wait_until_there(awaited: &impl Waitable, timeout: Duration) -> Result<Duration, Ended> {
    if awaited.is_there() {
        return Ok(timeout.max(TO_COPY));
    }
    let started = Instant::now();
    sleep::wait(awaited, timeout)?;
    Ok(timeout.saturating_sub(started.elapsed()).max(TO_COPY))
}

/// Makes a type with the fields `aim` and `pending` a future of what comes with the change, and something that
/// [`wait_any`] takes.
macro_rules! awaitable {
    ([$($generics:tt)*] $type:ty, $aim:ty, $change:ty) => {
        $crate::sync::waiting::awaitable_by!(
            [$($generics)*] $type, $aim, Result<$change, $crate::error::WaitError>
        );

        impl<$($generics)*> $type {
            fn poll_once(
                &mut self,
                context: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Result<$change, $crate::error::WaitError>> {
                self.pending.poll_for(&self.aim, context)
            }
        }
    };
}
pub(crate) use awaitable;

/// Does the same for a type that has a method `poll_once`, with this output.
macro_rules! awaitable_by {
    ([$($generics:tt)*] $type:ty, $aim:ty, $output:ty) => {
        impl<$($generics)*> $type {
            pub(super) fn of(aim: $aim) -> Self {
                Self { aim, pending: $crate::sync::waiting::Pending::default() }
            }
        }

        impl<$($generics)*> std::future::Future for $type {
            type Output = $output;

            fn poll(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Self::Output> {
                self.get_mut().poll_once(context)
            }
        }

        // Nothing in it is pinned.
        impl<$($generics)*> Unpin for $type {}

        impl<$($generics)*> $crate::sync::waiting::Sealed for $type {
            fn aim(&self) -> $crate::sync::waiting::AnyAim<'_> {
                $crate::sync::waiting::AnyAim(&self.aim)
            }
        }

        impl<$($generics)*> $crate::sync::waiting::Awaitable for $type {}

        impl<$($generics)*> std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let awaited = $crate::sync::waiting::Waitable::describe(&self.aim);
                write!(f, "a wait for {awaited}")
            }
        }
    };
}
pub(crate) use awaitable_by;

/// Why a wait ended without the change.
#[derive(Debug)]
pub(super) enum Ended {
    /// The time is over.
    Timeout,
    /// The object was removed.
    Removed,
    /// The object's anchor is lost.
    AnchorLost(PathBuf),
    /// The thread that wakes tasks cannot be started.
    NoThread(i32),
}

impl Ended {
    pub(super) fn error(self, awaited: &dyn Waitable, waited: Duration) -> WaitError {
        let awaited = awaited.describe();
        match self {
            Self::Timeout => WaitError::Timeout { awaited, waited },
            Self::Removed => WaitError::Removed { awaited },
            Self::AnchorLost(anchor) => WaitError::AnchorLost { awaited, anchor },
            Self::NoThread(errno) => WaitError::NoThread { awaited, errno },
        }
    }
}

/// How this process may use the memory of a condition. A view may be of memory that this process can write.
fn access_of(awaited: &dyn Waitable) -> Access {
    match awaited.access() {
        Access::ReadWrite => Access::ReadWrite,
        Access::ReadOnly => access_at(awaited.condition().address()).unwrap_or(Access::ReadOnly),
    }
}

/// Returns an end if the object of a segment was removed, or has lost its anchor. `asks_kernel` and `checks_anchor` say
/// whether to make the system calls for that.
fn end_of(segment: &SegmentRef, asks_kernel: bool, checks_anchor: bool) -> Option<Ended> {
    if if asks_kernel { segment.is_removed() } else { segment.says_removed() } {
        return Some(Ended::Removed);
    }
    let lost = if checks_anchor { segment.lost_anchor() } else { None };
    lost.map(|path| Ended::AnchorLost(path.to_owned()))
}
