//! The end of all children: before the store's directory goes, however the run ends.

use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
use nix::unistd::Pid;

use super::os::{self, now};

/// How long a child that was killed may take to end.
const DEADLINE: u64 = 10_000_000_000;

/// Kills and reaps all children, however this ends: before the store's directory goes.
pub(super) struct Herd;

impl Drop for Herd {
    fn drop(&mut self) {
        let deadline = now() + DEADLINE;
        while let Ok(status) = waitid(Id::All, WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT) {
            if let Some(pid) = status.pid() {
                let _ = waitpid(pid, None);
                continue;
            }
            for pid in children() {
                os::kill_now(pid);
            }
            assert!(now() < deadline, "a child does not end");
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }
}

/// Our children, those included whose parents have died.
fn children() -> Vec<Pid> {
    let us = Pid::this();
    let text = std::fs::read_to_string(format!("/proc/{us}/task/{us}/children")).unwrap_or_default();
    text.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).map(Pid::from_raw).collect()
}
