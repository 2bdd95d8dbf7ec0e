//! Processes that hold the parts of [`Parts`](crate::objects::Parts), or wait for them: the role `holder`.

use std::path::Path;
use std::process::Command;

use crate::peer::{Peer, actor};
use crate::wait;

/// Starts one on the store at `path`. It makes the object if there is none.
pub fn holder(path: &Path) -> Peer {
    holder_with(path, &[])
}

/// Starts one that is killed (`kill`) or stops (`stop`) at a step: see [`shmstore::PART_STEPS`].
pub fn holder_with_failpoint(path: &Path, step: &str, action: &str) -> Peer {
    holder_with(path, &[("SHMSTORE_FAILPOINT", &format!("{step}={action}"))])
}

pub fn holder_with(path: &Path, environment: &[(&str, &str)]) -> Peer {
    spawn(actor("holder").arg(path).envs(environment.iter().copied()))
}

/// Starts one by a command of the caller's, for example through `unshare`.
pub fn spawn(command: &mut Command) -> Peer {
    let mut holder = Peer::spawn(command);
    assert_eq!(holder.answer(), "ok ready");
    holder
}

/// Waits until a process, of one thread, sleeps for a part.
#[track_caller]
pub fn wait_until_asleep(pid: u32) {
    wait::until_true("a process to sleep for a part", || is_asleep(pid));
}

pub fn is_asleep(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/wchan")).is_ok_and(|function| function.contains("futex"))
}

/// Waits until the kernel tells that a process is in a state: `T` stopped, `Z` ended and not reaped.
#[track_caller]
pub fn wait_until_state(pid: u32, state: char) {
    wait::until_true("a process to be in another state", || is_in_state(pid, state));
}

/// Returns `true` if the kernel tells that a process is in a state.
pub fn is_in_state(pid: u32, state: char) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with(state))
}
