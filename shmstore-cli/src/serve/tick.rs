//! One look at all objects, for everybody who listens.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use shmstore::inspect::{Limits, Object, Value};

use super::history::History;
use super::look::{Found, walk};
use super::machine::Machine;
use super::troubles::{Round, Trouble};
use crate::about::Listed;
use crate::commands::show;
use crate::failure::Failure;

/// The most fields and versions that a message has.
const MOST_FIELDS: usize = 2000;

/// What was seen at one moment.
pub(super) struct Tick {
    /// In milliseconds since 1970.
    pub(super) time: u64,
    pub(super) findings: Arc<RawValue>,
    pub(super) objects: Box<RawValue>,
    /// The objects that somebody has selected. `None` if such an object cannot be read any more.
    pub(super) selected: HashMap<i32, Option<Arc<Selected>>>,
}

/// Paths, each with what it leads to.
pub(super) type Entries<T> = Vec<(String, T)>;

/// One object in detail.
pub(super) struct Selected {
    pub(super) value: Box<RawValue>,
    pub(super) processes: Box<RawValue>,
    pub(super) fields: Entries<Field>,
    pub(super) versions: Entries<u64>,
    pub(super) history: History,
}

/// A number or a text of a field.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Field {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(String),
}

/// A row of the list.
#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    listed: Listed,
    /// The sum of all counts of changes of the object.
    versions: u64,
}

/// Limits of a look at an object of the list. No value is copied, so no page of an object is touched but for its counts.
fn of_list() -> Limits {
    let mut limits = Limits::default();
    (limits.nodes, limits.bytes, limits.wait) = (1000, 0, Duration::from_millis(2));
    limits
}

/// Limits of a look at a selected object.
fn of_selected() -> Limits {
    let mut limits = Limits::default();
    (limits.nodes, limits.bytes, limits.wait) = (20_000, 64 << 20, Duration::from_millis(10));
    limits
}

impl Machine {
    /// Looks at all objects, and closely at some.
    pub(super) fn tick(&mut self, selected: &[i32]) -> Result<Tick, Failure> {
        let is_new = self.refresh()?;
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
        let limits = of_list();
        // Troubles are looked for once a second, because that takes some system calls for each process.
        let looks_closer = is_new || self.told().is_none();
        let (troubles, mut round) = (std::mem::take(&mut self.troubles), Round::default());
        let (listed, attacher, users) = self.parts();
        let mut rows = Vec::with_capacity(listed.len());
        for segment in listed {
            let object = if segment.state.is_usable() { attacher.attach(segment).ok() } else { None };
            let value = object.as_ref().map(|object| object.read(&limits));
            let versions = object.as_ref().zip(value.as_ref()).map_or(0, |(object, value)| sum(object, value));
            let segment = object.as_ref().map_or(segment, Object::segment);
            rows.push(Row { listed: Listed::of(segment, object.as_ref(), users), versions });
            if let Some((object, value)) = object.as_ref().zip(value.as_ref()).filter(|_| looks_closer) {
                troubles.look(&mut round, object, value);
            }
        }
        let objects = raw(&rows);
        self.troubles = troubles;
        if looks_closer {
            self.find_troubles(round);
        }
        let selected = selected.iter().map(|shmid| (*shmid, self.select(*shmid, time))).collect();
        Ok(Tick { time, findings: self.told().unwrap_or_else(|| raw(&[(); 0]).into()), objects, selected })
    }

    fn select(&mut self, shmid: i32, time: u64) -> Option<Arc<Selected>> {
        let object = self.object(shmid).ok()?;
        let (participants, value) = show::look_at(&object, &of_selected());
        let (fields, versions) = fields_and_versions(&object, &value);
        let numbers = fields.iter().filter_map(|(path, field)| Some((path.clone(), field.number()?)));
        let history = self.histories.note(object.nonce(), time, numbers);
        let processes = raw(&show::processes_of(&participants));
        Some(Arc::new(Selected { value: raw(&value), processes, fields, versions, history }))
    }

    /// Collects what needs attention, the worst first.
    fn find_troubles(&mut self, round: Round) {
        let listed = self.listed().to_vec();
        let mut troubles = self.troubles.end(round, &listed);
        // An error is told by `/api/doctor`.
        troubles.extend(Trouble::of_machine(self.findings().unwrap_or_default()));
        troubles.sort_by_key(|trouble| std::cmp::Reverse(trouble.severity()));
        self.tell(raw(&troubles).into());
    }
}

impl Field {
    fn of(value: &Value) -> Self {
        match value {
            Value::Unsigned(number) => Self::Unsigned(*number),
            Value::Signed(number) => Self::Signed(*number),
            Value::Bool(flag) => Self::Unsigned(u8::from(*flag).into()),
            other => match other.as_f64() {
                Some(number) if number.is_finite() => Self::Float(number),
                _ => Self::Text(crate::printed::raw(other)),
            },
        }
    }

    fn number(&self) -> Option<f64> {
        match self {
            Self::Unsigned(number) => Some(*number as f64),
            Self::Signed(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            Self::Text(_) => None,
        }
    }
}

fn sum(object: &Object, value: &Value) -> u64 {
    let mut sum = 0_u64;
    walk(object.schema(), value, |_, found| {
        if let Found::Count(_, count) = found {
            sum = sum.wrapping_add(count);
        }
    });
    sum
}

fn fields_and_versions(object: &Object, value: &Value) -> (Entries<Field>, Entries<u64>) {
    let (mut fields, mut versions) = (Vec::new(), Vec::new());
    walk(object.schema(), value, |path, found| {
        let field = match found {
            Found::Number(value) | Found::Text(value) => Field::of(value),
            Found::Variant { name, .. } => Field::Text(name.to_owned()),
            Found::Lock { locked, inconsistent } => Field::Text(Value::Lock { locked, inconsistent }.to_string()),
            Found::Fill { len, .. } => Field::Unsigned(len),
            Found::Count(_, count) => {
                if versions.len() < MOST_FIELDS {
                    versions.push((path.to_owned(), count));
                }
                return;
            }
            Found::Invalid | Found::Omitted => return,
        };
        if fields.len() < MOST_FIELDS {
            fields.push((path.to_owned(), field));
        }
    });
    (fields, versions)
}

fn raw(of: &(impl Serialize + ?Sized)) -> Box<RawValue> {
    to_raw_value(of).expect("text, numbers, and objects whose keys are text")
}
