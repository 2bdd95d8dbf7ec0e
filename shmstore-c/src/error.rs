//! Errors: a code, and a text of the thread in which they happened.

use std::cell::RefCell;
use std::ffi::{CString, c_char};

use shmstore::dynamic::DynamicError;
use shmstore::error::{
    AttachError, Busy, CreateError, Holder, InsertError, LoanError, LockError, OpenError, PinError, PopError,
    PushError, RecvError, RemoveError, WaitAnyError, WaitError,
};
use shmstore::inspect::{FieldError, InspectError};

use crate::code::shmstore_code::{self, *};

/// The reason why a call did not do what it is for.
pub(crate) struct Failure {
    code: shmstore_code,
    text: Text,
}

/// The text of an error, which is written when it is asked for.
enum Text {
    Fixed(&'static str),
    Written(String),
    Error(Box<DynamicError>),
}

impl Failure {
    pub(crate) fn new(code: shmstore_code, text: String) -> Self {
        Self { code, text: Text::Written(text) }
    }

    pub(crate) const fn fixed(code: shmstore_code, text: &'static str) -> Self {
        Self { code, text: Text::Fixed(text) }
    }

    pub(crate) fn argument(text: String) -> Self {
        Self::new(SHMSTORE_BAD_ARGUMENT, text)
    }

