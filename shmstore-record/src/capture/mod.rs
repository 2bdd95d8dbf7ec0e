//! Watches objects, and records what changes in them.
//!
//! Read first: [`Capture`], which looks at the objects, and [`run`], which lets it look each millisecond.
//!
//! A capture only observes. It takes no slot in an object, maps it for reading only, and changes no byte of it. So it
//! cannot be woken, and polls: each millisecond, and each 10 ms after a second without a change.

mod atomics;
mod body;
mod clock;
mod events;
mod frames;
mod image;
mod items;
mod json;
mod lane;
mod maps;
mod make;
mod object;
mod poll;
mod report;
mod run;
mod settings;
mod states;
mod topics;

use std::collections::{HashMap, HashSet};
use std::mem;
use std::path::Path;

use serde_json::json;
use shmstore::inspect::{InspectError, Limits, Object, Segment};

use crate::output::{Output, OutputError, Recorder};
use clock::Clock;
use events::{Events, Kind};
use make::Maker;
use object::{Look, Parts, Place, Watched};
use report::Earlier;

pub use body::Encoding;
pub use events::EVENTS;
pub use lane::Counts;
pub use report::{Recorded, Report};
pub use run::{Next, run};
pub use settings::{Settings, SettingsError};

/// The longest time that one value may be tried again in a poll.
const WAIT: std::time::Duration = std::time::Duration::from_micros(200);

/// Objects that are recorded into one file after the other.
///
/// ```
/// use std::time::Duration;
///
/// use shmstore::inspect::segments;
/// use shmstore::{ShmObject, Store, Versioned};
/// use shmstore_record::capture::{Capture, Settings};
/// use shmstore_record::output::Output;
///
/// #[derive(ShmObject)]
/// #[repr(C)]
/// #[shm(id = 'R')]
/// struct Rover { position: Versioned<[f64; 2]> }
///
/// # let dir = tempfile::tempdir()?;
/// # let file = dir.path().join("rover.mcap");
/// let store = Store::open(dir.path())?;
/// let rover = store.create::<Rover>()?; // most often in another process
///
/// let path = dir.path().canonicalize()?;
/// let mut capture = Capture::start(Output::to(file), Settings::default())?;
/// let here: Vec<_> = segments()?.into_iter().filter(|one| one.path() == Some(&path)).collect();
/// capture.offer(&here)?;
/// rover.position.store([1.0, 2.0]);
/// capture.poll()?; // `run` does this each millisecond
/// let report = capture.finish()?;
/// assert_eq!(report.parts[0].counts.recorded, 1);
/// # store.remove::<Rover>()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Capture {
    recorder: Recorder,
    output: Output,
    settings: Settings,
    clock: Clock,
    events: Events,
    maker: Maker,
    objects: Vec<Watched>,
    look: Look,
    /// Segments that could not be attached, with the time of the next attempt.
    refused: HashMap<(i32, u64), u64>,
    earlier: Earlier,
    /// Whether a first list of objects was offered. Those in later lists were created meanwhile.
    has_begun: bool,
    had_object: bool,
    last_change: u64,
    next_full: u64,
    next_losses: u64,
    next_gaps: u64,
    /// The messages that the newest text for the file's end was about.
    gaps_of: u64,
}

impl Capture {
    /// Creates the file. Nothing is recorded until objects are [offered](Self::offer).
    ///
    /// # Errors
    ///
    /// Those of [`Recorder::start`].
    pub fn start(output: Output, settings: Settings) -> Result<Self, OutputError> {
        let mut recorder = Recorder::start(output.clone())?;
        let events = Events::open(&mut recorder, settings.encoding)?;
        let clock = Clock::start();
        let now = clock.now();
        let mut limits = Limits::full();
        (limits.wait, limits.bytes) = (WAIT, settings.most_bytes);
        let look = Look { limits, period: settings.period(), is_last: false, value: Vec::new() };
        Ok(Self {
            recorder,
            output,
            settings,
            clock,
            events,
            maker: Maker::default(),
            objects: Vec::new(),
            look,
            refused: HashMap::new(),
            earlier: Earlier::default(),
            has_begun: false,
            had_object: false,
            last_change: now,
            next_full: 0,
            next_losses: 0,
            next_gaps: 0,
            gaps_of: 0,
        })
    }

    /// Attaches those of these segments that are objects and are not recorded yet.
    ///
    /// What an object had before the first call is not counted as missed. An object that is offered only later was
    /// created meanwhile.
    ///
    /// # Errors
    ///
    /// [`OutputError::TooManyChannels`], and those of [`Recorder::start`] if another file has to begin.
    pub fn offer(&mut self, segments: &[Segment]) -> Result<(), OutputError> {
        let now = self.clock.now();
        for segment in segments.iter().filter(|segment| segment.state.is_usable()) {
            let Some(of) = &segment.description else { continue };
            let key = (segment.shmid, of.nonce);
            let is_here =
                |one: &Watched| one.attached.as_ref().is_some_and(|at| (at.segment().shmid, at.nonce()) == key);
            if self.objects.iter().any(is_here) || self.refused.get(&key).is_some_and(|next| now < *next) {
                continue;
            }
            match Object::attach(segment) {
                Ok(object) if object.is_moving() || object.is_removed() => {}
                Ok(object) => {
                    let place = Place { path: of.path.clone(), id: of.id };
                    if self.take(object, place, now)? {
                        self.refused.remove(&key);
                    }
                }
                // The next list has what became of it.
                Err(InspectError::Gone { .. } | InspectError::Rewritten { .. }) => {}
                Err(error) => self.refuse(key, &of.path, &error.to_string(), now),
            }
        }
        self.has_begun = true;
        Ok(())
    }

