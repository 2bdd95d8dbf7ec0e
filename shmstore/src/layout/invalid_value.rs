//! The error for bytes that are no valid value.

use std::borrow::Cow;

/// Makes `Debug` print the text of `Display`, because `fn main() -> Result<…>` and `unwrap` show `Debug`.
macro_rules! debug_is_display {
    ($($error:ty),*) => {$(
        impl std::fmt::Debug for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }
    )*};
}
pub(crate) use debug_is_display;

/// Bytes in shared memory that are not a valid value of their type.
///
/// Another process wrote them, against the protocol.
///
/// ```
/// use shmstore::{InvalidValue, ShmValue};
///
/// let error = <[bool; 2]>::check_bits(&[1, 7]).unwrap_err();
/// assert_eq!(error, InvalidValue::new("bool", 7).in_element(1));
/// assert_eq!(error.path(), "[1]");
/// assert_eq!(error.to_string(), "`[1]` is not a valid bool: found 7");
/// ```
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a valid {what}{}", self.subject(), self.found())]
pub struct InvalidValue {
    /// The path from the value that was read to the field, empty for the value itself.
    path: String,
    /// The name of the type, and the reason if no number was found.
    what: Cow<'static, str>,
    /// An `i128`, without its alignment, which would make each error that holds this one larger.
    found: Option<[u8; 16]>,
}

impl InvalidValue {
    /// Makes the error for a number `found` that is not a valid `type_name`.
    #[must_use]
    pub fn new(type_name: impl Into<Cow<'static, str>>, found: i128) -> Self {
        Self { path: String::new(), what: type_name.into(), found: Some(found.to_ne_bytes()) }
    }

    /// Makes the error for bytes that are not a valid `what`, which is the name of a type and a reason.
    pub(crate) fn because(what: String) -> Self {
        Self { path: String::new(), what: what.into(), found: None }
    }

    /// Puts the name of the field that has the bytes before the path.
    #[must_use]
    pub fn in_field(self, name: &str) -> Self {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        Self { path: format!("{name}{separator}{}", self.path), ..self }
    }

    /// Puts the index of the element that has the bytes before the path.
    #[must_use]
    pub fn in_element(self, at: usize) -> Self {
        self.in_field(&format!("[{at}]"))
    }

    /// Returns the path from the value that was read to the field: `mode`, `samples[3].kind`.
    ///
    /// It is empty if the value itself is invalid.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    fn subject(&self) -> String {
        if self.path.is_empty() { "the value".into() } else { format!("`{}`", self.path) }
    }

    fn found(&self) -> String {
        self.found.map_or_else(String::new, |found| format!(": found {}", i128::from_ne_bytes(found)))
    }
}

debug_is_display!(InvalidValue);
