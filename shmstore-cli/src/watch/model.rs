//! The model of a screen with one object: its fields and their history. It knows no terminal.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use shmstore::inspect::SegmentState;

use super::fields::{Field, FieldId, Fields, Leaf};
use super::list::List;
use crate::text::shortened;

/// How many numbers of a field are kept for the history.
const HISTORY: usize = 120;

/// The time over which a rate is measured, or one period if that is longer.
const RATE_WINDOW: Duration = Duration::from_secs(2);

/// How long a changed field is highlighted, or until the next sample if that is longer.
const HIGHLIGHT: Duration = Duration::from_millis(500);

/// The greatest number of characters in the text of a value.
const LONGEST_TEXT: usize = 500;

/// An object at one moment.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) at: Instant,
    pub(super) wall: SystemTime,
    /// The head of the object; `None` if it was removed.
    pub(super) object: Option<Head>,
    /// An error, or what the source waits for.
    pub(super) note: Option<String>,
    pub(super) fields: Fields,
}

/// The head of the screen: the object as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Head {
    /// The segment. Another segment is another object.
    pub(super) shmid: i32,
    pub(super) path: String,
    pub(super) type_name: String,
    pub(super) state: String,
    pub(super) size: u64,
    /// The number of attachments, without our own.
    pub(super) attached: u64,
    pub(super) alive: usize,
    pub(super) dead: usize,
    /// The number of this object among the objects at the path, from 1, and the number of objects.
    pub(super) position: (usize, usize),
}

/// A field and its history.
#[derive(Debug, Clone)]
pub(super) struct Row {
    id: FieldId,
    pub(super) path: String,
    pub(super) text: String,
    pub(super) version: Option<u64>,
    /// The last values of a number, the newest last.
    pub(super) history: VecDeque<f64>,
    /// For a number, its change in a second. For another field, the stores to its `Versioned` in a second.
    pub(super) rate: Option<f64>,
    changed: Option<Instant>,
    value: Leaf,
    measured: VecDeque<(Instant, f64)>,
}

/// Everything that the screen shows.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) hz: f64,
    pub(super) list: List,
    pub(super) head: Option<Head>,
    pub(super) note: Option<String>,
    pub(super) rows: Vec<Row>,
    pub(super) left_out: usize,
    /// Stores in a second, to all fields together.
    pub(super) updates: Option<f64>,
    newest: Option<Instant>,
    counted: VecDeque<(Instant, f64)>,
    counters: HashMap<FieldId, u64>,
}

impl Model {
    pub(super) fn new(hz: f64) -> Self {
        Self {
            hz,
            list: List::default(),
            head: None,
            note: None,
            rows: Vec::new(),
            left_out: 0,
            updates: None,
            newest: None,
            counted: VecDeque::new(),
            counters: HashMap::new(),
        }
    }

    /// Takes a sample in, unless the list is paused.
    pub(super) fn take(&mut self, sample: Sample) {
        if self.list.paused {
            return;
        }
        self.note = sample.note;
        let Some(head) = sample.object else {
            // The last values stay on the screen.
            if let Some(head) = &mut self.head {
                head.state = SegmentState::Removed.to_string();
            }
            return;
        };
        if self.head.as_ref().is_none_or(|known| known.shmid != head.shmid) {
            self.forget();
        }
        self.head = Some(head);
        self.count(&sample.fields, sample.at, sample.wall);
        self.left_out = sample.fields.left_out;
        self.newest = Some(sample.at);
        let mut known = Known::of(std::mem::take(&mut self.rows));
        for (index, field) in sample.fields.kept.into_iter().enumerate() {
            let row = match known.take(index, &field.id) {
                Some(row) => row.followed_by(field, sample.at),
                None => Row::new(field, sample.at),
            };
            self.rows.push(row);
        }
    }

    /// Forgets the object, because the next sample is of another one.
    fn forget(&mut self) {
        self.rows.clear();
        self.counters.clear();
        self.counted.clear();
        self.updates = None;
    }

    /// Returns the rows that match the filter.
    pub(super) fn matching(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| self.list.matches(&row.path))
    }

    /// Returns `true` if a row has changed just now.
    pub(super) fn is_changed(&self, row: &Row) -> bool {
        let Some((changed, newest)) = row.changed.zip(self.newest) else { return false };
        changed == newest || newest.duration_since(changed) < HIGHLIGHT
    }

    fn count(&mut self, fields: &Fields, at: Instant, wall: SystemTime) {
        let grown = growth(&mut self.counters, fields, wall);
        let total = self.counted.back().map_or(0.0, |(_, total)| *total) + grown;
        self.counted.push_back((at, total));
        self.updates = rate(&mut self.counted);
    }
}

