//! Decoded values of any type, as a tree.

mod json;
mod key;
mod text;

use crate::value::Timestamp;

/// The value of an object or of a part of it, decoded by its schema.
///
/// `{}` shows it on one line, much as Rust's `{:?}` does, with unprintable characters escaped, a [`Timestamp`] as a
/// date and time, and the keys of a map as a [`FieldPath`](super::FieldPath) has them. [`Serialize`](serde::Serialize)
/// gives JSON of a stable form:
///
/// | value | JSON |
/// |---|---|
/// | numbers | a number; `NaN` and infinities as the strings `"NaN"`, `"inf"`, `"-inf"` |
/// | `bool`, text, `char` | `true`, `"text"` |
/// | an enum | the variant's name |
/// | a struct | an object of its fields; a `Timestamp` is `{"nanoseconds": 0}` |
/// | a list | an array, or `{"len": 1000, "first": […]}` if it was shortened |
/// | `Versioned` | `{"version": 3, "locked": false, "value": …}` |
/// | `Lock` | `{"locked": false, "inconsistent": false}` |
/// | `Event` | the number of its notifications |
/// | `Queue` | `{"len": 2, "capacity": 64, "pushed": 9, "outstanding": 1, "first": […]}` |
/// | `Broadcast` | `{"sent": 9, "capacity": 64, "last": [{"position": 8, "value": …}]}` |
/// | `Map` | `{"len": 2, "capacity": 64, "changes": 9, "first": […]}` |
/// | `Frames` | `{"newest": 9, "capacity": 4096, "slots": 4, "pins": 1, "loans": 0, "len": 2, "meta": …, "first": […]}` |
/// | a key of a map | `{"key": "EURUSD", "version": 3, "locked": false, "value": …}` |
/// | bytes that are not a valid value | `{"invalid": "why"}` |
/// | values beyond the limits | `null` |
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `u8` to `u64`, atomic or not.
    Unsigned(u64),
    /// `i8` to `i64`, atomic or not.
    Signed(i64),
    /// `f32`.
    F32(f32),
    /// `f64`.
    F64(f64),
    /// `bool`.
    Bool(bool),
    /// `char`.
    Char(char),
    /// A `FixedString`.
    Text(String),
    /// A variant of an enum.
    Variant {
        /// Its name.
        name: String,
        /// Its number.
        discriminant: i128,
    },
    /// A struct. Padding, `PhantomData` and `()` are left out of its fields.
    Struct {
        /// Its name.
        name: String,
        /// Its fields.
        fields: Vec<(String, Value)>,
    },
    /// An array or a `FixedVec`.
    List {
        /// The number of elements.
        len: u64,
        /// The first elements, as many as the limits allow.
        first: Vec<Value>,
    },
    /// A `Versioned`.
    Versioned {
        /// The version of the value. It counts the stores from 0.
        version: u64,
        /// True if a process was writing.
        locked: bool,
        /// The newest value.
        value: Box<Value>,
    },
    /// A `Lock`.
    Lock {
        /// True if a process had locked it.
        locked: bool,
        /// True if an owner died or panicked, and the guarded data was not repaired since.
        inconsistent: bool,
    },
    /// An `Event`.
    Event {
        /// The number of notifications.
        count: u64,
    },
    /// A [`Queue`](crate::Queue).
    Queue {
        /// The number of items that wait.
        len: u64,
        /// The capacity, in items.
        capacity: u64,
        /// The number of items that were pushed so far.
        pushed: u64,
        /// The number of items that were taken and are not done. They are not in `len`.
        outstanding: u64,
        /// The first items that wait, in the order of their delivery, as many as the limits allow.
        first: Vec<Value>,
    },
    /// A [`Broadcast`](crate::Broadcast).
    Broadcast {
        /// The number of items that were sent so far.
        sent: u64,
        /// The capacity, in items.
        capacity: u64,
        /// The newest items with their positions, the oldest of them first, as many as the limits allow. An item that
        /// is being written is not among them.
        last: Vec<(u64, Value)>,
    },
    /// A `Map`.
    Map {
        /// The number of keys.
        len: u64,
        /// The capacity, in keys.
        capacity: u64,
        /// How often keys were inserted and removed so far. After a death there may be one or two more.
        changes: u64,
        /// The first keys with their values, as many as the limits allow. They have no order. Each value is
        /// [`Versioned`](Self::Versioned).
        first: Vec<(Value, Value)>,
    },
    /// A [`Frames`](crate::Frames).
    Frames {
        /// The number of the newest frame, from 1. 0 if there is none.
        newest: u64,
        /// The capacity of a frame, in elements.
        capacity: u64,
        /// The number of slots.
        slots: u64,
        /// The number of pins. A pin of a process that died counts until a writer needs the slot.
        pins: u64,
        /// The number of slots that processes fill. A slot of a process that died counts until a writer needs it.
        loans: u64,
        /// The number of elements of the newest frame.
        len: u64,
        /// The metadata of the newest frame. [`Nothing`](Self::Nothing) if there is no frame.
        meta: Box<Value>,
        /// The first elements of the newest frame, as many as the limits allow.
        first: Vec<Value>,
    },
    /// Bytes that are not a valid value or cannot be read, with the reason.
    Invalid(String),
    /// A value beyond the [`Limits`](super::Limits).
    Omitted,
    /// Padding, `PhantomData` or `()`.
    Nothing,
}

