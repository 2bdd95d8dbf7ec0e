//! A decoded object as a flat list of fields with dotted paths.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Serialize;
use shmstore::inspect::Value;

use crate::about::counted;
use crate::text::{shortened, shown};
use crate::tree::key_step;

/// The text in place of the value of a key that is not in its map.
pub(super) const ABSENT: &str = "<absent>";

/// How many fields are kept.
pub(super) const MOST_FIELDS: usize = 4000;

/// The greatest number of characters in a path.
const LONGEST_PATH: usize = 300;

/// The identity of a field: an index for each struct or list around it.
///
/// A path is not unique: a field may be named `a.b` beside a field `b` in `a`, and long paths are cut.
pub(super) type FieldId = Vec<u32>;

/// One field at one moment.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) id: FieldId,
    /// Its path, fit for a terminal.
    pub(super) path: String,
    /// Its value, without the parts that are separate fields.
    pub(super) value: Leaf,
    /// The version of the `Versioned` around it.
    pub(super) version: Option<u64>,
    /// Whether it is the first field of that `Versioned`.
    pub(super) is_first: bool,
}

/// A value without parts. Its JSON is as in `shmstore show --json`, but a list has only its length.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(super) enum Leaf {
    /// A value.
    Value(Value),
    /// A value without a rate of stores. It changes for other reasons.
    Passing(Value),
    /// The length of a list. The shown elements are separate fields.
    List {
        len: u64,
        #[serde(skip)]
        shown: usize,
    },
    /// The items that wait in a queue.
    Items { len: u64, capacity: u64 },
    /// The keys of a map. The shown ones are separate fields.
    Keys { len: u64, capacity: u64 },
    /// The elements of the newest frame.
    Elements { len: u64, capacity: u64 },
    /// The value of a key that is not in its map.
    Absent,
}

/// The fields of a value, and the number of fields that were left out.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields {
    pub(super) kept: Vec<Field>,
    pub(super) left_out: usize,
    /// The paths of the shown keys of maps. The parts of their values are among the fields.
    pub(super) keys: HashMap<FieldId, String>,
    /// The maps whose keys are all shown.
    pub(super) whole_maps: HashSet<FieldId>,
}

impl Fields {
    /// Adds a value and its parts. `version` is the version of the `Versioned` around it.
    pub(super) fn add(&mut self, id: FieldId, path: &str, value: Value, version: Option<u64>) {
        let first = self.kept.len();
        self.add_parts(id, path, value, version);
        if let Some(first) = self.kept.get_mut(first).filter(|_| version.is_some()) {
            first.is_first = true;
        }
    }

    fn add_parts(&mut self, id: FieldId, path: &str, value: Value, version: Option<u64>) {
        let part = |index: usize| [&*id, &[index as u32]].concat();
        let is_time = value.as_timestamp().is_some();
        match value {
            Value::Struct { fields, .. } if !is_time => {
                for (index, (name, value)) in fields.into_iter().enumerate() {
                    self.add_parts(part(index), &below(path, &shown(&name)), value, version);
                }
            }
            Value::Versioned { version, value, .. } => self.add(id, path, *value, Some(version)),
            Value::List { len, first } => {
                self.keep(id.clone(), path, Leaf::List { len, shown: first.len() }, version);
                for (index, value) in first.into_iter().enumerate() {
                    let path = shortened(&format!("{path}[{index}]"), LONGEST_PATH);
                    self.add_parts(part(index), &path, value, version);
                }
            }
            Value::Queue { len, capacity, .. } => {
                let counts = value.counts();
                self.keep(id.clone(), path, Leaf::Items { len, capacity }, version);
                self.keep_counts(&id, path, &counts);
            }
            Value::Broadcast { sent, last, .. } => {
                let newest = last.into_iter().next_back().map_or(Value::Nothing, |(_, value)| value);
                self.keep(id.clone(), path, Leaf::Passing(newest), version);
                self.keep_counts(&id, path, &[("sent", sent)]);
            }
            Value::Map { len, capacity, changes, first } => {
                self.keep(id.clone(), path, Leaf::Keys { len, capacity }, version);
                let counter = Leaf::Value(Value::Unsigned(changes));
                self.keep([&*id, &[0]].concat(), &below(path, "changes"), counter, None);
                if first.len() as u64 >= len {
                    self.whole_maps.insert(id.clone());
                }
                for (index, (key, value)) in (0..).zip(first) {
                    let step = shown(&key_step(&key));
                    let of_key = id_of_key(&key, &step, index, changes);
                    let (id, path) = ([&*id, &of_key].concat(), shortened(&format!("{path}{step}"), LONGEST_PATH));
                    self.add_parts(id.clone(), &path, value, version);
                    self.keys.insert(id, path);
                }
            }
            Value::Frames { newest, capacity, len, ref meta, .. } => {
                let counts = value.counts();
                self.keep(id.clone(), path, Leaf::Elements { len, capacity }, version);
                self.keep_counts(&id, path, &counts);
                if newest > 0 && !matches!(**meta, Value::Nothing | Value::Omitted) {
                    let of_meta = part(counts.len());
                    self.add_parts(of_meta, &below(path, "meta"), (**meta).clone(), Some(newest));
                }
            }
            leaf => self.keep(id, path, Leaf::Value(leaf), version),
        }
    }

