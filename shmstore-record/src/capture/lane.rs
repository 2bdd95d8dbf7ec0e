//! What the channels of all kinds have: counts, gaps, trouble.

use std::fmt::Display;

use serde_json::json;

use super::body::Body;
use super::events::{Events, Kind};
use crate::cdr::Encoded;
use crate::output::{Channel, ChannelId, OutputError, Recorder, Stamp};

/// How long a part may give no whole copy, in nanoseconds, until an event says so. It is looked at again as seldom.
const PATIENCE: u64 = 100_000_000;

/// The most parts in trouble that are looked at in one poll.
const MOST_IN_TROUBLE: u32 = 16;

/// The most bytes of an invalid value that are in an event.
const MOST_BYTES: usize = 1024;

/// Where messages go during one poll.
pub(super) struct Sink<'a> {
    pub(super) recorder: &'a mut Recorder,
    pub(super) events: &'a mut Events,
    /// The time of this poll.
    pub(super) now: u64,
    /// The parts in trouble that were looked at in this poll.
    pub(super) failures: u32,
    /// Whether anything has changed.
    pub(super) has_changed: bool,
    /// The bytes that were read in this poll.
    pub(super) read: u64,
    /// For all values, as they are: another file has begun.
    pub(super) is_again: bool,
}

/// The channel of a part.
pub(super) struct Lane {
    channel: ChannelId,
    /// What the channel is, for another file.
    spec: Channel,
    /// The number of the object in the file.
    pub(super) object: usize,
    /// The path of the part.
    pub(super) part: String,
    pub(super) body: Body,
    pub(super) counts: Counts,
    /// The first and last number of a gap that no event has told.
    gap: Option<(u64, u64)>,
    told_missed: u64,
    told_dropped: u64,
    invalid: u64,
    trouble: Option<Trouble>,
}

/// What became of the versions, items or frames of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counts {
    /// The messages in the recording.
    pub recorded: u64,
    /// The numbers that passed between two looks.
    pub missed: u64,
    /// The messages that found no room in the buffer, because the disk is slow.
    pub dropped: u64,
}

/// Whether a message is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Count {
    New,
    /// It repeats a message of an earlier file.
    Repeated,
}

fn send(
    to: ChannelId,
    (counts, count): (&mut Counts, Count),
    sink: &mut Sink<'_>,
    stamp: Stamp,
    encode: impl FnOnce(&mut Vec<u8>),
) {
    let is_there = sink.recorder.message(to, stamp, encode);
    if count == Count::New {
        if is_there {
            counts.recorded += 1;
        } else {
            counts.dropped += 1;
        }
        sink.has_changed = true;
    }
}

/// A part that gives no whole copy.
struct Trouble {
    since: u64,
    is_told: bool,
    next: u64,
}

impl Lane {
    /// Opens the channel.
    pub(super) fn open(
        recorder: &mut Recorder,
        spec: Channel,
        object: usize,
        part: &str,
        body: Body,
    ) -> Result<Self, OutputError> {
        Ok(Self {
            channel: recorder.channel(spec.clone())?,
            spec,
            object,
            part: part.to_owned(),
            body,
            counts: Counts::default(),
            gap: None,
            told_missed: 0,
            told_dropped: 0,
            invalid: 0,
            trouble: None,
        })
    }

    /// Opens the channel in another file, which counts from zero.
    pub(super) fn move_to(&mut self, recorder: &mut Recorder) -> Result<(), OutputError> {
        self.channel = recorder.channel(self.spec.clone())?;
        (self.counts, self.gap, self.told_missed, self.told_dropped) = (Counts::default(), None, 0, 0);
        Ok(())
    }

    pub(super) fn topic(&self) -> &str {
        &self.spec.topic
    }

    /// Writes the pieces of a message.
    pub(super) fn write(&mut self, sink: &mut Sink<'_>, sequence: u64, pieces: &[&[u8]]) {
        self.put(sink, sequence, pieces, Count::New);
    }

