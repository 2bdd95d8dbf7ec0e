//! The wait of a task, which the [hub](crate::sync::hub) wakes.

use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use super::{Aim, Ended, TO_COPY, Waitable, access_of, end_of};
use crate::error::WaitError;
use crate::segment::this_process::registry::segment_at;
use crate::sync::hub::{Registration, State, Why};
use crate::sys::failpoint::{self, Step};

/// The time after which a task gives up to copy a value that was never whole.
const LONGEST_COPY: Duration = Duration::from_secs(1);

/// The attempts to register a wait. Another one is needed if the word changes meanwhile.
const ATTEMPTS: u32 = 8;

/// The wait of a future, from its first poll on.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    registration: Registration,
    /// The time of the first copy that was not whole.
    copying_since: Option<Instant>,
    /// The task waits for a moment, and not for a change.
    is_late: bool,
}

impl Pending {
    /// Returns what comes with a change, once it is there. A task does not block while it copies, except for a moment.
    pub(crate) fn poll_for<A: Aim>(
        &mut self,
        aim: &A,
        context: &mut Context<'_>,
    ) -> Poll<Result<A::Change, WaitError>> {
        for _ in 0..ATTEMPTS {
            let polled = self.poll(aim, context);
            if polled.is_pending() {
                self.copying_since = None;
            }
            if let Err(ended) = ready!(polled) {
                return Poll::Ready(Err(ended.error(aim, Duration::ZERO)));
            }
            match aim.change(TO_COPY / 100) {
                Err(WaitError::NeverWhole { part, .. }) => {
                    let waited = self.copying_since.get_or_insert_with(Instant::now).elapsed();
                    if waited >= LONGEST_COPY {
                        self.copying_since = None;
                        return Poll::Ready(Err(WaitError::NeverWhole { part, waited }));
                    }
                    break;
                }
                Ok(None) => {}
                changed => {
                    self.copying_since = None;
                    return Poll::Ready(changed.map(|change| change.expect("it is there")));
                }
            }
        }
        self.poll_again(context)
    }

    /// Lets other tasks run, and asks to be polled again.
    pub(in crate::sync) fn poll_again<T>(&mut self, context: &mut Context<'_>) -> Poll<T> {
        self.registration.end();
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Returns `true` if the last poll had the task woken after a moment.
    pub(in crate::sync) fn was_late(&mut self) -> bool {
        std::mem::take(&mut self.is_late)
    }

    /// Has the task woken after a moment.
    pub(in crate::sync) fn poll_later<T>(&mut self, context: &mut Context<'_>) -> Poll<Result<T, Ended>> {
        self.is_late = true;
        if self.registration.renew(context.waker()) != Some(State::Waiting) {
            self.registration.make_stray(context.waker()).map_err(|errno| Ended::NoThread(errno as i32))?;
        }
        Poll::Pending
    }

    /// Returns `Ready` if the change is there, or will not come. Otherwise the task is woken when one or the other may
    /// be true.
    pub(in crate::sync) fn poll(
        &mut self,
        awaited: &dyn Waitable,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Ended>> {
        let polled = self.poll_unless_there(awaited, context);
        if polled.is_ready() {
            self.registration.end();
        }
        polled
    }

    fn poll_unless_there(&mut self, awaited: &dyn Waitable, context: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        if awaited.is_there() {
            return Poll::Ready(Ok(()));
        }
        match self.registration.renew(context.waker()) {
            Some(State::Waiting) => return Poll::Pending,
            Some(State::Woken(Why::Unsettled)) => awaited.settle(),
            Some(State::Woken(Why::Object)) => {
                let segment = segment_at(awaited.condition().address());
                if let Some(ended) = segment.and_then(|segment| end_of(&segment, true, true)) {
                    // A change that came before the end is not lost.
                    return Poll::Ready(if awaited.is_there() { Ok(()) } else { Err(ended) });
                }
            }
            Some(State::Woken(Why::Holds)) | None => {}
        }
        for _ in 0..ATTEMPTS {
            let condition = awaited.condition();
            let announced = condition.announce(access_of(awaited));
            failpoint::reach(Step::VersionAwaited);
            if awaited.is_there() {
                return Poll::Ready(Ok(()));
            }
            // If the condition holds and the change is not there, it is another condition by now, with another word
            // perhaps.
            let Some(expected) = announced.filter(|_| !condition.holds()) else { continue };
            match self.registration.make(condition, expected, context.waker()) {
                Ok(true) => return Poll::Pending,
                Ok(false) => {}
                Err(errno) => return Poll::Ready(Err(Ended::NoThread(errno as i32))),
            }
        }
        // The word changes all the time, so the task would not sleep anyway.
        self.poll_again(context)
    }
}
