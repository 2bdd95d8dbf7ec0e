//! The segments of a list.

use std::path::Path;

use shmstore::inspect::{Segment, SegmentState, segments};

use crate::about::path_and_name;
use crate::anchors::Anchors;
use crate::failure::Failure;

/// Returns the segments at a file or directory, and at the names in it, without foreign ones. They are sorted by path,
/// name and id.
///
/// # Errors
///
/// [`Failure::NotFound`] if the path does not exist and no object was created there; an error of the kernel.
pub fn at(path: &Path) -> Result<Vec<Segment>, Failure> {
    let anchors = Anchors::with_names(path);
    select(all(false)?, &anchors, |segment| anchors.of_segment(segment).is_some())
}

/// Returns the same, with the segments whose header names the path, or a path below it.
///
/// # Errors
///
/// As [`at`].
pub fn under(path: &Path) -> Result<Vec<Segment>, Failure> {
    under_of(all(false)?, path)
}

/// Returns the same of all segments that were listed.
///
/// # Errors
///
/// [`Failure::NotFound`] as [`at`].
pub fn under_of(listed: Vec<Segment>, path: &Path) -> Result<Vec<Segment>, Failure> {
    let anchors = Anchors::with_names(path);
    let claimed = anchors.claimed();
    select(listed, &anchors, |segment| {
        anchors.of_segment(segment).is_some() || segment.path().is_some_and(|path| claimed.by(path))
    })
}

/// Returns all segments of this IPC namespace in the same order, with or without foreign ones.
///
/// # Errors
///
/// An error of the kernel.
pub fn all(foreign: bool) -> Result<Vec<Segment>, Failure> {
    let mut listed = segments()?;
    listed.retain(|segment| foreign || segment.state != SegmentState::Foreign);
    sort(&mut listed);
    Ok(listed)
}

/// Sorts segments by path, name and id.
pub fn sort(listed: &mut [Segment]) {
    listed.sort_by_cached_key(|segment| {
        let of = segment.description.as_ref().map(|of| (path_and_name(of), of.id));
        (of.is_none(), of, segment.shmid)
    });
}

fn select(
    mut listed: Vec<Segment>,
    anchors: &Anchors,
    is_meant: impl Fn(&Segment) -> bool,
) -> Result<Vec<Segment>, Failure> {
    listed.retain(is_meant);
    if listed.is_empty() && anchors.is_empty() {
        return Err(anchors.nothing());
    }
    Ok(listed)
}
