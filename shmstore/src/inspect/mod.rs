//! Inspection and removal of segments of any type, for programs that are built without the types.
//!
//! Read first: [`segments`], which lists the segments of the machine, and [`Object`], a segment attached for reading
//! only. An `Object` gives its schema, its processes, and [`Value`]s decoded from the live memory. Then [`Reading`], which
//! copies the bytes of its [`Part`]s, [`Attacher`], for programs that list and attach again and again, [`SavedObject`],
//! the values of an object in a file, and [`Removal`].
//!
//! ```
//! use shmstore::inspect::{self, Limits, Object};
//! use shmstore::{Shared, ShmObject, Store, Versioned};
//! use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
//!
//! #[derive(ShmObject)]
//! #[repr(C)]
//! #[shm(id = 'T')]
//! struct Telemetry { frames: AtomicU64, position: Versioned<[f64; 3]> }
//!
//! # let dir = tempfile::tempdir()?;
//! let store = Store::open(dir.path())?;
//! let telemetry = store.create::<Telemetry>()?;
//! telemetry.frames.store(7, Relaxed);
//! telemetry.position.store([1.0, 2.0, 3.0]);
//!
//! // Any other program, built without `Telemetry`:
//! let path = dir.path().canonicalize()?;
//! let there = inspect::segments()?.into_iter().find(|segment| segment.path() == Some(&path)).expect("it is there");
//! let object = Object::attach(&there)?;
//! assert_eq!(object.schema().to_string(), "Telemetry");
//! assert_eq!(object.read(&Limits::default()).to_string(), "{ frames: 7, position: [1.0, 2.0, 3.0] }");
//! assert_eq!(object.read_at(&"position[1]".parse()?, &Limits::default())?.to_string(), "2.0");
//! # store.remove::<Telemetry>()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Hostile segments
//!
//! A segment may have any content, because any process with write access may have written it, and another program may
//! have made it. Everything is checked before it is used. Nothing here panics, reads outside a segment, hangs, or takes
//! unlimited memory.
//!
//! Names of types and fields and paths come from the segment and may have any characters. Escape them before you show
//! them on a terminal. [`Value`]'s `Display` does that.

// Layers it may use: all.

mod attacher;
mod changes;
mod decode;
mod describe;
mod frames;
mod image;
mod items;
mod limits;
mod map;
mod memory;
mod newest_frame;
mod object;
mod orphan;
mod part;
mod reading;
mod remove;
mod ring;
mod saved;
mod segment;
mod snapshot;
mod value;
mod versions;

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::error::if_refused;
use crate::layout::invalid_value::debug_is_display;

pub use crate::layout::path::{FieldError, FieldPath};
pub use crate::segment::classify::SegmentState;
pub use crate::segment::mirrored::Mirrored;
pub use crate::store::Participant;
pub use attacher::Attacher;
pub use items::{Items, Passed};
pub use limits::Limits;
pub use newest_frame::NewestFrame;
pub use object::Object;
pub use part::{Part, PartError, TooManyParts};
pub use reading::Reading;
pub use remove::{Removal, WhileAttached};
pub use saved::{SavedError, SavedObject};
pub use segment::{Description, Segment, Usage, segments, usage};
pub use value::Value;
pub use versions::Versions;

pub(crate) use decode::decode_whole;
pub(crate) use frames::{Frames, FramesPlaces, FramesTypes};
pub(crate) use image::{Image, Used};
pub(crate) use map::{Map, MapPlaces};
pub(crate) use memory::{Memory, offset};
pub(crate) use ring::{Broadcast, Queue, RingPlaces, Span};

#[cfg(test)]
pub(crate) use frames::samples as frames_samples;
#[cfg(test)]
pub(crate) use map::samples as map_samples;
#[cfg(test)]
pub(crate) use ring::samples;

/// The reason why a segment cannot be inspected or removed.
#[derive(Error)]
#[non_exhaustive]
pub enum InspectError {
    /// It is not an object of shmstore.
    #[error("segment {shmid} is none of shmstore's: {why}")]
    Foreign {
        /// The kernel's number of the segment.
        shmid: i32,
        /// The evidence.
        why: &'static str,
    },
    /// It does not exist any more.
    #[error("segment {shmid} is gone: it was removed meanwhile. List the segments again")]
    Gone {
        /// The kernel's number of the segment.
        shmid: i32,
    },
    /// It was abandoned or orphaned when it was listed, and is not any more.
    #[error("segment {shmid} was {was} when it was listed, and is {is} now: list the segments again")]
    Changed {
        /// The kernel's number of the segment.
        shmid: i32,
        /// The state when it was listed.
        was: SegmentState,
        /// The state now.
        is: SegmentState,
    },
    /// Its header is not the same as when it was listed.
    #[error("the header of segment {shmid} was overwritten since it was listed: list the segments again")]
    Rewritten {
        /// The kernel's number of the segment.
        shmid: i32,
    },
    /// It uses features that this program does not know, so it is removed only with [`WhileAttached::Remove`].
    #[error(
        "segment {shmid} was not removed: it uses features that this program does not know. Update this program, or force \
         the removal (`WhileAttached::Remove`, `shmstore rm --force`)"
    )]
    NewerFormat {
        /// The kernel's number of the segment.
        shmid: i32,
    },
    /// This process has no permission to read or remove it.
    #[error(
        "segment {shmid} of uid {owner}, mode {mode:04o}, may not be {attempted} by uid {uid}: do it as its owner, or as root"
    )]
    AccessDenied {
        /// The kernel's number of the segment.
        shmid: i32,
        /// `read` or `removed`.
        attempted: &'static str,
        /// The user that owns it.
        owner: u32,
        /// Its permission bits.
        mode: u32,
        /// The effective user of this process.
        uid: u32,
    },
    /// It is incomplete or damaged, or has a format that this program cannot read.
    #[error("segment {shmid} cannot be read: it is {state}{}", .detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default())]
    NotReady {
        /// The kernel's number of the segment.
        shmid: i32,
        /// Its state.
        state: SegmentState,
        /// The reason of the state.
        detail: Option<String>,
    },
    /// It is in use, so it is removed only with [`WhileAttached::Remove`].
    #[error(
        "segment {shmid} is attached {}: the processes that have it attached would keep it, and no other process would find it. \
         Readers such as `shmstore watch` count, too. End these processes first, or force the removal \
         (`WhileAttached::Remove`, `shmstore rm --force`)",
        if *.attached == 1 { "once".into() } else { format!("{attached} times") }
    )]
    InUse {
        /// The kernel's number of the segment.
        shmid: i32,
        /// The number of attachments, in all processes.
        attached: u64,
    },
    /// There is no object at a path.
    #[error("no object at {}{}", .path.display(), .id.map(|id| format!(" with id {id:?}")).unwrap_or_default())]
    NotFound {
        /// The path.
        path: PathBuf,
        /// The type-id-char, if one was given.
        id: Option<char>,
    },
    /// A system call failed.
    #[error("cannot {attempted} {}: {cause}{}", which(*.shmid), if_refused(.cause))]
    System {
        /// The operation and its system calls.
        attempted: &'static str,
        /// The kernel's number of the segment, or -1 for all segments.
        shmid: i32,
        /// The kernel's error.
        cause: io::Error,
    },
}

fn which(shmid: i32) -> String {
    if shmid < 0 { "the segments".into() } else { format!("segment {shmid}") }
}

debug_is_display!(InspectError, FieldError, PartError, SavedError, TooManyParts);
