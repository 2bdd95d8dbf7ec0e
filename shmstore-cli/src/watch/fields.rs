//! A decoded object as a list of fields, each by its dotted path.

use serde::Serialize;
use shmstore::inspect::Value;

use crate::text::shown;

/// How many fields are kept.
pub(super) const MOST_FIELDS: usize = 4000;

/// How long a path may be, in characters, before it is cut.
const LONGEST_PATH: usize = 300;

/// Which field it is: of each struct or list around it, which part. Paths may be alike: of `a.b` beside a `b` in an `a`, and when cut.
pub(super) type Place = Vec<u32>;

/// One field at one moment.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) place: Place,
    /// Its path, fit for a terminal.
    pub(super) path: String,
    /// Its value: nothing whose parts are fields of their own.
    pub(super) value: Leaf,
    /// The version of the `Versioned` that it is in.
    pub(super) version: Option<u64>,
    /// Whether it is the first of those that have their version together.
    pub(super) is_first: bool,
}

/// What has no parts. As JSON it is as `shmstore show --json` has it; of a list the length alone.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(super) enum Leaf {
    /// A value.
    Value(Value),
    /// That there is a list, of so many elements: those that are shown are fields of their own.
    List {
        len: u64,
        #[serde(skip)]
        shown: usize,
    },
}

/// The fields of a value, and how many were left out.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields {
    pub(super) kept: Vec<Field>,
    pub(super) left_out: usize,
}

impl Fields {
    /// Adds a value, and what is in it. It is in a `Versioned` of that version.
    pub(super) fn add(&mut self, place: Place, path: &str, value: Value, version: Option<u64>) {
        let first = self.kept.len();
        self.add_parts(place, path, value, version);
        if let Some(first) = self.kept.get_mut(first).filter(|_| version.is_some()) {
            first.is_first = true;
        }
    }

    fn add_parts(&mut self, place: Place, path: &str, value: Value, version: Option<u64>) {
        let part = |index: usize| [&*place, &[index as u32]].concat();
        let is_time = value.as_timestamp().is_some();
        match value {
            Value::Struct { fields, .. } if !is_time => {
                for (index, (name, value)) in fields.into_iter().enumerate() {
                    let dot = if path.is_empty() { "" } else { "." };
                    self.add_parts(part(index), &cut(&format!("{path}{dot}{}", shown(&name))), value, version);
                }
            }
            Value::Versioned { version, value, .. } => self.add(place, path, *value, Some(version)),
            Value::List { len, first } => {
                self.keep(place.clone(), path, Leaf::List { len, shown: first.len() }, version);
                for (index, value) in first.into_iter().enumerate() {
                    self.add_parts(part(index), &cut(&format!("{path}[{index}]")), value, version);
                }
            }
            leaf => self.keep(place, path, Leaf::Value(leaf), version),
        }
    }

    fn keep(&mut self, place: Place, path: &str, value: Leaf, version: Option<u64>) {
        if self.kept.len() >= MOST_FIELDS || matches!(value, Leaf::Value(Value::Omitted)) {
            self.left_out += 1;
        } else {
            let path = if path.is_empty() { "." } else { path }.into();
            self.kept.push(Field { place, path, value, version, is_first: false });
        }
    }
}

impl Leaf {
    /// As a number to draw.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Value(value) => value.as_f64(),
            Self::List { .. } => None,
        }
    }

    /// On one line, fit for a terminal.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Value(value) => shown(&value.to_string()),
            Self::List { len: 1, .. } => "1 element".into(),
            Self::List { len, shown } if *len > *shown as u64 => format!("{len} elements, {shown} of them shown"),
            Self::List { len, .. } => format!("{len} elements"),
        }
    }

    /// Whether both are the same to whoever looks: a NaN is the same as a NaN.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Value(Value::F64(one)), Self::Value(Value::F64(other))) => one.to_bits() == other.to_bits(),
            (Self::Value(Value::F32(one)), Self::Value(Value::F32(other))) => one.to_bits() == other.to_bits(),
            (Self::Value(one), Self::Value(other)) => one == other,
            (Self::List { len, .. }, Self::List { len: other, .. }) => len == other,
            _ => false,
        }
    }
}

/// Cuts what is too long to be of use. Whoever wrote a schema chose how long its names are.
fn cut(path: &str) -> String {
    match path.char_indices().nth(LONGEST_PATH) {
        Some((at, _)) => format!("{}…", &path[..at]),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(value: Value) -> Fields {
        let mut fields = Fields::default();
        fields.add(Place::default(), "", value, None);
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
    fn no_more_than_some_thousand_are_kept_and_the_rest_is_counted() {
        let fields = fields(list(10_000));
        assert_eq!((fields.kept.len(), fields.left_out), (MOST_FIELDS, 10_001 - MOST_FIELDS));
    }

    #[test]
    fn names_are_made_fit_for_a_terminal_and_cut() {
        let long = "n".repeat(10_000);
        let fields = fields(structure(vec![("\u{1b}[2J", Value::Nothing), (&long, Value::Nothing)]));
        assert_eq!(fields.kept[0].path, "\\u{1b}[2J");
        assert_eq!(fields.kept[1].path.chars().count(), LONGEST_PATH + 1);
    }

    #[test]
    fn a_nan_that_stays_is_no_change() {
        let nan = Leaf::Value(Value::F64(f64::NAN));
        assert!(nan.is_same(&nan.clone()) && !nan.is_same(&Leaf::Value(Value::F64(0.0))));
    }
}
