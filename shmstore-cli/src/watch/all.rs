//! A source that reads all objects repeatedly: their rates of updates, their attachments and their participants.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use shmstore::inspect::{Limits, Object, Segment, SegmentState};

use super::fields::{FieldId, Fields};
use super::model::growth;
use super::reader::{self, Turn};
use crate::about;
use crate::failure::Failure;
use crate::selection;
use crate::text::shown;

/// How many values of an object are read to measure its rate of updates.
const MOST_NODES: u64 = 1000;

/// How often the liveness of an object's processes is checked, which costs some system calls each.
const CHECK_PERIOD: Duration = Duration::from_secs(1);

/// All objects at one moment.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) at: Instant,
    pub(super) wall: SystemTime,
    pub(super) objects: Vec<One>,
    /// Why the segments cannot be listed.
    pub(super) note: Option<String>,
}

/// One object.
#[derive(Debug, Clone)]
pub(super) struct One {
    pub(super) shmid: i32,
    /// Its path and name; or its segment number, if the path is unknown.
    pub(super) title: String,
    pub(super) path: Option<String>,
    pub(super) name: Option<String>,
    pub(super) type_name: Option<String>,
    pub(super) state: SegmentState,
    pub(super) size: u64,
    pub(super) attached: u64,
    pub(super) dead: usize,
    /// How often it was stored to since the watch began; `None` if it cannot be read.
    pub(super) stores: Option<f64>,
}

/// The objects of this machine, or the objects at a path and below it.
pub(super) struct Source {
    path: Option<PathBuf>,
    known: HashMap<i32, Known>,
}

/// The state of an object between two reads. It does not keep the object attached, because an attached object cannot be
/// removed.
#[derive(Default)]
struct Known {
    counters: HashMap<FieldId, u64>,
    stores: f64,
    dead: usize,
    checked: Option<Instant>,
}

impl Source {
    /// Checks that the path exists, and that segments can be listed.
    pub(super) fn under(path: Option<&Path>) -> Result<Self, Failure> {
        let source = Self { path: path.map(Path::to_owned), known: HashMap::new() };
        source.listed()?;
        Ok(source)
    }

    fn listed(&self) -> Result<Vec<Segment>, Failure> {
        self.path.as_deref().map_or_else(|| selection::all(false), selection::under)
    }

    fn look(&mut self, segment: &Segment) -> One {
        let of = segment.description.as_ref();
        let known = self.known.entry(segment.shmid).or_default();
        // A removed or orphaned object is not attached, so that it can disappear.
        let object = if segment.state.is_usable() { Object::attach(segment).ok() } else { None };
        let stores = object.map(|object| known.look(&object));
        let (path, name) = of.map(about::path_and_name).unzip();
        One {
            shmid: segment.shmid,
            title: of.map_or_else(|| format!("(segment {})", segment.shmid), about::path),
            path,
            name: name.flatten(),
            type_name: segment.type_name().map(str::to_owned),
            state: segment.state,
            size: segment.size,
            attached: segment.attached,
            dead: known.dead,
            stores,
        }
    }
}

impl One {
    /// Its type, fit for a terminal.
    pub(super) fn type_shown(&self) -> String {
        self.type_name.as_deref().map_or_else(|| "-".to_owned(), shown)
    }
}

impl Known {
    /// Returns how often the object was stored to since the watch began.
    fn look(&mut self, object: &Object) -> f64 {
        let mut limits = Limits::default();
        limits.nodes = MOST_NODES;
        // The version of a `Versioned` is enough. A copy of the value would allocate pages that no process has written
        // yet.
        limits.bytes = 0;
        let mut fields = Fields::default();
        fields.add(FieldId::default(), "", object.read(&limits), None);
        self.stores += growth(&mut self.counters, &fields, SystemTime::now());
        if self.checked.is_none_or(|checked| checked.elapsed() >= CHECK_PERIOD) {
            self.checked = Some(Instant::now());
            self.dead = object.processes().iter().filter(|one| !one.alive && !one.left).count();
        }
        self.stores
    }
}

impl reader::Source for Source {
    type News = Seen;

    fn read(&mut self) -> Seen {
        let listed = self.listed();
        let note = listed.as_ref().err().map(|error| shown(&error.to_string()));
        let mut there = listed.unwrap_or_default();
        let numbers: HashSet<i32> = there.iter().map(|segment| segment.shmid).collect();
        self.known.retain(|shmid, _| numbers.contains(shmid));
        // A removed object without attachments existed only because we read it.
        there.retain(|segment| segment.state != SegmentState::Removed || segment.attached > 0);
        let objects = there.iter().map(|segment| self.look(segment)).collect();
        Seen { at: Instant::now(), wall: SystemTime::now(), objects, note }
    }

    fn turn(&mut self, _: Turn) {}

    fn let_go(&mut self) {}
}
