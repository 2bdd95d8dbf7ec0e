//! `Versioned` parts: a message when the version has changed.

use shmstore::inspect::{Part, Reading, Versions};

use super::lane::{Lane, Sink};

/// The `Versioned` parts of an object. What each poll touches lies together, apart from the channels.
#[derive(Default)]
pub(super) struct States {
    versions: Versions,
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
        self.versions.push(&part);
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
        for (index, (seen, lane)) in self.seen.iter_mut().zip(&self.lanes).enumerate() {
            if let Some(part) = part(&lane.part) {
                self.versions.replace(index, &part);
                *seen = Seen { part, version: Some(0) };
            }
        }
    }

    pub(super) fn poll(&mut self, reading: &Reading<'_>, sink: &mut Sink<'_>, value: &mut Vec<u8>) {
        let Self { versions, seen, lanes } = self;
        if sink.is_again {
            seen.iter_mut().zip(lanes).for_each(|(seen, lane)| _ = seen.poll(reading, lane, sink, value));
            return;
        }
        reading.changed(versions, |index| seen[index].poll(reading, &mut lanes[index], sink, value));
    }
}

impl Seen {
    /// Returns `true` if there is nothing more to record until the next change.
    fn poll(&mut self, reading: &Reading<'_>, lane: &mut Lane, sink: &mut Sink<'_>, value: &mut Vec<u8>) -> bool {
        match reading.changes(&self.part) {
            Ok(Some(version)) if Some(version) == self.version && !sink.is_again => return true,
            Ok(None | Some(0)) => return true,
            _ if lane.is_resting(sink) => {}
            Ok(Some(_)) => match reading.load_into(&self.part, value) {
                Ok(version) => {
                    self.write(version, value, lane, sink);
                    return true;
                }
                Err(error) => lane.fails(sink, &error),
            },
            Err(error) => lane.fails(sink, &error),
        }
        false
    }

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
