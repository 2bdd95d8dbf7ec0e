//! On a pipe: a line a change.

use std::collections::HashMap;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde_json::json;

use super::all;
use super::board::Board;
use super::fields::{Field, Leaf};
use super::model::Sample;
use super::reader::Source as _;
use super::source::Source;
use crate::clock::timestamp;
use crate::failure::{Failure, Outcome};

/// Writes what an object holds, then each change, until nobody reads it.
pub(super) fn changes(mut source: Source, period: Duration, json: bool) -> Result<Outcome, Failure> {
    let mut seen = Changes::default();
    each_period(period, || seen.lines(source.read(), json))
}

/// Writes what is known of each object, then each change of it, until nobody reads it.
pub(super) fn objects(mut source: all::Source, period: Duration, json: bool) -> Result<Outcome, Failure> {
    let mut board = Board::new(None, 1.0 / period.as_secs_f64());
    let mut known = HashMap::new();
    each_period(period, || {
        let seen = source.read();
        let at = timestamp(seen.wall);
        board.take(seen);
        let mut lines = String::new();
        let mut now = HashMap::new();
        for row in &board.rows {
            let text = object_line(row, json, &at);
            let known_text = known.remove(&row.one.shmid);
            let key = text.replacen(&at, "", 1);
            if known_text.as_ref() != Some(&key) {
                lines.push_str(&text);
                lines.push('\n');
            }
            now.insert(row.one.shmid, key);
        }
        known = now;
        lines
    })
}

fn object_line(row: &super::board::Row, json: bool, at: &str) -> String {
    let one = &row.one;
    // To a tenth: what is steady is no change. Nor is it less than zero.
    let rate = row.rate.map(|rate| (rate * 10.0).round() / 10.0 + 0.0);
    if json {
        return json!({
            "at": at, "path": one.path, "name": one.name, "type": one.type_name, "segment": one.shmid,
            "updates_per_second": rate, "attached": one.attached, "size": one.size, "dead": one.dead, "state": one.state.name(),
        })
        .to_string();
    }
    let rate = rate.map_or_else(|| "-".into(), |rate| rate.to_string());
    format!(
        "{at} {} {} updates/s={rate} attached={} size={} dead={} state={}",
        one.place,
        one.type_shown(),
        one.attached,
        one.size,
        one.dead,
        one.state
    )
}

/// What was written last.
#[derive(Default)]
struct Changes {
    shmid: Option<i32>,
    known: HashMap<String, Leaf>,
}

impl Changes {
    /// A line for each field that is not as it was.
    fn lines(&mut self, sample: Sample, json: bool) -> String {
        let at = timestamp(sample.wall);
        let mut lines = String::new();
        let now = sample.object.as_ref().map(|object| object.shmid);
        if let Some(before) = self.shmid.filter(|_| now != self.shmid) {
            self.known.clear();
            if json {
                lines.push_str(&format!("{}\n", json!({ "at": at, "event": "removed", "segment": before })));
            } else {
                lines.push_str(&format!("{at} . <removed>\n"));
            }
        }
        self.shmid = now;
        let mut before = std::mem::take(&mut self.known);
        for field in sample.fields.kept {
            let is_same = before.remove(&field.path).is_some_and(|known| known.is_same(&field.value));
            if !is_same {
                lines.push_str(&line(&field, &at, json));
            }
            self.known.insert(field.path, field.value);
        }
        lines
    }
}

fn line(field: &Field, at: &str, json: bool) -> String {
    let Field { path, value, version, .. } = field;
    if !json {
        return format!("{at} {path} {}\n", value.text());
    }
    let mut line = json!({ "at": at, "field": path, "value": value.json() });
    if let Some(version) = version {
        line["version"] = (*version).into();
    }
    format!("{line}\n")
}

/// Writes what there is to write once a period, until nobody reads it. As the reader of a screen does, it rests as long as it has worked.
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

/// Waits. True at once if nobody reads the output any more: it may be long until there is something to write.
fn is_closed_within(out: &impl AsFd, wait: Duration) -> Result<bool, Failure> {
    let end = Instant::now() + wait;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        // Up to a millisecond more, so as not to turn in circles for the last one.
        let millis = i32::try_from(left.as_micros().div_ceil(1000)).unwrap_or(i32::MAX);
        let timeout = PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX);
        let mut asked = [PollFd::new(out.as_fd(), PollFlags::empty())];
        match poll(&mut asked, timeout) {
            Ok(0) if left.is_zero() || Instant::now() >= end => return Ok(false),
            Ok(0) | Err(nix::errno::Errno::EINTR) => {}
            Ok(_) => return Ok(true),
            Err(errno) => return Err(io::Error::from(errno).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::fields::Fields;
    use crate::watch::model::Head;
    use shmstore::inspect::Value;
    use std::time::{SystemTime, UNIX_EPOCH};

    fn sample(shmid: i32, values: &[(&str, Value)]) -> Sample {
        let mut fields = Fields::default();
        for (path, value) in values {
            fields.add(path, value.clone(), None);
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
            "another object at its place"
        );
    }

    #[test]
    fn json_lines_have_the_version_of_what_has_one() {
        let value = Value::Versioned { version: 3, locked: false, value: Box::new(Value::F64(f64::NAN)) };
        let lines = Changes::default().lines(sample(1, &[("a", value)]), true);
        let line: serde_json::Value = serde_json::from_str(&lines).unwrap();
        let at = timestamp(SystemTime::UNIX_EPOCH);
        assert_eq!(line, json!({ "at": at, "field": "a", "value": "NaN", "version": 3 }));
    }
}
