//! Checks of one path: whether it is fit to be an anchor, and whether its objects can be used.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use shmstore::Store;
use shmstore::inspect::{Segment, SegmentState};

use super::{Finding, cleaning};
use crate::about::{Users, called, state};
use crate::anchors::anchor;
use crate::failure::Failure;
use crate::selection;
use crate::text::{shown, shown_path};

pub(super) fn of(path: &Path) -> Result<Vec<Finding>, Failure> {
    let subject = shown_path(path);
    let Ok(anchor) = anchor(path) else {
        let advice = "`Store::open_or_create` creates the directory, and so does `mkdir -m 700`";
        return Ok(vec![Finding::mend(&subject, "it does not exist", advice)]);
    };
    let mut findings = match Store::open(&anchor) {
        Ok(store) => {
            let warning = |warning: &shmstore::error::Warning| {
                let advice = match warning {
                    shmstore::error::Warning::HardLinked { .. } => {
                        "nothing to do if the same objects shall have two names; otherwise remove one file, and \
                         create it again"
                    }
                    _ => "nothing to do if you trust these users",
                };
                Finding::mend(&subject, shown(&warning.to_string()), advice)
            };
            let mut findings: Vec<Finding> = store.warnings().iter().map(warning).collect();
            if findings.is_empty() {
                findings.push(Finding::ok(&subject, fit(&anchor)?));
            }
            findings
        }
        // The error has its own advice.
        Err(error) => vec![Finding { advice: None, ..Finding::mend(&subject, shown(&error.to_string()), "") }],
    };
    findings.extend(holder(&anchor).map(|holder| locked(&holder, &subject)));
    findings.extend(fs::canonicalize(&anchor).ok().and_then(|anchor| cleaning::of(Path::new("/"), &anchor)));
    // A path that cannot be read has a finding already.
    let segments = selection::at(path).unwrap_or_default();
    findings.extend(segments.iter().filter_map(|segment| of_segment(segment, &subject)));
    Ok(findings)
}

/// Checks a segment.
fn of_segment(segment: &Segment, subject: &str) -> Option<Finding> {
    let (name, detail) = (called(segment), segment.detail.as_deref().map(shown));
    Some(match (segment.state, detail) {
        (SegmentState::Damaged | SegmentState::OtherFormat, _) => {
            let advice = "remove it with `shmstore rm`, or use the shmstore that created it";
            Finding::mend(subject, format!("{name} is {}", state(segment)), advice)
        }
        (SegmentState::NewerFormat, _) => {
            Finding::mend(subject, format!("{name} is {}", state(segment)), "update this program")
        }
        (SegmentState::Unreadable, Some(detail)) => {
            let advice = "see `dmesg`: the memory or the swap space may have failed";
            Finding::mend(subject, format!("{name} cannot be read: {detail}"), advice)
        }
        (SegmentState::Unreadable, None) => {
            let owner = Users::default().shown(segment.owner);
            let found = format!("you may not read {name} of {owner}, mode {:04o}", segment.mode);
            Finding::note(subject, found, "run this program as its owner or as root, or ask the owner for another mode")
        }
        _ => return None,
    })
}

/// Returns the process that has an anchor locked. `/proc/locks` has the columns `MODE PID MAJOR:MINOR:INODE`.
pub(super) fn holder(anchor: &Path) -> Option<String> {
    let stat = fs::metadata(anchor).ok()?;
    let (major, minor) = (nix::libc::major(stat.dev()), nix::libc::minor(stat.dev()));
    let inode = format!("{major:02x}:{minor:02x}:{}", stat.ino());
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let columns = locks.lines().map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
    let held =
        { columns }.find(|columns| columns.get(1) == Some(&"FLOCK") && columns.get(5) == Some(&inode.as_str()))?;
    let pid = held[4];
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let name = if name.is_empty() { String::new() } else { format!(" ({})", shown(name.trim_end())) };
    Some(format!("process {pid}{name}"))
}

fn locked(holder: &str, subject: &str) -> Finding {
    let found =
        format!("{holder} has it locked (`flock`), and no object can be created or removed until it unlocks it");
    let advice = "nothing to do if this is a store; another program, such as systemd-tmpfiles or a backup, delays all \
                  stores here";
    Finding::note(subject, found, advice)
}

fn fit(anchor: &Path) -> Result<String, Failure> {
    let stat = fs::metadata(anchor).map_err(Failure::at(anchor))?;
    let kind = if stat.is_dir() { "directory" } else { "file" };
    let owner = Users::default().shown(stat.uid());
    Ok(format!("a {kind} of {owner}, mode {:04o}: fit to be an anchor", stat.mode() & 0o7777))
}
