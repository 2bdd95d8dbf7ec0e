//! A clock that all processes of a machine share: `Instant` is the same one, but does not let its number be handed on.

use std::time::Duration;

use nix::errno::Errno;
use nix::time::{ClockId, clock_gettime};

/// Nanoseconds of `CLOCK_MONOTONIC`: since the machine was started, about. Processes in different time namespaces see
/// different numbers.
pub(super) fn now() -> Result<u64, Errno> {
    let now = Duration::from(clock_gettime(ClockId::CLOCK_MONOTONIC)?);
    // 584 years fit.
    Ok(now.as_nanos() as u64)
}
