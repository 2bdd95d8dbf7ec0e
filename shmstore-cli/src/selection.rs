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
    let anchors = Anchors::with_names(path);
    select(&anchors, |segment| anchors.of_segment(segment).is_some())
}

/// The same, with those that say that they were made there or below.
///
/// # Errors
///
/// As [`at`].
pub fn under(path: &Path) -> Result<Vec<Segment>, Failure> {
    let anchors = Anchors::with_names(path);
    let claimed = anchors.claimed();
    select(&anchors, |segment| {
        anchors.of_segment(segment).is_some() || segment.path().is_some_and(|path| claimed.by(path))
    })
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

fn select(anchors: &Anchors, is_meant: impl Fn(&Segment) -> bool) -> Result<Vec<Segment>, Failure> {
    let mut listed = all(false)?;
    listed.retain(is_meant);
    if listed.is_empty() && anchors.is_empty() {
        return Err(anchors.nothing());
    }
    Ok(listed)
}