    /// Writes a message again, for another file.
    pub(super) fn repeat(&mut self, sink: &mut Sink<'_>, sequence: u64, pieces: &[&[u8]]) {
        self.put(sink, sequence, pieces, Count::Repeated);
    }

    fn put(&mut self, sink: &mut Sink<'_>, sequence: u64, pieces: &[&[u8]], count: Count) {
        if !self.body.fits(pieces) {
            return self.fails(sink, &"a value has another size than its type");
        }
        let publish_time = self.body.time(pieces).unwrap_or(sink.now);
        let mut encoded = Encoded::Exact;
        let body = &self.body;
        send(
            self.channel,
            (&mut self.counts, count),
            sink,
            Stamp { sequence: sequence as u32, log_time: sink.now, publish_time },
            |to| encoded = body.encode(pieces, to),
        );
        if encoded == Encoded::Changed {
            self.tell_invalid(sink, sequence, pieces);
        }
    }

    fn tell_invalid(&mut self, sink: &mut Sink<'_>, sequence: u64, pieces: &[&[u8]]) {
        self.invalid += 1;
        // The first ones, then ever fewer.
        if self.invalid.is_power_of_two() {
            let shown = pieces.iter().copied().flatten().take(MOST_BYTES);
            let bytes: String = shown.map(|byte| format!("{byte:02x}")).collect();
            let why = "a text is not UTF-8, or a time does not fit: the message has the nearest value";
            let of = json!({
                "object": self.object, "part": self.part, "topic": self.topic(), "sequence": sequence,
                "count": self.invalid, "bytes": bytes, "why": why
            });
            sink.events.tell(sink.recorder, sink.now, Kind::Invalid, of);
        }
    }

    /// Writes a message that is encoded elsewhere. `is_new`: it does not repeat one of an earlier file.
    pub(super) fn send(
        &mut self,
        sink: &mut Sink<'_>,
        (sequence, publish_time): (u64, u64),
        is_new: bool,
        encode: impl FnOnce(&mut Vec<u8>),
    ) {
        let stamp = Stamp { sequence: sequence as u32, log_time: sink.now, publish_time };
        let count = if is_new { Count::New } else { Count::Repeated };
        send(self.channel, (&mut self.counts, count), sink, stamp, encode);
    }

    /// Counts the numbers from `first` on that nobody has seen.
    pub(super) fn miss(&mut self, first: u64, count: u64) {
        if count > 0 {
            self.counts.missed = self.counts.missed.saturating_add(count);
            let last = first.wrapping_add(count - 1);
            self.gap = Some((self.gap.map_or(first, |(first, _)| first), last));
        }
    }

    /// Returns `true` if the part gave no whole copy, and is to be left alone in this poll.
    pub(super) fn is_resting(&self, sink: &Sink<'_>) -> bool {
        let is_resting = |of: &Trouble| of.is_told && (sink.now < of.next || sink.failures >= MOST_IN_TROUBLE);
        self.trouble.as_ref().is_some_and(is_resting)
    }

    /// Notes that the part could be read.
    pub(super) fn is_well(&mut self) {
        self.trouble = None;
    }

    /// Notes that it could not.
    pub(super) fn fails(&mut self, sink: &mut Sink<'_>, why: &dyn Display) {
        sink.failures += 1;
        let now = sink.now;
        let trouble = self.trouble.get_or_insert(Trouble { since: now, is_told: false, next: now });
        trouble.next = now + PATIENCE;
        if trouble.is_told || now.saturating_sub(trouble.since) < PATIENCE {
            return;
        }
        trouble.is_told = true;
        let why = why.to_string();
        sink.events.note(format!("{} cannot be read: {why}. The recorder goes on trying", self.topic()));
        let of = json!({ "object": self.object, "part": self.part, "topic": self.topic(), "why": why });
        sink.events.tell(sink.recorder, now, Kind::Unreadable, of);
    }

