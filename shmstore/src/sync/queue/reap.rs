//! Bringing the items of dead processes back to their queue.

use super::core::Core;
use super::protocol::Place;
use crate::sync::atomics::Ordering::Relaxed;
use crate::sync::judge::Judge;
use crate::sys::clock;

/// The least time between two looks that deliveries cause, in milliseconds. Each look asks the kernel for each process
/// that has an item.
const PAUSE: u32 = 10;

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
        let mut judge = Judge::of(self.part);
        let has_reaped = self.consumers.delivery().reap(&self.ring, |token| judge.is_dead(token));
        if has_reaped {
            self.producers.side.wake_without_lock();
        }
        has_reaped
    }
}
