//! Decoded values of any type, as a tree.

use std::fmt;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::value::Timestamp;

/// The value of an object or of a part of it, decoded by its schema.
///
/// `{}` shows it on one line, much as Rust's `{:?}` does, with unprintable characters escaped and a [`Timestamp`] as a
/// date and time. [`Serialize`] gives JSON of a stable form:
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
    /// A struct. Padding and `PhantomData` are left out of its fields.
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
    /// Bytes that are not a valid value or cannot be read, with the reason.
    Invalid(String),
    /// A value beyond the [`Limits`](super::Limits).
    Omitted,
    /// Padding or `PhantomData`.
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
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        Some(match *self.settled() {
            Self::Unsigned(number) | Self::Event { count: number } => number as f64,
            Self::Signed(number) => number as f64,
            Self::F32(number) => number.into(),
            Self::F64(number) => number,
            Self::Bool(flag) => u8::from(flag).into(),
            _ => return None,
        })
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(time) = self.as_timestamp() {
            return write!(f, "{time}");
        }
        match self {
            Self::Unsigned(number) | Self::Event { count: number } => write!(f, "{number}"),
            Self::Signed(number) => write!(f, "{number}"),
            Self::F32(number) => write!(f, "{number:?}"),
            Self::F64(number) => write!(f, "{number:?}"),
            Self::Bool(flag) => write!(f, "{flag}"),
            Self::Char(letter) => write!(f, "{letter:?}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Variant { name, .. } => write!(f, "{}", name.escape_debug()),
            Self::Struct { fields, .. } => {
                f.write_str("{ ")?;
                for (index, (name, value)) in fields.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{}: {value}", name.escape_debug())?;
                }
                f.write_str(" }")
            }
            Self::List { len, first } => {
                f.write_str("[")?;
                for (index, value) in first.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{value}")?;
                }
                let more = len.saturating_sub(first.len() as u64);
                if more > 0 { write!(f, ", … {more} more]") } else { f.write_str("]") }
            }
            Self::Versioned { value, .. } => value.fmt(f),
            Self::Lock { locked, inconsistent } => {
                f.write_str(if *locked { "locked" } else { "free" })?;
                f.write_str(if *inconsistent { ", inconsistent" } else { "" })
            }
            Self::Invalid(why) => write!(f, "<{why}>"),
            Self::Omitted => f.write_str("…"),
            Self::Nothing => f.write_str("()"),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unsigned(number) | Self::Event { count: number } => serializer.serialize_u64(*number),
            Self::Signed(number) => serializer.serialize_i64(*number),
            Self::F32(number) if number.is_finite() => serializer.serialize_f32(*number),
            Self::F64(number) if number.is_finite() => serializer.serialize_f64(*number),
            Self::F32(number) => serializer.collect_str(number),
            Self::F64(number) => serializer.collect_str(number),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::Char(letter) => serializer.serialize_char(*letter),
            Self::Text(text) | Self::Variant { name: text, .. } => serializer.serialize_str(text),
            Self::Struct { fields, .. } => serializer.collect_map(fields.iter().map(|(name, value)| (name, value))),
            Self::List { len, first } if *len == first.len() as u64 => {
                let mut list = serializer.serialize_seq(Some(first.len()))?;
                first.iter().try_for_each(|value| list.serialize_element(value))?;
                list.end()
            }
            Self::List { len, first } => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("len", len)?;
                map.serialize_entry("first", first)?;
                map.end()
            }
            Self::Versioned { version, locked, value } => {
                let mut map = serializer.serialize_map(Some(3))?;
                map.serialize_entry("version", version)?;
                map.serialize_entry("locked", locked)?;
                map.serialize_entry("value", value)?;
                map.end()
            }
            Self::Lock { locked, inconsistent } => {
                serializer.collect_map([("locked", locked), ("inconsistent", inconsistent)])
            }
            Self::Invalid(why) => serializer.collect_map([("invalid", why)]),
            Self::Omitted | Self::Nothing => serializer.serialize_unit(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(value: &Value) -> String {
        serde_json::to_string(value).unwrap()
    }

    #[test]
    fn json_of_every_value_has_the_documented_form() {
        let number = || Value::Unsigned(3);
        let list = |len| Value::List { len, first: vec![number()] };
        let fields = vec![("a".to_owned(), number()), ("b".to_owned(), Value::Omitted)];
        for (value, expected) in [
            (Value::Signed(-1), "-1"),
            (Value::Unsigned(u64::MAX), "18446744073709551615"),
            (Value::F32(0.1), "0.1"),
            (Value::F64(f64::NAN), "\"NaN\""),
            (Value::F64(f64::INFINITY), "\"inf\""),
            (Value::F32(f32::NEG_INFINITY), "\"-inf\""),
            (Value::Bool(true), "true"),
            (Value::Text("a\"".into()), "\"a\\\"\""),
            (Value::Variant { name: "Run".into(), discriminant: 1 }, "\"Run\""),
            (Value::Struct { name: "S".into(), fields }, r#"{"a":3,"b":null}"#),
            (list(1), "[3]"),
            (list(1000), r#"{"len":1000,"first":[3]}"#),
            (
                Value::Versioned { version: 3, locked: false, value: Box::new(number()) },
                r#"{"version":3,"locked":false,"value":3}"#,
            ),
            (Value::Lock { locked: true, inconsistent: false }, r#"{"locked":true,"inconsistent":false}"#),
            (Value::Event { count: 7 }, "7"),
            (Value::Invalid("why".into()), r#"{"invalid":"why"}"#),
            (Value::Nothing, "null"),
        ] {
            assert_eq!(json(&value), expected);
        }
    }

    #[test]
    fn value_is_shown_on_one_line_without_control_characters() {
        let name = "a\nb\u{1b}[2J".to_owned();
        let fields = vec![(name.clone(), Value::Variant { name: name.clone(), discriminant: 0 })];
        let all = Value::Struct { name: name.clone(), fields };
        for value in [all, Value::Text(name), Value::Char('\n')] {
            let shown = value.to_string();
            assert!(!shown.contains(char::is_control), "{shown}");
        }
    }

    #[test]
    fn timestamps_are_shown_as_times_and_other_structs_are_not() {
        let shown = |name: &str, field: &str, number| {
            let fields = vec![(field.to_owned(), number)];
            Value::Struct { name: name.into(), fields }.to_string()
        };
        assert_eq!(shown("Timestamp", "nanoseconds", Value::Signed(-1)), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(shown("Timestamp", "nanoseconds", Value::Unsigned(1)), "{ nanoseconds: 1 }");
        assert_eq!(shown("Timestamp", "seconds", Value::Signed(1)), "{ seconds: 1 }");
        assert_eq!(shown("Time", "nanoseconds", Value::Signed(1)), "{ nanoseconds: 1 }");
    }

    #[test]
    fn number_in_a_versioned_can_be_drawn_and_a_text_cannot() {
        let versioned = Value::Versioned { version: 1, locked: true, value: Box::new(Value::Signed(-2)) };
        assert_eq!(versioned.as_f64(), Some(-2.0));
        assert_eq!(Value::Bool(true).as_f64(), Some(1.0));
        assert_eq!(Value::Text("2".into()).as_f64(), None);
    }
}
