//! Values as an aligned tree, with a line for each field.

use std::collections::{BTreeSet, HashMap};

use shmstore::inspect::{FieldPath, Participant, Value};

use crate::about::counted;
use crate::output::{Look, Output};
use crate::rates::Rates;
use crate::text::shown;

/// The greatest width of the column of names. A longer name shifts its value.
const WIDEST: usize = 44;

/// The processes that hold each part, by the paths in [`Participant::holding`].
#[derive(Debug, Default)]
pub struct Holders {
    parts: HashMap<String, Vec<u32>>,
    /// The processes that have taken items of a queue, that have pinned frames, and that fill slots, each once.
    shares: HashMap<(String, Share), BTreeSet<u32>>,
}

/// What a process may hold of a part that others hold, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Share {
    Items,
    Pins,
    Slots,
}

impl Share {
    /// The share after the path of its part: `jobs (item 17)`.
    const ALL: [(&str, Self); 4] =
        [(" (item ", Self::Items), (" (frame ", Self::Pins), (" (a pin)", Self::Pins), (" (slot ", Self::Slots)];

    fn of(part: &str) -> Option<(&str, Self)> {
        Self::ALL.iter().find_map(|(start, share)| Some((part.rsplit_once(start)?.0, *share)))
    }
}

impl Holders {
    /// Collects the holders of an object's parts.
    #[must_use]
    pub fn of(participants: &[Participant]) -> Self {
        let mut holders = Self::default();
        for participant in participants {
            for part in &participant.holding {
                match Share::of(part) {
                    Some((path, share)) => {
                        holders.shares.entry((path.into(), share)).or_default().insert(participant.pid);
                    }
                    None => holders.parts.entry(part.clone()).or_default().push(participant.pid),
                }
            }
        }
        holders
    }

    /// Returns `by pid 17`, if the holder of a part is known. `side` is empty, or names a side of a queue.
    fn of_part(&self, path: &str, side: &str) -> Option<String> {
        let pids = self.parts.get(&format!("{}{side}", if path.is_empty() { "." } else { path }))?;
        Some(by(pids))
    }

    /// Returns ` by pid 17`, if it is known which processes have a share of a part.
    fn of_share(&self, path: &str, share: Share) -> String {
        let part = if path.is_empty() { "." } else { path }.to_owned();
        self.shares.get(&(part, share)).map(|pids| format!(" {}", by(pids))).unwrap_or_default()
    }
}

fn by<'a>(pids: impl IntoIterator<Item = &'a u32>) -> String {
    let pids: Vec<String> = pids.into_iter().map(u32::to_string).collect();
    format!("by pid {}", pids.join(", "))
}

/// A line of the tree.
struct Row {
    depth: usize,
    name: String,
    value: String,
    note: String,
    is_bad: bool,
}

/// Returns the lines of a value and its fields.
#[must_use]
pub fn lines(value: &Value, holders: &Holders, rates: &Rates, output: &Output) -> Vec<String> {
    let mut tree = Tree { holders, rates, rows: Vec::new() };
    match value {
        Value::Struct { fields, .. } if !is_flat(value) => tree.fields(fields, "", 0),
        other => tree.part(".", other, "", 0),
    }
    let width = tree.rows.iter().map(|row| 2 * row.depth + row.name.chars().count()).max().unwrap_or(0).min(WIDEST);
    tree.rows.iter().map(|row| row.line(width, output)).collect()
}

impl Row {
    fn line(&self, width: usize, output: &Output) -> String {
        let indent = " ".repeat(2 * self.depth);
        if self.value.is_empty() && self.note.is_empty() {
            return format!("{indent}{}", self.name);
        }
        let fill = " ".repeat(width.saturating_sub(2 * self.depth + self.name.chars().count()));
        let value = output.look(if self.is_bad { Look::Bad } else { Look::Plain }, &self.value);
        let gap = if self.value.is_empty() || self.note.is_empty() { "" } else { "  " };
        let note = output.look(Look::Faint, &self.note);
        format!("{indent}{}{fill}  {value}{gap}{note}", self.name)
    }
}

