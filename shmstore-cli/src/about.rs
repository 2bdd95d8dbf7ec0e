//! The description of a segment in words, in a table and as JSON.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::unistd::{Uid, User};
use serde::Serialize;
use shmstore::inspect::{Description, Mirrored, Object, Segment, SegmentState};

use crate::clock;
use crate::fill::{self, Fill};
use crate::text::{exact, shown};

/// A cache of user names.
#[derive(Default)]
pub struct Users(HashMap<u32, Option<String>>);

impl Users {
    /// Returns the name of a user, if the system knows one.
    pub fn name(&mut self, uid: u32) -> Option<&str> {
        let ask = || User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| user.name);
        self.0.entry(uid).or_insert_with(ask).as_deref()
    }

    /// Returns the name of a user, or the number if there is no name.
    pub fn shown(&mut self, uid: u32) -> String {
        self.name(uid).map_or_else(|| uid.to_string(), shown)
    }
}

/// Returns the path of an anchor as the command line takes it: the directory or file, and the name of a named object.
#[must_use]
pub fn path_and_name(of: &Description) -> (String, Option<String>) {
    let whole = of.path_is_whole;
    let named = || {
        let name = of.path.file_name()?.to_str()?.strip_suffix(".shm").filter(|name| !name.is_empty())?;
        Some((of.path.parent()?, name.to_owned()))
    };
    match named().filter(|_| whole) {
        Some((directory, name)) => (exact(directory), Some(name)),
        None => (if whole { exact(&of.path) } else { format!("…{}", exact(&of.path)) }, None),
    }
}

/// Returns the same as one text, for a sentence or a column. The command line takes this form, too.
#[must_use]
pub fn path(of: &Description) -> String {
    let (path, name) = path_and_name(of);
    let name = name.map(|name| format!("/{name}")).unwrap_or_default();
    shown(&format!("{path}{name}"))
}

