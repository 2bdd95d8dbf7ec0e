//! The reasons why a value does not fit a type, in words.

use crate::error::ValueError;
use crate::inspect::Value;
use crate::layout::path::{Step, printable, write_path};
use crate::layout::schema::{OwnedKind, OwnedSchema, Primitive};

/// The most names that an error lists, and the most characters of a text that it quotes.
const NAMES: usize = 10;
const CHARACTERS: usize = 40;

/// A part that does not fit. The last step to it is first.
pub(super) struct Unfit {
    steps: Vec<Step>,
    expected: String,
    found: String,
}

impl Unfit {
    pub(super) fn new(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { steps: Vec::new(), expected: expected.into(), found: found.into() }
    }

    /// The error for a value that is none of the type.
    pub(super) fn of(schema: &OwnedSchema, value: &Value) -> Self {
        let is_list = matches!(schema.kind(), OwnedKind::Array { .. } | OwnedKind::FixedVec { .. });
        match value {
            Value::List { len, first } if is_list && *len != first.len() as u64 => {
                Self::found(schema, format!("only {} of {}", first.len(), counted(*len, "element")))
            }
            _ => Self::found(schema, described(value)),
        }
    }

    /// The error for something that is in no value of the type.
    pub(super) fn found(schema: &OwnedSchema, found: impl Into<String>) -> Self {
        Self::new(rule(schema), found)
    }

    /// Returns a closure that puts a step before the path.
    pub(super) fn below(step: impl FnOnce() -> Step) -> impl FnOnce(Self) -> Self {
        |mut unfit| {
            unfit.steps.push(step());
            unfit
        }
    }
}

impl From<Unfit> for ValueError {
    fn from(Unfit { mut steps, expected, found }: Unfit) -> Self {
        let mut path = String::new();
        if !steps.is_empty() {
            steps.reverse();
            // A `String` takes any text.
            let _ = write_path(&mut path, &steps);
        }
        Self { path, expected, found }
    }
}

/// Returns the values of a type in words.
fn rule(schema: &OwnedSchema) -> String {
    let values = match schema.kind() {
        OwnedKind::Primitive(of) | OwnedKind::Atomic(of) => match (of, of.range()) {
            (_, Some((least, most))) => format!("a number from {least} to {most}"),
            (Primitive::Bool, _) => "`true` or `false`".into(),
            (Primitive::Char, _) => "a text of one character".into(),
            _ => "a number that it has exactly".into(),
        },
        OwnedKind::Enum { variants, .. } => format!("one of {}", listed(variants.iter().map(|of| of.name.as_str()))),
        OwnedKind::Array { len, .. } => format!("a list of {}", counted(*len, "element")),
        OwnedKind::FixedVec { capacity, .. } => format!("a list of at most {}", counted(*capacity, "element")),
        OwnedKind::FixedString { capacity } => format!("a text of at most {}", counted(*capacity, "byte")),
        OwnedKind::Struct { fields, .. } => {
            let names = listed(fields.iter().filter(|field| field.has_meaning()).map(|field| field.name.as_str()));
            format!(
                "a struct with {}",
                if names.is_empty() { "no fields".into() } else { format!("the fields {names}") }
            )
        }
        OwnedKind::Pad | OwnedKind::Phantom => "nothing".into(),
        _ => return format!("a value, and {} is a part of an object", schema.with_article()),
    };
    format!("{values} (`{schema}`)")
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Lists the first of many names.
fn listed<'a>(mut names: impl Iterator<Item = &'a str>) -> String {
    let mut shown: Vec<String> = names.by_ref().take(NAMES).map(quoted).collect();
    match names.count() {
        0 => {}
        more => shown.push(format!("{more} more")),
    }
    shown.join(", ")
}

/// Returns a text in quotes, shortened and with unprintable characters escaped.
pub(super) fn quoted(text: &str) -> String {
    let end = text.char_indices().nth(CHARACTERS).map_or(text.len(), |(at, _)| at);
    let rest = if end < text.len() { "…" } else { "" };
    printable(&serde_json::Value::from(format!("{}{rest}", &text[..end])).to_string())
}

/// Names a value in a few words.
fn described(value: &Value) -> String {
    match value {
        Value::Unsigned(_) | Value::Signed(_) | Value::F32(_) | Value::F64(_) | Value::Bool(_) | Value::Char(_) => {
            value.to_string()
        }
        Value::Text(text) => format!("the text {}", quoted(text)),
        Value::Variant { name, .. } => format!("the variant {}", quoted(name)),
        Value::Struct { .. } => "a struct".into(),
        Value::List { len, .. } => format!("a list of {}", counted(*len, "element")),
        Value::Nothing => "nothing".into(),
        Value::Omitted => "a value that was left out".into(),
        Value::Invalid(_) => "bytes that are not a valid value".into(),
        _ => "a part of an object".into(),
    }
}
