//! The output on a pipe: a line for each change.

use std::collections::HashMap;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use serde::Serialize;
use shmstore::inspect::SegmentState;

use super::all::{self, One};
use super::board::{Board, Row};
use super::fields::{ABSENT, Field, FieldId, Fields, Leaf};
use super::model::Sample;
use super::reader::Source as _;
use super::source::Source;
use crate::clock::timestamp;
use crate::failure::{Failure, Outcome};
use crate::output::{is_closed_within, json_line, say};

/// Writes the fields of an object, then each change, until the reader closes the output.
pub(super) fn changes(mut source: Source, period: Duration, json: bool) -> Result<Outcome, Failure> {
    let (mut seen, mut is_said) = (Changes::default(), false);
    each_period(period, || {
        let sample = source.read();
        let left_out = sample.fields.left_out;
        if left_out > 0 && !is_said {
            is_said = true;
            say(&format!("note: at least {left_out} fields are left out: choose fields with --field"));
        }
        seen.lines(sample, json)
    })
}

/// Writes a line for each object, then for each change, until the reader closes the output.
pub(super) fn objects(mut source: all::Source, period: Duration, json: bool) -> Result<Outcome, Failure> {
    let (mut board, mut told) = (Board::new(None, 1.0 / period.as_secs_f64()), HashMap::new());
    each_period(period, || {
        let seen = source.read();
        let at = timestamp(seen.wall);
        board.take(seen);
        news(&board.rows, &mut told, &at, json)
    })
}

/// Returns a line for each object with news since its last line.
fn news(rows: &[Row], told: &mut HashMap<i32, Told>, at: &str, json: bool) -> String {
    let mut before = std::mem::take(told);
    let mut lines = String::new();
    for row in rows {
        let now = Told::of(row);
        let last = match before.remove(&row.one.shmid).filter(|last| !now.is_news_after(last)) {
            Some(last) => last,
            None => {
                lines.push_str(&object_line(row, json, at));
                now
            }
        };
        told.insert(row.one.shmid, last);
    }
    lines
}

/// The last line of an object.
#[derive(Debug, Clone, Copy)]
struct Told {
    /// Attachments, size, dead participants, state.
    use_of: (u64, u64, usize, SegmentState),
    rate: f64,
}

impl Told {
    fn of(row: &Row) -> Self {
        let One { attached, size, dead, state, .. } = row.one;
        Self { use_of: (attached, size, dead, state), rate: rounded(row).unwrap_or(0.0) }
    }

    /// A steady rate still varies a little. So a change by more than a quarter is news, and so is any rate after 0.
    fn is_news_after(&self, last: &Self) -> bool {
        self.use_of != last.use_of || (self.rate - last.rate).abs() > last.rate / 4.0
    }
}

/// Rounds the rate of an object to a tenth. Adding 0.0 avoids `-0`.
fn rounded(row: &Row) -> Option<f64> {
    row.rate.map(|rate| (rate * 10.0).round() / 10.0 + 0.0)
}

#[derive(Serialize)]
struct ObjectLine<'a> {
    at: &'a str,
    path: Option<&'a str>,
    name: Option<&'a str>,
    #[serde(rename = "type")]
    type_name: Option<&'a str>,
    segment: i32,
    updates_per_second: Option<f64>,
    attached: u64,
    size: u64,
    dead: usize,
    state: &'static str,
}

fn object_line(row: &Row, json: bool, at: &str) -> String {
    let (one, rate) = (&row.one, rounded(row));
    let One { shmid: segment, attached, size, dead, .. } = *one;
    if json {
        return json_line(&ObjectLine {
            at,
            path: one.path.as_deref(),
            name: one.name.as_deref(),
            type_name: one.type_name.as_deref(),
            segment,
            updates_per_second: rate,
            attached,
            size,
            dead,
            state: one.state.name(),
        });
    }
    let rate = rate.map_or_else(|| "-".into(), |rate| rate.to_string());
    let (title, of_type, state) = (&one.title, one.type_shown(), one.state);
    format!("{at} {title} {of_type} updates/s={rate} attached={attached} size={size} dead={dead} state={state}\n")
}

/// The last lines of all fields.
#[derive(Default)]
struct Changes {
    shmid: Option<i32>,
    known: HashMap<FieldId, Leaf>,
    /// The paths of the keys of maps.
    keys: HashMap<FieldId, String>,
}