struct Tree<'a> {
    holders: &'a Holders,
    rates: &'a Rates,
    rows: Vec<Row>,
}

impl Tree<'_> {
    /// Adds the fields of a struct. `path` is the unescaped path of the struct.
    fn fields(&mut self, fields: &[(String, Value)], path: &str, depth: usize) {
        for (name, value) in fields {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            self.part(&shown(name), value, &path, depth);
        }
    }

    /// Adds a value with its version or holder. `name` is fit for a terminal.
    fn part(&mut self, name: &str, value: &Value, path: &str, depth: usize) {
        match value {
            Value::Versioned { version, locked, value } => {
                let writer = self.writer(path, *locked);
                self.value(name, value, path, depth, format!("version {version}{writer}"));
            }
            Value::Queue { .. } | Value::Broadcast { .. } => self.items(name, value, path, depth),
            Value::Frames { .. } => self.frames(name, value, path, depth),
            Value::Map { len, capacity, changes, first } => {
                let by = self.holders.of_part(path, "").map(|by| format!(", held {by}")).unwrap_or_default();
                let note = format!("{len} of {capacity}, {}{by}", counted(*changes as usize, "change"));
                let value = if *len == 0 { "{}" } else { "" };
                self.row(depth, name, value.to_owned(), note, false);
                for (key, value) in first {
                    self.entry(&key_step(key), value, path, depth + 1);
                }
                self.left_out(len.saturating_sub(first.len() as u64), "more", depth + 1);
            }
            Value::Lock { .. } => {
                let by = self.holders.of_part(path, "").unwrap_or_default();
                self.value(name, value, path, depth, by);
            }
            other => self.value(name, other, path, depth, String::new()),
        }
    }

    fn value(&mut self, name: &str, value: &Value, path: &str, depth: usize, note: String) {
        match value {
            Value::Struct { fields, .. } if !fields.is_empty() && !is_flat(value) => {
                self.row(depth, name, String::new(), note, false);
                self.fields(fields, path, depth + 1);
            }
            Value::List { len, first } if !first.iter().all(is_flat) => {
                let count = counted(*len as usize, "element");
                let note = if note.is_empty() { count } else { format!("{note}, {count}") };
                self.row(depth, name, String::new(), note, false);
                for (index, element) in first.iter().enumerate() {
                    self.part(&format!("[{index}]"), element, &format!("{path}[{index}]"), depth + 1);
                }
                self.left_out(len.saturating_sub(first.len() as u64), "more", depth + 1);
            }
            other => {
                let is_bad = matches!(other, Value::Invalid(_) | Value::Lock { inconsistent: true, .. });
                self.row(depth, name, shown(&other.to_string()), note, is_bad);
            }
        }
    }

    /// Adds a row for a queue or a broadcast, with its counts and its holders. Its items follow, in this row or below.
    fn items(&mut self, name: &str, value: &Value, path: &str, depth: usize) {
        let held = |what: &str, side: &str| {
            let by = self.holders.of_part(path, side);
            by.map(|by| format!(", {what} {by}")).unwrap_or_default()
        };
        let (note, before, shown, after): (_, u64, Vec<(u64, &Value)>, u64) = match value {
            Value::Queue { len, capacity, pushed, outstanding, first } => {
                let by = self.holders.of_share(path, Share::Items);
                let taken = if *outstanding > 0 { format!(", {outstanding} taken{by}") } else { String::new() };
                let sides = ["producers", "consumers"];
                let held = sides.map(|side| held(&format!("{side}' side held"), &format!(" ({side}' side)"))).concat();
                let note = format!("{len} of {capacity}, {pushed} pushed{taken}{held}");
                (note, 0, (0..).zip(first).collect(), len.saturating_sub(first.len() as u64))
            }
            Value::Broadcast { sent, capacity, last } => {
                let note = format!("{sent} sent, keeps {capacity}{}", held("held", ""));
                let shown: Vec<_> = last.iter().map(|(position, value)| (*position, value)).collect();
                (note, sent.saturating_sub(shown.len() as u64), shown, 0)
            }
            _ => return,
        };
        if shown.iter().all(|(_, value)| is_flat(value)) {
            return self.row(depth, name, crate::text::shown(&value.to_string()), note, false);
        }
        self.row(depth, name, String::new(), note, false);
        self.left_out(before, "before", depth + 1);
        for (index, item) in shown {
            let is_bad = matches!(item, Value::Invalid(_));
            self.row(depth + 1, &format!("[{index}]"), crate::text::shown(&item.to_string()), String::new(), is_bad);
        }
        self.left_out(after, "more", depth + 1);
    }

    /// Adds a row for frames, with the number of the newest one, and rows for its metadata and its elements.
    fn frames(&mut self, name: &str, value: &Value, path: &str, depth: usize) {
        let Value::Frames { newest, capacity, slots, pins, loans, len, meta, first } = value else { return };
        let shared = |count: u64, what: String, share| match count {
            0 => String::new(),
            _ => format!(", {what}{}", self.holders.of_share(path, share)),
        };
        let rate = self.rates.of(path).map(|rate| format!("{rate:.0}/s, ")).unwrap_or_default();
        let filled = shared(*loans, format!("{loans} filled"), Share::Slots);
        let pinned = shared(*pins, counted(*pins as usize, "pin"), Share::Pins);
        let held = self.holders.of_part(path, "").map(|by| format!(", held {by}")).unwrap_or_default();
        let note = format!("{rate}{len} of {capacity} elements, {slots} slots{filled}{pinned}{held}");
        let shown = if *newest == 0 { "no frame".to_owned() } else { format!("frame {newest}") };
        self.row(depth, name, shown, note, false);
        if *newest == 0 {
            return;
        }
        let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        if !matches!(**meta, Value::Nothing) {
            self.part("meta", meta, &below("meta"), depth + 1);
        }
        let elements = Value::List { len: *len, first: first.clone() };
        self.part("elements", &elements, path, depth + 1);
    }

    /// Adds a row for a key of a map, with its whole value.
    fn entry(&mut self, name: &str, value: &Value, path: &str, depth: usize) {
        let Value::Versioned { version, locked, value } = value else { return };
        let writer = self.writer(&format!("{path}{name}"), *locked);
        let is_bad = matches!(**value, Value::Invalid(_));
        self.row(depth, &shown(name), shown(&value.to_string()), format!("version {version}{writer}"), is_bad);
    }

    /// Returns `, locked by pid 17` if a process writes a value.
    fn writer(&self, path: &str, locked: bool) -> String {
        match self.holders.of_part(path, "") {
            Some(by) => format!(", locked {by}"),
            None if locked => ", locked".into(),
            None => String::new(),
        }
    }

    fn left_out(&mut self, count: u64, which: &str, depth: usize) {
        if count > 0 {
            self.row(depth, &format!("… {count} {which}"), String::new(), String::new(), false);
        }
    }

    fn row(&mut self, depth: usize, name: &str, value: String, note: String, is_bad: bool) {
        self.rows.push(Row { depth, name: name.to_owned(), value, note, is_bad });
    }
}

/// Returns the step of a path from a map to the value of a key: `["EURUSD"]`.
#[must_use]
pub fn key_step(key: &Value) -> String {
    match key {
        Value::Invalid(_) | Value::Omitted => format!("[{key}]"),
        key => FieldPath::default().key(key).to_string(),
    }
}

/// Returns `true` if a value fits on one line without a note.
fn is_flat(value: &Value) -> bool {
    match value {
        Value::Struct { .. } => value.as_timestamp().is_some(),
        Value::Versioned { .. } | Value::Lock { .. } => false,
        Value::Queue { .. } | Value::Broadcast { .. } | Value::Map { .. } | Value::Frames { .. } => false,
        Value::List { first, .. } => first.iter().all(is_flat),
        _ => true,
    }
}
