//! A source that reads one object repeatedly. When the object is removed, it waits for the next one at the anchor.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use shmstore::inspect::{FieldError, FieldPath, Limits, Object, Segment, SegmentState, Value};

use super::fields::{FieldId, Fields};
use super::model::{Head, Sample};
use super::reader::{self, Turn};
use crate::about;
use crate::failure::Failure;
use crate::selection;
use crate::target::Target;
use crate::text::shown;

/// How often the segments are listed and the liveness of the object's processes is checked, which costs more than a
/// read.
const CHECK_PERIOD: Duration = Duration::from_secs(1);

/// The objects that may be watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// Only the object that the command line means; an error if there are several.
    One,
    /// Any object at the path, and any named object in it.
    Any,
}

/// One object, and the objects beside it.
pub(super) struct Source {
    target: Target,
    fields: Vec<WatchedField>,
    choice: Choice,
    limits: Limits,
    object: Option<Object>,
    /// Its anchor and id. The next object there takes its place.
    anchor_and_id: (PathBuf, char),
    beside: Vec<Segment>,
    checked: Instant,
    head: Head,
}

/// A field from the command line.
struct WatchedField {
    text: String,
    path: FieldPath,
    /// The `Versioned` around it, if there is one.
    versioned: Option<FieldPath>,
    /// Whether it is of a key that was not in its map at the last read.
    is_absent: bool,
}

