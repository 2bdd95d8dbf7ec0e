//! The error for bytes that are no valid value.

/// `fn main() -> Result<…>` and `unwrap` show `Debug`: it prints what `Display` prints.
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

/// Bytes in shared memory that are no valid value of their type: another process wrote them, against the protocol.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a valid {type_name}: found {found}", self.place())]
pub struct InvalidValue {
    /// Which field, from the value that was read: `mode`, `samples[3].kind`; empty if it is the value itself.
    path: String,
    type_name: &'static str,
    found: i128,
}

impl InvalidValue {
    /// Says that the number `found` is no valid `type_name`.
    #[must_use]
    pub fn new(type_name: &'static str, found: i128) -> Self {
        Self { path: String::new(), type_name, found }
    }

    /// Adds the name of the field in which it was found.
    #[must_use]
    pub fn in_field(self, name: &str) -> Self {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        Self { path: format!("{name}{separator}{}", self.path), ..self }
    }

    /// Adds the place in the array in which it was found.
    #[must_use]
    pub fn in_element(self, at: usize) -> Self {
        self.in_field(&format!("[{at}]"))
    }

    /// Which field it is, from the value that was read: `mode`, `samples[3].kind`; empty if it is the value itself.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    fn place(&self) -> String {
        if self.path.is_empty() { "the value".into() } else { format!("`{}`", self.path) }
    }
}

debug_is_display!(InvalidValue);
