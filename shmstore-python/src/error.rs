//! The exceptions of Python for the errors of the store.

use std::time::Duration;

use pyo3::exceptions::{PyKeyError, PyOverflowError, PyTypeError, PyValueError};
use pyo3::{PyErr, PyResult, import_exception};
use shmstore::dynamic::{DynamicError, ValueError};
use shmstore::error::{
    AttachError, Busy as Busy_, CreateError, Error as Any, Holder, InsertError, LoanError, LockError, OpenError,
    PinError, PopError, PushError, RecvError, RemoveError, SchemaError, WaitAnyError, WaitError,
};
use shmstore::inspect::{InspectError, SegmentState};

import_exception!(shmstore._errors, Error);
import_exception!(shmstore._errors, NotFound);
import_exception!(shmstore._errors, AlreadyExists);
import_exception!(shmstore._errors, AccessDenied);
import_exception!(shmstore._errors, Mirrored);
import_exception!(shmstore._errors, LayoutError);
import_exception!(shmstore._errors, InvalidValue);
import_exception!(shmstore._errors, Busy);
import_exception!(shmstore._errors, Timeout);
import_exception!(shmstore._errors, BusyTimeout);
import_exception!(shmstore._errors, Empty);
import_exception!(shmstore._errors, Full);
import_exception!(shmstore._errors, Lagged);
import_exception!(shmstore._errors, OwnerDied);
import_exception!(shmstore._errors, Lost);
import_exception!(shmstore._errors, Removed);

/// Turns an error of the store into an exception.
pub(crate) trait OrRaise<T> {
    fn or_raise(self) -> PyResult<T>;
}

impl<T, E: Into<Any>> OrRaise<T> for Result<T, E> {
    fn or_raise(self) -> PyResult<T> {
        self.map_err(|error| exception(error.into()))
    }
}

/// The exception for an error of an object of any type.
pub(crate) fn of_dynamic(error: DynamicError) -> PyErr {
    let text = error.to_string();
    match error {
        DynamicError::Inspect(error) => match error {
            InspectError::NotFound { .. } | InspectError::Gone { .. } => NotFound::new_err(text),
            InspectError::AccessDenied { .. } => AccessDenied::new_err(text),
            InspectError::NotReady { state: SegmentState::Initializing, .. } => BusyTimeout::new_err(text),
            InspectError::NotReady { .. } => LayoutError::new_err(text),
            _ => Error::new_err(text),
        },
        DynamicError::Schema(_) => LayoutError::new_err(text),
        DynamicError::Attach(error) => exception(error.into()),
        DynamicError::Create(error) => exception(error.into()),
        DynamicError::Field(_) | DynamicError::NotAPart { .. } => PyKeyError::new_err(text),
        DynamicError::WrongPart { .. } | DynamicError::NoInteger { .. } => PyTypeError::new_err(text),
        DynamicError::TooLarge { .. }
        | DynamicError::Length { .. }
        | DynamicError::Position { .. }
        | DynamicError::Origin { .. } => PyValueError::new_err(text),
        DynamicError::Value(error) => value_error(&error),
        DynamicError::TooMuch { .. } => PyOverflowError::new_err(text),
        DynamicError::InvalidValue(_) | DynamicError::InvalidField { .. } => InvalidValue::new_err(text),
        DynamicError::Busy(error) => exception(error.into()),
        DynamicError::Push(error) => exception(error.into()),
        DynamicError::Pop(error) => exception(error.into()),
        DynamicError::Recv(error) => exception(error.into()),
        DynamicError::Insert(error) => exception(error.into()),
        DynamicError::Lock(error) => exception(error.into()),
        DynamicError::Wait(error) => exception(error.into()),
        DynamicError::Loan(error) => exception(error.into()),
        DynamicError::Pin(error) => exception(error.into()),
        DynamicError::Job(error) => exception(error.into()),
        DynamicError::Frame(error) => exception(error.into()),
        DynamicError::TooLong(error) => exception(error.into()),
        _ => Error::new_err(text),
    }
}

/// The exception for a value that does not fit its type.
pub(crate) fn value_error(error: &ValueError) -> PyErr {
    let hint = if error.expected.contains("f32") { ". `numpy.float32(…)` rounds it" } else { "" };
    PyValueError::new_err(format!("{error}{hint}"))
}

