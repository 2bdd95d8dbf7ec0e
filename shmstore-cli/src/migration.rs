//! The report on the values of an object in another layout.

use serde::Serialize;
use shmstore::inspect::{FieldPath, Limits, SavedObject, Value};
use shmstore::migrate::Migration;
use shmstore::schema::{LayoutDiff, OwnedSchema};

use crate::about::counted;
use crate::output::{Look, Output};
use crate::table::{self, Align, Cell};
use crate::text::{shortened, shown};

/// Size and room of an object, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The size of its type.
    pub size: u64,
    /// The size to which it can grow. `None` if it cannot.
    pub room: Option<u64>,
}

impl Extent {
    /// Returns the extent of an object of this size, whose room is at least its size.
    #[must_use]
    pub fn new(size: u64, room: Option<u64>) -> Self {
        Self { size, room: room.map(|room| room.max(size)) }
    }

    /// Returns the extent of a saved object.
    #[must_use]
    pub fn of(saved: &SavedObject) -> Self {
        Self { size: saved.schema().size(), room: saved.room() }
    }
}

/// An object before a conversion: values for the fields that are lost, and the types of all fields.
#[derive(Debug)]
pub struct Before {
    /// Its values. The first elements of long lists are enough.
    pub values: Value,
    /// Its layout.
    pub schema: OwnedSchema,
}

impl Before {
    /// The limits for the values.
    #[must_use]
    pub fn limits() -> Limits {
        Limits::default().with_elements(1 << 12)
    }

    /// Returns the value of a field for people: a count of elements, or a short text. `None` if it is zero.
    fn value(&self, path: &str) -> Option<String> {
        let value = path.split('.').try_fold(&self.values, |value, name| value.field(name))?;
        (!is_zero(value)).then(|| summary(value))
    }
}

/// Returns the types of a field that differ, each in the form `f64 → f32`.
fn retyped(diff: &LayoutDiff, path: &str) -> Option<String> {
    let is_of_it =
        |below: &str| below.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    let mut pairs: Vec<String> = Vec::new();
    for of in diff.differences().filter(|of| is_of_it(&of.path())) {
        if let (Some(ours), Some(theirs)) = (of.ours(), of.theirs())
            && ours.type_name != theirs.type_name
        {
            let pair = format!("{} → {}", shown(&ours.type_name), shown(&theirs.type_name));
            pairs.extend((!pairs.contains(&pair)).then_some(pair));
        }
    }
    (!pairs.is_empty()).then(|| shortened(&pairs.join(", "), MOST_SHOWN))
}

const MOST_SHOWN: usize = 60;

fn is_zero(value: &Value) -> bool {
    match value.settled() {
        Value::Unsigned(number) => *number == 0,
        Value::Signed(number) => *number == 0,
        Value::F32(number) => *number == 0.0,
        Value::F64(number) => *number == 0.0,
        Value::Bool(is_set) => !is_set,
        Value::Char(letter) => *letter == '\0',
        Value::Text(text) => text.is_empty(),
        Value::Variant { discriminant, .. } => *discriminant == 0,
        Value::Struct { fields, .. } => fields.iter().all(|(_, value)| is_zero(value)),
        Value::List { len, first } => first.len() as u64 == *len && first.iter().all(is_zero),
        Value::Lock { inconsistent, .. } => !inconsistent,
        Value::Event { count } => *count == 0,
        Value::Queue { len, outstanding, .. } => *len == 0 && *outstanding == 0,
        Value::Broadcast { sent, .. } => *sent == 0,
        Value::Map { len, .. } => *len == 0,
        Value::Frames { newest, .. } => *newest == 0,
        Value::Nothing => true,
        _ => false,
    }
}

fn summary(value: &Value) -> String {
    let count = |count: u64, what| counted(usize::try_from(count).unwrap_or(usize::MAX), what);
    match value.settled() {
        Value::List { len, .. } => count(*len, "element"),
        Value::Queue { len, outstanding, .. } => count(len.saturating_add(*outstanding), "item"),
        Value::Broadcast { sent, capacity, .. } => count(*sent.min(capacity), "item"),
        Value::Map { len, .. } => count(*len, "key"),
        Value::Frames { newest, len, .. } => format!("frame {newest}, {}", count(*len, "element")),
        other => shortened(&shown(&other.to_string()), MOST_SHOWN),
    }
}

/// The report.
///
/// As JSON, it has the keys `needed`, `size_before`, `size`, `room_before`, `room`, `carried`, `new`, `gone`.
#[derive(Debug, Serialize)]
pub struct Report {
    needed: bool,
    size_before: u64,
    size: u64,
    room_before: Option<u64>,
    room: Option<u64>,
    carried: Vec<String>,
    new: Vec<String>,
    gone: Vec<String>,
    /// For people: the types of carried fields, and the values of those that are gone, in the same order.
    #[serde(skip)]
    notes: [Vec<Option<String>>; 2],
}

impl Report {
    /// Reports a conversion between objects of these extents.
    #[must_use]
    pub fn new(migration: &Migration, before: Extent, after: Extent) -> Self {
        let paths = |paths: &[FieldPath]| paths.iter().map(ToString::to_string).collect();
        let Migration { carried, new, gone, .. } = migration;
        Self {
            needed: migration.was_needed(),
            size_before: before.size,
            size: after.size,
            room_before: before.room,
            room: after.room,
            carried: paths(carried),
            new: paths(new),
            gone: paths(gone),
            notes: [Vec::new(), Vec::new()],
        }
    }

    /// Adds the types that the conversion changes, and the values that it loses.
    #[must_use]
    pub fn with_notes(mut self, before: &Before, to: &OwnedSchema) -> Self {
        let diff = LayoutDiff::between(&before.schema, to);
        self.notes = [
            self.carried.iter().map(|path| retyped(&diff, path)).collect(),
            self.gone.iter().map(|path| before.value(path)).collect(),
        ];
        self
    }

    /// Returns `false` if there was nothing to do.
    #[must_use]
    pub fn is_needed(&self) -> bool {
        self.needed
    }

    /// Returns the lines for people, indented.
    #[must_use]
    pub fn lines(&self, output: &Output) -> Vec<String> {
        let room = |room: Option<u64>| room.map_or_else(|| "none".to_owned(), |room| format!("{room} bytes"));
        let changed = |now: String, before: String| if now == before { now } else { format!("{now}, was {before}") };
        let size = |size: u64| format!("{size} bytes");
        let mut rows: Vec<Vec<Cell>> = vec![
            vec!["  size".into(), changed(size(self.size), size(self.size_before)).into()],
            vec!["  room".into(), changed(room(self.room), room(self.room_before)).into()],
        ];
        let none = Vec::new();
        for (what, look, paths, notes) in [
            ("  carried", Look::Plain, &self.carried, &self.notes[0]),
            ("  new", Look::Good, &self.new, &none),
            ("  gone", Look::Bad, &self.gone, &self.notes[1]),
        ] {
            let notes = notes.iter().map(Option::as_ref).chain(std::iter::repeat(None));
            rows.extend(paths.iter().zip(notes).map(|(path, note)| {
                let note = note.map(|note| format!(" ({note})")).unwrap_or_default();
                vec![Cell::new(look, what), (shown(path) + &note).into()]
            }));
        }
        table::lines(output, &[Align::Left; 2], &rows)
    }
}
