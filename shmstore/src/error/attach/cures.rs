//! Causes and cures in the messages of errors of attaching.

use std::time::Duration;

use crate::error::subject::{SegmentOwner, Subject};

/// The cure for a missing object. A call that waited needs no other call that waits.
pub(super) fn instead_of_attach(waited: &Duration) -> &'static str {
    if waited.is_zero() {
        "Wait for it with `attach_timeout` or `attach_read_only_timeout`, or create it with `attach_or_create`"
    } else {
        "Create it with `attach_or_create`"
    }
}

/// The cure for missing permission.
pub(super) fn share(segment: &SegmentOwner, uid: u32, to_write: bool, readable: bool) -> String {
    if [segment.owner, segment.creator].contains(&uid) {
        return format!(
            "The segment is this user's own, but its mode does not let its owner {} it, and no object is made so. \
             If no program needs it, remove it with `ipcrm -m {}`",
            if to_write { "write" } else { "read" },
            segment.shmid
        );
    }
    let read = if to_write && readable { "It may be read: use `attach_read_only`. " } else { "" };
    let (verb, bits) = if to_write { ("write", 0o060) } else { ("read", 0o040) };
    if segment.mode & bits == bits {
        return format!(
            "{read}Group {} may {verb} it, but this process is not in that group. Start it as a user of the group (`id` \
             shows the groups), or have the object made at an anchor of another group, as a new object takes its \
             anchor's group",
            segment.group
        );
    }
    let cure = match (to_write, readable) {
        (true, true) => {
            "For writing, its creator can share it by opening the store with Store::options().mode(0o660), for the \
             anchor's group, or 0o666. An object that exists keeps its mode: `replace` it"
        }
        (true, false) => {
            "Its creator can share it by opening the store with Store::options().mode(0o660), for the anchor's group, \
             or 0o666. With 0o640 or 0o644 it can be read, by `attach_read_only`. An object that exists keeps its \
             mode: `replace` it"
        }
        (false, _) => {
            "It may not even be read. Its creator can let other users read it by opening the store with \
             Store::options().mode(0o640), for the anchor's group, or 0o644, for every user. An object that exists \
             keeps its mode: `replace` it"
        }
    };
    format!("{read}{cure}")
}

/// Names fields: "field `a`", "fields `a`, `b`", and so on.
pub(super) fn fields(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("field{} {}", if names.len() == 1 { "" } else { "s" }, quoted.join(", "))
}

/// The cure for an object without enough room.
pub(super) fn give_room(subject: &Subject, type_room: u64) -> String {
    let first = if type_room == 0 { "First give the type room: `#[shm(room = …)]`. " } else { "" };
    format!(
        "{first}To keep the values, end all programs that use the object. Then call `store.migrate{}`, which gives the \
         object the room of this type, or `shmstore migrate PATH --to FILE --room BYTES`",
        subject.turbofish()
    )
}

/// Why an object cannot be extended.
pub(super) fn lack(room: u64, needed: u64, log_is_full: bool) -> String {
    match (room, log_is_full) {
        (_, true) => "its layout log has no space for one more layout".into(),
        (0, false) => format!("it was made without room, and the type needs {needed} bytes"),
        (room, false) => format!("it has room for {room} bytes, and the type needs {needed}"),
    }
}

/// The process that keeps a copy of another machine's object.
pub(super) fn kept_by(owner_pid: &Option<u32>) -> String {
    owner_pid.map_or_else(String::new, |pid| format!(", which process {pid} keeps up to date"))
}
