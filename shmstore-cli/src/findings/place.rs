//! Whether objects can stand at a path, and be used by those who should.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use shmstore::Store;
use shmstore::inspect::SegmentState;

use super::{Finding, cleaning};
use crate::about::{Users, called};
use crate::anchors::anchor;
use crate::failure::Failure;
use crate::selection;
use crate::text::{shown, shown_path};

pub(super) fn of(path: &Path) -> Result<Vec<Finding>, Failure> {
    let subject = shown_path(path);
    let Ok(anchor) = anchor(path) else {
        let advice = "`Store::open_or_create` makes the directory; `mkdir -m 700` does, too";
        return Ok(vec![Finding::mend(&subject, "nothing is there", advice)]);
    };
    let mut findings = match Store::open(&anchor) {
        Ok(store) => {
            let warning = |warning: &shmstore::error::Warning| {
                let advice = match warning {
                    shmstore::error::Warning::HardLinked { .. } => {
                        "nothing to do if two names of the same objects are wanted; otherwise remove one, and make its file anew"
                    }
                    _ => "nothing to do if these users are to be trusted",
                };
                Finding::mend(&subject, shown(&warning.to_string()), advice)
            };
            let mut findings: Vec<Finding> = store.warnings().iter().map(warning).collect();
            if findings.is_empty() {
                findings.push(Finding::ok(&subject, fit(&anchor)?));
            }
            findings
        }
        // It says itself what to do.
        Err(error) => vec![Finding { advice: None, ..Finding::mend(&subject, shown(&error.to_string()), "") }],
    };
    findings.extend(lock(&anchor, &subject));
    findings.extend(fs::canonicalize(&anchor).ok().and_then(|anchor| cleaning::of(Path::new("/"), &anchor)));
    // If it may not be looked into, that was said.
    for segment in selection::at(path).unwrap_or_default() {
        match segment.state {
            SegmentState::Damaged | SegmentState::OtherFormat => {
                let detail = segment.detail.as_ref().map(|detail| format!(": {}", shown(detail))).unwrap_or_default();
                let advice = "`shmstore rm` it, or use the shmstore that made it";
                findings.push(Finding::mend(
                    &subject,
                    format!("{} is {}{detail}", called(&segment), segment.state),
                    advice,
                ));
            }
            SegmentState::NewerFormat => {
                let detail = segment.detail.as_deref().map(shown).unwrap_or_default();
                let found = format!("{} uses features that this program does not know: {detail}", called(&segment));
                findings.push(Finding::mend(&subject, found, "update this program"));
            }
            SegmentState::Unreadable if segment.detail.is_some() => {
                let detail = segment.detail.as_deref().map(shown).unwrap_or_default();
                let advice = "see `dmesg`: its memory or the swap space may have failed";
                findings.push(Finding::mend(
                    &subject,
                    format!("{} cannot be read: {detail}", called(&segment)),
                    advice,
                ));
            }
            SegmentState::Unreadable => {
                let owner = Users::default().shown(segment.owner);
                let found =
                    format!("{} of {owner}, mode {:04o}, may not be read by you", called(&segment), segment.mode);
                findings.push(Finding::note(
                    &subject,
                    found,
                    "look as its owner or as root, or ask the owner for another mode",
                ));
            }
            _ => {}
        }
    }
    Ok(findings)
}

/// The process that has an anchor locked: `MODE PID MAJOR:MINOR:INODE` among the columns of `/proc/locks`.
fn lock(anchor: &Path, subject: &str) -> Option<Finding> {
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
    let found = format!("process {pid}{name} has it locked (`flock`): creating and removing objects wait for that");
    let advice = "nothing to do if a store is at work there; any other program, such as systemd-tmpfiles or a backup, stalls them";
    Some(Finding::note(subject, found, advice))
}

fn fit(anchor: &Path) -> Result<String, Failure> {
    let stat = fs::metadata(anchor).map_err(|source| Failure::File { path: anchor.into(), source })?;
    let kind = if stat.is_dir() { "directory" } else { "file" };
    let owner = Users::default().shown(stat.uid());
    Ok(format!("a {kind} of {owner}, mode {:04o}: fit to be an anchor", stat.mode() & 0o7777))
}
