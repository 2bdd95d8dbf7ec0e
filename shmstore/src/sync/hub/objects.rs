//! The objects for whose parts something waits: whether they were removed, and whether their anchors are still there.

use std::ops::Range;
use std::task::Waker;
use std::time::{Duration, Instant};

use super::{Hub, Wake};
use crate::segment::this_process::registry::{SegmentRef, segment_at};

/// The most objects that are checked after a slice, by a system call each. The next slice goes on with the others.
const MOST: usize = 64;

/// The time between two checks of the anchors.
const ANCHOR_PAUSE: Duration = Duration::from_secs(1);

/// Where the next check begins.
pub(super) struct Objects {
    from: usize,
    /// The start of the last round in which the anchors were checked.
    anchors_checked: Instant,
    checks_anchors: bool,
}

impl Default for Objects {
    fn default() -> Self {
        Self { from: 0, anchors_checked: Instant::now(), checks_anchors: false }
    }
}

impl Objects {
    /// Wakes the waiters for parts of objects that were removed, or have lost their anchors.
    pub(super) fn check(&mut self, hub: &Hub, wakes: &mut Vec<Wake<Waker>>) {
        if self.from == 0 {
            self.checks_anchors = self.anchors_checked.elapsed() >= ANCHOR_PAUSE;
            if self.checks_anchors {
                self.anchors_checked = Instant::now();
            }
        }
        // The references keep the segments mapped. They are dropped while the table is not locked, because the drop of
        // the last one locks it.
        for segment in self.next(hub) {
            let is_lost = segment.is_removed() || self.checks_anchors && segment.lost_anchor().is_some();
            if is_lost {
                hub.lock().check(range_of(&segment), wakes);
            }
        }
    }

    /// The next objects.
    fn next(&mut self, hub: &Hub) -> Vec<SegmentRef> {
        let table = hub.lock();
        let mut found = Vec::new();
        while let Some(address) = table.words.next_address(self.from) {
            if found.len() == MOST {
                return found;
            }
            match segment_at(address) {
                Some(segment) => {
                    self.from = range_of(&segment).end;
                    found.push(segment);
                }
                None => self.from = address + 1,
            }
        }
        self.from = 0;
        found
    }
}

fn range_of(segment: &SegmentRef) -> Range<usize> {
    let start = segment.mapping().base().addr().get();
    start..start + segment.mapping().len()
}
