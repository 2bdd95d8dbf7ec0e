//! Seeing inside segments of any type, and looking after them: for programs that know no more than what is in the segments.
//!
//! Layers it may use: all.
//!
//! [`segments`] lists what there is on the machine. An [`Object`] is one of them, attached for reading only: it shows its
//! schema, its processes, and [`Value`]s decoded from the live memory. A [`SavedObject`] is an object's values in a file.
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
//! // Any other program, which has never heard of `Telemetry`:
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
//! # What may be in a segment
//!
//! Anything. Whoever may write it may have written it, and whoever made it may never have heard of shmstore. So everything here
//! is checked before it is believed: nothing panics, reads outside of a segment, hangs, or takes memory without a limit. Texts from
//! segments (names of types and fields, paths) may hold any character: escape them before showing them on a terminal.

mod decode;
mod judge;
mod memory;
mod object;
mod orphan;
mod remove;
mod saved;
mod segment;
mod snapshot;
mod type_names;
mod value;

use std::io;
use std::path::PathBuf;

use nix::errno::Errno;
use thiserror::Error;

pub use crate::layout::path::{FieldError, FieldPath};
pub use decode::Limits;
pub use object::Object;
pub use remove::{Removal, WhileAttached};
pub use saved::{SavedError, SavedObject};
pub use segment::{Description, Segment, SegmentState, Usage, segments, usage};
pub use value::Value;

/// Why a segment cannot be looked into, or removed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InspectError {
    /// It is no object of shmstore.
    #[error("segment {shmid} is none of shmstore's: {why}")]
    Foreign {
        /// The kernel's number of the segment.
        shmid: i32,
        /// By what that shows.
        why: &'static str,
    },
    /// It is not there any more.
    #[error("segment {shmid} is gone: it was removed meanwhile. List what there is again")]
    Gone {
        /// The kernel's number of the segment.
        shmid: i32,
    },
    /// It is not in the state any more for which it was to be removed.
    #[error("segment {shmid} was {was} when it was listed, and is {is} now: list again")]
    Changed {
        /// The kernel's number of the segment.
        shmid: i32,
        /// What it was.
        was: SegmentState,
        /// What it is.
        is: SegmentState,
    },
    /// It is there, but what it says of itself is not what it said when it was listed.
    #[error("the header of segment {shmid} was written over since it was listed: list again")]
    Rewritten {
        /// The kernel's number of the segment.
        shmid: i32,
    },
    /// It has features that this program does not know, and was not to be removed all the same.
    #[error(
        "segment {shmid} was not removed: it uses features that this program does not know. Update this program, or insist \
         (`shmstore rm --force`)"
    )]
    NewerFormat {
        /// The kernel's number of the segment.
        shmid: i32,
    },
    /// We may not read or remove it.
    #[error(
        "segment {shmid} of uid {owner}, mode {mode:04o}, may not be {attempted} by uid {uid}: do it as its owner, or as root"
    )]
    AccessDenied {
        /// The kernel's number of the segment.
        shmid: i32,
        /// `read` or `removed`.
        attempted: &'static str,
        /// The user it belongs to.
        owner: u32,
        /// Its permission bits.
        mode: u32,
        /// Who we are.
        uid: u32,
    },
    /// It is not whole, or not in a format that this program reads.
    #[error("segment {shmid} cannot be read: it is {state}{}", .detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default())]
    NotReady {
        /// The kernel's number of the segment.
        shmid: i32,
        /// What state it is in.
        state: SegmentState,
        /// What is wrong with it.
        detail: Option<String>,
    },
    /// It is in use, and was not to be removed then.
    #[error(
        "segment {shmid} is attached {}: whoever has it attached would keep it, and nobody else would find it. Programs that only look, \
         such as `shmstore watch`, count, too. End them first, or insist",
        if *.attached == 1 { "once".into() } else { format!("{attached} times") }
    )]
    InUse {
        /// The kernel's number of the segment.
        shmid: i32,
        /// How many times it is attached, in all processes.
        attached: u64,
    },
    /// Nothing stands at a path.
    #[error("no object at {}{}", .path.display(), .id.map(|id| format!(" with id {id:?}")).unwrap_or_default())]
    NotFound {
        /// The path.
        path: PathBuf,
        /// The type-id-char that was asked for.
        id: Option<char>,
    },
    /// The kernel refused something else.
    #[error("cannot {attempted} {}: {source}{}", which(*.shmid), if_refused(source))]
    System {
        /// What was attempted.
        attempted: &'static str,
        /// The kernel's number of the segment, -1 if it was about all.
        shmid: i32,
        /// What it said.
        source: io::Error,
    },
}

fn which(shmid: i32) -> String {
    if shmid < 0 { "the segments".into() } else { format!("segment {shmid}") }
}

fn if_refused(source: &io::Error) -> &'static str {
    source.raw_os_error().map_or("", |errno| crate::error::if_refused(Errno::from_raw(errno)))
}
