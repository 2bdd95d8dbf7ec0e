//! Atomics, locks and events: all of an object in one message, some times a second.

use shmstore::inspect::{Part, Reading};

use super::lane::{Lane, Sink};

/// The atomics of an object that had the same layout when they were found.
pub(super) struct Atomics {
    parts: Vec<Part>,
    lane: Lane,
    /// The values of the newest message, one after the other. Empty before the first one.
    newest: Vec<u8>,
    samples: u64,
    next: u64,
}

impl Atomics {
    pub(super) fn new(parts: Vec<Part>, lane: Lane) -> Self {
        Self { parts, lane, newest: Vec::new(), samples: 0, next: 0 }
    }

    pub(super) fn lane(&self) -> &Lane {
        &self.lane
    }

    pub(super) fn lane_mut(&mut self) -> &mut Lane {
        &mut self.lane
    }

    pub(super) fn restart(&mut self, part: impl Fn(&str) -> Option<Part>) {
        for old in &mut self.parts {
            if let Some(part) = part(&old.path().to_string()) {
                *old = part;
            }
        }
        self.newest.clear();
    }

    /// Looks at them if a period is over. `is_last`: in any case.
    pub(super) fn poll(
        &mut self,
        reading: &Reading<'_>,
        sink: &mut Sink<'_>,
        value: &mut Vec<u8>,
        period: u64,
        is_last: bool,
    ) {
        let is_due = sink.now >= self.next || is_last;
        if !(is_due || sink.is_again) || self.lane.is_resting(sink) {
            return;
        }
        let mut all = Vec::with_capacity(self.newest.len());
        for part in &self.parts {
            match reading.load_into(part, value) {
                Ok(_) => all.extend_from_slice(value),
                Err(error) => return self.lane.fails(sink, &error),
            }
        }
        self.lane.is_well();
        if sink.is_again {
            write(&mut self.lane, sink, self.samples, &all);
        } else {
            // Periods begin at multiples, so that they do not drift.
            self.next = (sink.now / period + 1) * period;
        }
        if !sink.is_again && all != self.newest {
            self.samples += 1;
            write(&mut self.lane, sink, self.samples, &all);
            self.newest = all;
        }
    }
}

/// Writes values that lie one after the other.
fn write(lane: &mut Lane, sink: &mut Sink<'_>, sample: u64, mut all: &[u8]) {
    let mut pieces = Vec::with_capacity(lane.body.sizes().len());
    for size in lane.body.sizes() {
        let Some((piece, rest)) = all.split_at_checked(size.unwrap_or(0)) else { break };
        pieces.push(piece);
        all = rest;
    }
    if sink.is_again { lane.repeat(sink, sample, &pieces) } else { lane.write(sink, sample, &pieces) }
}
