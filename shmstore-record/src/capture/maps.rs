//! Maps: a message for each key that is set or removed.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Instant;

use shmstore::inspect::{Part, Reading};

use super::lane::{Lane, Sink};
use crate::message::Message;

/// The most bytes of values that are kept for the messages of removals. Beyond it they have zeros.
const MOST_KEPT: usize = 16 << 20;

/// A map is looked at for at most this part of the time, because each look copies all its entries.
const SHARE: u64 = 20;

/// A map.
pub(super) struct MapWatch {
    part: Part,
    lane: Lane,
    known: HashMap<Box<[u8]>, Known>,
    kept: usize,
    /// The insertions and removals that were seen. `None` before the first look.
    changes: Option<u64>,
    /// The number of looks, which marks the keys that are still there.
    look: u64,
    next: u64,
    is_new: bool,
}

/// The state of a key.
struct Known {
    version: u64,
    look: u64,
    value: Option<Box<[u8]>>,
}

impl MapWatch {
    pub(super) fn new(part: Part, lane: Lane, is_new: bool) -> Self {
        Self { part, lane, known: HashMap::new(), kept: 0, changes: None, look: 0, next: 0, is_new }
    }

    pub(super) fn lane(&self) -> &Lane {
        &self.lane
    }

    pub(super) fn lane_mut(&mut self) -> &mut Lane {
        &mut self.lane
    }

    /// The keys of the next object in the same place are set, and those that it does not have are removed.
    pub(super) fn restart(&mut self, part: impl Fn(&str) -> Option<Part>) {
        if let Some(part) = part(&self.lane.part) {
            self.part = part;
            (self.changes, self.is_new) = (None, true);
            self.known.values_mut().for_each(|known| known.version = 0);
        }
    }

    pub(super) fn poll(&mut self, reading: &Reading<'_>, sink: &mut Sink<'_>, is_last: bool) {
        let is_due = sink.now >= self.next || is_last || sink.is_again;
        if !is_due || self.lane.is_resting(sink) {
            return;
        }
        let start = Instant::now();
        match self.look(reading, sink) {
            Ok(()) => self.lane.is_well(),
            Err(why) => self.lane.fails(sink, &why),
        }
        let took = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.next = sink.now.saturating_add(took.saturating_mul(SHARE));
    }

    fn look(&mut self, reading: &Reading<'_>, sink: &mut Sink<'_>) -> Result<(), String> {
        if sink.is_again {
            return self.write_again(reading, sink);
        }
        let changes = reading.changes(&self.part).map_err(|error| error.to_string())?.unwrap_or(0);
        self.look += 1;
        let (mut came, is_first) = (0, self.changes.is_none());
        let Self { part, lane, known, kept, look, .. } = self;
        let is_same = self.changes == Some(changes);
        let op = if is_first && !self.is_new { Message::PRESENT } else { Message::SET };
        let keys = RefCell::new(&mut *known);
        let is_wanted = |key: &[u8], version: u64| {
            let mut keys = keys.borrow_mut();
            let old = keys.get_mut(key);
            old.is_none_or(|old| {
                old.look = *look;
                old.version != version
            })
        };
        let each = |key: &[u8], version: u64, value: &[u8]| {
            let mut keys = keys.borrow_mut();
            if let Some(old) = keys.get_mut(key) {
                if is_same && version > old.version {
                    // The key was there all the time, so its versions have no gap.
                    lane.miss(old.version + 1, version - old.version - 1);
                }
                (old.version, old.value) = (version, keep(kept, old.value.take(), value));
            } else {
                came += 1;
                let value = keep(kept, None, value);
                keys.insert(key.into(), Known { version, look: *look, value });
            }
            sink.read += value.len() as u64;
            lane.write(sink, version, &[&[op][..], key, value]);
        };
        reading.entries(part, is_wanted, each).map_err(|error| error.to_string())?;
        let zeros = vec![0; lane.body.sizes().last().copied().flatten().unwrap_or(0)];
        let gone = known.iter().filter(|(_, of)| of.look != *look).map(|(key, _)| key.clone());
        let gone: Vec<Box<[u8]>> = gone.collect();
        for key in &gone {
            let Some(of) = known.remove(key) else { continue };
            *kept -= of.value.as_ref().map_or(0, |value| value.len());
            let value = of.value.as_deref().unwrap_or(&zeros);
            lane.write(sink, of.version, &[&[Message::REMOVED][..], key, value]);
        }
        if let Some(before) = self.changes.filter(|_| !is_same) {
            // Keys that came and went between two looks.
            let passed = changes.saturating_sub(before);
            lane.miss(before + 1, passed.saturating_sub(came + gone.len() as u64));
        }
        self.changes = Some(changes);
        Ok(())
    }

    /// Writes the keys that are known, for another file. The next look finds the others, and counts newer values.
    fn write_again(&mut self, reading: &Reading<'_>, sink: &mut Sink<'_>) -> Result<(), String> {
        let Self { part, lane, known, .. } = self;
        let is_wanted = |key: &[u8], _| known.contains_key(key);
        let each = |key: &[u8], version: u64, value: &[u8]| {
            lane.repeat(sink, version, &[&[Message::PRESENT][..], key, value]);
        };
        reading.entries(part, is_wanted, each).map_err(|error| error.to_string())
    }
}

/// Keeps a value in place of the old one, if there is room.
fn keep(kept: &mut usize, old: Option<Box<[u8]>>, value: &[u8]) -> Option<Box<[u8]>> {
    *kept -= old.as_ref().map_or(0, |old| old.len());
    let has_room = *kept + value.len() <= MOST_KEPT;
    *kept += if has_room { value.len() } else { 0 };
    has_room.then(|| value.into())
}
