//! The report on the values of an object in another layout.

use serde::Serialize;
use shmstore::inspect::{FieldPath, SavedObject};
use shmstore::migrate::Migration;
use shmstore::schema::OwnedSchema;

use crate::output::{Look, Output};
use crate::table::{self, Align, Cell};
use crate::text::shown;

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
        }
    }

    /// Returns the room of the object, in bytes.
    #[must_use]
    pub fn room(&self) -> Option<u64> {
        self.room
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
        for (what, look, paths) in [
            ("  carried", Look::Plain, &self.carried),
            ("  new", Look::Good, &self.new),
            ("  gone", Look::Bad, &self.gone),
        ] {
            rows.extend(paths.iter().map(|path| vec![Cell::new(look, what), shown(path).into()]));
        }
        table::lines(output, &[Align::Left; 2], &rows)
    }
}

/// Returns `false` if the object has the new layout and the room already, or if it has room and all fields of the new
/// layout.
#[must_use]
pub fn is_needed(old: &SavedObject, to: &OwnedSchema, room: Option<u64>) -> bool {
    if old.schema().hash() == to.hash() {
        return room.is_some_and(|room| old.room().is_none_or(|has| has < room));
    }
    let fields = to.prefix_hashes();
    fields.is_empty() || old.room().is_none() || !old.schema().prefix_hashes().starts_with(&fields)
}
