//! What can go wrong while an object is removed.

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
    /// What is at its key is not it.
    #[error(transparent)]
    Existing(#[from] AttachError),
    /// Only its owner, its creator or root may remove it.
    #[error("cannot remove {subject}: only uid {}, its creator or root may, and we are uid {uid} ({segment})",
        .segment.owner
    )]
    NotPermitted {
        /// Which object.
        subject: Box<Subject>,
        /// Our effective user.
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
