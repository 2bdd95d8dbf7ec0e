//! The crate's errors as errors of input and output, for programs that have only these.

use std::io::{self, ErrorKind};
use std::time::Duration;

use super::{
    AbandonedReason, AttachError, Busy, CreateError, Error, Holder, InsertError, LoanError, LockError, OpenError,
    PinError, PopError, PushError, RecvError, RemoveError, WaitAnyError, WaitError,
};

/// The message and the error are kept. The kind is the nearest one, [`ErrorKind::Other`] if there is none.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        Self::new(of_any(&error), error)
    }
}

fn of_any(error: &Error) -> ErrorKind {
    match error {
        Error::Open(error) => of_open(error),
        Error::Attach(error) => of_attach(error),
        Error::Create(error) => of_create(error),
        Error::Remove(error) => of_remove(error),
        Error::Busy(busy) | Error::Lock(LockError::Busy(busy)) => of_busy(busy),
        Error::Lock(LockError::WouldDeadlock { .. }) => ErrorKind::Deadlock,
        Error::Lock(LockError::OwnerDied { .. }) => ErrorKind::Other,
        Error::Wait(WaitError::Timeout { .. } | WaitError::NeverWhole { .. })
        | Error::WaitAny(WaitAnyError::Timeout { .. }) => ErrorKind::TimedOut,
        Error::Wait(WaitError::Removed { .. } | WaitError::AnchorLost { .. } | WaitError::EntryRemoved(_))
        | Error::WaitAny(WaitAnyError::Removed { .. } | WaitAnyError::AnchorLost { .. })
        | Error::Removed(_) => ErrorKind::NotFound,
        Error::Wait(WaitError::NoThread { .. }) => ErrorKind::Other,
        Error::Wait(WaitError::InvalidValue(_)) | Error::InvalidValue(_) | Error::Schema(_) => ErrorKind::InvalidData,
        Error::Push(error) => of_push(error),
        Error::Pop(error) => of_pop(error),
        Error::Recv(error) => of_recv(error),
        Error::Insert(InsertError::Full { .. }) => ErrorKind::StorageFull,
        Error::Insert(InsertError::Busy(busy)) => of_busy(busy),
        Error::Insert(InsertError::InvalidValue(_)) => ErrorKind::InvalidData,
        Error::Loan(error) => of_loan(error),
        Error::Pin(error) => of_pin(error),
        Error::JobLost(_) | Error::FrameLost(_) | Error::Overrun(_) => ErrorKind::Other,
        Error::TooLong(_) | Error::Capacity(_) | Error::Timestamp(_) | Error::Value(_) => ErrorKind::InvalidInput,
    }
}

fn of_busy(busy: &Busy) -> ErrorKind {
    match busy.holder() {
        Holder::ThisThread => ErrorKind::Deadlock,
        _ => after(&busy.waited()),
    }
}

fn of_loan(error: &LoanError) -> ErrorKind {
    match error {
        LoanError::Full { waited, .. } => after(waited),
        LoanError::Busy(busy) => of_busy(busy),
        LoanError::Removed { .. } | LoanError::AnchorLost { .. } => ErrorKind::NotFound,
    }
}

fn of_pin(error: &PinError) -> ErrorKind {
    match error {
        PinError::NotYet { waited, .. } | PinError::Disturbed { waited, .. } => after(waited),
        PinError::Full { .. } => ErrorKind::QuotaExceeded,
        PinError::ReadOnly { .. } => ErrorKind::PermissionDenied,
        PinError::InvalidValue(_) => ErrorKind::InvalidData,
        PinError::NoThread { .. } => ErrorKind::Other,
        PinError::Removed { .. } | PinError::AnchorLost { .. } => ErrorKind::NotFound,
    }
}

fn of_push(error: &PushError) -> ErrorKind {
    match error {
        PushError::Full { waited, .. } => after(waited),
        PushError::Busy(busy) => of_busy(busy),
        PushError::NoThread { .. } => ErrorKind::Other,
        PushError::Removed { .. } | PushError::AnchorLost { .. } => ErrorKind::NotFound,
    }
}

fn of_pop(error: &PopError) -> ErrorKind {
    match error {
        PopError::Empty { waited, .. } => after(waited),
        PopError::Busy(busy) => of_busy(busy),
        PopError::InvalidValue(_) => ErrorKind::InvalidData,
        PopError::NoThread { .. } => ErrorKind::Other,
        PopError::Removed { .. } | PopError::AnchorLost { .. } => ErrorKind::NotFound,
    }
}

fn of_recv(error: &RecvError) -> ErrorKind {
    match error {
        RecvError::Empty { waited, .. } => after(waited),
        RecvError::Lagged { .. } | RecvError::NoThread { .. } => ErrorKind::Other,
        RecvError::NeverWhole { .. } => ErrorKind::TimedOut,
        RecvError::InvalidValue(_) => ErrorKind::InvalidData,
        RecvError::Removed { .. } | RecvError::AnchorLost { .. } => ErrorKind::NotFound,
    }
}

/// The kind of a system call's error. `Interrupted` is not passed on, because callers try again at once for it.
fn of_system(cause: &io::Error) -> ErrorKind {
    match cause.kind() {
        ErrorKind::Interrupted => ErrorKind::Other,
        kind => kind,
    }
}