impl Changes {
    /// Returns a line for each field that has changed.
    fn lines(&mut self, sample: Sample, json: bool) -> String {
        let at = timestamp(sample.wall);
        let mut lines = String::new();
        let now = sample.object.as_ref().map(|object| object.shmid);
        if let Some(segment) = self.shmid.filter(|_| now != self.shmid) {
            self.known.clear();
            self.keys.clear();
            if json {
                lines.push_str(&json_line(&EventLine { at: &at, event: "removed", segment }));
            } else {
                lines.push_str(&format!("{at} . <removed>\n"));
            }
        }
        self.shmid = now;
        self.gone(&sample.fields).iter().for_each(|path| lines.push_str(&absent_line(path, &at, json)));
        self.keys = sample.fields.keys;
        let mut before = std::mem::take(&mut self.known);
        for field in sample.fields.kept {
            let is_same = before.remove(&field.id).is_some_and(|known| known.is_same(&field.value));
            if !is_same {
                lines.push_str(&field_line(&field, &at, json));
            }
            self.known.insert(field.id, field.value);
        }
        lines
    }

    /// Returns the paths of the keys that are no longer in their maps. If a map does not show all its keys, it is not
    /// known whether one is gone.
    fn gone(&self, now: &Fields) -> Vec<&str> {
        let is_whole = |id: &FieldId| id.len() >= 2 && now.whole_maps.contains(&id[..id.len() - 2]);
        let gone = self.keys.iter().filter(|(id, _)| !now.keys.contains_key(*id) && is_whole(id));
        let mut gone: Vec<&str> = gone.map(|(_, path)| path.as_str()).collect();
        gone.sort_unstable();
        gone
    }
}

#[derive(Serialize)]
struct EventLine<'a> {
    at: &'a str,
    event: &'a str,
    segment: i32,
}

#[derive(Serialize)]
struct AbsentLine<'a> {
    at: &'a str,
    event: &'a str,
    field: &'a str,
}

fn absent_line(path: &str, at: &str, json: bool) -> String {
    if json { json_line(&AbsentLine { at, event: "absent", field: path }) } else { format!("{at} {path} {ABSENT}\n") }
}

#[derive(Serialize)]
struct FieldLine<'a> {
    at: &'a str,
    field: &'a str,
    value: &'a Leaf,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
}

fn field_line(field: &Field, at: &str, json: bool) -> String {
    let Field { path, value, version, .. } = field;
    if let Leaf::Absent = value {
        return absent_line(path, at, json);
    }
    if json {
        return json_line(&FieldLine { at, field: path, value, version: *version });
    }
    format!("{at} {path} {}\n", value.text())
}

