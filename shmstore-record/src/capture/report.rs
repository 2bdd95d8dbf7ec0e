//! What was recorded, missed and dropped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use serde_json::json;

use super::Capture;
use super::lane::{Counts, Lane};
use crate::output::{OutputError, Progress, Recorder, Summary};

/// What became of one part.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recorded {
    /// Its topic.
    pub topic: String,
    /// The number of its object in the file, from 0.
    pub object: usize,
    /// Its path. Empty for the atomics of an object.
    pub part: String,
    /// The numbers.
    pub counts: Counts,
}

/// What became of a recording.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The files that remain, the oldest first.
    pub files: Vec<PathBuf>,
    /// The messages in files, deleted ones included.
    pub messages: u64,
    /// The bytes in files, deleted ones included.
    pub bytes: u64,
    /// The messages that found no room in the buffer.
    pub dropped: u64,
    /// The parts, in the order of their objects.
    pub parts: Vec<Recorded>,
}

/// The files before the present one, of the same recording. A file ends in a thread of its own, because the disk may be
/// slow.
#[derive(Default)]
pub(super) struct Earlier {
    files: Vec<JoinHandle<Result<Summary, OutputError>>>,
    parts: Vec<Recorded>,
}

impl Earlier {
    /// The path of the next file: `x-2.mcap`, `x-3.mcap`.
    pub(super) fn next_path(&self, first: &Path) -> PathBuf {
        let [stem, extension] =
            [first.file_stem(), first.extension()].map(|of| of.unwrap_or_default().to_string_lossy());
        let number = self.files.len() + 2;
        first.with_file_name(format!("{stem}-{number}{}{extension}", if extension.is_empty() { "" } else { "." }))
    }

    pub(super) fn end(&mut self, recorder: Recorder, parts: Vec<Recorded>) {
        let gaps = gaps_of(&parts);
        self.files.push(thread::spawn(move || recorder.finish(gaps)));
        self.parts.extend(parts);
    }
}

impl Capture {
    /// What became of each part so far.
    #[must_use]
    pub fn counted(&self) -> Vec<Recorded> {
        let of = |lane: &Lane| Recorded {
            topic: lane.topic().to_owned(),
            object: lane.object,
            part: lane.part.clone(),
            counts: lane.counts,
        };
        self.objects.iter().flat_map(|watched| watched.parts.lanes()).map(of).collect()
    }

    /// How far the present file is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.recorder.progress()
    }

    /// Returns the number of objects that are attached now.
    #[must_use]
    pub fn attached(&self) -> usize {
        self.objects.iter().filter(|watched| watched.attached.is_some()).count()
    }

    /// Returns the notes for the user since the last call. They may have any characters.
    pub fn take_notes(&mut self) -> Vec<String> {
        self.events.take_notes()
    }

    /// Looks at everything for the last time, and completes the file.
    ///
    /// # Errors
    ///
    /// Those of [`Recorder::finish`].
    pub fn finish(mut self) -> Result<Report, OutputError> {
        self.look.is_last = true;
        self.poll()?;
        let now = self.clock.now();
        self.tell_losses(now);
        let parts = self.counted();
        let last = self.recorder.finish(gaps_of(&parts));
        let mut report = Report { parts: self.earlier.parts, ..Report::default() };
        report.parts.extend(parts);
        let mut failure = None;
        for ended in self.earlier.files.into_iter().map(joined).chain([last]) {
            match ended {
                Ok(summary) => {
                    report.files.extend(summary.files);
                    report.messages += summary.messages;
                    report.bytes += summary.bytes;
                    report.dropped += summary.dropped;
                }
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(report), Err)
    }

    /// Writes the events about losses.
    pub(super) fn tell_losses(&mut self, now: u64) {
        for watched in &mut self.objects {
            for lane in watched.parts.lanes_mut() {
                lane.tell_losses(&mut self.recorder, &mut self.events, now);
            }
        }
    }

    /// What the file says at its end about each part.
    pub(super) fn gaps(&self) -> BTreeMap<String, String> {
        gaps_of(&self.counted())
    }
}

fn joined(file: JoinHandle<Result<Summary, OutputError>>) -> Result<Summary, OutputError> {
    file.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn gaps_of(parts: &[Recorded]) -> BTreeMap<String, String> {
    let of = |part: &Recorded| {
        let Counts { recorded, missed, dropped } = part.counts;
        let numbers = json!({ "recorded": recorded, "missed": missed, "dropped": dropped });
        (part.topic.clone(), numbers.to_string())
    };
    parts.iter().map(of).collect()
}