    /// Says once that an object cannot be read, and tries again from time to time.
    fn refuse(&mut self, key: (i32, u64), path: &Path, why: &str, now: u64) {
        const RETRY: u64 = 5_000_000_000;
        if self.refused.len() > 10_000 {
            self.refused.clear();
        }
        if self.refused.insert(key, now + RETRY).is_none() {
            let path = path.to_string_lossy();
            self.events.note(format!("{path} is not recorded: {why}"));
            self.events.tell(&mut self.recorder, now, Kind::Unreadable, json!({ "path": path, "why": why }));
        }
    }

    /// Records an object. Returns `false` if it has too many parts.
    fn take(&mut self, object: Object, place: Place, now: u64) -> Result<bool, OutputError> {
        let parts = match object.parts() {
            Ok(parts) => parts,
            Err(error) => {
                let key = (object.segment().shmid, object.nonce());
                self.refuse(key, &place.path, &error.to_string(), now);
                return Ok(false);
            }
        };
        self.had_object = true;
        let at = match self.objects.iter().position(|one| one.place == place) {
            Some(at) => at,
            None => {
                let name = self.maker.name(&topic_name(&place.path));
                let number = self.objects.len();
                self.objects.push(Watched::new(place, number, name));
                number
            }
        };
        let (nonce, is_same) = (object.nonce(), self.objects[at].nonce == object.nonce());
        let is_successor = !self.objects[at].known.is_empty() && !is_same;
        if self.objects[at].attached.is_some() {
            // The list was faster than the look whether it is removed.
            self.let_go(at, now);
        }
        if is_successor && !self.objects[at].is_followed_by(object.schema()) {
            self.begin_again(at, now)?;
        }
        let watched = &mut self.objects[at];
        let (path, number) = (watched.place.path.to_string_lossy().into_owned(), watched.number);
        let is_new = self.has_begun;
        if is_successor {
            watched.restart(&parts);
        }
        (watched.type_name, watched.layout) = (object.schema().to_string(), object.schema().prefix_hashes());
        watched.nonce = nonce;
        watched.attached = Some(object);
        let known = watched.known.len();
        let mut at_place = make::Place {
            recorder: &mut self.recorder,
            events: &mut self.events,
            settings: &self.settings,
            now,
            is_new,
        };
        self.maker.add(watched, parts, &mut at_place)?;
        if !is_same || watched.known.len() > known {
            if let Some(object) = &watched.attached {
                make::describe(watched, object, &mut self.recorder, &self.clock);
            }
        }
        if self.has_begun && !is_same {
            let kind = if is_successor { Kind::Replaced } else { Kind::Found };
            let what = if is_successor { "a new object is" } else { "an object is" };
            self.events.note(format!("{what} recorded at {path}"));
            let of = json!({ "object": number, "path": path, "nonce": nonce.to_string() });
            self.events.tell(&mut self.recorder, now, kind, of);
        }
        Ok(true)
    }

    /// Begins another file, in which the topics of an object may have other types.
    fn begin_again(&mut self, at: usize, now: u64) -> Result<(), OutputError> {
        self.look_at_all(false);
        self.tell_losses(now);
        let path = self.earlier.next_path(&self.output.path);
        let mut recorder = Recorder::start(Output { path, ..self.output.clone() })?;
        self.events.open_again(&mut recorder)?;
        let parts = self.counted();
        self.earlier.end(mem::replace(&mut self.recorder, recorder), parts);
        self.maker.forget(&self.objects[at], &self.objects);
        for watched in &mut self.objects {
            let Some(object) = watched.attached.as_ref().filter(|_| watched.number != at) else {
                // It begins anew if it comes back.
                (watched.parts, watched.known) = (Parts::default(), HashSet::new());
                continue;
            };
            make::describe(watched, object, &mut self.recorder, &self.clock);
            watched.parts.lanes_mut().try_for_each(|lane| lane.move_to(&mut self.recorder))?;
        }
        self.look_at_all(true);
        Ok(())
    }

    /// Returns `true` if the recording is over: it was to end with its objects, and all of them are removed.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let is_away = self.objects.iter().all(|watched| watched.attached.is_none());
        self.recorder.progress().failure.is_some() || self.settings.once && self.had_object && is_away
    }

    /// Writes the messages of the last time into a new file, if the recording keeps them for that.
    ///
    /// Returns `false` if it does not, or if the snapshot before is not complete.
    pub fn save_snapshot(&mut self) -> bool {
        self.recorder.save_snapshot()
    }
}

/// The name of a named object in its directory.
fn name_in_directory(anchor: &Path) -> Option<String> {
    let is_name = anchor.extension().is_some_and(|extension| extension == "shm");
    anchor.file_stem().filter(|_| is_name).map(|name| name.to_string_lossy().into_owned())
}

/// The name of an object that its topics begin with.
fn topic_name(anchor: &Path) -> String {
    let of_file = || anchor.file_name().map(|name| name.to_string_lossy().into_owned());
    name_in_directory(anchor).or_else(of_file).unwrap_or_default()
}
