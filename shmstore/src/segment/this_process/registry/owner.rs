//! The owner of a copy of another machine's object.

use std::path::Path;
use std::sync::Arc;

use super::{Parts, header_of, with_liveness};
use crate::segment::header::{self, Geometry, Header};
use crate::segment::liveness::LivenessFile;
use crate::segment::this_process::{current_token, local};
use crate::sys::shm::Mapping;

/// The process that alone may write a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    /// Its number in its own PID namespace; `None` if it has no slot, or if the slots cannot be read.
    pub(crate) pid: Option<u32>,
}

/// The owner of a copy in a segment that this process need not have registered. `None` if no process owns it, or if the
/// owner has provably ended. Some system calls.
pub(crate) fn living_owner(mapping: &Mapping, geometry: &Geometry, shmid: i32, anchor: &Arc<Path>) -> Option<Owner> {
    let file = LivenessFile::new(header_of(mapping).liveness_inode(), anchor);
    living((mapping, geometry, shmid), &file)
}

pub(super) fn living(parts: Parts<'_>, file: &LivenessFile) -> Option<Owner> {
    let (mapping, geometry, _) = parts;
    let token = header_of(mapping).owner_token();
    if token == 0 {
        return None;
    }
    let is_readable = |range| mapping.check_readable(&range).is_ok();
    let (slots, start) = (header::slots(mapping, geometry), geometry.slots_offset);
    if !is_readable(0..size_of::<Header>()) || !is_readable(start..start + slots.bytes_used()) {
        return Some(Owner { pid: None });
    }
    with_liveness(parts, file, current_token(), local(), |liveness, slots| {
        (!liveness.token_is_dead(slots, token)).then(|| Owner { pid: slots.pid_of(token) })
    })
}
