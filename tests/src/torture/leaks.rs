//! What must not grow: files, segments, descriptors, memory.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::unistd::Pid;
use shmstore::ShmId;

use super::arena::{Arena, Made};
use super::churn::NAMES;
use super::million::Million;
use super::victim::NAME;
use crate::raw::Raw;
use crate::scratch::key_of;
use crate::segments::{self, Segment};

/// Where a segment's header has the end of its anchor's path: see `docs/format.md`.
const HINT: Range<usize> = 512..1024;

/// How much a long-lived process may grow after its first second.
const DESCRIPTORS: u64 = 8;
const PAGES: u64 = 1024;

/// Files that nobody should have left in the store's directory.
pub(super) fn in_directory(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let known = |name: &String| NAMES.iter().chain([&NAME]).any(|known| *name == format!("{known}.shm"));
    names.filter(|name| !known(name)).map(|name| format!("`{name}` is left in the directory")).collect()
}

/// Segments of our objects that nobody will find any more: no anchor has their key, and nobody has them attached.
///
/// A pid proves nothing, as it may be another program's by now: what is ours says so in its header, by the path of our
/// directory, which no other run has.
pub(super) fn orphans(path: &Path, pids: &HashSet<i32>) -> Vec<Segment> {
    // The table first: an anchor that goes meanwhile had no segment.
    let table = segments::all();
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let present = entries.chain([path.to_owned()]).filter(|path| path.exists());
    let anchors: Vec<i32> = present.map(|path| key_of(&path, '\0')).collect();
    let may_be_ours = |segment: &Segment| {
        let id = char::from((segment.key >> 24) as u8);
        let is_tagged = segment.size > 4096 && segment.size & 4095 != 0;
        is_tagged && [Arena::ID, Made::ID, Million::ID].contains(&id) && pids.contains(&(segment.creator_pid as i32))
    };
    let is_found = |segment: &Segment| anchors.contains(&(segment.key & 0x00ff_ffff));
    let lost = table.into_iter().filter(|segment| may_be_ours(segment) && !is_found(segment) && segment.attached == 0);
    lost.filter(|segment| names_our_directory(segment, path)).collect()
}

fn names_our_directory(segment: &Segment, path: &Path) -> bool {
    let Some(raw) = Raw::try_attach(segment.shmid) else { return false };
    let path = path.as_os_str().as_bytes();
    raw.read(HINT).windows(path.len()).any(|found| found == path)
}

/// What long-lived processes had when they had settled.
#[derive(Debug, Default)]
pub(super) struct Growth {
    settled: HashMap<Pid, (u64, u64)>,
    /// The most that was seen: descriptors and pages more than then.
    pub(super) most: (u64, u64),
}

impl Growth {
    /// Looks at a process; says so if it has grown.
    pub(super) fn look(&mut self, pid: Pid, name: &str) -> Option<String> {
        let now = (descriptors(pid)?, pages(pid)?);
        let then = *self.settled.entry(pid).or_insert(now);
        let more = (now.0.saturating_sub(then.0), now.1.saturating_sub(then.1));
        self.most = (self.most.0.max(more.0), self.most.1.max(more.1));
        let too_much = more.0 > DESCRIPTORS || more.1 > PAGES;
        too_much.then(|| format!("the {name} has {} descriptors and {} pages more than at first", more.0, more.1))
    }
}

fn descriptors(pid: Pid) -> Option<u64> {
    std::fs::read_dir(format!("/proc/{pid}/fd")).ok().map(|entries| entries.count() as u64)
}

/// Resident pages that are no segment's: those count as files'.
fn pages(pid: Pid) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let mut numbers = text.split_ascii_whitespace().filter_map(|number| number.parse::<u64>().ok());
    let (resident, shared) = (numbers.nth(1)?, numbers.next()?);
    Some(resident.saturating_sub(shared))
}