/// The error of a call that has made several attempts: it has waited for all of this time.
pub(crate) fn after(mut error: DynamicError, time: Duration) -> DynamicError {
    match &mut error {
        DynamicError::Busy(busy)
        | DynamicError::Push(PushError::Busy(busy))
        | DynamicError::Pop(PopError::Busy(busy))
        | DynamicError::Insert(InsertError::Busy(busy))
        | DynamicError::Lock(LockError::Busy(busy))
        | DynamicError::Loan(LoanError::Busy(busy)) => *busy = busy.clone().after(time),
        DynamicError::Push(PushError::Full { waited, .. })
        | DynamicError::Pop(PopError::Empty { waited, .. })
        | DynamicError::Recv(RecvError::Empty { waited, .. })
        | DynamicError::Wait(WaitError::Timeout { waited, .. } | WaitError::NeverWhole { waited, .. })
        | DynamicError::Loan(LoanError::Full { waited, .. }) => *waited = time,
        _ => {}
    }
    error
}

/// Returns `true` if a call gave up because its time was over, and may succeed in more time.
pub(crate) fn is_over(error: &DynamicError) -> bool {
    let of_busy = |busy: &Busy_| busy.holder() != Holder::ThisThread;
    match error {
        DynamicError::Busy(busy)
        | DynamicError::Push(PushError::Busy(busy))
        | DynamicError::Pop(PopError::Busy(busy))
        | DynamicError::Insert(InsertError::Busy(busy))
        | DynamicError::Lock(LockError::Busy(busy))
        | DynamicError::Loan(LoanError::Busy(busy)) => of_busy(busy),
        DynamicError::Push(PushError::Full { .. })
        | DynamicError::Pop(PopError::Empty { .. })
        | DynamicError::Recv(RecvError::Empty { .. } | RecvError::NeverWhole { .. })
        | DynamicError::Wait(WaitError::Timeout { .. } | WaitError::NeverWhole { .. })
        | DynamicError::Loan(LoanError::Full { .. }) => true,
        _ => false,
    }
}

/// The exception for an error.
pub(crate) fn exception(error: Any) -> PyErr {
    let text = error.to_string();
    match error {
        Any::Open(error) => open(&error, text),
        Any::Attach(error) => attach(&error, text),
        Any::Create(error) => create(&error, text),
        Any::Remove(RemoveError::Existing(error)) => attach(&error, text),
        Any::Remove(RemoveError::NotFound { .. }) => NotFound::new_err(text),
        Any::Remove(RemoveError::NotPermitted { .. }) => AccessDenied::new_err(text),
        Any::Busy(busy)
        | Any::Lock(LockError::Busy(busy))
        | Any::Push(PushError::Busy(busy))
        | Any::Pop(PopError::Busy(busy))
        | Any::Insert(InsertError::Busy(busy))
        | Any::Loan(LoanError::Busy(busy)) => match busy.holder() {
            Holder::ThisThread => Busy::new_err(text),
            _ => BusyTimeout::new_err(text),
        },
        Any::Lock(LockError::OwnerDied { .. }) => OwnerDied::new_err(text),
        Any::Lock(LockError::WouldDeadlock { .. }) => Busy::new_err(text),
        Any::Wait(WaitError::Timeout { .. } | WaitError::NeverWhole { .. }) => Timeout::new_err(text),
        Any::Wait(WaitError::Removed { .. } | WaitError::AnchorLost { .. } | WaitError::EntryRemoved(_)) => {
            Removed::new_err(text)
        }
        Any::WaitAny(WaitAnyError::Timeout { .. }) => Timeout::new_err(text),
        Any::WaitAny(WaitAnyError::Removed { .. } | WaitAnyError::AnchorLost { .. }) | Any::Removed(_) => {
            Removed::new_err(text)
        }
        Any::Push(PushError::Full { .. }) | Any::Insert(InsertError::Full { .. }) => Full::new_err(text),
        Any::Pop(PopError::Empty { .. }) | Any::Recv(RecvError::Empty { .. }) => Empty::new_err(text),
        Any::Recv(RecvError::Lagged { missed, .. }) => Lagged::new_err((text, missed)),
        Any::Recv(RecvError::NeverWhole { .. }) => Timeout::new_err(text),
        Any::Loan(LoanError::Full { .. }) | Any::Pin(PinError::Full { .. }) => Full::new_err(text),
        Any::Pin(PinError::NotYet { .. }) => Timeout::new_err(text),
        Any::Pin(PinError::Disturbed { .. }) => BusyTimeout::new_err(text),
        Any::Pin(PinError::ReadOnly { .. }) => AccessDenied::new_err(text),
        Any::Push(PushError::Removed { .. } | PushError::AnchorLost { .. })
        | Any::Pop(PopError::Removed { .. } | PopError::AnchorLost { .. })
        | Any::Recv(RecvError::Removed { .. } | RecvError::AnchorLost { .. })
        | Any::Loan(LoanError::Removed { .. } | LoanError::AnchorLost { .. })
        | Any::Pin(PinError::Removed { .. } | PinError::AnchorLost { .. }) => Removed::new_err(text),
        Any::JobLost(_) | Any::FrameLost(_) | Any::Overrun(_) => Lost::new_err(text),
        Any::InvalidValue(_)
        | Any::Wait(WaitError::InvalidValue(_))
        | Any::Pop(PopError::InvalidValue(_))
        | Any::Recv(RecvError::InvalidValue(_))
        | Any::Insert(InsertError::InvalidValue(_))
        | Any::Pin(PinError::InvalidValue(_)) => InvalidValue::new_err(text),
        Any::Schema(_) => LayoutError::new_err(text),
        Any::TooLong(_) | Any::Capacity(_) | Any::Timestamp(_) => PyValueError::new_err(text),
        _ => Error::new_err(text),
    }
}