    /// Writes the events about what was missed and dropped since the last call.
    pub(super) fn tell_losses(&mut self, recorder: &mut Recorder, events: &mut Events, now: u64) {
        let Self { object, part, counts: Counts { missed, dropped, .. }, spec: Channel { topic, .. }, .. } = self;
        if let Some((from, to)) = self.gap.take() {
            let new = missed.saturating_sub(self.told_missed);
            let of = json!({
                "object": object, "part": part, "topic": topic, "missed": new, "from": from, "to": to, "total": missed
            });
            self.told_missed = *missed;
            events.tell(recorder, now, Kind::Gap, of);
        }
        if *dropped > self.told_dropped {
            let new = *dropped - self.told_dropped;
            let of = json!({
                "object": object, "part": part, "topic": topic, "dropped": new, "total": dropped, "why": "disk"
            });
            self.told_dropped = *dropped;
            events.tell(recorder, now, Kind::Dropped, of);
        }
    }
}

#[cfg(test)]
mod tests {
    use shmstore::ShmLayout;
    use shmstore::schema::OwnedSchema;

    use super::*;
    use crate::capture::body::Encoding;
    use crate::message::Message;
    use crate::output::{Output, Schema};

    #[test]
    fn part_in_trouble_is_told_once_and_rests() {
        let directory = tempfile::tempdir().unwrap();
        let mut recorder = Recorder::start(Output::to(directory.path().join("x.mcap"))).unwrap();
        let mut events = Events::open(&mut recorder, Encoding::Cdr).unwrap();
        let part = OwnedSchema::from(shmstore::Versioned::<u32>::SCHEMA);
        let message = Message::of(&"a".parse().unwrap(), &part).unwrap();
        let body = Body::of(message, &part, Encoding::Cdr);
        let spec = Channel {
            topic: "/t/a".into(),
            message_encoding: "cdr".into(),
            schema: Schema { name: "t/msg/A".into(), encoding: "ros2msg".into(), text: "uint32 value\n".into() },
            metadata: [].into(),
        };
        let mut lane = Lane::open(&mut recorder, spec, 0, "a", body).unwrap();
        let mut at = |now, lane: &mut Lane, does: &dyn Fn(&mut Lane, &mut Sink<'_>)| {
            let (recorder, events) = (&mut recorder, &mut events);
            let mut sink = Sink { recorder, events, now, failures: 0, has_changed: false, read: 0, is_again: false };
            does(lane, &mut sink);
            (lane.is_resting(&sink), events.take_notes().len())
        };
        let fails = |lane: &mut Lane, sink: &mut Sink<'_>| lane.fails(sink, &"why");
        assert_eq!(at(1_000, &mut lane, &fails), (false, 0));
        assert_eq!(at(90_000_000, &mut lane, &fails), (false, 0), "not for long enough");
        assert_eq!(at(110_000_000, &mut lane, &fails), (true, 1));
        assert_eq!(at(220_000_000, &mut lane, &|_, _| {}), (false, 0), "it is looked at again");
        assert_eq!(at(230_000_000, &mut lane, &fails), (true, 0), "and told once");
        // A whole value ends it, and one of another size does not.
        assert_eq!(at(340_000_000, &mut lane, &|lane, sink| lane.write(sink, 1, &[&[0; 3]])), (true, 0));
        assert_eq!(at(350_000_000, &mut lane, &|lane, _| lane.is_well()), (false, 0));
        assert_eq!(at(360_000_000, &mut lane, &fails), (false, 0));
        assert_eq!(lane.counts, Counts::default());
        // Versions of a hostile writer may jump to the largest number, again and again.
        lane.miss(0, u64::MAX);
        lane.miss(7, u64::MAX - 3);
        assert_eq!(lane.counts.missed, u64::MAX);
        let tell = |lane: &mut Lane, sink: &mut Sink<'_>| lane.tell_losses(sink.recorder, sink.events, sink.now);
        assert_eq!(at(300_000_000, &mut lane, &tell).1, 0);
    }
}
