//! The topic `/shmstore/events`: what no topic of a part can say.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value};

use crate::output::{Channel, ChannelId, OutputError, Recorder, Schema, Stamp};

/// The topic of the events.
pub const EVENTS: &str = "/shmstore/events";

/// The most events that wait for room in the buffer, and the most notes that wait to be read.
const MOST: usize = 1000;

/// The events of a recording, and the notes for its user.
pub(super) struct Events {
    channel: ChannelId,
    count: u32,
    waiting: VecDeque<(Stamp, Vec<u8>)>,
    notes: VecDeque<String>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Gap,
    Dropped,
    Grown,
    Removed,
    Replaced,
    Found,
    Clock,
    Invalid,
    Unreadable,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::Dropped => "dropped",
            Self::Grown => "grown",
            Self::Removed => "removed",
            Self::Replaced => "replaced",
            Self::Found => "found",
            Self::Clock => "clock",
            Self::Invalid => "invalid",
            Self::Unreadable => "unreadable",
        }
    }
}

impl Events {
    pub(super) fn open(recorder: &mut Recorder) -> Result<Self, OutputError> {
        Ok(Self { channel: Self::channel(recorder)?, count: 0, waiting: VecDeque::new(), notes: VecDeque::new() })
    }

    /// Opens the channel again, in a file that knows none of the old ones.
    pub(super) fn open_again(&mut self, recorder: &mut Recorder) -> Result<(), OutputError> {
        self.channel = Self::channel(recorder)?;
        Ok(())
    }

    fn channel(recorder: &mut Recorder) -> Result<ChannelId, OutputError> {
        recorder.channel(Channel {
            topic: EVENTS.into(),
            message_encoding: "json".into(),
            // With a JSON schema, rosbags would refuse the whole file. JSON needs none.
            schema: Schema { name: String::new(), encoding: String::new(), text: String::new() },
            metadata: BTreeMap::from([("offered_qos_profiles".to_owned(), String::new())]),
        })
    }

    /// Writes an event. `of` is a JSON object.
    pub(super) fn tell(&mut self, recorder: &mut Recorder, now: u64, kind: Kind, of: Value) {
        let mut event = Map::from_iter([("kind".to_owned(), kind.name().into())]);
        if let Value::Object(of) = of {
            event.extend(of);
        }
        self.count = self.count.wrapping_add(1);
        let stamp = Stamp { sequence: self.count, log_time: now, publish_time: now };
        if self.waiting.len() == MOST {
            self.waiting.pop_front();
        }
        self.waiting.push_back((stamp, Value::Object(event).to_string().into_bytes()));
        self.flush(recorder);
    }

    /// Writes the events that found no room in the buffer.
    pub(super) fn flush(&mut self, recorder: &mut Recorder) {
        while let Some((stamp, event)) = self.waiting.front() {
            if !recorder.message(self.channel, *stamp, |to| to.extend_from_slice(event)) {
                return;
            }
            self.waiting.pop_front();
        }
    }

    /// Adds a note for the user. It may have any characters.
    pub(super) fn note(&mut self, note: String) {
        if self.notes.len() == MOST {
            self.notes.pop_front();
        }
        self.notes.push_back(note);
    }

    pub(super) fn take_notes(&mut self) -> Vec<String> {
        self.notes.drain(..).collect()
    }
}
