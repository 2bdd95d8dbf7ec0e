//! What is known of one object that is watched: its fields, how they changed, and what of it is to be seen. Knows no terminal.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use shmstore::inspect::SegmentState;

use super::fields::{Field, Fields, Leaf, Place};
use super::list::List;

/// How many numbers of a field are kept, to be drawn.
const HISTORY: usize = 120;

/// Over how long a rate is measured. At least over one period, if that is longer.
const RATE_WINDOW: Duration = Duration::from_secs(2);

/// How long a field that has changed is highlighted. At least until the next sample.
const HIGHLIGHT: Duration = Duration::from_millis(500);

/// How much of a value's text is kept, in characters.
const LONGEST_TEXT: usize = 500;

/// An object at one moment.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) at: Instant,
    pub(super) wall: SystemTime,
    /// What is known of the object as a whole; `None` while there is none.
    pub(super) object: Option<Head>,
    /// What went wrong, or is waited for.
    pub(super) note: Option<String>,
    pub(super) fields: Fields,
}

/// What is known of an object as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Head {
    /// Which segment it is: another one is another object.
    pub(super) shmid: i32,
    pub(super) path: String,
    pub(super) type_name: String,
    pub(super) state: String,
    pub(super) size: u64,
    /// Times that it is attached, by others than us.
    pub(super) attached: u64,
    pub(super) alive: usize,
    pub(super) dead: usize,
    /// Which of the objects at the path it is, from 1, and how many there are.
    pub(super) place: (usize, usize),
}

/// A field, and how it changed.
#[derive(Debug, Clone)]
pub(super) struct Row {
    place: Place,
    pub(super) path: String,
    pub(super) text: String,
    pub(super) version: Option<u64>,
    /// Of a number, the newest last.
    pub(super) history: VecDeque<f64>,
    /// Change of a number a second; of what is no number, how often its `Versioned` was stored.
    pub(super) rate: Option<f64>,
    changed: Option<Instant>,
    value: Leaf,
    measured: VecDeque<(Instant, f64)>,
}

/// All that a screen shows of one object.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) hz: f64,
    pub(super) list: List,
    pub(super) head: Option<Head>,
    pub(super) note: Option<String>,
    pub(super) rows: Vec<Row>,
    pub(super) left_out: usize,
    /// Stores a second, in all of it.
    pub(super) updates: Option<f64>,
    newest: Option<Instant>,
    counted: VecDeque<(Instant, f64)>,
    counters: HashMap<Place, u64>,
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

    /// Takes a sample in. Nothing while it is paused.
    pub(super) fn take(&mut self, sample: Sample) {
        if self.list.paused {
            return;
        }
        self.note = sample.note;
        let Some(head) = sample.object else {
            // What was seen last stays to be seen.
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
            let row = match known.take(index, &field.place) {
                Some(row) => row.followed_by(field, sample.at),
                None => Row::new(field, sample.at),
            };
            self.rows.push(row);
        }
    }

    /// Another object: nothing that was known is of it.
    fn forget(&mut self) {
        self.rows.clear();
        self.counters.clear();
        self.counted.clear();
        self.updates = None;
    }

    /// The rows that the filter lets through.
    pub(super) fn let_through(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| self.list.lets_through(&row.path))
    }

    /// Whether a row has changed just now.
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

/// How often an object was stored to since it was last asked: by how much its versions, counters and events have grown. What looks like the
/// present time is a clock, and no counter.
pub(super) fn growth(counters: &mut HashMap<Place, u64>, fields: &Fields, wall: SystemTime) -> f64 {
    let mut grown = 0.0; // No integer: others write what they like, also numbers that add up to more than there are.
    for field in &fields.kept {
        let count = match (field.version, field.value.number()) {
            (Some(version), _) if field.is_first => version,
            (None, Some(number)) if is_count(&field.value) && number >= 0.0 && !is_clock(number, wall) => number as u64,
            _ => continue,
        };
        match counters.get_mut(&field.place) {
            Some(known) => grown += count.saturating_sub(std::mem::replace(known, count)) as f64,
            None => drop(counters.insert(field.place.clone(), count)),
        }
    }
    grown
}

fn is_count(value: &Leaf) -> bool {
    use shmstore::inspect::Value;
    matches!(value, Leaf::Value(Value::Unsigned(_) | Value::Signed(_) | Value::Event { .. }))
}

/// Whether a number is the time since 1970, to a day, in seconds or the next three smaller units.
fn is_clock(number: f64, wall: SystemTime) -> bool {
    let now = wall.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    [1.0, 1e3, 1e6, 1e9].iter().any(|unit| (number / unit - now).abs() < 86_400.0)
}

/// Change a second between the oldest and the newest of what was measured within the window; forgets what is older.
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
        let Field { place, path, value, version, .. } = field;
        let mut row = Self {
            place,
            path,
            text: cut(value.text()),
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
            self.text = cut(field.value.text());
            self.value = field.value;
        }
        self.version = field.version;
        self.measure(at);
        self
    }

    fn measure(&mut self, at: Instant) {
        let number = self.value.number();
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

/// The rows of the sample before: most often each is at the same place again.
struct Known {
    rows: Vec<Option<Row>>,
    by_place: Option<HashMap<Place, usize>>,
}

impl Known {
    fn of(rows: Vec<Row>) -> Self {
        Self { rows: rows.into_iter().map(Some).collect(), by_place: None }
    }

    fn take(&mut self, index: usize, place: &Place) -> Option<Row> {
        let is_it = |row: &Option<Row>| row.as_ref().is_some_and(|row| row.place == *place);
        if self.rows.get(index).is_some_and(is_it) {
            return self.rows[index].take();
        }
        let rows = &self.rows;
        let by_place = self.by_place.get_or_insert_with(|| {
            let there = rows.iter().enumerate();
            there.filter_map(|(index, row)| Some((row.as_ref()?.place.clone(), index))).collect()
        });
        let index = *by_place.get(place)?;
        self.rows[index].take()
    }
}

fn cut(text: String) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
