//! The error for a layout description from another program.

use std::fmt;

use crate::layout::invalid_value::debug_is_display;

/// A layout description that cannot be read, because it is damaged, hostile, or of a newer format.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// It is not the JSON that `docs/format.md` describes.
    #[error("the schema is not in the documented JSON format: {message}")]
    Json {
        /// The parser's message, with line and column. Unprintable characters are escaped.
        message: String,
    },
    /// It is JSON of the right form, but no type can have this layout.
    #[error("the schema is wrong at `${path}`: {problem}")]
    Inconsistent {
        /// The JSON path of the node below the root `$`, for example `.fields[2].type`. It is empty for the root.
        path: String,
        /// The rule that the node breaks.
        problem: String,
    },
}

impl SchemaError {
    pub(crate) fn inconsistent(problem: fmt::Arguments<'_>) -> Self {
        Self::Inconsistent { path: String::new(), problem: problem.to_string() }
    }

    /// Puts the JSON path of a child before the path of an error that was found in the child.
    pub(crate) fn below(self, child: fmt::Arguments<'_>) -> Self {
        match self {
            Self::Inconsistent { path, problem } => Self::Inconsistent { path: format!("{child}{path}"), problem },
            json @ Self::Json { .. } => json,
        }
    }
}

debug_is_display!(SchemaError);
