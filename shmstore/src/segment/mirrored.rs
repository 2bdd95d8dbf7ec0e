//! A copy of another machine's object, as lists and descriptions name it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::header::{Geometry, Header};
use super::this_process::registry::{Owner, SegmentRef, living_owner};
use crate::sys::shm::Mapping;

/// The facts about an object that is a copy of another machine's. Any process with write access can make them a lie.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mirrored {
    /// The name of the machine with the original. Unprintable characters are escaped.
    pub origin: String,
    /// How long ago the copy's owner last heard of the origin. `None` if it never has.
    pub heard: Option<Duration>,
    /// The process that owns the copy, as its own PID namespace numbers it. `None` if no living process owns it, or if
    /// its number is not known.
    pub owner_pid: Option<u32>,
}

impl Mirrored {
    /// The facts about a segment that this process has registered; `None` if it is no copy.
    pub(crate) fn of_attached(segment: &SegmentRef) -> Option<Self> {
        let header = segment.header();
        header.is_mirrored().then(|| Self::new(header, segment.living_owner()))
    }

    /// The facts about a segment that this process need not have registered; `None` if it is no copy.
    pub(crate) fn of(mapping: &Mapping, geometry: &Geometry, shmid: i32, anchor: &Arc<Path>) -> Option<Self> {
        let header = Header::of(mapping).filter(|header| header.is_mirrored())?;
        Some(Self::new(header, living_owner(mapping, geometry, shmid, anchor)))
    }

    fn new(header: &Header, owner: Option<Owner>) -> Self {
        Self { origin: header.origin(), heard: header.heard(), owner_pid: owner.and_then(|owner| owner.pid) }
    }
}