impl Value {
    /// Returns a field of a struct, or of the struct in a `Versioned`.
    ///
    /// ```
    /// use shmstore::inspect::Value;
    ///
    /// let position = Value::Struct { name: "Position".into(), fields: vec![("x".into(), Value::F64(1.5))] };
    /// let newest = Value::Versioned { version: 3, locked: false, value: Box::new(position) };
    /// assert_eq!(newest.field("x").and_then(Value::as_f64), Some(1.5));
    /// assert_eq!(newest.field("y"), None);
    /// assert_eq!(newest.to_string(), "{ x: 1.5 }");
    /// ```
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Self> {
        let Self::Struct { fields, .. } = self.settled() else { return None };
        fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    /// Returns the value in a `Versioned`. Any other value returns itself.
    #[must_use]
    pub fn settled(&self) -> &Self {
        match self {
            Self::Versioned { value, .. } => value,
            other => other,
        }
    }

    /// Returns the counts of a queue, a broadcast, a map or frames with their names. Any other value has none.
    ///
    /// A [`FieldPath`](super::FieldPath) leads to each of them: `jobs.delivered`, `quotes.sent`, `sessions.len`,
    /// `images.newest`.
    ///
    /// ```
    /// use shmstore::inspect::Value;
    ///
    /// let jobs = Value::Queue { len: 2, capacity: 64, pushed: 9, outstanding: 1, first: vec![] };
    /// assert_eq!(jobs.counts(), [("len", 2), ("capacity", 64), ("pushed", 9), ("delivered", 7), ("outstanding", 1)]);
    /// let quotes = Value::Broadcast { sent: 9, capacity: 64, last: vec![] };
    /// assert_eq!(quotes.counts(), [("sent", 9), ("capacity", 64)]);
    /// let sessions = Value::Map { len: 2, capacity: 64, changes: 9, first: vec![] };
    /// assert_eq!(sessions.counts(), [("len", 2), ("capacity", 64), ("changes", 9)]);
    /// ```
    #[must_use]
    pub fn counts(&self) -> Vec<(&'static str, u64)> {
        match *self {
            Self::Queue { len, capacity, pushed, outstanding, .. } => {
                // An item that was taken and came back counts among `len`, and not as delivered.
                let delivered = pushed.saturating_sub(len);
                let of_queue = [len, capacity, pushed, delivered, outstanding];
                ["len", "capacity", "pushed", "delivered", "outstanding"].into_iter().zip(of_queue).collect()
            }
            Self::Broadcast { sent, capacity, .. } => vec![("sent", sent), ("capacity", capacity)],
            Self::Map { len, capacity, changes, .. } => {
                vec![("len", len), ("capacity", capacity), ("changes", changes)]
            }
            Self::Frames { newest, capacity, slots, pins, loans, len, .. } => {
                let of_frames = [newest, capacity, slots, pins, loans, len];
                ["newest", "capacity", "slots", "pins", "loans", "len"].into_iter().zip(of_frames).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Returns the time, if the value is a [`Timestamp`].
    #[must_use]
    pub fn as_timestamp(&self) -> Option<Timestamp> {
        let Self::Struct { name, fields } = self.settled() else { return None };
        match fields.as_slice() {
            [(field, Self::Signed(number))] if name == "Timestamp" && field == "nanoseconds" => {
                Some(Timestamp::from_nanos(*number))
            }
            _ => None,
        }
    }

    /// Returns a number to draw for an integer, a float, a `bool` or an event. Any other value returns `None`.
    ///
    /// For a queue or a map it is the length, for a broadcast the number of items that were sent, and for frames the
    /// number of the newest one.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        Some(match *self.settled() {
            Self::Unsigned(number)
            | Self::Event { count: number }
            | Self::Queue { len: number, .. }
            | Self::Map { len: number, .. }
            | Self::Broadcast { sent: number, .. }
            | Self::Frames { newest: number, .. } => number as f64,
            Self::Signed(number) => number as f64,
            Self::F32(number) => number.into(),
            Self::F64(number) => number,
            Self::Bool(flag) => u8::from(flag).into(),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_in_a_versioned_can_be_drawn_and_a_text_cannot() {
        let versioned = Value::Versioned { version: 1, locked: true, value: Box::new(Value::Signed(-2)) };
        assert_eq!(versioned.as_f64(), Some(-2.0));
        let queue = Value::Queue { len: 2, capacity: 4, pushed: 9, outstanding: 1, first: vec![] };
        assert_eq!(queue.as_f64(), Some(2.0));
        assert_eq!(Value::Broadcast { sent: 9, capacity: 4, last: vec![] }.as_f64(), Some(9.0));
        assert_eq!(Value::Map { len: 3, capacity: 4, changes: 9, first: vec![] }.as_f64(), Some(3.0));
        let (meta, first) = (Box::new(Value::Nothing), vec![]);
        let images = Value::Frames { newest: 7, capacity: 9, slots: 4, pins: 1, loans: 0, len: 2, meta, first };
        assert_eq!(images.as_f64(), Some(7.0));
        assert_eq!(Value::Bool(true).as_f64(), Some(1.0));
        assert_eq!(Value::Text("2".into()).as_f64(), None);
    }
}
