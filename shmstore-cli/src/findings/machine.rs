//! The kernel's limits and settings, and what is left of programs that have ended.

use std::fs;

use shmstore::inspect::{self, SegmentState, Usage};

use super::Finding;
use crate::about::{bytes, counted};
use crate::commands::{gc, ls};
use crate::failure::Failure;

/// A share of a limit from which on it is nearly reached: 4 in 5.
const NEARLY: (u64, u64) = (4, 5);

fn is_nearly_reached(used: u64, limit: u64) -> bool {
    u128::from(used) * u128::from(NEARLY.1) >= u128::from(limit) * u128::from(NEARLY.0)
}

/// shmmni, shmall, shmmax.
pub(super) fn limits() -> Result<Vec<Finding>, Failure> {
    Ok(judge(&inspect::usage()?).into())
}

fn judge(usage: &Usage) -> [Finding; 3] {
    // What was the default before Linux 3.16, which some systems still set.
    const SMALL: u64 = 32 << 20;
    let page = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).ok().flatten().unwrap_or(4096) as u64;
    let &Usage { segments, segment_limit, pages, page_limit, max_size, .. } = usage;
    let are = if segments == 1 { "is" } else { "are" };
    let found = format!("{segments} of {segment_limit} segments {are} in use");
    let number = if is_nearly_reached(segments, segment_limit) {
        let more = segment_limit.saturating_mul(2).min(32_768);
        Finding::mend(
            "shmmni",
            found,
            format!(
                "remove what nobody uses (`shmstore gc`), or `sysctl kernel.shmmni={more}` and a line of it in /etc/sysctl.d"
            ),
        )
    } else {
        Finding::ok("shmmni", found)
    };
    let unlimited = page_limit >= u64::MAX / page / 2;
    let limit = if unlimited { "unlimited memory".into() } else { bytes(page_limit.saturating_mul(page)) };
    let found = format!("{} of {limit} are in use by segments", bytes(pages.saturating_mul(page)));
    let memory = if is_nearly_reached(pages, page_limit) {
        let more = page_limit.saturating_mul(2);
        Finding::mend("shmall", found, format!("remove what nobody uses, or `sysctl kernel.shmall={more}` (pages)"))
    } else {
        Finding::ok("shmall", found)
    };
    let largest =
        if max_size >= i64::MAX as u64 / 2 { "of any size".into() } else { format!("of up to {}", bytes(max_size)) };
    let found = format!("segments {largest} may be made");
    let largest = if max_size < SMALL {
        Finding::mend("shmmax", found, "`sysctl kernel.shmmax=18446744073692774399`, which is the kernel's default")
    } else {
        Finding::ok("shmmax", found)
    };
    [number, memory, largest]
}

/// `kernel.shm_rmid_forced`: whether the kernel removes what nobody has attached.
pub(super) fn removed_when_unused() -> Finding {
    const NAME: &str = "shm_rmid_forced";
    match fs::read_to_string("/proc/sys/kernel/shm_rmid_forced") {
        Ok(text) if text.trim() == "0" => Finding::ok(NAME, "segments live on while nobody has them attached"),
        Ok(_) => Finding::mend(
            NAME,
            "the kernel removes every segment that nobody has attached: objects do not outlive the programs that use them",
            "`sysctl kernel.shm_rmid_forced=0`, and a line of it in /etc/sysctl.d",
        ),
        Err(error) => Finding::note(NAME, format!("cannot be told: {error}"), "see whether /proc is mounted"),
    }
}

/// Which programs see the same segments.
pub(super) fn ipc_namespace() -> Finding {
    const NAME: &str = "IPC namespace";
    // What the kernel calls the first one: `PROC_IPC_INIT_INO`.
    const FIRST: &str = "ipc:[4026531839]";
    match fs::read_link("/proc/self/ns/ipc") {
        Ok(ours) if ours.as_os_str() == FIRST => Finding::ok(NAME, "the machine's own"),
        Ok(ours) => Finding::note(
            NAME,
            format!("one of its own, {}, as in a container: programs outside do not see its objects", ours.display()),
            "programs that are to share objects must be in the same one (`--ipc=host` or `--ipc=container:…` for containers)",
        ),
        Err(error) => Finding::note(NAME, format!("cannot be told: {error}"), "see whether /proc is mounted"),
    }
}

/// What nobody can use, and what nobody can read.
pub(super) fn leftovers() -> Result<Vec<Finding>, Failure> {
    const NAME: &str = "leftovers";
    let left = gc::leftovers()?;
    let (ours, others): (Vec<_>, Vec<_>) = left.iter().partition(|segment| gc::kept(segment).is_none());
    let mut findings = Vec::new();
    if !ours.is_empty() {
        let size = bytes(ours.iter().map(|segment| segment.size).sum());
        let are = if ours.len() == 1 { "is" } else { "are" };
        let count = counted(ours.len(), "segment");
        let found = format!("{count}, {size}, {are} abandoned or orphaned, and used by nobody");
        findings.push(Finding::mend(NAME, found, "`shmstore gc --dry-run` shows them, `shmstore gc` removes them"));
    }
    if !others.is_empty() {
        let are = if others.len() == 1 { "is" } else { "are" };
        let found = format!("{} more {are} in use, or not yours to remove", others.len());
        findings.push(Finding::note(NAME, found, "`shmstore gc --dry-run` says which"));
    }
    let all = inspect::segments()?;
    if let Some(found) = ls::elsewhere(&all) {
        findings.push(Finding::note("anchors", found, "look from there, such as by `nsenter` or in the container"));
    }
    let damaged = all.iter().filter(|segment| segment.state == SegmentState::Damaged).count();
    if damaged > 0 {
        let count = counted(damaged, "segment");
        let (are, headers) = if damaged == 1 { ("is", "its header") } else { ("are", "their headers") };
        let found = format!("{count} {are} damaged: something has written over {headers}");
        findings.push(Finding::mend(NAME, found, "`shmstore ls` shows them, `shmstore rm` removes them"));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(NAME, "none"));
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_is_nearly_reached_from_four_fifths_on() {
        assert!(!is_nearly_reached(3276, 4096));
        assert!(is_nearly_reached(3277, 4096));
        assert!(is_nearly_reached(u64::MAX, u64::MAX));
        assert!(!is_nearly_reached(1 << 40, u64::MAX));
    }
}
