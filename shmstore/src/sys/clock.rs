//! Clocks of the kernel.

use nix::time::{ClockId, clock_gettime};

/// Milliseconds since some time, the same for all processes of a time namespace, to a few milliseconds. It wraps after
/// 49 days. Always 0 if the kernel has no such clock.
pub(crate) fn milliseconds() -> u32 {
    clock_gettime(ClockId::CLOCK_MONOTONIC_COARSE)
        .map_or(0, |now| (now.tv_sec() as u32).wrapping_mul(1000).wrapping_add(now.tv_nsec() as u32 / 1_000_000))
}

/// Nanoseconds since the machine has booted, with the time in which it was suspended. It is the same for all processes
/// of a time namespace. Always 0 if the kernel has no such clock.
pub(crate) fn since_boot() -> u64 {
    clock_gettime(ClockId::CLOCK_BOOTTIME)
        .map_or(0, |now| (now.tv_sec() as u64).saturating_mul(1_000_000_000).saturating_add(now.tv_nsec() as u64))
}
