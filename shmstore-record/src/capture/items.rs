//! The items of a broadcast or a queue: a message for each.

use shmstore::inspect::{Part, Reading};

use super::lane::{Lane, Sink};

/// The most items that are read before other parts have their turn.
const MOST: usize = 1 << 16;

/// A broadcast or a queue.
pub(super) struct Items {
    part: Part,
    lane: Lane,
    is_queue: bool,
    /// The capacity of a broadcast that may be left alone for 10 ms at a million items a second.
    is_roomy: bool,
    /// The position of the next item. `None` before the first look at an object that was there before the recorder.
    next: Option<u64>,
}

/// The items that 20 ms have, at a million a second.
const ROOMY: u64 = 20_000;

impl Items {
    pub(super) fn new(part: Part, lane: Lane, is_queue: bool, capacity: u64, is_new: bool) -> Self {
        Self { part, lane, is_queue, is_roomy: is_queue || capacity >= ROOMY, next: is_new.then_some(0) }
    }

    pub(super) fn lane(&self) -> &Lane {
        &self.lane
    }

    pub(super) fn lane_mut(&mut self) -> &mut Lane {
        &mut self.lane
    }

    /// Returns `true` for a broadcast that is to be looked at often.
    pub(super) fn is_hasty(&self) -> bool {
        !self.is_roomy
    }

    pub(super) fn is_broadcast(&self) -> bool {
        !self.is_queue
    }

    pub(super) fn restart(&mut self, part: impl Fn(&str) -> Option<Part>) {
        if let Some(part) = part(&self.lane.part) {
            (self.part, self.next) = (part, Some(0));
        }
    }

    pub(super) fn poll(&mut self, reading: &Reading<'_>, sink: &mut Sink<'_>) {
        if sink.is_again || self.lane.is_resting(sink) {
            return;
        }
        let looked = if self.is_queue { self.look(reading, sink) } else { self.receive(reading, sink) };
        match looked {
            Ok(()) => self.lane.is_well(),
            Err(why) => self.lane.fails(sink, &why),
        }
    }

    fn receive(&mut self, reading: &Reading<'_>, sink: &mut Sink<'_>) -> Result<(), String> {
        let Some(from) = self.next else {
            let positions = reading.positions(&self.part).map_err(|error| error.to_string())?;
            self.next = Some(positions.end);
            return Ok(());
        };
        let lane = &mut self.lane;
        let mut read = 0;
        let each = |position, item: &[u8]| {
            read += item.len() as u64;
            lane.write(sink, position, &[item]);
        };
        let passed = reading.items(&self.part, from, MOST, each).map_err(|error| error.to_string())?;
        sink.read += read;
        lane.miss(from, passed.missed);
        self.next = Some(passed.next);
        Ok(())
    }

    /// Looks at the items that are not finished. Those that were finished before a look are missed.
    fn look(&mut self, reading: &Reading<'_>, sink: &mut Sink<'_>) -> Result<(), String> {
        let from = self.next.unwrap_or(0);
        let (lane, mut expected, mut read) = (&mut self.lane, from, 0);
        let is_first = self.next.is_none();
        let mut pass = |lane: &mut Lane, position: u64| {
            if position > expected && !is_first {
                lane.miss(expected, position - expected);
            }
            expected = position.wrapping_add(1);
        };
        let each = |position: u64, item: &[u8]| {
            pass(lane, position);
            read += item.len() as u64;
            lane.write(sink, position, &[item]);
        };
        let passed = reading.queued(&self.part, from, each).map_err(|error| error.to_string())?;
        pass(lane, passed.next);
        sink.read += read;
        self.next = Some(passed.next);
        Ok(())
    }
}
