//! Bringing the items of dead processes back to their queue.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::core::Core;
use super::protocol::Place;
use crate::segment::this_process;
use crate::segment::this_process::registry::segment_at;
use crate::sync::atomics::Ordering::Relaxed;
use crate::sys::clock;

/// The least time between two looks that deliveries cause, in milliseconds. Each look asks the kernel for each process
/// that has an item.
const PAUSE: u32 = 10;

/// The time in which one search asks about processes. A peer may have written a token of its own into every slot. The
/// items of processes that were not asked about stay for a later search.
const TO_JUDGE: Duration = Duration::from_millis(100);

impl Core<'_> {
    /// Reaps after a delivery, if an older item is not finished and no process has reaped for a while. `place` is the
    /// one after the last delivered item.
    #[inline(always)]
    pub(super) fn reap_if_due(&self, place: Place) {
        if self.consumers.delivery().has_older(&self.ring, place.position.wrapping_sub(1)) {
            self.reap_unless_done();
        }
    }

    #[cold]
    fn reap_unless_done(self) {
        let (now, reaped) = (clock::milliseconds(), &self.consumers.reaped);
        // In another time namespace the clock differs, and this process reaps more often.
        if now.wrapping_sub(reaped.load(Relaxed)) >= PAUSE {
            reaped.store(now, Relaxed);
            self.reap();
        }
    }

    /// Brings the items of dead processes back to the queue. Returns `true` if there may be an item now.
    #[cold]
    pub(super) fn reap(self) -> bool {
        let ours = this_process::token();
        // The segment is looked up only if another process has an item. Each process is checked once.
        let segment = OnceCell::new();
        let (mut judged, mut started) = (HashMap::<u32, bool>::new(), None);
        let is_dead = |token| {
            if token == ours {
                return false;
            }
            if let Some(is_dead) = judged.get(&token) {
                return *is_dead;
            }
            if started.get_or_insert_with(Instant::now).elapsed() >= TO_JUDGE {
                return false;
            }
            let segment = segment.get_or_init(|| segment_at(self.part.address()));
            let is_dead = segment.as_ref().is_some_and(|segment| segment.token_is_dead(token));
            judged.insert(token, is_dead);
            is_dead
        };
        let has_reaped = self.consumers.delivery().reap(&self.ring, is_dead);
        if has_reaped {
            self.producers.side.wake_without_lock();
        }
        has_reaped
    }
}