    /// Adds a field whose key is not in its map.
    pub(super) fn add_absent(&mut self, id: FieldId, path: &str) {
        self.keep(id, path, Leaf::Absent, None);
    }

    /// Adds the counts of a queue, a broadcast or frames. The rates of `pushed`, `delivered`, `sent` and `newest` are
    /// rates of items and frames.
    fn keep_counts(&mut self, id: &[u32], path: &str, counts: &[(&'static str, u64)]) {
        for (index, &(name, count)) in (0..).zip(counts) {
            let count = Value::Unsigned(count);
            let leaf = match name {
                "pushed" | "delivered" | "sent" | "newest" => Leaf::Value(count),
                "outstanding" | "pins" | "loans" => Leaf::Passing(count),
                _ => continue,
            };
            self.keep([id, &[index]].concat(), &below(path, name), leaf, None);
        }
    }

    fn keep(&mut self, id: FieldId, path: &str, value: Leaf, version: Option<u64>) {
        if self.kept.len() >= MOST_FIELDS || matches!(value, Leaf::Value(Value::Omitted)) {
            self.left_out += 1;
        } else {
            let path = if path.is_empty() { "." } else { path }.into();
            self.kept.push(Field { id, path, value, version, is_first: false });
        }
    }
}

/// Returns the identity of a key below its map. A key keeps it while other keys are inserted and removed.
///
/// A key without its bytes is told apart by its index, while no key is inserted or removed.
fn id_of_key(key: &Value, step: &str, index: u32, changes: u64) -> [u32; 2] {
    if let Value::Invalid(_) | Value::Omitted = key {
        return [index, changes as u32];
    }
    let mut hasher = DefaultHasher::new();
    step.hash(&mut hasher);
    let hash = hasher.finish();
    [(hash >> 32) as u32, hash as u32]
}

/// Returns the path of the field `name` below a path.
fn below(path: &str, name: &str) -> String {
    let dot = if path.is_empty() { "" } else { "." };
    shortened(&format!("{path}{dot}{name}"), LONGEST_PATH)
}

impl Leaf {
    /// Returns the value as a number to draw.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Value(value) | Self::Passing(value) => value.as_f64(),
            Self::Items { len, .. } | Self::Keys { len, .. } | Self::Elements { len, .. } => Some(*len as f64),
            Self::List { .. } | Self::Absent => None,
        }
    }

    /// Returns the value on one line, fit for a terminal.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Value(value) | Self::Passing(value) => shown(&value.to_string()),
            Self::List { len, shown } if *len > 1 && *len > *shown as u64 => format!("{len} elements, {shown} shown"),
            Self::List { len, .. } => counted(*len as usize, "element"),
            Self::Items { len, capacity } => format!("{len} of {capacity} items"),
            Self::Keys { len, capacity } => format!("{len} of {capacity} keys"),
            Self::Elements { len, capacity } => format!("{len} of {capacity} elements"),
            Self::Absent => ABSENT.into(),
        }
    }

    /// Returns `true` if both look the same. A NaN equals itself.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Value(one) | Self::Passing(one), Self::Value(other) | Self::Passing(other)) => match (one, other) {
                (Value::F64(one), Value::F64(other)) => one.to_bits() == other.to_bits(),
                (Value::F32(one), Value::F32(other)) => one.to_bits() == other.to_bits(),
                (one, other) => one == other,
            },
            (Self::List { len, .. }, Self::List { len: other, .. })
            | (Self::Items { len, .. }, Self::Items { len: other, .. })
            | (Self::Keys { len, .. }, Self::Keys { len: other, .. })
            | (Self::Elements { len, .. }, Self::Elements { len: other, .. }) => len == other,
            (Self::Absent, Self::Absent) => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
