//! The segments that an interrupted creation or migration leaves beside an object.

use std::os::unix::fs::MetadataExt;

use nix::unistd::Uid;
use shmstore::inspect::{Segment, SegmentState};

/// The bit of a journal's key, which no type-id-char has.
const JOURNAL_BIT: u8 = 0x80;

/// Returns `true` if a segment is one that the next program that uses its object removes, or makes the object of.
#[must_use]
pub fn is_left(segment: &Segment) -> bool {
    use SegmentState::{Abandoned, Initializing, Journal, Removed};
    matches!(segment.state, Abandoned | Initializing | Removed | Journal)
}

/// Returns `true` if both segments belong to one anchor and one id. One of them may be the journal of the other.
#[must_use]
pub fn are_of_one_object(one: &Segment, other: &Segment) -> bool {
    // A removed segment has no key, and a segment that is not complete may not have a description yet.
    let key = |segment: &Segment| {
        let [id, bits @ ..] = segment.key.to_raw().to_be_bytes();
        Some(([id & !JOURNAL_BIT, 0, 0, 0], bits)).filter(|_| segment.key.to_raw() != 0)
    };
    let place = |segment: &Segment| segment.description.as_ref().map(|of| (of.device, of.inode, of.id));
    let alike = key(one).zip(key(other)).is_none_or(|(one, other)| one == other);
    match (place(one), place(other)) {
        (Some(one), Some(other)) if one.0 != 0 && other.0 != 0 => alike && one == other,
        _ => alike && one.key.to_raw() != 0 && other.key.to_raw() != 0,
    }
}

/// Returns the segment that the object of a leftover is, or is going to be made of: a complete object, or else a
/// journal.
#[must_use]
pub fn object_of<'a>(left: &Segment, all: &'a [Segment]) -> Option<&'a Segment> {
    let of_it = |of: &&Segment| of.shmid != left.shmid && are_of_one_object(left, of);
    let complete = all.iter().filter(of_it).find(|of| of.state.is_usable());
    let journal = || all.iter().filter(of_it).find(|of| of.state == SegmentState::Journal);
    complete.or_else(|| journal().filter(|_| left.state != SegmentState::Journal))
}

/// Takes out the leftovers of objects that are there, complete or as a journal.
pub fn leave_aside(segments: &mut Vec<Segment>) {
    let all = segments.clone();
    segments.retain(|segment| !is_left(segment) || object_of(segment, &all).is_none());
}

/// Returns `true` if a segment of an interrupted migration stands beside this one, or if it is a journal.
#[must_use]
pub fn is_interrupted(segment: &Segment, all: &[Segment]) -> bool {
    let is_of_it = |left: &&Segment| {
        let is_journal = left.key.to_raw().to_be_bytes()[0] & JOURNAL_BIT != 0;
        left.shmid != segment.shmid && is_left(left) && is_journal && are_of_one_object(left, segment)
    };
    segment.state == SegmentState::Journal || all.iter().any(|left| is_of_it(&left))
}

/// Returns the user that has put a segment at the key of a journal, if programs do not believe that user: it is neither
/// root, nor this user, nor the owner of the anchor. Any user can make a segment there.
#[must_use]
pub fn stranger(journal: &Segment) -> Option<u32> {
    let owner = journal.path().and_then(|path| std::fs::metadata(path).ok()).map(|anchor| anchor.uid());
    let trusted = [Some(0), Some(Uid::effective().as_raw()), owner];
    [journal.creator, journal.owner].into_iter().find(|user| !trusted.contains(&Some(*user)))
}
