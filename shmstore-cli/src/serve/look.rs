//! The parts of a value, one after the other, each with its path.

use std::collections::HashSet;

use shmstore::inspect::Value;
use shmstore::schema::{OwnedKind, OwnedSchema};

use crate::tree::key_step;

/// The most bytes of a path. Parts below longer ones are left out, since each of them would repeat it.
const MOST_PATH: usize = 1024;

/// What a path leads to.
pub(super) enum Found<'a> {
    /// A number or a `bool`.
    Number(&'a Value),
    /// A text or a `char`.
    Text(&'a Value),
    /// An enum with its type.
    Variant { name: &'a str, schema: &'a OwnedSchema },
    /// A `Lock`.
    Lock { locked: bool, inconsistent: bool },
    /// A count of changes: the version of a `Versioned`, of a map, and so on.
    Count(Counter, u64),
    /// How much is in a part, and how much fits into it.
    Fill { is_map: bool, len: u64, capacity: u64 },
    /// Bytes that are not a value of their type.
    Invalid,
    /// A value beyond the limits.
    Omitted,
}

/// The kind of a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counter {
    /// Versions of a `Versioned`.
    Versions,
    /// Notifications of an `Event`.
    Notifications,
    /// Items of a queue or a broadcast, or frames.
    Items,
    /// Keys that were inserted into a map or removed.
    Changes,
}

/// Calls `each` with each part of a value, its path first, as [`FieldPath`](shmstore::inspect::FieldPath) prints it.
///
/// No path comes twice with the same kind of finding, whatever the names of fields and the keys of maps are.
pub(super) fn walk(schema: &OwnedSchema, value: &Value, each: impl FnMut(&str, Found<'_>)) {
    let twice = may_repeat(schema).then(HashSet::new);
    Walk { path: String::new(), each, twice }.visit(schema, value);
}

struct Walk<F> {
    path: String,
    each: F,
    /// The paths so far, if one may come twice.
    twice: Option<HashSet<String>>,
}

impl<F: FnMut(&str, Found<'_>)> Walk<F> {
    fn visit(&mut self, schema: &OwnedSchema, value: &Value) {
        match (schema.kind(), value) {
            (OwnedKind::CacheAligned { object: inner } | OwnedKind::AtomicCell { value: inner }, _) => {
                self.visit(inner, value);
            }
            (OwnedKind::Versioned { value: inner }, Value::Versioned { version, value, .. }) => {
                self.found(Found::Count(Counter::Versions, *version));
                self.visit(inner, value);
            }
            (OwnedKind::Struct { fields: types, .. }, Value::Struct { fields, .. }) => {
                // Fields without a meaning are only among the types.
                let mut types = types.iter();
                for (name, value) in fields {
                    if let Some(field) = types.find(|field| field.name == *name) {
                        self.below(|path| push_name(path, name), |walk| walk.visit(&field.schema, value));
                    }
                }
            }
            (OwnedKind::Array { element, .. } | OwnedKind::FixedVec { element, .. }, Value::List { first, .. }) => {
                for (index, value) in first.iter().enumerate() {
                    self.below(|path| path.push_str(&format!("[{index}]")), |walk| walk.visit(element, value));
                }
            }
            (OwnedKind::Map { value: inner, .. }, Value::Map { len, capacity, changes, first }) => {
                self.found(Found::Count(Counter::Changes, *changes));
                self.found(Found::Fill { is_map: true, len: *len, capacity: *capacity });
                for (key, value) in first {
                    match key {
                        Value::Invalid(_) | Value::Omitted => (self.each)(&self.path, Found::Invalid),
                        key => {
                            self.below(|path| path.push_str(&key_step(key)), |walk| walk.visit(inner, value.settled()))
                        }
                    }
                }
            }
            (OwnedKind::Frames { meta: inner, .. }, Value::Frames { newest, capacity, len, meta, .. }) => {
                self.found(Found::Count(Counter::Items, *newest));
                self.found(Found::Fill { is_map: false, len: *len, capacity: *capacity });
                if *newest > 0 {
                    self.below(|path| push_name(path, "meta"), |walk| walk.visit(inner, meta));
                }
            }
            (_, Value::Queue { len, capacity, pushed, .. }) => {
                self.found(Found::Count(Counter::Items, *pushed));
                self.found(Found::Fill { is_map: false, len: *len, capacity: *capacity });
            }
            (_, Value::Broadcast { sent, capacity, .. }) => {
                self.found(Found::Count(Counter::Items, *sent));
                self.found(Found::Fill { is_map: false, len: (*sent).min(*capacity), capacity: *capacity });
            }
            (_, Value::Event { count }) => self.found(Found::Count(Counter::Notifications, *count)),
            (_, &Value::Lock { locked, inconsistent }) => self.found(Found::Lock { locked, inconsistent }),
            (OwnedKind::Enum { .. }, Value::Variant { name, .. }) => self.found(Found::Variant { name, schema }),
            (_, Value::Unsigned(_) | Value::Signed(_) | Value::F32(_) | Value::F64(_) | Value::Bool(_)) => {
                self.found(Found::Number(value));
            }
            (_, Value::Text(_) | Value::Char(_)) => self.found(Found::Text(value)),
            // The limit on bytes leaves a value out, too.
            (_, Value::Invalid(why)) if why.starts_with("not decoded") => self.found(Found::Omitted),
            (_, Value::Invalid(_)) => self.found(Found::Invalid),
            (_, Value::Omitted) => self.found(Found::Omitted),
            _ => {}
        }
    }

    fn found(&mut self, found: Found<'_>) {
        (self.each)(if self.path.is_empty() { "." } else { &self.path }, found);
    }

    /// Visits a part one step below.
    fn below(&mut self, step: impl FnOnce(&mut String), visit: impl FnOnce(&mut Self)) {
        let len = self.path.len();
        step(&mut self.path);
        if self.path.len() > MOST_PATH {
            (self.each)("", Found::Omitted);
        } else if self.twice.as_mut().is_none_or(|seen| seen.insert(self.path.clone())) {
            visit(self);
        }
        self.path.truncate(len);
    }
}

/// Adds a step to a path. Names that are no names in Rust may have any characters.
fn push_name(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    if is_plain(name) { path.push_str(name) } else { path.extend(name.escape_debug()) }
}

fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Returns `true` if two parts may have the same path: by hostile names, or by a key that a damaged map has twice.
fn may_repeat(schema: &OwnedSchema) -> bool {
    match schema.kind() {
        OwnedKind::Struct { fields, .. } => {
            fields.iter().any(|field| !is_plain(&field.name) || may_repeat(&field.schema))
        }
        OwnedKind::Array { element: inner, .. }
        | OwnedKind::FixedVec { element: inner, .. }
        | OwnedKind::Versioned { value: inner }
        | OwnedKind::CacheAligned { object: inner }
        | OwnedKind::Frames { meta: inner, .. } => may_repeat(inner),
        OwnedKind::Map { .. } => true,
        _ => false,
    }
}
