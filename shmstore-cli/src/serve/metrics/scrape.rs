//! One look at all objects, as text.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use shmstore::inspect::{self, Limits, Object, Segment, SegmentState};
use shmstore::schema::OwnedKind;

use super::families::Family;
use super::text::{Number, Text, push_label};
use super::{Format, Shape};
use crate::about::{self, Users};
use crate::clock;
use crate::printed;
use crate::serve::look::{Counter, Found, walk};
use crate::serve::machine::Machine;

/// The most bytes of values of an object. A larger value is left out and counted.
const BYTES: u64 = 16 << 20;
/// How long one value may be stored so fast that no copy succeeds.
const PATIENCE: Duration = Duration::from_millis(2);

impl Machine {
    /// Reads all objects, and returns their values as text.
    pub(in crate::serve) fn scrape(&mut self, shape: &Shape, format: Format) -> String {
        let begun = Instant::now();
        let mut limits = Limits::default().with_elements(shape.elements);
        (limits.bytes, limits.wait) = (BYTES, PATIENCE);
        let mut scrape =
            Scrape { shape, text: Text::of(shape.most_series, &self.sizes), names: HashSet::new(), invalid: 0 };
        let mut states: BTreeMap<&str, u64> = BTreeMap::new();
        let (listed, attacher, users) = self.parts();
        // Of two objects with one path and type, the one that programs find keeps the name.
        let mut in_order: Vec<&Segment> = listed.iter().collect();
        in_order.sort_by_key(|segment| segment.state != SegmentState::Ready);
        for segment in in_order {
            *states.entry(segment.state.name()).or_default() += 1;
            let object = if segment.state.is_usable() { attacher.attach(segment).ok() } else { None };
            if let Some(object) = object {
                scrape.object(&object, &limits, users);
            }
        }
        let Scrape { mut text, invalid, .. } = scrape;
        for (state, count) in states {
            text.sample_always(Family::Objects, "", &[("state", state)], count);
        }
        if let Ok(usage) = inspect::usage() {
            text.sample_always(Family::Segments, "", &[], usage.segments);
            text.sample_always(Family::SegmentLimit, "", &[], usage.segment_limit);
        }
        let omitted = text.omitted;
        text.sample_always(Family::Invalid, "", &[], invalid);
        text.sample_always(Family::Omitted, "", &[], omitted);
        text.sample_always(Family::Seconds, "", &[], begun.elapsed().as_secs_f64());
        text.sample_always(Family::Build, "", &[("version", env!("CARGO_PKG_VERSION"))], 1);
        self.sizes = text.sizes();
        text.finish(format)
    }
}

struct Scrape<'a> {
    shape: &'a Shape,
    text: Text,
    /// The labels of all objects so far, as no series may come twice.
    names: HashSet<String>,
    /// How many fields have bytes that are no value.
    invalid: u64,
}

impl Scrape<'_> {
    fn object(&mut self, object: &Object, limits: &Limits, users: &mut Users) {
        let segment = object.segment();
        // A removed object is not found by programs any more.
        let Some(of) = segment.description.as_ref().filter(|_| segment.state != SegmentState::Removed) else { return };
        let type_name = segment.type_name().unwrap_or_default();
        let labels_of = |path: &str| {
            let mut labels = String::new();
            push_label(&mut labels, "path", path);
            labels.push(',');
            push_label(&mut labels, "object", type_name);
            labels
        };
        let path = about::path(of);
        let mut labels = labels_of(&path);
        if !self.names.insert(labels.clone()) {
            labels = labels_of(&format!("{path} (segment {})", segment.shmid));
            self.names.insert(labels.clone());
        }
        self.header(object, &labels, users);
        let value = object.read(limits);
        walk(object.schema(), &value, |path, found| self.found(&labels, path, found));
    }

    fn header(&mut self, object: &Object, labels: &str, users: &mut Users) {
        let segment = object.segment();
        let Some(of) = &segment.description else { return };
        let (id, hash) = (of.id.to_string(), of.layout_hash.to_string());
        let (number, owner) = (segment.shmid.to_string(), users.shown(segment.owner));
        let more = [("id", &*id), ("layout_hash", &*hash), ("segment", &*number), ("owner", &*owner)];
        let text = &mut self.text;
        text.sample(Family::Object, labels, &more, 1);
        text.sample(Family::Bytes, labels, &[], segment.size);
        text.sample(Family::Attached, labels, &[], segment.attached);
        text.sample(Family::Created, labels, &[], clock::seconds(about::created(segment)));
        let mut counts = [0_u64; 4];
        for process in object.processes() {
            counts[usize::from(!process.alive) * 2 + usize::from(process.left)] += 1;
        }
        for (state, count) in ["alive", "detached", "dead", "ended"].into_iter().zip(counts) {
            text.sample(Family::Processes, labels, &[("state", state)], count);
        }
    }

    fn found(&mut self, labels: &str, path: &str, found: Found<'_>) {
        let Self { shape, text, .. } = self;
        let part = [("part", path)];
        match found {
            Found::Number(value) => text.sample(Family::Value, labels, &[("field", path)], Number(value)),
            Found::Text(value) => {
                if shape.texts.iter().any(|asked| asked == path) {
                    let more = [("field", path), ("value", &*printed::raw(value))];
                    text.sample(Family::Text, labels, &more, 1);
                }
            }
            Found::Variant { name, schema } => {
                let OwnedKind::Enum { variants, .. } = schema.kind() else { return };
                for variant in variants {
                    let more = [("field", path), ("shmstore_state", &*variant.name)];
                    text.sample(Family::State, labels, &more, u8::from(variant.name == name));
                }
            }
            Found::Lock { locked, inconsistent } => {
                text.sample(Family::Held, labels, &part, u8::from(locked));
                text.sample(Family::Inconsistent, labels, &part, u8::from(inconsistent));
            }
            Found::Count(counter, count) => {
                let family = match counter {
                    Counter::Versions => Family::Versions,
                    Counter::Notifications => Family::Notifications,
                    Counter::Items => Family::Items,
                    Counter::Changes => return,
                };
                text.sample(family, labels, &part, count);
            }
            Found::Fill { is_map, len, capacity } => {
                let length = if is_map { Family::Entries } else { Family::Length };
                text.sample(length, labels, &part, len);
                text.sample(Family::Capacity, labels, &part, capacity);
            }
            Found::Invalid => self.invalid += 1,
            Found::Omitted => text.omitted += 1,
        }
    }
}
