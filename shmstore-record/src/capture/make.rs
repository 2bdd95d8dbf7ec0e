//! Channels for the parts of an object.

use std::collections::{BTreeMap, HashMap};
use std::fs;

use serde_json::json;
use shmstore::inspect::{Object, Part};
use shmstore::schema::{OwnedKind, OwnedSchema};

use super::atomics::Atomics;
use super::body::{Body, Encoding};
use super::clock::Clock;
use super::events::{Events, Kind as EventKind};
use super::frames::FramesWatch;
use super::image::{self, Image};
use super::items::Items;
use super::json::schema_of;
use super::lane::Lane;
use super::maps::MapWatch;
use super::object::Watched;
use super::settings::Settings;
use super::topics::Topics;
use crate::definition::Definitions;
use crate::message::{Kind, Message};
use crate::names::package;
use crate::output::{Channel, OutputError, Recorder, Schema};

/// What the channels of one file have in common.
#[derive(Default)]
pub(super) struct Maker {
    topics: Topics,
    /// By package, because two names of types may be one package.
    definitions: HashMap<String, Definitions>,
}

/// Where the channels are made.
pub(super) struct Place<'a> {
    pub(super) recorder: &'a mut Recorder,
    pub(super) events: &'a mut Events,
    pub(super) settings: &'a Settings,
    pub(super) now: u64,
    /// The object was created while the recorder ran.
    pub(super) is_new: bool,
}

/// A channel that is to be opened.
struct Asked<'a> {
    topic: String,
    part: &'a str,
    kind: Kind,
    schema: Schema,
    extra: Option<(&'static str, String)>,
}

impl Maker {
    pub(super) fn name(&mut self, anchor: &str) -> String {
        self.topics.object(anchor)
    }

    /// Gives up the topics of an object, and the names of its messages if no other object uses them.
    pub(super) fn forget(&mut self, watched: &Watched, others: &[Watched]) {
        watched.parts.lanes().for_each(|lane| self.topics.give_back(lane.topic()));
        let of = package(&watched.type_name);
        let is_other = |one: &Watched| one.number != watched.number && package(&one.type_name) == of;
        if !others.iter().any(is_other) {
            self.definitions.remove(&of);
        }
    }

    /// Makes channels for the parts that have none. Returns how many parts are new.
    pub(super) fn add(
        &mut self,
        watched: &mut Watched,
        parts: Vec<Part>,
        place: &mut Place<'_>,
    ) -> Result<usize, OutputError> {
        let (mut added, mut atomics) = (0, Vec::new());
        for part in parts {
            let path = part.path().to_string();
            if !watched.known.insert(path.clone()) {
                continue;
            }
            added += 1;
            if !place.settings.wants(&path) {
                continue;
            }
            if Kind::of(part.schema()) == Some(Kind::Atomics) {
                atomics.push(part);
            } else if let Err(why) = self.add_one(watched, part, &path, place)? {
                leave_out(watched, &path, &why, place);
            }
        }
        if !atomics.is_empty() {
            let name = |part: &Part| part.path().to_string();
            let paths: Vec<String> = atomics.iter().map(name).collect();
            if let Err(why) = self.add_atomics(watched, atomics, &paths, place)? {
                paths.iter().for_each(|path| leave_out(watched, path, &why, place));
            }
        }
        Ok(added)
    }