    pub(crate) fn code(&self) -> shmstore_code {
        self.code
    }
}

impl From<DynamicError> for Failure {
    fn from(error: DynamicError) -> Self {
        Self { code: of_dynamic(&error), text: Text::Error(Box::new(error)) }
    }
}

/// Errors that are written at once, because they are rare.
macro_rules! written {
    ($($error:ty: $code:expr;)*) => {
        $(
            impl From<$error> for Failure {
                fn from(error: $error) -> Self {
                    let code: fn(&$error) -> shmstore_code = $code;
                    Self::new(code(&error), error.to_string())
                }
            }
        )*
    };
}

written! {
    OpenError: of_open;
    RemoveError: |error| match error {
        RemoveError::NotFound { .. } => SHMSTORE_NOT_FOUND,
        RemoveError::Existing(error) => of_attach(error),
        RemoveError::NotPermitted { .. } => SHMSTORE_ACCESS_DENIED,
        _ => SHMSTORE_SYSTEM,
    };
    FieldError: of_field;
    WaitAnyError: |error| of_wait(&error.clone().into());
    shmstore::error::SchemaError: |_| SHMSTORE_WRONG_LAYOUT;
    shmstore::dynamic::ValueError: |_| SHMSTORE_INVALID_VALUE;
    shmstore::InvalidValue: |_| SHMSTORE_INVALID_VALUE;
    serde_json::Error: |_| SHMSTORE_INTERNAL;
}

fn of_dynamic(error: &DynamicError) -> shmstore_code {
    match error {
        DynamicError::Inspect(error) => of_inspect(error),
        DynamicError::Schema(_) => SHMSTORE_WRONG_LAYOUT,
        DynamicError::Attach(error) => of_attach(error),
        DynamicError::Create(error) => of_create(error),
        DynamicError::Field(error) => of_field(error),
        DynamicError::WrongPart { .. } | DynamicError::NotAPart { .. } | DynamicError::NoInteger { .. } => {
            SHMSTORE_WRONG_PART
        }
        DynamicError::Value(_) | DynamicError::InvalidValue(_) | DynamicError::InvalidField { .. } => {
            SHMSTORE_INVALID_VALUE
        }
        DynamicError::Length { .. } => SHMSTORE_WRONG_SIZE,
        DynamicError::TooMuch { .. } | DynamicError::Position { .. } | DynamicError::Origin { .. } => {
            SHMSTORE_BAD_ARGUMENT
        }
        DynamicError::Busy(busy) => of_busy(busy),
        DynamicError::Push(error) => match error {
            PushError::Full { .. } => SHMSTORE_FULL,
            PushError::Busy(busy) => of_busy(busy),
            PushError::Removed { .. } | PushError::AnchorLost { .. } => SHMSTORE_REMOVED,
            _ => SHMSTORE_SYSTEM,
        },
        DynamicError::Pop(error) => match error {
            PopError::Empty { .. } => SHMSTORE_EMPTY,
            PopError::Busy(busy) => of_busy(busy),
            PopError::InvalidValue(_) => SHMSTORE_INVALID_VALUE,
            PopError::Removed { .. } | PopError::AnchorLost { .. } => SHMSTORE_REMOVED,
            _ => SHMSTORE_SYSTEM,
        },
        DynamicError::Recv(error) => match error {
            RecvError::Empty { .. } => SHMSTORE_EMPTY,
            RecvError::Lagged { .. } => SHMSTORE_LAGGED,
            RecvError::InvalidValue(_) => SHMSTORE_INVALID_VALUE,
            RecvError::NeverWhole { .. } => SHMSTORE_DISTURBED,
            RecvError::Removed { .. } | RecvError::AnchorLost { .. } => SHMSTORE_REMOVED,
            _ => SHMSTORE_SYSTEM,
        },
        DynamicError::Insert(error) => match error {
            InsertError::Full { .. } => SHMSTORE_FULL,
            InsertError::Busy(busy) => of_busy(busy),
            InsertError::InvalidValue(_) => SHMSTORE_INVALID_VALUE,
            _ => SHMSTORE_SYSTEM,
        },
        DynamicError::Lock(error) => match error {
            LockError::OwnerDied { .. } => SHMSTORE_OWNER_DIED,
            LockError::Busy(busy) => of_busy(busy),
            LockError::WouldDeadlock { .. } => SHMSTORE_DEADLOCK,
            _ => SHMSTORE_SYSTEM,
        },
        DynamicError::Wait(error) => of_wait(error),
        DynamicError::Loan(error) => match error {
            LoanError::Full { .. } => SHMSTORE_FULL,
            LoanError::Busy(busy) => of_busy(busy),
            LoanError::Removed { .. } | LoanError::AnchorLost { .. } => SHMSTORE_REMOVED,
            _ => SHMSTORE_SYSTEM,
        },
        DynamicError::Pin(error) => match error {
            PinError::NotYet { .. } => SHMSTORE_EMPTY,
            PinError::Full { .. } => SHMSTORE_FULL,
            PinError::Disturbed { .. } => SHMSTORE_DISTURBED,
            PinError::ReadOnly { .. } => SHMSTORE_ACCESS_DENIED,
            PinError::InvalidValue(_) => SHMSTORE_INVALID_VALUE,
            PinError::Removed { .. } | PinError::AnchorLost { .. } => SHMSTORE_REMOVED,
            _ => SHMSTORE_SYSTEM,
        },
        DynamicError::Job(_) | DynamicError::Frame(_) => SHMSTORE_LOST,
        DynamicError::TooLong(_) => SHMSTORE_FULL,
        DynamicError::OfParent { .. } => SHMSTORE_OF_PARENT,
        _ => SHMSTORE_SYSTEM,
    }
}

fn of_busy(busy: &Busy) -> shmstore_code {
    match busy.holder() {
        Holder::ThisThread => SHMSTORE_DEADLOCK,
        _ => SHMSTORE_BUSY,
    }
}

fn of_wait(error: &WaitError) -> shmstore_code {
    match error {
        WaitError::Timeout { .. } => SHMSTORE_TIMEOUT,
        WaitError::NeverWhole { .. } => SHMSTORE_DISTURBED,
        WaitError::Removed { .. } | WaitError::AnchorLost { .. } => SHMSTORE_REMOVED,
        WaitError::EntryRemoved(_) => SHMSTORE_NO_KEY,
        WaitError::InvalidValue(_) => SHMSTORE_INVALID_VALUE,
        _ => SHMSTORE_SYSTEM,
    }
}

fn of_field(error: &FieldError) -> shmstore_code {
    match error {
        FieldError::NoKey { .. } => SHMSTORE_NO_KEY,
        FieldError::NoItem { .. } | FieldError::NoFrame { .. } => SHMSTORE_EMPTY,
        _ => SHMSTORE_NO_FIELD,
    }
}

fn of_open(error: &OpenError) -> shmstore_code {
    match error {
        OpenError::NotFound { .. } | OpenError::DanglingLink { .. } => SHMSTORE_NOT_FOUND,
        OpenError::AccessDenied { .. }
        | OpenError::NotWritable { .. }
        | OpenError::WorldWritable { .. }
        | OpenError::UntrustedAnchor { .. } => SHMSTORE_ACCESS_DENIED,
        OpenError::InTheWay { .. }
        | OpenError::NotADirectory { .. }
        | OpenError::BadPath { .. }
        | OpenError::BadName { .. }
        | OpenError::BadOption { .. }
        | OpenError::NotAnAnchor { .. } => SHMSTORE_BAD_ARGUMENT,
        OpenError::InUse { .. } | OpenError::Busy { .. } => SHMSTORE_BUSY,
        _ => SHMSTORE_SYSTEM,
    }
}

fn of_attach(error: &AttachError) -> shmstore_code {
    match error {
        AttachError::Anchor(error) => of_open(error),
        AttachError::NotFound { .. } => SHMSTORE_NOT_FOUND,
        AttachError::LayoutMismatch(_) | AttachError::Shorter { .. } | AttachError::NoRoom { .. } => {
            SHMSTORE_WRONG_LAYOUT
        }
        AttachError::Untrusted { .. } | AttachError::AccessDenied { .. } | AttachError::Unreadable { .. } => {
            SHMSTORE_ACCESS_DENIED
        }
        AttachError::StillInitializing { .. } => SHMSTORE_BUSY,
        AttachError::Mirrored { .. } => SHMSTORE_MIRRORED,
        AttachError::WouldDeadlock { .. } => SHMSTORE_DEADLOCK,
        AttachError::BadId { .. } => SHMSTORE_BAD_ARGUMENT,
        AttachError::OutOfMemory { .. } | AttachError::System { .. } => SHMSTORE_SYSTEM,
        _ => SHMSTORE_UNUSABLE,
    }
}

fn of_create(error: &CreateError) -> shmstore_code {
    match error {
        CreateError::Existing(error) => of_attach(error),
        CreateError::AlreadyExists { .. } => SHMSTORE_EXISTS,
        CreateError::RemovedMeanwhile { .. } => SHMSTORE_REMOVED,
        CreateError::SegmentLimit { .. }
        | CreateError::PageLimit { .. }
        | CreateError::SizeLimit { .. }
        | CreateError::OutOfMemory { .. } => SHMSTORE_SYSTEM,
        _ => SHMSTORE_UNUSABLE,
    }
}

fn of_inspect(error: &InspectError) -> shmstore_code {
    match error {
        InspectError::NotFound { .. } | InspectError::Gone { .. } => SHMSTORE_NOT_FOUND,
        InspectError::AccessDenied { .. } => SHMSTORE_ACCESS_DENIED,
        InspectError::System { .. } => SHMSTORE_SYSTEM,
        _ => SHMSTORE_UNUSABLE,
    }
}

thread_local! {
    /// The last error of this thread, and its text if that was asked for.
    static LAST: RefCell<(Option<Failure>, CString)> = RefCell::default();
}

/// Keeps an error for [`shmstore_error_text`].
pub(crate) fn remember(failure: Failure) {
    // While the thread ends, no text is kept.
    let _ = LAST.try_with(|last| last.borrow_mut().0 = Some(failure));
}

/// Returns the full text of the last error of this thread, in English, with what to do next. It is empty if there was
/// none. A call that succeeds does not change it. The text stays until the next call of this function in this thread.
/// Do not free it.
#[unsafe(no_mangle)]
pub extern "C" fn shmstore_error_text() -> *const c_char {
    let text = |last: &RefCell<(Option<Failure>, CString)>| {
        let (failure, text) = &mut *last.borrow_mut();
        if let Some(failure) = failure.take() {
            *text = to_c(match failure.text {
                Text::Fixed(text) => text.to_owned(),
                Text::Written(text) => text,
                Text::Error(error) => error.to_string(),
            });
        }
        text.as_ptr()
    };
    LAST.try_with(text).unwrap_or(c"".as_ptr())
}

/// A text for C, in which the end is marked by a zero.
pub(crate) fn to_c(text: String) -> CString {
    CString::new(text).unwrap_or_else(|error| {
        let bytes = error.into_vec().into_iter().map(|byte| if byte == 0 { b'?' } else { byte }).collect::<Vec<_>>();
        CString::new(bytes).unwrap_or_default()
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use std::ffi::CStr;

    use super::*;

    /// The text of the last error.
    pub(crate) fn text() -> String {
        // SAFETY: the text stays until the next call.
        let text = unsafe { CStr::from_ptr(shmstore_error_text()) };
        text.to_str().expect("UTF-8").to_owned()
    }

    #[test]
    fn the_text_is_that_of_the_last_error_of_the_thread() {
        assert_eq!(text(), "");
        remember(Failure::new(SHMSTORE_BUSY, "first".into()));
        remember(Failure::new(SHMSTORE_BUSY, "a zero \0 in it".into()));
        assert_eq!(text(), "a zero ? in it");
        assert_eq!(text(), "a zero ? in it", "it stays");
        std::thread::spawn(|| assert_eq!(text(), "")).join().expect("no panic");
    }

    #[test]
    fn each_code_has_its_number_and_its_name() {
        for (number, (code, name)) in shmstore_code::ALL.into_iter().enumerate() {
            assert_eq!(code as usize, number, "the numbers do not change");
            assert_eq!(format!("{code:?}").as_bytes(), name.to_bytes());
            // SAFETY: the text stays forever.
            assert_eq!(unsafe { CStr::from_ptr(crate::shmstore_code_name(code as i32)) }, name);
        }
        // SAFETY: as above.
        assert_eq!(unsafe { CStr::from_ptr(crate::shmstore_code_name(-1)) }, c"SHMSTORE_?");
    }

    #[test]
    fn copy_that_another_owner_keeps_has_a_code_of_its_own() {
        use shmstore::dynamic::{MirroredObject, Object, Options};
        use shmstore::schema::OwnedSchema;

        let directory = tempfile::tempdir().expect("a directory");
        let store = shmstore::Store::open(directory.path()).expect("a store");
        let json = r#"{"kind":"struct","name":"C","size":8,"align":8,"fields":[{"name":"hits","offset":0,
            "type":{"kind":"atomic","primitive":"u64","size":8,"align":8}}]}"#;
        let schema = OwnedSchema::from_json(json.as_bytes()).expect("a schema");
        let copy = MirroredObject::create(&store, &schema, Options { id: 'C', room: None }, "rover7").expect("room");
        let code = |id| Failure::from(Object::attach(&store, id).expect_err("refused")).code();
        assert_eq!((code('C'), code('D')), (SHMSTORE_MIRRORED, SHMSTORE_NOT_FOUND));
        drop(copy);
        drop(Object::attach(&store, 'C').expect("an ordinary object"));
        store.remove_id('C').expect("our own");
    }
}