fn of_open(error: &OpenError) -> ErrorKind {
    match error {
        OpenError::NotFound { .. } | OpenError::DanglingLink { .. } => ErrorKind::NotFound,
        OpenError::AccessDenied { .. }
        | OpenError::NotWritable { .. }
        | OpenError::WorldWritable { .. }
        | OpenError::UntrustedAnchor { .. } => ErrorKind::PermissionDenied,
        OpenError::InTheWay { .. } | OpenError::NotADirectory { .. } => ErrorKind::NotADirectory,
        OpenError::BadPath { .. }
        | OpenError::BadName { .. }
        | OpenError::BadOption { .. }
        | OpenError::NotAnAnchor { .. } => ErrorKind::InvalidInput,
        OpenError::LocksUnsupported { .. } => ErrorKind::Unsupported,
        OpenError::InUse { .. } => ErrorKind::ResourceBusy,
        OpenError::Busy { waited, .. } => after(waited),
        OpenError::NoFreeKey { .. } => ErrorKind::Other,
        OpenError::System { cause, .. } => of_system(cause),
    }
}

fn of_attach(error: &AttachError) -> ErrorKind {
    match error {
        AttachError::Anchor(error) => of_open(error),
        AttachError::NotFound { .. } | AttachError::Shorter { .. } | AttachError::MigrationUnfinished { .. } => {
            ErrorKind::NotFound
        }
        AttachError::AccessDenied { .. }
        | AttachError::Mirrored { .. }
        | AttachError::Untrusted { .. }
        | AttachError::Abandoned { reason: AbandonedReason::NotPermitted { .. }, .. } => ErrorKind::PermissionDenied,
        AttachError::LayoutMismatch(_)
        | AttachError::FormatVersion { .. }
        | AttachError::NewerFormat { .. }
        | AttachError::NoRoom { .. }
        | AttachError::NotMirrored { .. }
        | AttachError::Foreign { .. }
        | AttachError::Collision { .. }
        | AttachError::Corrupt { .. } => ErrorKind::InvalidData,
        AttachError::StaleAnchor { .. } | AttachError::Abandoned { .. } | AttachError::MigrationConflict { .. } => {
            ErrorKind::ResourceBusy
        }
        AttachError::MigrationInterrupted { cause, .. } => of_create(cause),
        AttachError::StillInitializing { waited, .. } => after(waited),
        AttachError::WouldDeadlock { .. } => ErrorKind::Deadlock,
        AttachError::BadId { .. } => ErrorKind::InvalidInput,
        AttachError::OutOfMemory { .. } => ErrorKind::OutOfMemory,
        AttachError::Unreadable { .. } | AttachError::ParticipantsFull { .. } | AttachError::TokenCollision { .. } => {
            ErrorKind::Other
        }
        AttachError::System { cause, .. } => of_system(cause),
    }
}

fn of_create(error: &CreateError) -> ErrorKind {
    match error {
        CreateError::Existing(error) => of_attach(error),
        CreateError::NotReplaceable(error) => of_remove(error),
        CreateError::Lost { cause, .. } => of_create(cause),
        CreateError::AlreadyExists { .. } => ErrorKind::AlreadyExists,
        CreateError::InUse { .. } => ErrorKind::ResourceBusy,
        CreateError::OutOfMemory { .. } => ErrorKind::OutOfMemory,
        CreateError::NoType { .. } => ErrorKind::InvalidData,
        CreateError::OtherIpcNamespace { .. }
        | CreateError::SegmentLimit { .. }
        | CreateError::PageLimit { .. }
        | CreateError::SizeLimit { .. }
        | CreateError::Init { .. }
        | CreateError::RemovedMeanwhile { .. }
        | CreateError::ForkedInInit { .. } => ErrorKind::Other,
    }
}

fn of_remove(error: &RemoveError) -> ErrorKind {
    match error {
        RemoveError::NotFound { .. } => ErrorKind::NotFound,
        RemoveError::Existing(error) => of_attach(error),
        RemoveError::NotPermitted { .. } => ErrorKind::PermissionDenied,
    }
}

/// The kind of a call that gave up after this time.
fn after(waited: &Duration) -> ErrorKind {
    if waited.is_zero() { ErrorKind::WouldBlock } else { ErrorKind::TimedOut }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn io_error_keeps_the_kind_and_the_message() {
        let path = || "/run/rover".into();
        let cause = || io::Error::from(ErrorKind::StorageFull);
        let cases: [(Error, ErrorKind); 5] = [
            (OpenError::NotFound { path: path(), waited: Duration::ZERO }.into(), ErrorKind::NotFound),
            (OpenError::Busy { path: path(), waited: Duration::ZERO }.into(), ErrorKind::WouldBlock),
            (OpenError::Busy { path: path(), waited: Duration::from_secs(5) }.into(), ErrorKind::TimedOut),
            (OpenError::System { attempted: "open", path: path(), cause: cause() }.into(), ErrorKind::StorageFull),
            (CreateError::from(AttachError::BadId { id: 'é' }).into(), ErrorKind::InvalidInput),
        ];
        for (error, kind) in cases {
            let text = error.to_string();
            let error = io::Error::from(error);
            assert_eq!((error.kind(), error.to_string()), (kind, text));
            assert!(error.downcast::<Error>().is_ok());
        }
    }

    #[test]
    fn cause_is_printed_once_in_the_message() {
        let cause = io::Error::from(ErrorKind::StorageFull);
        let text = cause.to_string();
        let error = Error::from(OpenError::System { attempted: "open", path: "/run/rover".into(), cause });
        assert_eq!(error.to_string(), format!("cannot open /run/rover: {text}"));
        assert_eq!(format!("{error:?}"), error.to_string());
        assert!(std::error::Error::source(&error).is_none());
    }
}
