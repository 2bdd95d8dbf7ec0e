//! What a mirror says while it runs: a line for each thing that happens.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::Mutex;

use crate::lock::lock;

/// The most subjects whose last complaint is remembered.
const MOST: usize = 4096;

/// Prints lines.
#[derive(Debug, Default)]
pub struct Report {
    /// The last complaint about each subject.
    said: Mutex<HashMap<String, String>>,
}

impl Report {
    /// Prints a line.
    pub fn line(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        // Whether anybody reads it does not matter.
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    }

    /// Prints a complaint about a subject, unless it was the last one about it.
    pub(crate) fn again(&self, subject: &str, text: &str) {
        let mut said = lock(&self.said);
        if said.get(subject).is_none_or(|last| last != text) {
            if said.len() >= MOST {
                said.clear();
            }
            said.insert(subject.to_owned(), text.to_owned());
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    /// Notes that there is nothing to complain about a subject.
    pub(crate) fn well(&self, subject: &str) {
        lock(&self.said).remove(subject);
    }
}
