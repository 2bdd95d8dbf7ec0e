//! What is told of a segment: in a table, and as JSON.

use std::collections::HashMap;
use std::path::Path;
use std::time::SystemTime;

use nix::unistd::{Uid, User};
use serde::Serialize;
use shmstore::inspect::{Description, Segment};

use crate::clock;
use crate::text::{exact, shown};

/// The names of users, each asked for once.
#[derive(Default)]
pub struct Users(HashMap<u32, Option<String>>);

impl Users {
    /// The name of a user, if the system knows one.
    pub fn name(&mut self, uid: u32) -> Option<&str> {
        let ask = || User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| user.name);
        self.0.entry(uid).or_insert_with(ask).as_deref()
    }

    /// The name of a user, or its number.
    pub fn shown(&mut self, uid: u32) -> String {
        self.name(uid).map_or_else(|| uid.to_string(), shown)
    }
}

/// The path of an anchor as the command line names it: the directory or file, and the name of a named one.
#[must_use]
pub fn place(of: &Description) -> (String, Option<String>) {
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

/// The same in one, for a sentence or a column: what the command line takes, too.
#[must_use]
pub fn path(of: &Description) -> String {
    let (path, name) = place(of);
    let name = name.map(|name| format!("/{name}")).unwrap_or_default();
    shown(&format!("{path}{name}"))
}

/// The bytes of a path that is no UTF-8, as hexadecimal digits.
fn hex_of_no_text(path: &Path) -> Option<String> {
    let bytes = path.as_os_str().as_encoded_bytes();
    std::str::from_utf8(bytes).is_err().then(|| bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The type-id-char of a segment, as its key has it, or as it says itself.
#[must_use]
pub fn id(segment: &Segment) -> Option<char> {
    match char::from(segment.key.to_raw().to_be_bytes()[0]) {
        by_key @ ' '..='~' => Some(by_key),
        _ => segment.description.as_ref().map(|of| of.id),
    }
}

/// Where a segment is, for a sentence: `/run/rover 'T'`, `segment 17`.
#[must_use]
pub fn called(segment: &Segment) -> String {
    let Some(of) = &segment.description else { return format!("segment {} (key {})", segment.shmid, segment.key) };
    let of_type = segment.type_name().map(|name| format!(" {}", shown(name))).unwrap_or_default();
    format!("{}{of_type} {:?} (segment {})", path(of), of.id, segment.shmid)
}

/// When a segment was made: as it says itself, or else as the kernel knows.
#[must_use]
pub fn created(segment: &Segment) -> SystemTime {
    segment.description.as_ref().map_or(segment.changed, |of| of.creator.created)
}

/// A segment as JSON.
///
/// The keys are always all there; what is not known is `null`.
///
/// | key | what |
/// |---|---|
/// | `path`, `name` | the anchor; the name, for an object of a named store |
/// | `path_hex` | the bytes of the anchor's path as hexadecimal digits, if it is no UTF-8: `path` has such bytes as `\xff` |
/// | `type`, `id`, `layout_hash` | the type's name, the type-id-char, the hash of the layout as 32 hexadecimal digits |
/// | `segment`, `key` | the kernel's number, the key as `0x54…` |
/// | `size`, `object_size` | bytes: of the segment, of the object in it |
/// | `owner`, `owner_name`, `mode` | the user's number and name; the permission bits as `"0600"` |
/// | `attached` | how many times it is attached, in all processes |
/// | `created`, `age` | seconds since 1970, seconds ago |
/// | `creator_pid`, `creator_uid` | who made it |
/// | `state` | `ready`, `initializing`, `abandoned`, `removed`, `orphaned`, `elsewhere`, `other format`, `newer format`, `damaged`, `unreadable`, `foreign` |
/// | `detail` | what more is known of the state |
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the table above tells them")]
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
}

impl Listed {
    /// What is known of a segment.
    pub fn new(segment: &Segment, users: &mut Users) -> Self {
        let of = segment.description.as_ref();
        let (path, name) = of.map(place).unzip();
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
        }
    }
}

/// How often: `once`, `3 times`.
#[must_use]
pub fn times(count: u64) -> String {
    match count {
        1 => "once".into(),
        _ => format!("{count} times"),
    }
}

/// How many: `1 segment`, `3 segments`.
#[must_use]
pub fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A number of bytes: `512`, `4.0K`, `64M`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    const UNITS: [char; 6] = ['K', 'M', 'G', 'T', 'P', 'E'];
    if bytes < 1024 {
        return bytes.to_string();
    }
    let mut amount = bytes as f64 / 1024.0;
    let mut unit = 0;
    // What would be shown as 1024 of a unit is 1 of the next.
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
