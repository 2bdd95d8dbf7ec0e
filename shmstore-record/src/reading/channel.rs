//! The channels of a recording: which part of which object has the messages, and how they are decoded.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use mcap::records;
use shmstore::inspect::FieldPath;

use super::Recorded;
use super::object::number;
use crate::{Kind, Message};

/// The most parts of an object that a recorder takes.
const MOST_PARTS: usize = 16_384;

/// The most bytes of one decoded message.
const MOST: usize = 1 << 30;

/// The most bytes of JSON that the layouts of all channels have together. Each is kept in memory, so that a small file
/// with many channels of one large layout would need much of it.
const MOST_JSON: usize = 256 << 20;

/// A channel of a recording.
#[derive(Debug)]
#[non_exhaustive]
pub struct Channel {
    /// Its topic: `/rover/position`.
    pub topic: String,
    /// The number of its object in [`Recording::objects`](super::Recording::objects).
    pub object: usize,
    /// The kind of its messages.
    pub kind: Kind,
    /// The part, or the atomics, locks and events in the order of the pieces of a message.
    pub parts: Vec<FieldPath>,
    /// The layout of its messages. The reason why they cannot be decoded, if so.
    pub message: Result<Arc<Message>, String>,
}

/// The channels of all files. A channel of a later file that is the same has the same number.
#[derive(Debug, Default)]
pub(super) struct Channels {
    pub(super) all: Vec<Channel>,
    numbers: HashMap<Place, usize>,
    json: usize,
}

/// Topic, object, kind and parts.
type Place = (String, usize, Kind, Vec<FieldPath>);

impl Channels {
    /// Finds or adds a channel, and returns its number. `None` if it belongs to no object, as that of the events.
    pub(super) fn number_of(
        &mut self,
        channel: &records::Channel,
        schema: Option<&records::SchemaHeader>,
        of_file: &BTreeMap<u64, usize>,
        objects: &[Recorded],
    ) -> Option<usize> {
        let of = channel.metadata.get("shmstore.object")?;
        let (object, kind, parts) = match place(channel, of, of_file) {
            Ok(place) => place,
            Err(why) => return Some(self.add((channel.topic.clone(), 0, Kind::Versioned, Vec::new()), Err(why))),
        };
        let place = (channel.topic.clone(), object, kind, parts);
        if let Some(known) = self.numbers.get(&place) {
            return Some(*known);
        }
        let message = encoding(channel, schema).and_then(|()| self.message(&objects[object], kind, &place.3));
        Some(self.add(place, message.map(Arc::new)))
    }

    fn add(&mut self, place: Place, message: Result<Arc<Message>, String>) -> usize {
        let number = self.all.len();
        let (topic, object, kind, parts) = place.clone();
        self.all.push(Channel { topic, object, kind, parts, message });
        self.numbers.insert(place, number);
        number
    }

    fn message(&mut self, object: &Recorded, kind: Kind, parts: &[FieldPath]) -> Result<Message, String> {
        let schema = |path: &FieldPath| {
            let part = object.schema.part_at(path).filter(|part| Kind::of(part) == Some(kind));
            part.ok_or_else(|| format!("{} has no part `{path}` of the kind `{kind}`", object.type_name))
        };
        let mut schemas = Vec::with_capacity(parts.len());
        for path in parts {
            let part = schema(path)?;
            self.json = self.json.saturating_add(part.to_json().len());
            if self.json > MOST_JSON {
                return Err(format!("the layouts of all channels have more than {MOST_JSON} bytes of JSON"));
            }
            schemas.push(part);
        }
        let message = match kind {
            Kind::Atomics => Message::of_atomics(parts.iter().zip(schemas)),
            _ => Message::of(&parts[0], schemas[0]),
        };
        let message = message.map_err(|error| error.to_string())?;
        match message.most_bytes() {
            0..=MOST => Ok(message),
            bytes => Err(format!("a message may have {bytes} bytes, and at most {MOST} are read")),
        }
    }
}

/// The object, the kind and the parts of a channel, by its metadata.
fn place(
    channel: &records::Channel,
    object: &str,
    of_file: &BTreeMap<u64, usize>,
) -> Result<(usize, Kind, Vec<FieldPath>), String> {
    let text = |key: &str| channel.metadata.get(key).ok_or_else(|| format!("its channel has no `{key}`"));
    let object = number("shmstore.object", object)?;
    let object = of_file.get(&object).ok_or_else(|| format!("no metadata describe the object {object}"))?;
    let kind: Kind = text("shmstore.kind")?.parse()?;
    let paths: Vec<String> = match kind {
        Kind::Atomics => serde_json::from_str(text("shmstore.parts")?)
            .map_err(|error| format!("`shmstore.parts` is no list of paths: {error}"))?,
        _ => vec![text("shmstore.part")?.clone()],
    };
    if paths.len() > MOST_PARTS {
        return Err(format!(
            "`shmstore.parts` has {} paths, and no object has more than {MOST_PARTS} parts",
            paths.len()
        ));
    }
    let mut known = HashSet::new();
    if let Some(path) = paths.iter().find(|path| !known.insert(*path)) {
        return Err(format!("`shmstore.parts` has {path:?} twice"));
    }
    let parts = paths.iter().map(|path| path.parse().map_err(|error| format!("{path:?} is no path: {error}")));
    Ok((*object, kind, parts.collect::<Result<_, _>>()?))
}

/// Checks that the messages are those that [`Message`] decodes.
fn encoding(channel: &records::Channel, schema: Option<&records::SchemaHeader>) -> Result<(), String> {
    let schema = schema.ok_or("its channel has no schema")?;
    if let Some(other) = channel.metadata.get("shmstore.as") {
        return Err(format!("it was recorded with `--as`, as `{other}`"));
    }
    match (channel.message_encoding.as_str(), schema.encoding.as_str()) {
        ("json", _) => Err("it was recorded with `--encoding json`, which has not every value exactly".into()),
        ("cdr", "ros2msg") => Ok(()),
        (message, schema) => Err(format!("its encoding is `{message}` with `{schema}`, and not `cdr` with `ros2msg`")),
    }
}
