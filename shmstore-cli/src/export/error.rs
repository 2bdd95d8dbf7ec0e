//! Errors of an export.

use std::fmt;

use super::names::{self, LONGEST};

/// The problem of a part of an unknown kind.
pub(super) const UNKNOWN: &str = "this program is older than the schema, and does not know this kind of type";

/// A layout cannot be expressed in a language.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The type-id-char is not valid.
    #[error("{id:?} is not a type-id-char: use the character of the object, which is one from ' ' to '~'")]
    Id {
        /// The invalid character.
        id: char,
    },
    /// The name is not valid.
    #[error(
        "{name:?} cannot be the name of an object: a name begins with an ASCII letter, continues with ASCII letters, \
         digits and underscores, and has at most {LONGEST} characters"
    )]
    Name {
        /// The invalid name.
        name: String,
    },
    /// A part of the layout has no counterpart in the language.
    #[error("no {language} can be written for `{part}`: {problem}")]
    Part {
        /// "C header" or "Python module".
        language: &'static str,
        /// The path of the part, with unprintable characters escaped.
        part: String,
        /// The reason.
        problem: String,
    },
}

impl ExportError {
    /// Refuses a part. [`below`](Self::below) adds its path.
    pub(super) fn part(language: &'static str, problem: impl Into<String>) -> Self {
        Self::Part { language, part: String::new(), problem: problem.into() }
    }

    /// Adds the field `name` at the front of the path.
    pub(super) fn below(self, name: &str) -> Self {
        match self {
            Self::Part { language, part, problem } => {
                let separator = if part.is_empty() { "" } else { "." };
                Self::Part { language, part: format!("{}{separator}{part}", names::printable(name)), problem }
            }
            other => other,
        }
    }
}

/// Prints the same as `Display`, because an error of `main` is shown by `Debug`.
impl fmt::Debug for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Checks a name for an object.
///
/// # Errors
///
/// [`ExportError::Name`] if it is not an identifier in C and Python, or too long.
pub fn check_name(name: &str) -> Result<String, ExportError> {
    if names::identifier(name) == name {
        return Ok(name.to_owned());
    }
    Err(ExportError::Name { name: name.to_owned() })
}

/// Checks a type-id-char.
pub(super) fn check_id(id: char) -> Result<u8, ExportError> {
    match u8::try_from(id) {
        Ok(byte @ b' '..=b'~') => Ok(byte),
        _ => Err(ExportError::Id { id }),
    }
}