impl Source {
    /// Attaches the object, and checks that it has the fields.
    pub(super) fn of(target: &Target, fields: &[String], choice: Choice) -> Result<Self, Failure> {
        let there = objects_at(target, choice).unwrap_or_default();
        let object = match there.first() {
            Some(first) if there.len() == 1 || choice == Choice::Any => Object::attach(first)?,
            _ => target.object()?,
        };
        let mut limits = Limits::default();
        limits.nodes = 3 * super::fields::MOST_FIELDS as u64;
        limits.wait = Duration::from_millis(10);
        let mut source = Self {
            target: target.clone(),
            fields: Vec::new(),
            choice,
            limits,
            anchor_and_id: anchor_and_id(object.segment()),
            object: None,
            beside: there,
            checked: Instant::now(),
            head: Head::default(),
        };
        for text in fields {
            let path: FieldPath = text.parse()?;
            match object.read_at(&path, &source.limits) {
                // The key may be inserted later.
                Ok(_) | Err(FieldError::NoKey { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            source.fields.push(WatchedField { text: text.clone(), path, versioned: None, is_absent: false });
        }
        source.take(object);
        Ok(source)
    }

    fn take(&mut self, object: Object) {
        self.anchor_and_id = anchor_and_id(object.segment());
        for field in &mut self.fields {
            field.versioned = around(&field.text, &object);
        }
        self.update_head(&object);
        self.object = Some(object);
    }

    fn update_head(&mut self, object: &Object) {
        let segment = object.segment();
        let now = Segment::of_shmid(segment.shmid).ok();
        let processes = object.processes();
        let count = |alive: bool| processes.iter().filter(|one| one.alive == alive && !one.left).count();
        let is_it = |one: &Segment| anchor_and_id(one) == self.anchor_and_id;
        self.head = Head {
            shmid: segment.shmid,
            path: segment.description.as_ref().map(about::path).unwrap_or_default(),
            type_name: shown(&object.schema().to_string()),
            state: now.as_ref().map_or(SegmentState::Removed, |now| now.state).to_string(),
            size: segment.size,
            attached: now.map_or(0, |now| now.attached.saturating_sub(1)), // Without our own attachment.
            alive: count(true),
            dead: count(false),
            position: (self.beside.iter().position(is_it).map_or(1, |index| index + 1), self.beside.len().max(1)),
        };
    }

    /// Lists the objects at the path. If ours was removed, attaches the object that has taken its place.
    fn check(&mut self) {
        self.checked = Instant::now();
        self.beside = objects_at(&self.target, self.choice).unwrap_or_default();
        let ours = self.object.as_ref().map(|object| object.segment().shmid);
        if !self.beside.iter().any(|segment| Some(segment.shmid) == ours) {
            let there = self.beside.iter().find(|segment| anchor_and_id(segment) == self.anchor_and_id).or(
                match &*self.beside {
                    // The header may contain another form of the path.
                    [only] if anchor_and_id(only).1 == self.anchor_and_id.1 => Some(only),
                    _ => None,
                },
            );
            match there.and_then(|segment| Object::attach(segment).ok()) {
                Some(object) => return self.take(object),
                None if self.object.as_ref().is_some_and(Object::is_removed) => self.object = None,
                None => {}
            }
        }
        if let Some(object) = self.object.take() {
            self.update_head(&object);
            self.object = Some(object);
        }
    }

    /// Reads the values. An object that has grown has more fields.
    fn values(&mut self, object: &mut Object) -> (Fields, Option<String>) {
        let mut fields = Fields::default();
        let mut note = object.refresh().err().map(|error| shown(&error.to_string()));
        if self.fields.is_empty() {
            fields.add(FieldId::default(), "", object.read(&self.limits), None);
        }
        for (id, field) in (0..).zip(&mut self.fields) {
            match field.read(object, &self.limits) {
                Ok((value, version)) => fields.add(vec![id], &shown(&field.text), value, version),
                Err(FieldError::NoKey { .. }) => {
                    field.is_absent = true;
                    fields.add_absent(vec![id], &shown(&field.text));
                }
                Err(error) => note = Some(shown(&error.to_string())),
            }
        }
        (fields, note)
    }
}

impl reader::Source for Source {
    type News = Sample;

    fn read(&mut self) -> Sample {
        let is_gone = self.object.as_ref().is_none_or(Object::is_removed);
        if is_gone || self.checked.elapsed() >= CHECK_PERIOD {
            self.check();
        }
        let (at, wall) = (Instant::now(), SystemTime::now());
        match self.object.take() {
            Some(mut object) => {
                let (fields, note) = self.values(&mut object);
                self.object = Some(object);
                Sample { at, wall, object: Some(self.head.clone()), note, fields }
            }
            None => {
                let note = format!("removed: waiting for another object at {}", self.head.path);
                Sample { at, wall, object: None, note: Some(note), fields: Fields::default() }
            }
        }
    }

    fn turn(&mut self, turn: Turn) {
        self.check();
        let count = self.beside.len();
        if count == 0 {
            return;
        }
        let here = self.beside.iter().position(|segment| anchor_and_id(segment) == self.anchor_and_id);
        let next = match (here, turn) {
            (None, _) => 0,
            (Some(here), Turn::Next) => (here + 1) % count,
            (Some(here), Turn::Previous) => (here + count - 1) % count,
        };
        if let Ok(object) = Object::attach(&self.beside[next]) {
            self.take(object);
        }
    }

    fn let_go(&mut self) {
        self.object.take_if(|object| object.is_removed());
    }
}

impl WatchedField {
    /// Reads the field and its version.
    fn read(&mut self, object: &Object, limits: &Limits) -> Result<(Value, Option<u64>), FieldError> {
        const TRIES: usize = 8;
        if self.is_absent {
            object.read_at(&self.path, limits)?;
            self.is_absent = false;
            self.versioned = around(&self.text, object);
        }
        let Some(versioned) = &self.versioned else { return Ok((object.read_at(&self.path, limits)?, None)) };
        let mut version = version_at(object, versioned);
        for _ in 0..TRIES {
            let value = object.read_at(&self.path, limits)?;
            let after = version_at(object, versioned);
            if version == after {
                return Ok((value, version));
            }
            version = after;
        }
        // The field is stored too fast: the value is consistent, but its version is unknown.
        Ok((object.read_at(&self.path, limits)?, None))
    }
}

/// Returns the path of the `Versioned` around a field.
fn around(field: &str, object: &Object) -> Option<FieldPath> {
    let ends = field.char_indices().filter(|(at, letter)| *at > 0 && matches!(letter, '.' | '[')).map(|(at, _)| at);
    let mut paths = ends.filter_map(|end| field[..end].parse::<FieldPath>().ok());
    paths.find(|path| version_at(object, path).is_some())
}

fn version_at(object: &Object, path: &FieldPath) -> Option<u64> {
    let mut limits = Limits::default();
    limits.nodes = 1;
    limits.wait = Duration::from_millis(10);
    match object.read_at(path, &limits) {
        Ok(Value::Versioned { version, .. }) => Some(version),
        _ => None,
    }
}

/// Returns the anchor and the id of a segment.
fn anchor_and_id(segment: &Segment) -> (PathBuf, char) {
    segment.description.as_ref().map_or((PathBuf::new(), ' '), |of| (of.path.clone(), of.id))
}

/// Returns the objects that may be watched at a path, sorted by name and id.
fn objects_at(target: &Target, choice: Choice) -> Result<Vec<Segment>, Failure> {
    let mut there = match choice {
        Choice::One => target.segments()?,
        Choice::Any => selection::at(&target.path)?,
    };
    there.retain(|segment| segment.state.is_usable() && target.is_type_of(segment));
    Ok(there)
}
