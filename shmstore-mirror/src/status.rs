//! The status of an import: an object like any other, in the directory of the copies.

use std::path::Path;
use std::time::Duration;

use shmstore::{
    AttachError, FixedString, Lock, Map, OpenError, Pad, ReadOnly, ShmKey, ShmObject, ShmValue, Store, Versioned,
};

use crate::error::MirrorError;

/// The name of the status object. No copy has it.
pub const STATUS_NAME: &str = "mirror-status";

/// The largest number of copies in a directory.
pub const STATUS_COPIES: usize = 1024;

/// A copy becomes stale when the importer has heard nothing of its origin for this time. An exporter says something every
/// second.
pub const STALE_AFTER: Duration = Duration::from_secs(3);

/// What an importer knows of its copies. Programs attach it by this type, as the object with the id `M` of the name
/// [`STATUS_NAME`] in the directory of the copies. [`Mirrored`](shmstore::inspect::Mirrored) of each copy says since
/// when it is stale.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'M')]
pub struct MirrorStatus {
    /// The importer has it while it runs.
    pub importer: Lock,
    /// The host whose objects are copied.
    pub origin: Versioned<FixedString<64>>,
    /// The session of the exporter, or an empty text while none is connected.
    pub session: Versioned<FixedString<64>>,
    /// The copies, and the objects that were refused.
    pub copies: Map<CopyKey, CopyStatus, STATUS_COPIES>,
    /// The versions that parts have at their origin. The copies count their own versions.
    pub versions: Map<PartKey, u64, 16_384>,
}

/// An object of the origin.
#[derive(ShmValue, ShmKey, Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct CopyKey {
    /// The name of the object.
    pub name: FixedString<64>,
    /// The type-id-char.
    pub id: char,
    /// Nothing.
    pub pad: Pad<4>,
}

/// A part of an object of the origin.
#[derive(ShmValue, ShmKey, Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct PartKey {
    /// The name of the object.
    pub name: FixedString<64>,
    /// The type-id-char.
    pub id: char,
    /// The position of the part among the parts of the object, from 0 on.
    pub part: u32,
}

/// The state of a copy.
#[derive(ShmValue, Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum CopyState {
    /// Its first values have not come. All of it is zero.
    Waiting,
    /// It gets the changes of its origin.
    Live,
    /// The exporter is not connected.
    Disconnected,
    /// The exporter does not export the object any more.
    Gone,
    /// There is no copy, for a reason.
    Refused,
}

/// What an importer knows of a copy.
#[derive(ShmValue, Debug, Clone, Copy, PartialEq)]
#[repr(C)]
pub struct CopyStatus {
    /// The random number of the segment at the origin.
    pub nonce: u64,
    /// The updates that were applied.
    pub updates: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The requests for what was missed.
    pub requests: u64,
    /// The state.
    pub state: CopyState,
    /// Nothing.
    pub pad: Pad<7>,
    /// The reason why it was refused, or what was wrong with the last update. Cut after 244 bytes.
    pub reason: FixedString<244>,
}

/// Attaches the status of a directory, for a look.
///
/// # Errors
///
/// [`MirrorError::NoCopies`] if there is none, and [`MirrorError::Status`] if this user may not read it.
pub fn attach(directory: &Path) -> Result<ReadOnly<MirrorStatus>, MirrorError> {
    let wrong = |why: String| MirrorError::Status { path: directory.into(), why };
    let store = Store::open(directory).and_then(|store| store.open_named(STATUS_NAME));
    let store = store.map_err(|error| match error {
        OpenError::NotFound { .. } => MirrorError::NoCopies { path: directory.into() },
        error => wrong(error.to_string()),
    })?;
    store.attach_read_only().map_err(|error| match error {
        AttachError::NotFound { .. } => MirrorError::NoCopies { path: directory.into() },
        error => wrong(error.to_string()),
    })
}

/// As much of a text as a status has room for.
pub(crate) fn cut<const N: usize>(text: &str) -> FixedString<N> {
    let mut end = text.len().min(N);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].try_into().unwrap_or_default()
}
