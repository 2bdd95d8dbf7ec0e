//! The attachment that an address is in.

use super::{Attachment, Index, SegmentRef, attachment_in};
use crate::segment::this_process::local;
use crate::sys::shm::Access;

/// The attached segment that an address is in.
pub(crate) fn segment_at(address: usize) -> Option<SegmentRef> {
    attachment_at(address, &local().lock_registry()).map(Attachment::new_ref)
}

/// How this process may use the memory at an address. `None` if it is in no attached segment.
pub(crate) fn access_at(address: usize) -> Option<Access> {
    attachment_at(address, &local().lock_registry()).map(|known| known.mapping.access())
}

fn attachment_at(address: usize, registry: &Index) -> Option<&'static Attachment> {
    registry.at_or_below(address).and_then(attachment_in).filter(|known| known.mapping.contains(address))
}
