//! Which segments a list is of.

use std::path::Path;

use shmstore::inspect::{Segment, SegmentState, segments};

use crate::about::place;
use crate::anchors::Anchors;
use crate::failure::Failure;

/// The segments at the file or directory of a path, and at the names in it, but for those that are none of shmstore's. In the order of
/// path, name and id.
///
/// # Errors
///
/// [`Failure::NotFound`] if there is neither the path nor an object that was made there; what the kernel refuses.
pub fn at(path: &Path) -> Result<Vec<Segment>, Failure> {
    select(path, false)
}

/// The same, with all that is below it, too.
///
/// # Errors
///
/// As [`at`].
pub fn under(path: &Path) -> Result<Vec<Segment>, Failure> {
    select(path, true)
}

/// All segments of this IPC namespace in the same order; with those that are none of shmstore's, or without.
///
/// # Errors
///
/// What the kernel refuses.
pub fn all(foreign: bool) -> Result<Vec<Segment>, Failure> {
    let mut listed = segments()?;
    listed.retain(|segment| foreign || segment.state != SegmentState::Foreign);
    listed.sort_by_cached_key(|segment| {
        let of = segment.description.as_ref().map(|of| (place(of), of.id));
        (of.is_none(), of, segment.shmid)
    });
    Ok(listed)
}

fn select(path: &Path, below: bool) -> Result<Vec<Segment>, Failure> {
    let (anchors, mut listed) = (Anchors::with_names(path), all(false)?);
    let claimed = anchors.claimed();
    listed.retain(|segment| {
        anchors.of_segment(segment).is_some() || segment.path().is_some_and(|path| claimed.by(path, below))
    });
    if listed.is_empty() && anchors.is_empty() {
        return Err(anchors.nothing());
    }
    Ok(listed)
}