fn open(error: &OpenError, text: String) -> PyErr {
    match error {
        OpenError::NotFound { .. } | OpenError::DanglingLink { .. } => NotFound::new_err(text),
        OpenError::AccessDenied { .. }
        | OpenError::NotWritable { .. }
        | OpenError::WorldWritable { .. }
        | OpenError::UntrustedAnchor { .. } => AccessDenied::new_err(text),
        OpenError::BadPath { .. } | OpenError::BadName { .. } | OpenError::BadOption { .. } => {
            PyValueError::new_err(text)
        }
        OpenError::Busy { .. } => BusyTimeout::new_err(text),
        _ => Error::new_err(text),
    }
}

fn attach(error: &AttachError, text: String) -> PyErr {
    match error {
        AttachError::Anchor(error) => open(error, text),
        AttachError::NotFound { .. } => NotFound::new_err(text),
        AttachError::LayoutMismatch(_)
        | AttachError::Shorter { .. }
        | AttachError::NoRoom { .. }
        | AttachError::FormatVersion { .. }
        | AttachError::NewerFormat { .. }
        | AttachError::Corrupt { .. } => LayoutError::new_err(text),
        AttachError::AccessDenied { .. } | AttachError::Untrusted { .. } => AccessDenied::new_err(text),
        AttachError::Mirrored { .. } => Mirrored::new_err(format!("{text}. In Python, use `read_only=True`")),
        AttachError::StillInitializing { .. } | AttachError::Abandoned { .. } => BusyTimeout::new_err(text),
        AttachError::BadId { .. } => PyValueError::new_err(text),
        _ => Error::new_err(text),
    }
}

fn create(error: &CreateError, text: String) -> PyErr {
    match error {
        CreateError::Existing(error) => attach(error, text),
        CreateError::AlreadyExists { .. } => AlreadyExists::new_err(text),
        CreateError::NotReplaceable(RemoveError::NotPermitted { .. }) => AccessDenied::new_err(text),
        _ => Error::new_err(text),
    }
}

/// Returns `true` if the call may succeed if it is made again.
pub(crate) fn is_over_soon(error: &Any) -> bool {
    let of_anchor = |error: &OpenError| matches!(error, OpenError::Busy { .. });
    let of_attach = |error: &AttachError| match error {
        AttachError::Anchor(error) => of_anchor(error),
        AttachError::StillInitializing { .. } | AttachError::Abandoned { .. } => true,
        _ => false,
    };
    match error {
        Any::Open(error) => of_anchor(error),
        Any::Attach(error) | Any::Create(CreateError::Existing(error)) | Any::Remove(RemoveError::Existing(error)) => {
            of_attach(error)
        }
        _ => false,
    }
}

/// The exception for a definition that no type can have.
pub(crate) fn no_type(error: SchemaError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// The exception for a value of another type of Python than the schema asks for.
pub(crate) fn wrong_type(path: &str, expected: &str, found: &str) -> PyErr {
    let at = if path.is_empty() { String::new() } else { format!("`{path}`: ") };
    PyTypeError::new_err(format!("{at}expected {expected}, not {found}"))
}
