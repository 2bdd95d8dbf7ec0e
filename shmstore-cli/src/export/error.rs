//! Why a layout cannot be said in a language.

use std::fmt;

use super::names::{self, LONGEST};

/// A layout that cannot be expressed in the language asked for.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The type-id-char is none.
    #[error("{id:?} is no type-id-char: it is one from ' ' to '~', as `ftok` takes it; give the one of the object")]
    Id {
        /// What was given.
        id: char,
    },
    /// The name is not valid.
    #[error(
        "{name:?} cannot be the name of an object: a name is a letter, followed by letters, digits and underscores, all \
         of them ASCII, and has at most {LONGEST} characters"
    )]
    Name {
        /// What was given.
        name: String,
    },
    /// Some part of the layout has no counterpart in the language.
    #[error("no {language} can be written for `{part}`: {problem}")]
    Part {
        /// "C header" or "Python module".
        language: &'static str,
        /// Which part: the way to it from the object, unprintable characters escaped.
        part: String,
        /// What it is that cannot be said, and what can.
        problem: String,
    },
}

impl ExportError {
    /// Refuses a part that is yet to be named by [`below`](Self::below).
    pub(super) fn part(language: &'static str, problem: impl Into<String>) -> Self {
        Self::Part { language, part: String::new(), problem: problem.into() }
    }

    /// Names the place of the error, found in the field `name`.
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

/// Prints what `Display` does: it is what `main` shows.
impl fmt::Debug for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Checks a name for an object.
///
/// # Errors
///
/// [`ExportError::Name`]: it is not an identifier in C and Python, or too long.
pub fn check_name(name: &str) -> Result<String, ExportError> {
    if names::identifier(name) == name {
        return Ok(name.to_owned());
    }
    Err(ExportError::Name { name: name.to_owned() })
}

/// Checks what `ftok` takes.
pub(super) fn check_id(id: char) -> Result<u8, ExportError> {
    match u8::try_from(id) {
        Ok(byte @ b' '..=b'~') => Ok(byte),
        _ => Err(ExportError::Id { id }),
    }
}
