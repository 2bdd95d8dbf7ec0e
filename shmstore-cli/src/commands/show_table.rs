//! `shmstore show --table`: fields of many objects.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use shmstore::inspect::{FieldError, FieldPath, Limits, Object, Segment, Value};

use super::ls;
use crate::about::{self, id, path_and_name};
use crate::failure::{Failure, Outcome};
use crate::output::{Look, Output};
use crate::printed::raw;
use crate::selection;
use crate::table::{self, Align, Cell};
use crate::target::{self, Target};
use crate::text::{shown, shown_path};

/// An object with its values. A field that it does not have is `None`.
struct Row {
    segment: Segment,
    values: Vec<Option<Value>>,
}

/// Shows the table.
///
/// # Errors
///
/// The directory does not exist, or no object in it has a field.
pub(super) fn run(target: &Target, fields: &[String], json: bool) -> Result<Outcome, Failure> {
    let paths = fields.iter().map(|field| target::field_path(field, None)).collect::<Result<Vec<_>, _>>()?;
    let mut segments = selection::at(&target.path)?;
    segments.retain(|segment| target.is_type_of(segment));
    let mut missing: Vec<Option<FieldError>> = paths.iter().map(|_| None).collect();
    let rows: Vec<Row> = segments.into_iter().map(|segment| row(segment, &paths, &mut missing)).collect();
    for (at, field) in fields.iter().enumerate() {
        if let (Some(error), true) = (missing[at].take(), rows.iter().all(|row| row.values[at].is_none())) {
            let why = shown(&error.to_string());
            let path = shown_path(&target.path);
            return Err(Failure::NotFound(format!(
                "no object of {path} has `{}`. Of the last one: {why}",
                shown(field)
            )));
        }
    }
    let mut output = Output::standard();
    if json {
        let rows: Vec<JsonRow<'_>> = rows.iter().map(|row| JsonRow::of(row, fields)).collect();
        output.json(&rows)?;
    } else if rows.is_empty() {
        output.line(&format!("no objects at {}: `shmstore ls` lists all objects", shown_path(&target.path)))?;
    } else {
        for line in lines(&rows, fields, &output) {
            output.line(&line)?;
        }
    }
    output.finish()
}

fn row(segment: Segment, paths: &[FieldPath], missing: &mut [Option<FieldError>]) -> Row {
    let Ok(object) = Object::attach(&segment) else {
        return Row { segment, values: paths.iter().map(|_| None).collect() };
    };
    let read = |(path, missing): (&FieldPath, &mut Option<FieldError>)| {
        object.read_at(path, &Limits::default()).map_err(|error| *missing = Some(error)).ok()
    };
    let values = paths.iter().zip(missing).map(read).collect();
    Row { segment, values }
}

fn lines(rows: &[Row], fields: &[String], output: &Output) -> Vec<String> {
    let heading = |name: &str| Cell::new(Look::Heading, name);
    let mut table: Vec<Vec<Cell>> = vec![[heading("OBJECT"), heading("TYPE"), heading("STATE")].into()];
    table[0].extend(fields.iter().map(|field| heading(&shown(field))));
    for Row { segment, values } in rows {
        let object = segment.description.as_ref().map_or_else(|| format!("segment {}", segment.shmid), about::path);
        let mut line: Vec<Cell> = vec![
            object.into(),
            shown(segment.type_name().unwrap_or("-")).into(),
            Cell::new(ls::look_of(segment), about::state_in_table(segment)),
        ];
        line.extend(values.iter().map(|value| match value {
            Some(value) => shown(&raw(value)).into(),
            None => Cell::new(Look::Faint, "-"),
        }));
        table.push(line);
    }
    table::lines(output, &vec![Align::Left; 3 + fields.len()], &table)
}

#[derive(Serialize)]
struct JsonRow<'a> {
    path: Option<String>,
    name: Option<String>,
    #[serde(rename = "type")]
    type_name: Option<&'a str>,
    id: Option<char>,
    segment: i32,
    state: &'static str,
    values: Values<'a>,
}

struct Values<'a>(&'a [String], &'a [Option<Value>]);

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (field, value) in self.0.iter().zip(self.1) {
            map.serialize_entry(field, value)?;
        }
        map.end()
    }
}

impl<'a> JsonRow<'a> {
    fn of(row: &'a Row, fields: &'a [String]) -> Self {
        let (path, name) = row.segment.description.as_ref().map(path_and_name).unzip();
        Self {
            path,
            name: name.flatten(),
            type_name: row.segment.type_name(),
            id: id(&row.segment),
            segment: row.segment.shmid,
            state: row.segment.state.name(),
            values: Values(fields, &row.values),
        }
    }
}
