//! Waits that a flag ends.

use std::time::Duration;

use crate::error::{Holder, LoanError, PinError, PopError, PushError, RecvError, WaitAnyError, WaitError};

/// The time between two looks at the flag.
const TURN: Duration = Duration::from_millis(5);

/// Whether an error says only that the time was too short.
pub(in crate::sync) trait IsOver {
    fn is_over(&self) -> bool;
}

/// Waits in short turns, as long as `keep_waiting` returns `true`. Returns `None` afterwards. `wait` waits for a time
/// at most.
pub(in crate::sync) fn in_turns<T, E: IsOver>(
    keep_waiting: impl Fn() -> bool,
    mut wait: impl FnMut(Duration) -> Result<T, E>,
) -> Result<Option<T>, E> {
    while keep_waiting() {
        match wait(TURN) {
            Err(error) if error.is_over() => {}
            ended => return ended.map(Some),
        }
    }
    Ok(None)
}

impl IsOver for WaitError {
    fn is_over(&self) -> bool {
        matches!(self, Self::Timeout { .. } | Self::NeverWhole { .. })
    }
}

impl IsOver for WaitAnyError {
    fn is_over(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }
}

impl IsOver for PushError {
    fn is_over(&self) -> bool {
        match self {
            Self::Full { .. } => true,
            Self::Busy(busy) => busy.holder() != Holder::ThisThread,
            _ => false,
        }
    }
}

impl IsOver for PopError {
    fn is_over(&self) -> bool {
        match self {
            Self::Empty { .. } => true,
            Self::Busy(busy) => busy.holder() != Holder::ThisThread,
            _ => false,
        }
    }
}

impl IsOver for RecvError {
    fn is_over(&self) -> bool {
        matches!(self, Self::Empty { .. })
    }
}

impl IsOver for LoanError {
    fn is_over(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::Busy(_))
    }
}

impl IsOver for PinError {
    fn is_over(&self) -> bool {
        matches!(self, Self::NotYet { .. } | Self::Disturbed { .. })
    }
}
