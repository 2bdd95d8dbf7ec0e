//! Values as JSON of a stable form.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::Value;

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
            Self::Queue { len, capacity, pushed, outstanding, first } => {
                let mut map = serializer.serialize_map(Some(5))?;
                map.serialize_entry("len", len)?;
                map.serialize_entry("capacity", capacity)?;
                map.serialize_entry("pushed", pushed)?;
                map.serialize_entry("outstanding", outstanding)?;
                map.serialize_entry("first", first)?;
                map.end()
            }
            Self::Broadcast { sent, capacity, last } => {
                let mut map = serializer.serialize_map(Some(3))?;
                map.serialize_entry("sent", sent)?;
                map.serialize_entry("capacity", capacity)?;
                map.serialize_entry("last", &last.iter().map(Item).collect::<Vec<_>>())?;
                map.end()
            }
            Self::Map { len, capacity, changes, first } => {
                let mut map = serializer.serialize_map(Some(4))?;
                map.serialize_entry("len", len)?;
                map.serialize_entry("capacity", capacity)?;
                map.serialize_entry("changes", changes)?;
                map.serialize_entry("first", &first.iter().map(Entry).collect::<Vec<_>>())?;
                map.end()
            }
            Self::Frames { meta, first, .. } => {
                let counts = self.counts();
                let mut map = serializer.serialize_map(Some(counts.len() + 2))?;
                counts.iter().try_for_each(|(name, count)| map.serialize_entry(name, count))?;
                map.serialize_entry("meta", meta)?;
                map.serialize_entry("first", first)?;
                map.end()
            }
            Self::Invalid(why) => serializer.collect_map([("invalid", why)]),
            Self::Omitted | Self::Nothing => serializer.serialize_unit(),
        }
    }
}

/// An item of a broadcast with its position.
struct Item<'a>(&'a (u64, Value));

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (position, value) = self.0;
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("position", position)?;
        map.serialize_entry("value", value)?;
        map.end()
    }
}

/// A key of a map with its value, which has a version.
struct Entry<'a>(&'a (Value, Value));

impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (key, value) = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("key", key)?;
        if let Value::Versioned { version, locked, .. } = value {
            map.serialize_entry("version", version)?;
            map.serialize_entry("locked", locked)?;
        }
        map.serialize_entry("value", value.settled())?;
        map.end()
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
        let newest = || Value::Versioned { version: 3, locked: true, value: Box::new(number()) };
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
            (
                Value::Queue { len: 2, capacity: 4, pushed: 9, outstanding: 1, first: vec![number()] },
                r#"{"len":2,"capacity":4,"pushed":9,"outstanding":1,"first":[3]}"#,
            ),
            (
                Value::Broadcast { sent: 9, capacity: 4, last: vec![(8, number())] },
                r#"{"sent":9,"capacity":4,"last":[{"position":8,"value":3}]}"#,
            ),
            (
                Value::Map { len: 2, capacity: 4, changes: 9, first: vec![(Value::Text("a".into()), newest())] },
                r#"{"len":2,"capacity":4,"changes":9,"first":[{"key":"a","version":3,"locked":true,"value":3}]}"#,
            ),
            (
                Value::Frames {
                    newest: 9,
                    capacity: 64,
                    slots: 4,
                    pins: 1,
                    loans: 0,
                    len: 2,
                    meta: Box::new(Value::Bool(true)),
                    first: vec![number()],
                },
                concat!(
                    r#"{"newest":9,"capacity":64,"slots":4,"pins":1,"loans":0,"len":2,"#,
                    r#""meta":true,"first":[3]}"#
                ),
            ),
            (Value::Invalid("why".into()), r#"{"invalid":"why"}"#),
            (Value::Nothing, "null"),
        ] {
            assert_eq!(json(&value), expected);
        }
    }
}
