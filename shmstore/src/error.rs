//! What can go wrong, an enum a phase: each message says what was attempted, on what, what was found, what to do next.

use std::fmt;

/// A layout description that can not be read: damaged, hostile, or of a newer format.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// It is not the JSON that `docs/format.md` describes.
    #[error("the schema is not in the documented JSON format: {message}")]
    Json {
        /// What the parser said, with line and column; unprintable characters escaped.
        message: String,
    },
    /// It is JSON of the right form, but no type can have this layout.
    #[error("the schema is wrong at `${path}`: {problem}")]
    Inconsistent {
        /// The JSON path of the node, below the root `$`: `.fields[2].type`; empty for the root itself.
        path: String,
        /// What is wrong there.
        problem: String,
    },
}

impl SchemaError {
    pub(crate) fn inconsistent(problem: fmt::Arguments<'_>) -> Self {
        Self::Inconsistent { path: String::new(), problem: problem.to_string() }
    }

    /// Places the error, found at `path` of a child, below that child's `parent`.
    pub(crate) fn below(self, parent: fmt::Arguments<'_>) -> Self {
        match self {
            Self::Inconsistent { path, problem } => Self::Inconsistent { path: format!("{parent}{path}"), problem },
            json @ Self::Json { .. } => json,
        }
    }
}

impl fmt::Debug for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

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

impl fmt::Debug for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
