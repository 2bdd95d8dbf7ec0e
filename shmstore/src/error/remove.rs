//! Errors of removing an object.

use super::subject::{SegmentOwner, Subject};
use super::{AttachError, OpenError};

/// Why an object cannot be removed.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum RemoveError {
    /// There is no such object.
    #[error("cannot remove {subject}: it does not exist")]
    NotFound {
        /// Which object.
        subject: Box<Subject>,
    },
    /// The segment at the object's key is not the object, or the anchor cannot be used.
    #[error(transparent)]
    Existing(#[from] AttachError),
    /// Only the segment's owner, its creator or root may remove it.
    #[error("cannot remove {subject}: only uid {}, its creator or root may, and this process is uid {uid} ({segment})",
        .segment.owner
    )]
    NotPermitted {
        /// Which object.
        subject: Box<Subject>,
        /// The effective user of this process.
        uid: u32,
        /// The segment.
        segment: SegmentOwner,
    },
}

impl From<OpenError> for RemoveError {
    fn from(error: OpenError) -> Self {
        Self::Existing(error.into())
    }
}
