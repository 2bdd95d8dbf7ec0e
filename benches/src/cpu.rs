//! Which processor a process runs on.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use crate::Failure;

/// The processor of the process that measures, and that of its partner; the same one if there is but one.
pub fn pair() -> Result<[usize; 2], Failure> {
    let allowed = sched_getaffinity(Pid::from_raw(0))?;
    let mut allowed = (0..CpuSet::count()).filter(|&cpu| allowed.is_set(cpu).unwrap_or(false));
    let first = allowed.next().ok_or("no processor to run on")?;
    Ok([first, allowed.next().unwrap_or(first)])
}

/// Stays on one processor from here on.
pub fn pin(cpu: usize) -> Result<(), Failure> {
    let mut set = CpuSet::new();
    set.set(cpu)?;
    Ok(sched_setaffinity(Pid::from_raw(0), &set)?)
}
