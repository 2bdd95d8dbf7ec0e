//! What `shmstore record` prints at its end.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use shmstore_record::capture::{Recorded, Report};
use shmstore_record::output::Repaired;

use crate::about::{bytes, counted};
use crate::failure::{Failure, Outcome};
use crate::output::{Look, Output};
use crate::table::{self, Align, Cell};
use crate::text::{exact, shown, shown_path};

/// The most parts in the table.
const MOST: usize = 100;

/// Prints what was recorded.
pub(super) fn print(report: &Report, time: Duration, is_json: bool) -> Result<Outcome, Failure> {
    let mut output = Output::standard();
    if is_json {
        let part = |part: &Recorded| {
            let Recorded { topic, object, part, counts, .. } = part;
            let (recorded, missed, dropped) = (counts.recorded, counts.missed, counts.dropped);
            json!({ "topic": topic, "object": object, "part": part, "recorded": recorded, "missed": missed,
                "dropped": dropped })
        };
        let files: Vec<String> = report.files.iter().map(|file| exact(file)).collect();
        output.json(&json!({
            "files": files, "messages": report.messages, "bytes": report.bytes, "dropped": report.dropped,
            "seconds": time.as_secs_f64(), "parts": report.parts.iter().map(part).collect::<Vec<_>>()
        }))?;
        return output.finish();
    }
    let mut rows = vec![["topic", "recorded", "missed", "dropped"].map(|name| Cell::new(Look::Heading, name)).to_vec()];
    for part in report.parts.iter().take(MOST) {
        let look = |number| if number > 0 { Look::Bad } else { Look::Plain };
        let counts = &part.counts;
        rows.push(vec![
            shown(&part.topic).into(),
            counts.recorded.to_string().into(),
            counts.missed.to_string().into(),
            Cell::new(look(counts.dropped), counts.dropped.to_string()),
        ]);
    }
    if rows.len() > 1 {
        let columns = [Align::Left, Align::Right, Align::Right, Align::Right];
        table::lines(&output, &columns, &rows).iter().try_for_each(|line| output.line(line))?;
    }
    if report.parts.len() > MOST {
        output.line(&format!("… and {} more topics: --json prints them all", report.parts.len() - MOST))?;
    }
    let messages = counted(usize::try_from(report.messages).unwrap_or(usize::MAX), "message");
    let (size, seconds) = (bytes(report.bytes), time.as_secs_f64());
    let to = match report.files.as_slice() {
        [] => "no file, because no snapshot was asked for".to_owned(),
        [file] => shown_path(file),
        files => format!("{} files, the last of which is {}", files.len(), shown_path(&files[files.len() - 1])),
    };
    output.line(&format!("recorded {messages} in {seconds:.1} s to {to}, {size}"))?;
    output.finish()
}

/// Prints what is in a file now.
pub(super) fn print_repaired(path: &Path, repaired: &Repaired, is_json: bool) -> Result<Outcome, Failure> {
    let Repaired { was_whole, messages, cut, damaged, .. } = repaired;
    let mut output = Output::standard();
    if is_json {
        output.json(&json!({
            "file": exact(path), "was_whole": was_whole, "messages": messages, "cut": cut, "damaged": damaged
        }))?;
        return output.finish();
    }
    let messages = counted(usize::try_from(*messages).unwrap_or(usize::MAX), "message");
    let path = shown_path(path);
    if *was_whole {
        output.line(&format!("{path} is complete: {messages}"))?;
        return output.finish();
    }
    let cut = if *cut > 0 { format!(", without {} of an incomplete write", bytes(*cut)) } else { String::new() };
    let damaged = match damaged {
        0 => String::new(),
        number => format!(", and readers skip {}", counted(*number, "damaged chunk")),
    };
    output.line(&format!("repaired {path}: {messages}{cut}{damaged}"))?;
    output.finish()
}
