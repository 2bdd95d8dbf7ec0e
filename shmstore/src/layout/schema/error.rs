//! What can be wrong with a layout description that somebody else wrote.

use std::fmt;

use crate::layout::invalid_value::debug_is_display;

/// A layout description that cannot be read: damaged, hostile, or of a newer format.
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

debug_is_display!(SchemaError);