    fn add_one(
        &mut self,
        watched: &mut Watched,
        part: Part,
        path: &str,
        place: &mut Place<'_>,
    ) -> Result<Result<(), String>, OutputError> {
        let message = match Message::of(part.path(), part.schema()) {
            Ok(message) => message,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let kind = message.kind();
        // A frame may be shorter than there is room for.
        if kind != Kind::Frames && message.most_bytes() as u64 > place.settings.most_bytes {
            let (is, most) = (message.most_bytes(), place.settings.most_bytes);
            return Ok(Err(format!("a message has {is} bytes, and the limit is {most}: --max-message raises it")));
        }
        let of = part.schema().clone();
        let picture = match of.kind() {
            OwnedKind::Frames { element, meta, .. } if place.settings.is_image(path) => {
                match Image::of(meta, element) {
                    Ok(image) => Some(image),
                    Err(why) => return Ok(Err(format!("it cannot be recorded as sensor_msgs/Image: {why}"))),
                }
            }
            _ => None,
        };
        let (schema, extra) = match &picture {
            Some(_) => {
                let [name, encoding, text] = [image::NAME, "ros2msg", image::TEXT].map(str::to_owned);
                (Schema { name, encoding, text }, Some(("shmstore.as", image::NAME.to_owned())))
            }
            None => match self.schema(watched, message.schema(), place.settings.encoding) {
                Ok(schema) => (schema, None),
                Err(why) => return Ok(Err(why)),
            },
        };
        let topic = self.topics.part(&watched.name, path);
        let body = Body::of(message, part.schema(), place.settings.encoding);
        let lane = open(watched, Asked { topic, part: path, kind, schema, extra }, body, place)?;
        let (parts, is_new) = (&mut watched.parts, place.is_new);
        match (kind, of.kind()) {
            (Kind::Broadcast, OwnedKind::Broadcast { capacity, .. }) => {
                parts.items.push(Items::new(part, lane, false, *capacity, is_new));
            }
            (Kind::Queue, _) => parts.items.push(Items::new(part, lane, true, 0, is_new)),
            (Kind::Map, _) => parts.maps.push(MapWatch::new(part, lane, is_new)),
            (Kind::Frames, _) => parts.frames.push(FramesWatch::new(part, lane, picture, is_new)),
            _ => parts.states.add(part, lane, is_new),
        }
        Ok(Ok(()))
    }

    fn add_atomics(
        &mut self,
        watched: &mut Watched,
        parts: Vec<Part>,
        paths: &[String],
        place: &mut Place<'_>,
    ) -> Result<Result<(), String>, OutputError> {
        let message = match Message::of_atomics(parts.iter().map(|part| (part.path(), part.schema()))) {
            Ok(message) => message,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let schema = match self.schema(watched, message.schema(), place.settings.encoding) {
            Ok(schema) => schema,
            Err(why) => return Ok(Err(why)),
        };
        let topic = self.topics.part(&watched.name, "atomics");
        let extra = Some(("shmstore.parts", json!(paths).to_string()));
        let of = message.schema().clone();
        let body = Body::of(message, &of, place.settings.encoding);
        let lane = open(watched, Asked { topic, part: "", kind: Kind::Atomics, schema, extra }, body, place)?;
        watched.parts.atomics.push(Atomics::new(parts, lane));
        Ok(Ok(()))
    }

    fn schema(&mut self, watched: &Watched, of: &OwnedSchema, encoding: Encoding) -> Result<Schema, String> {
        let name = &watched.type_name;
        let definitions = self.definitions.entry(package(name)).or_insert_with(|| Definitions::new(name));
        let definition = definitions.define(of).map_err(|error| error.to_string())?;
        Ok(match encoding {
            Encoding::Cdr => Schema { name: definition.name, encoding: "ros2msg".into(), text: definition.text },
            Encoding::Json => Schema { name: definition.name, encoding: "jsonschema".into(), text: schema_of(of) },
        })
    }
}

/// Says that a part is not recorded.
fn leave_out(watched: &Watched, path: &str, why: &str, place: &mut Place<'_>) {
    place.events.note(format!("`{path}` of {} is not recorded: {why}", watched.place.path.display()));
    let of = json!({ "object": watched.number, "part": path, "why": why });
    place.events.tell(place.recorder, place.now, EventKind::Unreadable, of);
}

fn open(watched: &Watched, asked: Asked<'_>, body: Body, place: &mut Place<'_>) -> Result<Lane, OutputError> {
    let text = |key: &str, value: String| (key.to_owned(), value);
    let mut metadata = BTreeMap::from([
        text("offered_qos_profiles", String::new()),
        text("shmstore.object", watched.number.to_string()),
        text("shmstore.part", asked.part.to_owned()),
        text("shmstore.kind", asked.kind.to_string()),
    ]);
    metadata.extend(asked.extra.map(|(key, value)| text(key, value)));
    let message_encoding = if asked.schema.encoding == "ros2msg" { "cdr" } else { "json" }.to_owned();
    let spec = Channel { topic: asked.topic, message_encoding, schema: asked.schema, metadata };
    Lane::open(place.recorder, spec, watched.number, asked.part, body)
}

/// Adds the record about an object and its layout.
pub(super) fn describe(watched: &Watched, object: &Object, recorder: &mut Recorder, clock: &Clock) {
    let Some(of) = &object.segment().description else { return };
    let name = super::name_in_directory(&of.path).unwrap_or_default();
    let of_kernel = |file: &str| fs::read_to_string(file).unwrap_or_default().trim().to_owned();
    let (realtime, boottime) = clock.anchors();
    let text = |key: &str, value: String| (key.to_owned(), value);
    let mut pairs = BTreeMap::from([
        text("object", watched.number.to_string()),
        text("topic", format!("/{}", watched.name)),
        text("path", of.path.to_string_lossy().into_owned()),
        text("name", name),
        text("id", of.id.to_string()),
        text("type", object.schema().to_string()),
        text("nonce", object.nonce().to_string()),
        text("layout_hash", object.schema().hash().to_string()),
        text("schema", object.schema().to_json()),
        text("host", of_kernel("/proc/sys/kernel/hostname")),
        text("boot_id", of_kernel("/proc/sys/kernel/random/boot_id")),
        text("realtime", realtime.to_string()),
        text("boottime", boottime.to_string()),
    ]);
    pairs.extend(of.room.map(|room| text("room", room.to_string())));
    recorder.metadata("shmstore.object", pairs);
}
