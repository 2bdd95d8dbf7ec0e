//! Files with recordings, as `shmstore record` writes them. The tests of the command use them, too.

#![allow(dead_code)] // Each user needs only a part.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use mcap::records::{MessageHeader, Metadata};
use mcap::{WriteOptions, Writer};
use shmstore::inspect::FieldPath;
use shmstore::schema::OwnedSchema;
use shmstore_record::{Definitions, Kind, Message};

/// The time of the first message: 2026-11-23 14:29:10 UTC.
pub(crate) const START: u64 = 1_795_444_150_000_000_000;

/// A recording that is written.
pub(crate) struct Written {
    writer: Writer<BufWriter<File>>,
    definitions: Definitions,
    objects: Vec<Object>,
    channels: Vec<(u16, Message)>,
}

struct Object {
    topic: String,
    schema: OwnedSchema,
}

/// A channel, by its number.
pub(crate) type Channel = usize;

pub(crate) fn text_map<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// Starts a file.
pub(crate) fn write(path: &Path) -> Written {
    write_with(path, WriteOptions::new())
}

/// Starts a file with these options. Nothing is compressed.
pub(crate) fn write_with(path: &Path, options: WriteOptions) -> Written {
    let options = options.compression(None).profile("ros2").library("shmstore-record 0.1.0");
    let writer = options.create(BufWriter::new(File::create(path).unwrap())).unwrap();
    Written { writer, definitions: Definitions::new("test"), objects: Vec::new(), channels: Vec::new() }
}

impl Written {
    /// Describes an object at an anchor. `name` is empty if it has none.
    pub(crate) fn object(&mut self, anchor: &str, name: &str, id: char, schema: &OwnedSchema) -> usize {
        let number = self.objects.len();
        self.described(number, anchor, name, id, schema, None);
        number
    }

    /// Describes the object of a number, for the first time or again.
    pub(crate) fn described(
        &mut self,
        number: usize,
        anchor: &str,
        name: &str,
        id: char,
        schema: &OwnedSchema,
        room: Option<u64>,
    ) {
        let of_anchor = Path::new(anchor).file_name().unwrap().to_str().unwrap();
        let topic = format!("/{}", if name.is_empty() { of_anchor } else { name });
        let mut pairs = text_map([
            ("object", &number.to_string()),
            ("topic", &topic),
            ("path", anchor),
            ("name", name),
            ("id", &id.to_string()),
            ("type", &schema.to_string()),
            ("nonce", "1"),
            ("layout_hash", &schema.hash().to_string()),
            ("schema", &schema.to_json()),
            ("host", "rover7"),
            ("boot_id", "0"),
            ("realtime", &START.to_string()),
            ("boottime", "0"),
        ]);
        pairs.extend(room.map(|room| ("room".to_owned(), room.to_string())));
        self.metadata("shmstore.object", pairs);
        let described = Object { topic, schema: schema.clone() };
        match self.objects.get_mut(number) {
            Some(object) => *object = described,
            None => self.objects.push(described),
        }
    }

    pub(crate) fn metadata(&mut self, name: &str, pairs: BTreeMap<String, String>) {
        self.writer.write_metadata(&Metadata { name: name.into(), metadata: pairs }).unwrap();
    }

    /// The channel of a part that is no atomic.
    pub(crate) fn part(&mut self, object: usize, path: &str) -> Channel {
        let parsed: FieldPath = path.parse().unwrap();
        let message = Message::of(&parsed, self.objects[object].schema.part_at(&parsed).unwrap()).unwrap();
        let topic = format!("{}/{path}", self.objects[object].topic);
        self.channel(object, &topic, &[("shmstore.part", parsed.to_string())], message)
    }

    /// The channel of atomics, locks and events.
    pub(crate) fn atomics(&mut self, object: usize, paths: &[&str]) -> Channel {
        let parsed: Vec<FieldPath> = paths.iter().map(|path| path.parse().unwrap()).collect();
        let schema = &self.objects[object].schema;
        let schemas: Vec<_> = parsed.iter().map(|path| schema.part_at(path).unwrap()).collect();
        let message = Message::of_atomics(parsed.iter().zip(schemas)).unwrap();
        let topic = format!("{}/atomics", self.objects[object].topic);
        let paths = serde_json::to_string(paths).unwrap();
        self.channel(object, &topic, &[("shmstore.part", String::new()), ("shmstore.parts", paths)], message)
    }

    fn channel(&mut self, object: usize, topic: &str, more: &[(&str, String)], message: Message) -> Channel {
        let definition = self.definitions.define(message.schema()).unwrap();
        let schema = self.writer.add_schema(&definition.name, "ros2msg", definition.text.as_bytes()).unwrap();
        let mut metadata = text_map([
            ("offered_qos_profiles", ""),
            ("shmstore.object", &object.to_string()),
            ("shmstore.kind", &message.kind().to_string()),
        ]);
        metadata.extend(more.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        let id = self.writer.add_channel(schema, topic, "cdr", &metadata).unwrap();
        self.channels.push((id, message));
        self.channels.len() - 1
    }

    /// A channel as another program has it, with one message.
    pub(crate) fn foreign(&mut self, encoding: &str, schema: (&str, &str), metadata: BTreeMap<String, String>) {
        let schema = self.writer.add_schema(schema.0, schema.1, b"").unwrap();
        let id = self.writer.add_channel(schema, "/foreign", encoding, &metadata).unwrap();
        self.write(id, 0, 0, b"{}");
    }

    /// Writes a message of these pieces, so many milliseconds after the start.
    pub(crate) fn message(&mut self, channel: Channel, sequence: u32, millis: u64, pieces: &[&[u8]]) {
        let (id, message) = &self.channels[channel];
        let mut bytes = Vec::new();
        _ = message.encode(pieces.iter().copied(), &mut bytes);
        self.write(*id, sequence, millis, &bytes);
    }

    /// Writes any bytes as a message.
    pub(crate) fn raw(&mut self, channel: Channel, sequence: u32, millis: u64, bytes: &[u8]) {
        self.write(self.channels[channel].0, sequence, millis, bytes);
    }

    fn write(&mut self, channel_id: u16, sequence: u32, millis: u64, bytes: &[u8]) {
        let time = START + millis * 1_000_000;
        let header = MessageHeader { channel_id, sequence, log_time: time, publish_time: time };
        self.writer.write_to_known_channel(&header, bytes).unwrap();
    }

    /// Begins another chunk with the next message.
    pub(crate) fn end_chunk(&mut self) {
        self.writer.flush().unwrap();
    }

    pub(crate) fn kind(&self, channel: Channel) -> Kind {
        self.channels[channel].1.kind()
    }

    pub(crate) fn end(mut self) {
        self.writer.finish().unwrap();
    }
}
