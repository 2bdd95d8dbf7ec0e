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
            leaf => self.keep(id, path, Leaf::Value(leaf), version),
        }
    }

    /// Adds a field whose key is not in its map.
    pub(super) fn add_absent(&mut self, id: FieldId, path: &str) {
        self.keep(id, path, Leaf::Absent, None);
    }

    /// Adds the counts of a queue or broadcast. The rates of `pushed`, `delivered` and `sent` are rates of items.
    fn keep_counts(&mut self, id: &[u32], path: &str, counts: &[(&'static str, u64)]) {
        for (index, &(name, count)) in (0..).zip(counts) {
            let count = Value::Unsigned(count);
            let leaf = match name {
                "pushed" | "delivered" | "sent" => Leaf::Value(count),
                "outstanding" => Leaf::Passing(count),
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
            Self::Items { len, .. } | Self::Keys { len, .. } => Some(*len as f64),
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
            | (Self::Keys { len, .. }, Self::Keys { len: other, .. }) => len == other,
            (Self::Absent, Self::Absent) => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(value: Value) -> Fields {
        let mut fields = Fields::default();
        fields.add(FieldId::default(), "", value, None);
        fields
    }

    fn list(len: u64) -> Value {
        Value::List { len, first: (0..len).map(Value::Unsigned).collect() }
    }

    fn structure(fields: Vec<(&str, Value)>) -> Value {
        Value::Struct {
            name: "S".into(),
            fields: fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        }
    }

    #[test]
    fn fields_have_dotted_paths_and_the_version_of_what_they_are_in() {
        let position = structure(vec![("x", Value::F64(1.0)), ("at", list(2))]);
        let position = Value::Versioned { version: 3, locked: false, value: Box::new(position) };
        let fields = fields(structure(vec![("frames", Value::Unsigned(7)), ("position", position)]));
        let kept: Vec<(&str, Option<u64>, String)> =
            fields.kept.iter().map(|field| (field.path.as_str(), field.version, field.value.text())).collect();
        let expected = [
            ("frames", None, "7"),
            ("position.x", Some(3), "1.0"),
            ("position.at", Some(3), "2 elements"),
            ("position.at[0]", Some(3), "0"),
            ("position.at[1]", Some(3), "1"),
        ];
        assert_eq!(kept, expected.map(|(path, version, text)| (path, version, text.to_owned())));
    }

    #[test]
    fn a_timestamp_is_one_field_and_no_counter() {
        let time = Value::Struct { name: "Timestamp".into(), fields: vec![("nanoseconds".into(), Value::Signed(0))] };
        let fields = fields(structure(vec![("taken", time)]));
        assert_eq!((fields.kept.len(), fields.kept[0].path.as_str()), (1, "taken"));
        assert_eq!(fields.kept[0].value.text(), "1970-01-01T00:00:00.000000000Z");
        assert_eq!(fields.kept[0].value.number(), None);
    }

    #[test]
    fn queues_and_broadcasts_have_counts_of_their_items() {
        let (first, last) = (vec![Value::Bool(true); 2], vec![(8, Value::Unsigned(70)), (9, Value::Unsigned(71))]);
        let jobs = Value::Queue { len: 5, capacity: 64, pushed: 20, outstanding: 3, first };
        let quotes = Value::Broadcast { sent: 10, capacity: 64, last };
        let fields = fields(structure(vec![("jobs", jobs), ("quotes", quotes)]));
        let kept: Vec<(&str, String)> = fields.kept.iter().map(|of| (of.path.as_str(), of.value.text())).collect();
        let expected = [
            ("jobs", "5 of 64 items"),
            ("jobs.pushed", "20"),
            ("jobs.delivered", "15"),
            ("jobs.outstanding", "3"),
            ("quotes", "71"),
            ("quotes.sent", "10"),
        ];
        assert_eq!(kept, expected.map(|(path, text)| (path, text.to_owned())));
    }

    #[test]
    fn maps_have_counts_and_a_field_for_each_part_of_a_value() {
        let value = |bid: f64| Value::Versioned {
            version: 3,
            locked: false,
            value: Box::new(structure(vec![("bid", Value::F64(bid)), ("ask", Value::F64(2.0))])),
        };
        let map = |first| structure(vec![("quotes", Value::Map { len: 2, capacity: 8, changes: 5, first })]);
        let key = |key: &str| Value::Text(key.into());
        let both = fields(map(vec![(key("a"), value(1.0)), (key("b.\u{1b}"), value(1.5))]));
        let kept: Vec<(&str, String)> = both.kept.iter().map(|of| (of.path.as_str(), of.value.text())).collect();
        let expected = [
            ("quotes", "2 of 8 keys"),
            ("quotes.changes", "5"),
            (r#"quotes["a"].bid"#, "1.0"),
            (r#"quotes["a"].ask"#, "2.0"),
            (r#"quotes["b.\u001b"].bid"#, "1.5"),
            (r#"quotes["b.\u001b"].ask"#, "2.0"),
        ];
        assert_eq!(kept, expected.map(|(path, text)| (path, text.to_owned())));
        assert_eq!((both.kept[2].version, both.kept[2].is_first, both.kept[3].is_first), (Some(3), true, false));
        assert_eq!((both.keys.len(), both.whole_maps.len()), (2, 1));
        let one = fields(map(vec![(key("b.\u{1b}"), value(1.5))]));
        assert_eq!(one.kept[2].id, both.kept[4].id, "a key keeps its identity while others are removed");
        assert!(one.whole_maps.is_empty());
        let unknown = |changes| {
            let first = vec![(Value::Invalid("not copied".into()), value(1.0)); 2];
            fields(structure(vec![("quotes", Value::Map { len: 2, capacity: 8, changes, first })]))
        };
        let ids = |fields: Fields| fields.kept.into_iter().skip(2).map(|field| field.id).collect::<HashSet<_>>();
        assert_eq!((ids(unknown(5)).len(), ids(unknown(5)) == ids(unknown(5))), (4, true));
        assert!(ids(unknown(5)).is_disjoint(&ids(unknown(6))));
    }

    #[test]
    fn fields_beyond_the_limit_are_counted_and_left_out() {
        let fields = fields(list(10_000));
        assert_eq!((fields.kept.len(), fields.left_out), (MOST_FIELDS, 10_001 - MOST_FIELDS));
    }

    #[test]
    fn names_are_made_fit_for_a_terminal_and_cut() {
        let long = "n".repeat(10_000);
        let fields = fields(structure(vec![("\u{1b}[2J", Value::Nothing), (&long, Value::Nothing)]));
        assert_eq!(fields.kept[0].path, "\\u{1b}[2J");
        assert_eq!(fields.kept[1].path.chars().count(), LONGEST_PATH);
    }

    #[test]
    fn a_nan_equals_itself() {
        let nan = Leaf::Value(Value::F64(f64::NAN));
        assert!(nan.is_same(&nan.clone()) && !nan.is_same(&Leaf::Value(Value::F64(0.0))));
    }
}
