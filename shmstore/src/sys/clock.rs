//! A clock that is cheap to read.

use nix::time::{ClockId, clock_gettime};

/// Milliseconds since some time, the same for all processes of a time namespace, to a few milliseconds. It wraps after
/// 49 days. Always 0 if the kernel has no such clock.
pub(crate) fn milliseconds() -> u32 {
    clock_gettime(ClockId::CLOCK_MONOTONIC_COARSE)
        .map_or(0, |now| (now.tv_sec() as u32).wrapping_mul(1000).wrapping_add(now.tv_nsec() as u32 / 1_000_000))
}