/// Returns how often an object was stored to since the last call: the growth of its versions, counters and events.
///
/// A number that looks like the present time is a clock and does not count.
pub(super) fn growth(counters: &mut HashMap<FieldId, u64>, fields: &Fields, wall: SystemTime) -> f64 {
    // A sum of integers could overflow, because other processes can write any number.
    let mut grown = 0.0;
    // Keys of maps are inserted and removed.
    if counters.len() > 2 * fields.kept.len() + 100 {
        let there: HashSet<&FieldId> = fields.kept.iter().map(|field| &field.id).collect();
        counters.retain(|id, _| there.contains(id));
    }
    for field in &fields.kept {
        let count = match (field.version, field.value.number()) {
            (Some(version), _) if field.is_first => version,
            (None, Some(number)) if is_count(&field.value) && number >= 0.0 && !is_clock(number, wall) => number as u64,
            _ => continue,
        };
        match counters.get_mut(&field.id) {
            Some(known) => grown += count.saturating_sub(std::mem::replace(known, count)) as f64,
            None => drop(counters.insert(field.id.clone(), count)),
        }
    }
    grown
}

fn is_count(value: &Leaf) -> bool {
    use shmstore::inspect::Value;
    matches!(value, Leaf::Value(Value::Unsigned(_) | Value::Signed(_) | Value::Event { .. }))
}

/// Returns `true` if a number is the time since 1970, give or take a day, in seconds, milliseconds, microseconds or
/// nanoseconds.
fn is_clock(number: f64, wall: SystemTime) -> bool {
    let now = wall.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    [1.0, 1e3, 1e6, 1e9].iter().any(|unit| (number / unit - now).abs() < 86_400.0)
}

/// Returns the change in a second, between the oldest and the newest number within the window. Forgets older numbers.
pub(super) fn rate(measured: &mut VecDeque<(Instant, f64)>) -> Option<f64> {
    let (newest, number) = *measured.back()?;
    while measured.len() > 2 && measured.get(1).is_some_and(|(at, _)| newest.duration_since(*at) >= RATE_WINDOW) {
        measured.pop_front();
    }
    let (oldest, before) = *measured.front()?;
    let seconds = newest.duration_since(oldest).as_secs_f64();
    let rate = (number - before) / seconds;
    (seconds > 0.0 && rate.is_finite()).then_some(rate)
}

impl Row {
    fn new(field: Field, at: Instant) -> Self {
        let Field { id, path, value, version, .. } = field;
        let mut row = Self {
            id,
            path,
            text: shortened(&value.text(), LONGEST_TEXT),
            version,
            history: VecDeque::new(),
            rate: None,
            changed: None,
            value,
            measured: VecDeque::new(),
        };
        row.measure(at);
        row
    }

    fn followed_by(mut self, field: Field, at: Instant) -> Self {
        if !self.value.is_same(&field.value) {
            self.changed = Some(at);
            self.text = shortened(&field.value.text(), LONGEST_TEXT);
            self.value = field.value;
        }
        self.version = field.version;
        self.measure(at);
        self
    }

    fn measure(&mut self, at: Instant) {
        let number = self.value.number();
        if let Leaf::Absent = self.value {
            self.measured.clear();
        }
        if let Some(number) = number {
            if self.history.len() == HISTORY {
                self.history.pop_front();
            }
            self.history.push_back(number);
        }
        if let Some(number) = number.or(self.version.map(|version| version as f64)) {
            self.measured.push_back((at, number));
        }
        self.rate = rate(&mut self.measured);
    }
}

/// The rows of the previous sample. Most rows have the same index again.
struct Known {
    rows: Vec<Option<Row>>,
    by_id: Option<HashMap<FieldId, usize>>,
}

impl Known {
    fn of(rows: Vec<Row>) -> Self {
        Self { rows: rows.into_iter().map(Some).collect(), by_id: None }
    }

    fn take(&mut self, index: usize, id: &FieldId) -> Option<Row> {
        let is_it = |row: &Option<Row>| row.as_ref().is_some_and(|row| row.id == *id);
        if self.rows.get(index).is_some_and(is_it) {
            return self.rows[index].take();
        }
        let rows = &self.rows;
        let by_id = self.by_id.get_or_insert_with(|| {
            let there = rows.iter().enumerate();
            there.filter_map(|(index, row)| Some((row.as_ref()?.id.clone(), index))).collect()
        });
        let index = *by_id.get(id)?;
        self.rows[index].take()
    }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
