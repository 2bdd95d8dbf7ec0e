//! Values on one line, as text.

use std::fmt;

use super::Value;
use super::key::write_key;

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
            Self::List { len, first } => write_list(f, *len, first),
            Self::Queue { len, first, outstanding, .. } => {
                write_list(f, *len, first)?;
                if *outstanding > 0 { write!(f, " ({outstanding} taken)") } else { Ok(()) }
            }
            Self::Broadcast { sent, last, .. } => {
                let before = sent.saturating_sub(last.len() as u64);
                f.write_str("[")?;
                if before > 0 {
                    write!(f, "… {before} before{}", if last.is_empty() { "" } else { ", " })?;
                }
                write_values(f, last.iter().map(|(_, value)| value))?;
                f.write_str("]")
            }
            Self::Map { len, first, .. } => {
                f.write_str("{")?;
                for (index, (key, value)) in first.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { ", " })?;
                    write_key(f, key)?;
                    write!(f, ": {value}")?;
                }
                write_rest(f, *len, first.len(), '}')
            }
            Self::Frames { newest: 0, .. } => f.write_str("no frame"),
            Self::Frames { newest, len, meta, first, .. } => {
                write!(f, "frame {newest} ")?;
                if !matches!(**meta, Self::Nothing) {
                    write!(f, "{meta} ")?;
                }
                write_list(f, *len, first)
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

/// Writes the first values of a list of `len`.
fn write_list(f: &mut fmt::Formatter<'_>, len: u64, first: &[Value]) -> fmt::Result {
    f.write_str("[")?;
    write_values(f, first)?;
    write_rest(f, len, first.len(), ']')
}

/// Writes how many of `len` values are not shown, and the closing bracket.
fn write_rest(f: &mut fmt::Formatter<'_>, len: u64, shown: usize, close: char) -> fmt::Result {
    match len.saturating_sub(shown as u64) {
        0 => write!(f, "{close}"),
        more => write!(f, "{}… {more} more{close}", if shown == 0 { "" } else { ", " }),
    }
}

fn write_values<'a>(f: &mut fmt::Formatter<'_>, values: impl IntoIterator<Item = &'a Value>) -> fmt::Result {
    values.into_iter().enumerate().try_for_each(|(index, value)| {
        let comma = if index == 0 { "" } else { ", " };
        write!(f, "{comma}{value}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::FieldPath;

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
    fn maps_are_shown_as_rust_shows_them_with_the_number_of_further_keys() {
        let entry = |key: &str| {
            let value = Value::Versioned { version: 3, locked: false, value: Box::new(Value::F64(1.5)) };
            (Value::Text(key.into()), value)
        };
        let map = |len, keys: &[&str]| {
            let first = keys.iter().map(|key| entry(key)).collect();
            Value::Map { len, capacity: 64, changes: 9, first }.to_string()
        };
        assert_eq!(map(0, &[]), "{}");
        assert_eq!(map(2, &["EURUSD", "a\n\0"]), r#"{"EURUSD": 1.5, "a\n\u0000": 1.5}"#);
        assert_eq!(map(5, &["EURUSD"]), r#"{"EURUSD": 1.5, … 4 more}"#);
        assert_eq!(map(5, &[]), "{… 5 more}");
    }

    #[test]
    fn key_of_a_map_is_shown_as_in_a_path() {
        let place = |fields: &[(&str, Value)]| {
            let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            Value::Struct { name: "Place".into(), fields }
        };
        let text = Value::Text("\u{1b}".into());
        for (key, shown) in [
            (Value::Variant { name: "Ask".into(), discriminant: 1 }, r#""Ask""#),
            (Value::Char('ß'), r#""ß""#),
            (Value::Signed(-3), "-3"),
            (Value::List { len: 2, first: vec![Value::Bool(true), text.clone()] }, r#"[true,"\u001b"]"#),
            (place(&[("symbol", text), ("account", Value::Unsigned(7))]), r#"{"account":7,"symbol":"\u001b"}"#),
            (place(&[]), "{}"),
        ] {
            let quotes = FieldPath::default().field("quotes");
            let path = quotes.key(&key);
            let map = Value::Map { len: 1, capacity: 1, changes: 1, first: vec![(key, Value::Unsigned(5))] };
            assert_eq!(map.to_string(), format!("{{{shown}: 5}}"));
            assert_eq!(format!("quotes[{shown}]").parse(), Ok(path));
        }
        let map = Value::Map { len: 1, capacity: 1, changes: 1, first: vec![(Value::Omitted, Value::Omitted)] };
        assert_eq!(map.to_string(), "{…: …}");
    }

    #[test]
    fn queues_and_broadcasts_are_shown_as_lists_with_what_is_not_in_them() {
        let items = |count: u64| (0..count).map(Value::Unsigned);
        let queue = |len, outstanding, shown| {
            Value::Queue { len, capacity: 64, pushed: 9, outstanding, first: items(shown).collect() }.to_string()
        };
        assert_eq!(queue(0, 0, 0), "[]");
        assert_eq!(queue(2, 0, 2), "[0, 1]");
        assert_eq!(queue(5, 3, 2), "[0, 1, … 3 more] (3 taken)");
        assert_eq!(queue(5, 0, 0), "[… 5 more]");
        let broadcast = |sent, shown| {
            let last = items(shown).map(|item| (sent - shown + 1, item)).collect();
            Value::Broadcast { sent, capacity: 64, last }.to_string()
        };
        assert_eq!(broadcast(0, 0), "[]");
        assert_eq!(broadcast(2, 2), "[0, 1]");
        assert_eq!(broadcast(18, 2), "[… 16 before, 0, 1]");
        assert_eq!(broadcast(18, 0), "[… 18 before]");
    }
}
