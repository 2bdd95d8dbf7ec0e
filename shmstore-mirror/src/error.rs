//! The errors that end a mirror.

use std::path::PathBuf;

/// A mirror could not start, or cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MirrorError {
    /// The file of settings cannot be used.
    #[error("cannot use the settings in {}: {why}", path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// The reason, with the line.
        why: String,
    },
    /// A setting is missing, or contradicts another one.
    #[error("the settings are not complete: {why}")]
    Incomplete {
        /// What is missing.
        why: String,
    },
    /// The network cannot be used.
    #[error("cannot {attempted}: {why}")]
    Network {
        /// What was attempted.
        attempted: &'static str,
        /// The reason.
        why: String,
    },
    /// A directory of copies cannot be used.
    #[error("cannot use the directory {} for copies: {why}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The reason.
        why: String,
    },
}

impl MirrorError {
    pub(crate) fn network(attempted: &'static str) -> impl FnOnce(zenoh::Error) -> Self {
        move |error| Self::Network { attempted, why: error.to_string() }
    }
}
