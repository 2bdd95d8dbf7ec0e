//! The limits and settings of the kernel, and the remains of programs that have ended.

use std::fs;

use shmstore::inspect::{self, SegmentState, Usage};

use super::Finding;
use crate::about::{bytes, counted};
use crate::commands::{gc, ls};
use crate::failure::Failure;
use crate::leftovers;

/// The share of a limit from which on it counts as nearly reached: 4 in 5.
const NEARLY: (u64, u64) = (4, 5);

fn is_nearly_reached(used: u64, limit: u64) -> bool {
    u128::from(used) * u128::from(NEARLY.1) >= u128::from(limit) * u128::from(NEARLY.0)
}

/// Checks shmmni, shmall and shmmax.
pub(super) fn limits() -> Result<Vec<Finding>, Failure> {
    Ok(judge(&inspect::usage()?).into())
}

fn judge(usage: &Usage) -> [Finding; 3] {
    // The default before Linux 3.16, which some systems still set.
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
                "remove unused segments (`shmstore gc`); or run `sysctl kernel.shmmni={more}`, and set it in \
                 /etc/sysctl.d"
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
        let cure = format!("remove unused segments; or run `sysctl kernel.shmall={more}` (pages)");
        Finding::mend("shmall", found, cure)
    } else {
        Finding::ok("shmall", found)
    };
    let largest =
        if max_size >= i64::MAX as u64 / 2 { "of any size".into() } else { format!("of up to {}", bytes(max_size)) };
    let found = format!("segments {largest} can be created");
    let largest = if max_size < SMALL {
        Finding::mend("shmmax", found, "run `sysctl kernel.shmmax=18446744073692774399`, the default of the kernel")
    } else {
        Finding::ok("shmmax", found)
    };
    [number, memory, largest]
}

/// Checks `kernel.shm_rmid_forced`, by which the kernel removes every segment that no process has attached.
pub(super) fn removed_when_unused() -> Finding {
    const NAME: &str = "shm_rmid_forced";
    match fs::read_to_string("/proc/sys/kernel/shm_rmid_forced") {
        Ok(text) if text.trim() == "0" => Finding::ok(NAME, "objects outlive the programs that use them"),
        Ok(_) => Finding::mend(
            NAME,
            "the kernel removes a segment when no process has it attached: objects do not outlive the programs that \
             use them",
            "run `sysctl kernel.shm_rmid_forced=0`, and set it in /etc/sysctl.d",
        ),
        Err(error) => Finding::note(NAME, format!("unknown: {error}"), "check that /proc is mounted"),
    }
}

/// Checks which programs see the same segments.
pub(super) fn ipc_namespace() -> Finding {
    const NAME: &str = "IPC namespace";
    // The name of the first namespace: `PROC_IPC_INIT_INO` in the kernel.
    const FIRST: &str = "ipc:[4026531839]";
    match fs::read_link("/proc/self/ns/ipc") {
        Ok(ours) if ours.as_os_str() == FIRST => Finding::ok(NAME, "the machine's own"),
        Ok(ours) => Finding::note(
            NAME,
            format!("{}, as in a container: programs outside of it do not see its objects", ours.display()),
            "run programs that share objects in the same namespace (containers: `--ipc=host` or `--ipc=container:…`)",
        ),
        Err(error) => Finding::note(NAME, format!("unknown: {error}"), "check that /proc is mounted"),
    }
}

/// Checks for abandoned, orphaned, damaged and invisible objects.
pub(super) fn leftovers() -> Result<Vec<Finding>, Failure> {
    const NAME: &str = "leftovers";
    let mut left = gc::leftovers()?;
    let all = inspect::segments()?;
    // The next program that uses the object removes these, and another finding names them.
    left.retain(|left| left.state != SegmentState::Abandoned || leftovers::object_of(left, &all).is_none());
    let (ours, others): (Vec<_>, Vec<_>) = left.iter().partition(|segment| gc::kept(segment).is_none());
    let mut findings = Vec::new();
    if !ours.is_empty() {
        let size = bytes(ours.iter().map(|segment| segment.size).sum());
        let are = if ours.len() == 1 { "is" } else { "are" };
        let count = counted(ours.len(), "segment");
        let found = format!("{count} of {size} {are} abandoned or orphaned, and not in use");
        findings.push(Finding::mend(NAME, found, "`shmstore gc --dry-run` lists them, `shmstore gc` removes them"));
    }
    if !others.is_empty() {
        let are = if others.len() == 1 { "is" } else { "are" };
        let found = format!("{} more {are} in use, or cannot be removed by you", others.len());
        findings.push(Finding::note(NAME, found, "`shmstore gc --dry-run` lists them"));
    }
    if let Some(found) = ls::elsewhere(&all) {
        findings.push(Finding::note("anchors", found, "run this program there: in the container, or with `nsenter`"));
    }
    let damaged = all.iter().filter(|segment| segment.state == SegmentState::Damaged).count();
    if damaged > 0 {
        let count = counted(damaged, "segment");
        let (are, headers) = if damaged == 1 { ("is", "its header") } else { ("are", "their headers") };
        let found = format!("{count} {are} damaged: a program has overwritten {headers}");
        findings.push(Finding::mend(NAME, found, "`shmstore ls` lists them, `shmstore rm` removes them"));
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
