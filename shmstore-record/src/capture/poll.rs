//! One poll: a look at all objects.

use serde_json::json;

use super::events::Kind;
use super::lane::Sink;
use super::make;
use super::object::{Look, Watched};
use super::{Capture, OutputError};

/// A period without a change, in nanoseconds, after which all parts are looked at less often.
const CALM: u64 = 1_000_000_000;
/// The period between two looks then.
const SLOW: u64 = 10_000_000;
/// The period between two looks whether objects are removed.
const CHECK: u64 = 100_000_000;
/// The period between events about losses.
const LOSSES: u64 = 1_000_000_000;
/// The same between two texts about all parts, if there are many, because a text takes some microseconds each.
const SELDOM: u64 = 10_000_000_000;
/// So many parts are many.
const MANY: usize = 1000;
/// The bytes after which broadcasts have their turn.
const TURN: u64 = 1 << 20;

impl Capture {
    /// Looks at all objects once, and records what has changed.
    ///
    /// After a second without a change, a call only looks at broadcasts that have room for few items. Each 10 ms it
    /// looks at all.
    ///
    /// # Errors
    ///
    /// [`OutputError::TooManyChannels`] if an object has grown too much.
    pub fn poll(&mut self) -> Result<(), OutputError> {
        self.recorder.hold();
        let polled = self.look();
        self.recorder.release();
        polled
    }

    fn look(&mut self) -> Result<(), OutputError> {
        self.begin_file_if_due();
        let now = self.clock.now();
        if now < self.next_full && !self.look.is_last && now.saturating_sub(self.last_change) > CALM {
            self.receive(true);
            return Ok(());
        }
        self.next_full = now + SLOW;
        self.receive(false);
        self.follow(now)?;
        self.look_at_all(false);
        self.events.flush(&mut self.recorder);
        if now >= self.next_losses {
            self.next_losses = now + LOSSES;
            if let Some(step) = self.clock.step() {
                self.events.note(format!("the system's clock was set by {:.3} s", step as f64 / 1e9));
                self.events.tell(&mut self.recorder, now, Kind::Clock, json!({ "step": step }));
            }
            self.tell_losses(now);
            self.set_gaps(now);
        }
        Ok(())
    }

    /// Begins the next file with the state of all parts, if it is time.
    fn begin_file_if_due(&mut self) {
        while self.recorder.wants_state(self.clock.now()) {
            self.look_at_all(true);
        }
    }

    /// Sets what a file says at its end, if it ends before the recording.
    fn set_gaps(&mut self, now: u64) {
        let lanes = || self.objects.iter().flat_map(|watched| watched.parts.lanes());
        // Any change counts, and hostile versions may have missed any number.
        let counts = lanes().flat_map(|lane| [lane.counts.recorded, lane.counts.missed, lane.counts.dropped]);
        let all = counts.fold(0, u64::wrapping_add);
        if self.output.split.is_none() || all == self.gaps_of || now < self.next_gaps {
            return;
        }
        self.next_gaps = now + if lanes().count() > MANY { SELDOM } else { 0 };
        self.gaps_of = all;
        let gaps = self.gaps();
        self.recorder.gaps(gaps);
    }

    /// Returns `true` if nothing has changed for a second, and no broadcast needs a look each millisecond.
    pub(super) fn is_calm(&self) -> bool {
        let is_hasty = |watched: &Watched| watched.attached.is_some() && watched.is_hasty();
        self.clock.now().saturating_sub(self.last_change) > CALM && !self.objects.iter().any(is_hasty)
    }

    /// Looks at all parts. `is_again`: writes their present state, for a file that has just begun.
    pub(super) fn look_at_all(&mut self, is_again: bool) {
        let Self { recorder, events, objects, look, clock, .. } = self;
        let now = clock.now();
        let mut sink = Sink { recorder, events, now, failures: 0, has_changed: false, read: 0, is_again };
        let mut turn = TURN;
        for at in 0..objects.len() {
            for step in 0..objects[at].steps() {
                objects[at].poll(step, &mut sink, look);
                while !is_again && sink.recorder.wants_state(sink.now) {
                    write_state(objects, &mut sink, look);
                }
                if sink.read < turn {
                    continue;
                }
                turn = sink.read + TURN;
                sink.now = clock.now();
                if !is_again {
                    objects.iter_mut().for_each(|one| one.receive(&mut sink, look, false));
                }
            }
        }
        if sink.has_changed {
            self.last_change = now;
        }
    }

