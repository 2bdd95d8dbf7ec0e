//! `Versioned` parts: a message when the version has changed.

use shmstore::inspect::{Part, Reading};

use super::lane::{Lane, Sink};

/// The `Versioned` parts of an object. What each poll touches lies together, apart from the channels.
#[derive(Default)]
pub(super) struct States {
    seen: Vec<Seen>,
    lanes: Vec<Lane>,
}

struct Seen {
    part: Part,
    /// The version of the newest message. `None` before the first look at an object that was there before the recorder.
    version: Option<u64>,
}

impl States {
    /// `is_new`: the object was created while the recorder ran, so versions from 1 on are missed if they are not seen.
    pub(super) fn add(&mut self, part: Part, lane: Lane, is_new: bool) {
        self.seen.push(Seen { part, version: is_new.then_some(0) });
        self.lanes.push(lane);
    }

    pub(super) fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    pub(super) fn lanes_mut(&mut self) -> &mut [Lane] {
        &mut self.lanes
    }

    /// Takes the parts of the next object in the same place, in the same order.
    pub(super) fn restart(&mut self, mut part: impl FnMut(&str) -> Option<Part>) {
        for (seen, lane) in self.seen.iter_mut().zip(&self.lanes) {
            if let Some(part) = part(&lane.part) {
                *seen = Seen { part, version: Some(0) };
            }
        }
    }

    pub(super) fn poll(&mut self, reading: &Reading<'_>, sink: &mut Sink<'_>, value: &mut Vec<u8>) {
        for (seen, lane) in self.seen.iter_mut().zip(&mut self.lanes) {
            match reading.changes(&seen.part) {
                Ok(Some(version)) if Some(version) == seen.version && !sink.is_again => {}
                Ok(None | Some(0)) => {}
                Ok(Some(_)) if lane.is_resting(sink) => {}
                Ok(Some(_)) => match reading.load_into(&seen.part, value) {
                    Ok(version) => seen.write(version, value, lane, sink),
                    Err(error) => lane.fails(sink, &error),
                },
                Err(_) if lane.is_resting(sink) => {}
                Err(error) => lane.fails(sink, &error),
            }
        }
    }
}

impl Seen {
    fn write(&mut self, version: u64, value: &[u8], lane: &mut Lane, sink: &mut Sink<'_>) {
        lane.is_well();
        sink.read += value.len() as u64;
        if sink.is_again && Some(version) == self.version {
            return lane.repeat(sink, version, &[value]);
        }
        if let Some(seen) = self.version.filter(|seen| version > *seen) {
            lane.miss(seen.wrapping_add(1), version - seen - 1);
        }
        self.version = Some(version);
        lane.write(sink, version, &[value]);
    }
}
