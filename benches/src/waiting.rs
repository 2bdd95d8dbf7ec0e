//! Waiting for many things: its latency, its cost while nothing happens, and the cost of futures.

// In the order of their layers.
mod heap;
mod tasks;
pub mod idle;
pub mod pending;
pub mod wakeups;

use std::ops::Range;
use std::time::Duration;

use shmstore::wait::Newer;
use shmstore::{ReadOnly, Shared, ShmObject, Versioned, WaitError};

/// The number of values that can be waited for.
const VALUES: usize = 10_000;

/// An object with many values.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'W')]
struct Values {
    values: [Versioned<u64>; VALUES],
    /// An order to another process.
    asked: Versioned<u64>,
}

/// A handle of the values.
trait Handle {
    fn wait_newer(&self, at: usize, seen: u64, timeout: Duration) -> Result<(u64, u64), WaitError>;
    fn newer(&self, at: usize, seen: u64) -> Newer<'_, u64>;
}

macro_rules! handle {
    ($($handle:ty),*) => {$(
        impl Handle for $handle {
            fn wait_newer(&self, at: usize, seen: u64, timeout: Duration) -> Result<(u64, u64), WaitError> {
                self.values[at].wait_newer(seen, timeout)
            }

            fn newer(&self, at: usize, seen: u64) -> Newer<'_, u64> {
                self.values[at].newer(seen)
            }
        }
    )*};
}

handle!(Shared<Values>, ReadOnly<Values>);

/// Keeps a handle until the process ends.
fn kept<H>(handle: H) -> &'static H {
    Box::leak(Box::new(handle))
}

/// Numbers that look random: splitmix64.
struct Random(u64);

impl Random {
    fn within(&mut self, range: &Range<u64>) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        range.start + (mixed ^ (mixed >> 31)) % (range.end - range.start)
    }
}