/// Returns the bytes of a path as hexadecimal digits, if the path is not UTF-8.
fn hex_of_no_text(path: &Path) -> Option<String> {
    let bytes = path.as_os_str().as_encoded_bytes();
    std::str::from_utf8(bytes).is_err().then(|| bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Returns the type-id-char of a segment: from its key, or else from its header.
#[must_use]
pub fn id(segment: &Segment) -> Option<char> {
    match char::from(segment.key.to_raw().to_be_bytes()[0]) {
        by_key @ ' '..='~' => Some(by_key),
        _ => segment.description.as_ref().map(|of| of.id),
    }
}

/// Names a segment in a sentence: `/run/rover Telemetry 'T' (segment 17)`, `segment 17 (key 0x54…)`.
#[must_use]
pub fn called(segment: &Segment) -> String {
    let Some(of) = &segment.description else { return format!("segment {} (key {})", segment.shmid, segment.key) };
    let of_type = segment.type_name().map(|name| format!(" {}", shown(name))).unwrap_or_default();
    format!("{}{of_type} {:?} (segment {})", path(of), of.id, segment.shmid)
}

/// Returns the state of a segment with its detail: `orphaned: its anchor …`.
#[must_use]
pub fn state(segment: &Segment) -> String {
    let detail = segment.detail.as_ref().map(|detail| format!(": {}", shown(detail))).unwrap_or_default();
    format!("{}{detail}", segment.state)
}

/// Returns the state of a segment in a table: `ready`, or `copy of rover7, stale for 12s`.
#[must_use]
pub fn state_in_table(segment: &Segment) -> String {
    match copy_of(segment) {
        Some(of) if segment.state == SegmentState::Ready => format!("copy of {}{}", shown(&of.origin), stale(of)),
        _ => segment.state.name().into(),
    }
}

/// Returns the origin and the owner of a copy of another machine's object: `rover7, kept by pid 1234, stale for 12s`.
#[must_use]
pub fn copied(of: &Mirrored) -> String {
    let owner = of.owner_pid.map_or_else(|| "no process".into(), |pid| format!("pid {pid}"));
    format!("{}, kept by {owner}{}", shown(&of.origin), stale(of))
}

/// Returns the facts about a copy of another machine's object.
#[must_use]
pub fn copy_of(segment: &Segment) -> Option<&Mirrored> {
    segment.description.as_ref()?.mirrored.as_ref()
}

/// Returns `true` if a copy may be older than its original: its owner has not heard of the origin for 3 seconds.
#[must_use]
pub fn is_stale(of: &Mirrored) -> bool {
    of.heard.is_none_or(|heard| heard > FRESH)
}

/// How long a copy is not stale. A program that mirrors objects hears of the origin every second.
const FRESH: Duration = Duration::from_secs(3);

fn stale(of: &Mirrored) -> String {
    match of.heard {
        _ if !is_stale(of) => String::new(),
        Some(heard) => format!(", stale for {}", clock::age(heard)),
        None => ", stale".into(),
    }
}

/// Returns the time of creation: from the header of the object, or else from the kernel.
#[must_use]
pub fn created(segment: &Segment) -> SystemTime {
    // A creator that died at once has not written the time.
    let written = segment.description.as_ref().map(|of| of.creator.created).filter(|created| *created > UNIX_EPOCH);
    written.unwrap_or(segment.changed)
}

/// A segment as JSON.
///
/// All keys are always present. An unknown value is `null`.
///
/// | key | value |
/// |---|---|
/// | `path`, `name` | the anchor; the name of a named object |
/// | `path_hex` | if the path is not UTF-8: its bytes as hexadecimal digits; `path` shows other bytes as `\xff` |
/// | `type`, `id`, `layout_hash` | the name of the type, the type-id-char, the layout hash as 32 hexadecimal digits |
/// | `segment`, `key` | the segment number of the kernel, the key as `0x54…` |
/// | `size`, `object_size` | the bytes of the segment, and of the object in it |
/// | `room` | the bytes to which the object can grow; `null` if it cannot grow |
/// | `owner`, `owner_name`, `mode` | the user's number and name; the permission bits as `"0600"` |
/// | `attached` | the number of attachments in all processes |
/// | `created`, `age` | seconds since 1970, seconds ago |
/// | `creator_pid`, `creator_uid` | the process and the user that created the segment |
/// | `state` | a [`SegmentState`]: `ready`, `orphaned` |
/// | `detail` | more about the state |
/// | `mirrored` | of a copy of another machine's object: `origin`, `heard_seconds_ago`, `owner_pid` |
/// | `maps` | its maps, at most 64: objects with the keys `field`, `len`, `capacity` |
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the table above documents the keys")]
pub struct Listed {
    pub path: Option<String>,
    pub name: Option<String>,
    pub path_hex: Option<String>,
    #[serde(rename = "type")]
    pub type_name: Option<String>,
    pub id: Option<char>,
    pub layout_hash: Option<String>,
    pub segment: i32,
    pub key: String,
    pub size: u64,
    pub object_size: Option<u64>,
    pub room: Option<u64>,
    pub owner: u32,
    pub owner_name: Option<String>,
    pub mode: String,
    pub attached: u64,
    pub created: u64,
    pub age: u64,
    pub creator_pid: u32,
    pub creator_uid: u32,
    pub state: &'static str,
    pub detail: Option<String>,
    pub mirrored: Option<Copied>,
    pub maps: Option<Vec<Fill>>,
}

/// The facts about a copy of another machine's object, as JSON.
///
/// `heard_seconds_ago` is `null` if its owner has never heard of the origin. `owner_pid` is `null` if no process owns
/// it.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the text above documents the keys")]
pub struct Copied {
    pub origin: String,
    pub heard_seconds_ago: Option<f64>,
    pub owner_pid: Option<u32>,
}

impl Copied {
    fn new(of: &Mirrored) -> Self {
        let heard_seconds_ago = of.heard.map(|heard| heard.as_millis() as f64 / 1000.0);
        Self { origin: of.origin.clone(), heard_seconds_ago, owner_pid: of.owner_pid }
    }
}

impl Listed {
    /// Collects what is known about a segment, and about its object if it is attached.
    pub fn of(segment: &Segment, object: Option<&Object>, users: &mut Users) -> Self {
        let of = segment.description.as_ref();
        let (path, name) = of.map(path_and_name).unzip();
        let created = created(segment);
        Self {
            path,
            name: name.flatten(),
            path_hex: of.and_then(|of| hex_of_no_text(&of.path)),
            type_name: segment.type_name().map(str::to_owned),
            id: of.map(|of| of.id),
            layout_hash: of.map(|of| of.layout_hash.to_string()),
            segment: segment.shmid,
            key: segment.key.to_string(),
            size: segment.size,
            object_size: of.filter(|of| of.type_name.is_some()).map(|of| of.object_size),
            room: of.and_then(|of| of.room),
            owner: segment.owner,
            owner_name: users.name(segment.owner).map(str::to_owned),
            mode: format!("{:04o}", segment.mode),
            attached: segment.attached,
            created: clock::seconds(created),
            age: clock::since(created).as_secs(),
            creator_pid: of.map_or(segment.creator_pid, |of| of.creator.pid),
            creator_uid: of.map_or(segment.creator, |of| of.creator.uid),
            state: segment.state.name(),
            detail: segment.detail.clone(),
            mirrored: copy_of(segment).map(Copied::new),
            maps: object.and_then(fill::of),
        }
    }
}

/// Formats a frequency: `once`, `3 times`.
#[must_use]
pub fn times(count: u64) -> String {
    match count {
        1 => "once".into(),
        _ => format!("{count} times"),
    }
}

/// Formats a number of things: `1 segment`, `3 segments`.
#[must_use]
pub fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Formats a number of bytes: `512`, `4.0K`, `64M`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    const UNITS: [char; 6] = ['K', 'M', 'G', 'T', 'P', 'E'];
    if bytes < 1024 {
        return bytes.to_string();
    }
    let mut amount = bytes as f64 / 1024.0;
    let mut unit = 0;
    // `1024K` would be shown as `1.0M`.
    while amount >= 1023.5 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    if amount < 9.95 { format!("{amount:.1}{}", UNITS[unit]) } else { format!("{amount:.0}{}", UNITS[unit]) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_have_few_digits() {
        let sizes = [0, 1023, 1024, 10_240, 1_048_064, 67_108_864, u64::MAX].map(super::bytes);
        assert_eq!(sizes, ["0", "1023", "1.0K", "10K", "1.0M", "64M", "16E"]);
    }
}