    /// Receives the items of broadcasts.
    fn receive(&mut self, only_hasty: bool) {
        let Self { recorder, events, objects, look, clock, .. } = self;
        let now = clock.now();
        let mut sink = Sink { recorder, events, now, failures: 0, has_changed: false, read: 0, is_again: false };
        objects.iter_mut().for_each(|one| one.receive(&mut sink, look, only_hasty));
        if sink.has_changed {
            self.last_change = now;
        }
    }

    /// Follows objects that grow, move or are removed.
    fn follow(&mut self, now: u64) -> Result<(), OutputError> {
        for at in 0..self.objects.len() {
            let watched = &mut self.objects[at];
            let Some(object) = &mut watched.attached else { continue };
            if object.is_moving() {
                // Another process may wait until nobody has it attached. The list of objects brings it back.
                watched.attached = None;
                continue;
            }
            let is_checked = now >= watched.next_check;
            if is_checked {
                watched.next_check = now + CHECK;
            }
            if is_checked && object.is_removed() {
                self.let_go(at, now);
                continue;
            }
            match object.refresh() {
                Ok(false) => {}
                Ok(true) => self.grow(at, now)?,
                Err(error) => {
                    let (path, why) = (watched.place.path.to_string_lossy().into_owned(), error.to_string());
                    self.events.note(format!("{path} cannot be read any more: {why}"));
                    let of = json!({ "object": watched.number, "path": path, "why": why });
                    self.events.tell(&mut self.recorder, now, Kind::Unreadable, of);
                    watched.attached = None;
                }
            }
        }
        Ok(())
    }

    /// Takes the last values of a removed object.
    pub(super) fn let_go(&mut self, at: usize, now: u64) {
        let Self { recorder, events, objects, look, .. } = self;
        let mut sink = Sink { recorder, events, now, failures: 0, has_changed: false, read: 0, is_again: false };
        let was_last = std::mem::replace(&mut look.is_last, true);
        for step in 0..objects[at].steps() {
            objects[at].poll(step, &mut sink, look);
        }
        look.is_last = was_last;
        let watched = &mut objects[at];
        watched.attached = None;
        let path = watched.place.path.to_string_lossy().into_owned();
        events.note(format!("the object at {path} was removed"));
        let of = json!({ "object": watched.number, "path": path, "nonce": watched.nonce.to_string() });
        events.tell(recorder, now, Kind::Removed, of);
    }

    /// Makes channels for the new parts of an object.
    fn grow(&mut self, at: usize, now: u64) -> Result<(), OutputError> {
        let watched = &mut self.objects[at];
        let Some(Ok(parts)) = watched.attached.as_ref().map(shmstore::inspect::Object::parts) else { return Ok(()) };
        let mut place = make::Place {
            recorder: &mut self.recorder,
            events: &mut self.events,
            settings: &self.settings,
            now,
            is_new: true,
        };
        let added = self.maker.add(watched, parts, &mut place)?;
        if let Some(object) = &watched.attached {
            watched.layout = object.schema().prefix_hashes();
            make::describe(watched, object, &mut self.recorder, &self.clock);
        }
        let path = watched.place.path.to_string_lossy().into_owned();
        self.events.note(format!("the object at {path} has grown: {added} new parts are recorded"));
        let of = json!({ "object": watched.number, "path": path, "parts": added });
        self.events.tell(&mut self.recorder, now, Kind::Grown, of);
        Ok(())
    }
}

/// Writes the present state of all parts into the file that has just begun.
fn write_state(objects: &mut [Watched], sink: &mut Sink<'_>, look: &mut Look) {
    sink.is_again = true;
    for watched in objects {
        (0..watched.steps()).for_each(|step| watched.poll(step, sink, look));
    }
    sink.is_again = false;
}
