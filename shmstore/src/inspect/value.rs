//! What was decoded: values of any type, as a tree.

use std::fmt;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::value::Timestamp;

/// What is in an object, or in a part of it, decoded by its schema.
///
/// `{}` shows it on one line, much as Rust's `{:?}` does, and a [`Timestamp`] as a date and time; [`Serialize`] gives JSON of a form that programs can rely on:
///
/// | value | JSON |
/// |---|---|
/// | numbers | a number; `NaN` and infinities as the strings `"NaN"`, `"inf"`, `"-inf"` |
/// | `bool`, text, `char` | `true`, `"text"` |
/// | an enum | the variant's name |
/// | a struct | an object of its fields; a `Timestamp` is `{"nanoseconds": 0}` |
/// | a list | an array; if it was shortened `{"len": 1000, "first": […]}` |
/// | `Versioned` | `{"version": 3, "locked": false, "value": …}` |
/// | `Lock` | `{"locked": false, "inconsistent": false}` |
/// | `Event` | the count of its notifications: a number, as of an atomic |
/// | bytes that are no value of their type | `{"invalid": "why"}` |
/// | what was left out | `null` |
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
        /// The number that stands for it.
        discriminant: i128,
    },
    /// A struct, with the fields that have bytes and mean something, in order.
    Struct {
        /// Its name.
        name: String,
        /// Its fields.
        fields: Vec<(String, Value)>,
    },
    /// An array or a `FixedVec`.
    List {
        /// How many elements there are.
        len: u64,
        /// The first of them: all, unless limits say otherwise.
        first: Vec<Value>,
    },
    /// A `Versioned`: the newest value, whole.
    Versioned {
        /// Its version.
        version: u64,
        /// Whether a writer had it at that moment.
        locked: bool,
        /// The value.
        value: Box<Value>,
    },
    /// A `Lock`.
    Lock {
        /// Whether somebody had it at that moment.
        locked: bool,
        /// Whether a holder died or panicked, and nobody has repaired since what it guards.
        inconsistent: bool,
    },
    /// An `Event`.
    Event {
        /// How many notifications there were.
        count: u64,
    },
    /// Bytes that are no value of their type, and why.
    Invalid(String),
    /// Beyond the [`Limits`](super::Limits).
    Omitted,
    /// Nothing: padding, `PhantomData`.
    Nothing,
}

impl Value {
    /// A field of a struct.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Self> {
        let Self::Struct { fields, .. } = self.settled() else { return None };
        fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    /// The value in a `Versioned`; of any other value itself.
    #[must_use]
    pub fn settled(&self) -> &Self {
        match self {
            Self::Versioned { value, .. } => value,
            other => other,
        }
    }

    /// As a time, if it is a [`Timestamp`].
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

    /// As a number to draw: integers, floats, `bool`, the count of an event. `None` for anything else.
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
    fn json_is_as_its_table_says() {
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
    fn what_is_shown_stays_on_one_line() {
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
    fn numbers_can_be_drawn_through_a_versioned_and_texts_can_not() {
        let versioned = Value::Versioned { version: 1, locked: true, value: Box::new(Value::Signed(-2)) };
        assert_eq!(versioned.as_f64(), Some(-2.0));
        assert_eq!(Value::Bool(true).as_f64(), Some(1.0));
        assert_eq!(Value::Text("2".into()).as_f64(), None);
    }
}
