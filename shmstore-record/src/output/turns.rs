//! Where one file ends and the next one begins.

use super::filler::Pushed;
use super::settings::{Channel, Split};
use super::sink::END;

/// What a file has before its first record.
const HEADER: u64 = 128;
/// What a chunk takes besides its messages.
const CHUNK: u64 = 49;
/// What the index of a channel takes in each chunk that has messages of it.
const INDEX: u64 = 15;
/// What a message takes besides its bytes, its entry in the index included.
const MESSAGE: u64 = 47;
/// What a schema, a channel or a record of metadata takes besides its texts, at most.
const RECORD: u64 = 64;
/// What a pair of texts takes besides them.
const PAIR: u64 = 8;

/// Counts what comes into the present file, as the caller's thread knows it.
pub(super) struct Turns {
    split: Option<Split>,
    /// The bytes with which each file begins: channels and metadata.
    head: u64,
    /// The bytes of the state that the file begins with.
    state: u64,
    /// The bytes of the other messages.
    new: u64,
    /// The same when the caller last asked, and the most that came between two such questions.
    asked: u64,
    step: u64,
    /// The log time of the first message.
    first_time: Option<u64>,
    /// The number of the newest block, plus one.
    block: u64,
    /// Whether the caller writes the state.
    is_state: bool,
}

impl Turns {
    pub(super) fn new(split: Option<Split>) -> Self {
        let head = HEADER + END.len() as u64;
        Self { split, head, state: 0, new: 0, asked: 0, step: 0, first_time: None, block: 0, is_state: false }
    }

    pub(super) fn add_channel(&mut self, channel: &Channel) {
        let Channel { topic, message_encoding, schema, metadata } = channel;
        let texts = [topic, message_encoding, &schema.name, &schema.encoding, &schema.text];
        self.head += 2 * RECORD + texts.iter().map(|text| text.len() as u64).sum::<u64>() + size_of_pairs(metadata);
    }

    pub(super) fn add_metadata<'a>(&mut self, pairs: impl IntoIterator<Item = (&'a String, &'a String)>) {
        self.head += RECORD + size_of_pairs(pairs);
    }

    /// Counts a message. `is_first`: no message of its channel is in its block.
    pub(super) fn add(&mut self, pushed: &Pushed, log_time: u64, is_first: bool) {
        let is_new_block = pushed.block >= self.block;
        self.block = pushed.block + 1;
        let chunk = if is_new_block { CHUNK } else { 0 } + if is_first { INDEX } else { 0 };
        let bytes = MESSAGE + pushed.size as u64 + chunk;
        if self.is_state {
            self.state += bytes
        } else {
            self.new += bytes
        }
        self.first_time.get_or_insert(log_time);
    }

    /// Returns `true` if the next file is to begin now.
    pub(super) fn is_due(&mut self, now: u64) -> bool {
        self.step = self.step.max(self.new - self.asked);
        self.asked = self.new;
        // A file of the state alone is followed by no other one.
        let is_due = self.new > 0
            && match self.split {
                None => false,
                Some(Split::Time(time)) => {
                    let age = now.saturating_sub(self.first_time.unwrap_or(now));
                    u128::from(age) >= time.as_nanos()
                }
                Some(Split::Size(size)) => {
                    // Otherwise an object that is larger than a file would begin files without a pause.
                    let begin = (self.head + self.state).min(size / 2);
                    begin + self.new + self.step.min(size / 4) > size
                }
            };
        if is_due {
            (self.state, self.new, self.asked, self.step) = (0, 0, 0, 0);
            self.first_time = None;
        }
        is_due
    }

    /// The caller writes the state from now on.
    pub(super) fn begin_state(&mut self) {
        self.is_state = true;
    }

    /// Returns `true` if the caller has written the state just now.
    pub(super) fn end_state(&mut self) -> bool {
        self.asked = if self.is_state { self.new } else { self.asked };
        std::mem::take(&mut self.is_state)
    }

    pub(super) fn is_state(&self) -> bool {
        self.is_state
    }
}

fn size_of_pairs<'a>(pairs: impl IntoIterator<Item = (&'a String, &'a String)>) -> u64 {
    pairs.into_iter().map(|(key, value)| (key.len() + value.len()) as u64 + PAIR).sum()
}
