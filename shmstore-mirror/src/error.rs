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
    #[error("wrong settings: {why}")]
    Incomplete {
        /// The setting, and what is wrong with it.
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
    /// There is no status in a directory.
    #[error("{} has no copies: no importer has used it as its `directory`", path.display())]
    NoCopies {
        /// The directory.
        path: PathBuf,
    },
    /// The status in a directory cannot be read.
    #[error("cannot read the status of the copies in {}: {why}", path.display())]
    Status {
        /// The directory.
        path: PathBuf,
        /// The reason.
        why: String,
    },
    /// A certificate or a key cannot be read.
    #[error("cannot read {setting}, {}: {why}", path.display())]
    File {
        /// The setting that names it.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// The reason.
        why: String,
    },
    /// No exporter has answered.
    #[error("{why}")]
    NoAnswer {
        /// What may be the cause.
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
        move |error| Self::Network { attempted, why: without_places(&error.to_string()) }
    }
}

/// The text of an error of zenoh, without the lines of its source.
fn without_places(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let is_place = word.contains(".rs:") && words.last().is_some_and(|last| last == "at");
        if !is_place {
            words.push(word.to_owned());
            continue;
        }
        words.pop();
        // The place may have closed a bracket.
        if let Some(last) = words.last_mut().filter(|_| word.contains(']')) {
            last.push(']');
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn errors_have_no_places_in_source_code() {
        let text = "Can not listen [in use (os error 98) at /x/tcp.rs:61.] at /y/unicast.rs:338.";
        assert_eq!(super::without_places(text), "Can not listen [in use (os error 98)]");
        assert_eq!(super::without_places("looks at a file"), "looks at a file");
    }
}
