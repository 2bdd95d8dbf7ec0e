//! The topic `/shmstore/events`: what no topic of a part can say.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value};

use super::body::Encoding;
use crate::output::{Channel, ChannelId, OutputError, Recorder, Schema, Stamp};

/// The topic of the events. Its messages have two texts: `kind`, and `details`, which is JSON. In a file of JSON they are
/// one JSON object.
pub const EVENTS: &str = "/shmstore/events";

/// The message of an event. Readers of ROS 2 refuse a file that has a channel of JSON.
const NAME: &str = "shmstore_record/msg/Event";
const DEFINITION: &str = "string kind\nstring details  # JSON\n";

/// The most events that wait for room in the buffer, and the most notes that wait to be read.
const MOST: usize = 1000;

/// The events of a recording, and the notes for its user.
pub(super) struct Events {
    channel: ChannelId,
    encoding: Encoding,
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
    pub(super) fn open(recorder: &mut Recorder, encoding: Encoding) -> Result<Self, OutputError> {
        let channel = Self::channel(recorder, encoding)?;
        Ok(Self { channel, encoding, count: 0, waiting: VecDeque::new(), notes: VecDeque::new() })
    }

    /// Opens the channel again, in a file that knows none of the old ones.
    pub(super) fn open_again(&mut self, recorder: &mut Recorder) -> Result<(), OutputError> {
        self.channel = Self::channel(recorder, self.encoding)?;
        Ok(())
    }

    fn channel(recorder: &mut Recorder, encoding: Encoding) -> Result<ChannelId, OutputError> {
        let (message_encoding, [name, encoding, text]) = match encoding {
            Encoding::Cdr => ("cdr", [NAME, "ros2msg", DEFINITION]),
            // JSON needs no schema.
            Encoding::Json => ("json", [""; 3]),
        };
        recorder.channel(Channel {
            topic: EVENTS.into(),
            message_encoding: message_encoding.into(),
            schema: Schema { name: name.into(), encoding: encoding.into(), text: text.into() },
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
        let details = Value::Object(event).to_string();
        let message = match self.encoding {
            Encoding::Cdr => cdr([kind.name(), &details]),
            Encoding::Json => details.into_bytes(),
        };
        self.waiting.push_back((stamp, message));
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

/// A message of texts.
fn cdr(texts: [&str; 2]) -> Vec<u8> {
    let mut message = vec![0, 1, 0, 0]; // CDR, little-endian
    for text in texts {
        message.resize(message.len().next_multiple_of(4), 0);
        message.extend_from_slice(&(text.len() as u32 + 1).to_le_bytes());
        message.extend_from_slice(text.as_bytes());
        message.push(0);
    }
    message
}