/// Writes lines once a period, until the reader closes the output. It pauses at least as long as the lines took.
fn each_period(period: Duration, mut lines: impl FnMut() -> String) -> Result<Outcome, Failure> {
    let mut out = io::stdout().lock();
    loop {
        let begun = Instant::now();
        let lines = lines();
        let worked = begun.elapsed();
        if !lines.is_empty() {
            out.write_all(lines.as_bytes())?;
            out.flush()?;
        }
        if is_closed_within(&out, period.saturating_sub(worked).max(worked))? {
            return Ok(Outcome::Done);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::model::Head;
    use shmstore::inspect::Value;
    use std::time::UNIX_EPOCH;

    fn sample(shmid: i32, values: &[(&str, Value)]) -> Sample {
        let mut fields = Fields::default();
        for (id, (path, value)) in (0..).zip(values) {
            fields.add(vec![id], path, value.clone(), None);
        }
        let object = Some(Head { shmid, ..Head::default() });
        Sample { at: Instant::now(), wall: UNIX_EPOCH, object, note: None, fields }
    }

    #[test]
    fn only_changes_are_written() {
        let mut seen = Changes::default();
        let (one, two) = (("a", Value::Unsigned(1)), ("b", Value::Text("x y\n".into())));
        let at = "1970-01-01T00:00:00.000Z";
        assert_eq!(seen.lines(sample(1, &[one.clone(), two.clone()]), false), format!("{at} a 1\n{at} b \"x y\\n\"\n"));
        assert_eq!(seen.lines(sample(1, &[one.clone(), two.clone()]), false), "");
        assert_eq!(seen.lines(sample(1, &[("a", Value::Unsigned(2)), two.clone()]), false), format!("{at} a 2\n"));
        assert_eq!(
            seen.lines(sample(2, &[("a", Value::Unsigned(2))]), false),
            format!("{at} . <removed>\n{at} a 2\n"),
            "a new object at the anchor"
        );
    }

    #[test]
    fn fields_with_the_same_path_are_independent() {
        let mut seen = Changes::default();
        let values = |number| [("a.b", Value::Unsigned(number)), ("a.b", Value::Unsigned(7))];
        assert_eq!(seen.lines(sample(1, &values(1)), false).lines().count(), 2);
        assert_eq!(seen.lines(sample(1, &values(1)), false), "");
        assert_eq!(seen.lines(sample(1, &values(2)), false), "1970-01-01T00:00:00.000Z a.b 2\n");
    }

    #[test]
    fn json_lines_have_a_fixed_order_and_no_control_characters() {
        let at = "1970-01-01T00:00:00.000Z";
        let versioned = |value| Value::Versioned { version: 3, locked: false, value: Box::new(value) };
        let line = |value| Changes::default().lines(sample(1, &[("a", value)]), true);
        let cases = [
            (versioned(Value::F64(f64::NAN)), r#""value":"NaN","version":3"#),
            (Value::F32(0.818_181_8), r#""value":0.8181818"#),
            (Value::Text("\u{9b}2J\u{202e}é".into()), r#""value":"\u009b2J\u202eé""#),
            (Value::List { len: 9, first: vec![] }, r#""value":{"len":9}"#),
        ];
        for (value, expected) in cases {
            assert_eq!(line(value), format!("{{\"at\":\"{at}\",\"field\":\"a\",{expected}}}\n"));
        }
    }

    #[test]
    fn a_key_is_gone_if_its_map_shows_all_keys() {
        let map = |len, keys: &[u64]| {
            let first = keys.iter().map(|&key| (Value::Unsigned(key), Value::Bool(true))).collect();
            sample(1, &[("m", Value::Map { len, capacity: 9, changes: 0, first })])
        };
        let mut seen = Changes::default();
        assert_eq!(seen.lines(map(3, &[1, 2, 3]), false).lines().count(), 5);
        assert_eq!(seen.lines(map(2, &[2, 3]), true).matches(r#""event":"absent","field":"m[1]"}"#).count(), 1);
        assert!(!seen.lines(map(2, &[2]), false).contains(ABSENT), "it may be among those that are not shown");
        assert_eq!(seen.lines(sample(2, &[]), false).matches(ABSENT).count(), 0, "another object");
    }

    fn row(rate: Option<f64>) -> Row {
        let (title, state) = ("/p".into(), SegmentState::Ready);
        let path = Some("/p\u{9b}".into());
        let [name, type_name] = [None, None];
        let one =
            One { shmid: 1, title, path, name, type_name, state, size: 10, attached: 1, dead: 0, stores: Some(0.0) };
        Row { one, rate, is_changed: false }
    }

    #[test]
    fn a_small_change_of_a_rate_and_an_idle_object_are_not_news() {
        let mut told = HashMap::new();
        let mut lines = |rate| news(&[row(rate)], &mut told, "now", false).lines().count();
        assert_eq!([None, Some(0.0), Some(0.0), Some(-0.0)].map(&mut lines), [1, 0, 0, 0], "it is idle");
        assert_eq!([31.8, 36.0, 39.7, 37.2, 24.0].map(Some).map(&mut lines), [1, 0, 0, 0, 0], "it is busy");
        assert_eq!([40.0, 50.0, 0.0, 0.04, 0.1].map(Some).map(&mut lines), [1, 0, 1, 0, 1]);
        let mut used = row(Some(0.1));
        used.one.attached += 1;
        assert_eq!(
            news(&[used], &mut told, "now", false),
            "now /p - updates/s=0.1 attached=2 size=10 dead=0 state=ready\n"
        );
        assert_eq!(news(&[], &mut told, "now", false), "");
        assert!(told.is_empty(), "a missing object is forgotten");
    }

    #[test]
    fn json_lines_of_objects_have_the_keys_of_the_help() {
        let line = news(&[row(Some(1.0))], &mut HashMap::new(), "now", true);
        let keys = r#"{"at":"now","path":"/p\u009b","name":null,"type":null,"segment":1,"updates_per_second":1.0,"#;
        assert_eq!(line, format!("{keys}{}\n", r#""attached":1,"size":10,"dead":0,"state":"ready"}"#));
    }
}
