//! The classification of a segment by its header, which may have any content.

use std::fmt;
use std::sync::atomic::Ordering::Acquire;
use std::sync::atomic::fence;

use super::header::{Damage, FORMAT_VERSION, Geometry, Header, JOURNAL_BIT, State, is_blank};
use super::identity::Identity;
use crate::sys::shm::Mapping;

/// The state of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SegmentState {
    /// Complete, and at its anchor.
    Ready,
    /// Not complete. Its creator is at work, or, in the list of a store, may have died.
    Initializing,
    /// Not complete, and its creator has died.
    Abandoned,
    /// Removed. Processes that have it attached keep it.
    Removed,
    /// Complete, but its anchor no longer exists: the path is missing, or names a different file.
    Orphaned,
    /// Complete, but its anchor cannot be seen from this process: its creator had another mount namespace or another
    /// root directory, or these are unknown.
    Elsewhere,
    /// The journal of an object's migration, which is at work or was interrupted. It is complete, and its anchor
    /// exists.
    Journal,
    /// Made by a version of shmstore with another segment format.
    OtherFormat,
    /// With features that this program does not know, because a program with a newer shmstore uses it.
    NewerFormat,
    /// Its header or schema is not what a creator writes.
    Damaged,
    /// This process may not read it, the kernel cannot provide a page of it, or it does not fit into this process.
    Unreadable,
    /// Made by a user that the store does not trust. Nothing in it was read.
    Untrusted,
    /// No segment of shmstore, or, in the list of a store, an object of another anchor.
    Foreign,
}

impl SegmentState {
    /// Returns `true` if the object is complete and may be in use, also if its anchor cannot be seen.
    #[must_use]
    pub fn is_usable(self) -> bool {
        matches!(self, Self::Ready | Self::Elsewhere)
    }

    /// Returns the state in one word or two: `ready`, `initializing`, …
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Initializing => "initializing",
            Self::Abandoned => "abandoned",
            Self::Removed => "removed",
            Self::Orphaned => "orphaned",
            Self::Elsewhere => "elsewhere",
            Self::Journal => "journal",
            Self::OtherFormat => "other format",
            Self::NewerFormat => "newer format",
            Self::Damaged => "damaged",
            Self::Unreadable => "unreadable",
            Self::Untrusted => "untrusted",
            Self::Foreign => "foreign",
        }
    }
}

impl fmt::Display for SegmentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The class of a segment, by its header alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Class {
    /// No shmstore made it.
    Foreign,
    /// It belongs to another anchor or id than the expected one.
    OtherAnchor,
    /// It has no first word. Its creator has written nothing yet, or is dead.
    Unwritten,
    /// It is not ready. Its creator is at work, or is dead.
    HalfMade,
    /// It is complete.
    Ready(Geometry),
    /// It says that it is removed.
    Removed,
    /// It is complete, and belongs to an earlier file on the inode of the expected anchor.
    Orphan,
    /// Its header has another format version.
    OtherFormat(u32),
    /// It is complete, but has flags of features that this program does not know.
    NewerFormat(u32),
    /// A field of the header is not what a creator writes.
    Damaged(Damage),
}

/// Classifies a segment. If the caller expects an anchor and id, it is compared with them, and else only with itself.
pub(crate) fn classify(mapping: &Mapping, expected: Option<(&Identity, u8)>) -> Class {
    let Some(header) = Header::of(mapping) else { return Class::Foreign };
    if !header.has_first_word() {
        return Class::Unwritten;
    }
    if !header.has_magic() {
        return Class::Foreign;
    }
    if expected.is_some_and(|(anchor, id)| !header.is_claimed_for(anchor, id)) {
        return Class::OtherAnchor;
    }
    classify_claimed(header, mapping, expected).unwrap_or_else(Class::Damaged)
}

fn classify_claimed(header: &Header, mapping: &Mapping, expected: Option<(&Identity, u8)>) -> Result<Class, Damage> {
    let state = header.state()?;
    let format = header.version();
    // A creator writes the version before the state, so a version of 0 is that of an unfinished segment.
    if format != FORMAT_VERSION && (format != 0 || state == State::Ready) {
        return Ok(Class::OtherFormat(format));
    }
    match state {
        State::Virgin | State::Initializing => return Ok(Class::HalfMade),
        State::Removed => return Ok(Class::Removed),
        State::Ready => {}
    }
    // Of the expected anchor, the first word was compared before.
    let (own, own_id) = if expected.is_some() { header.identity()? } else { header.claimed_identity()? };
    if expected.is_some_and(|(anchor, id)| own_id != id || !own.is_same_inode(anchor)) {
        return Ok(Class::OtherAnchor);
    }
    let unknown = header.flags().unknown();
    if unknown != 0 {
        return Ok(Class::NewerFormat(unknown));
    }
    // Other programs tell a journal from an object by its flag alone.
    match expected.map(|(_, id)| (id & JOURNAL_BIT != 0, header.is_journal())) {
        Some((true, false)) => return Err(Damage::new("journal's flags", "no journal's")),
        Some((false, true)) => return Err(Damage::new("flags", "a journal's")),
        _ => {}
    }
    // An inode belongs to one file at a time, and the caller has just read that of the path.
    if expected.is_some_and(|(anchor, _)| own.is_another_life_of(anchor)) {
        return Ok(Class::Orphan);
    }
    header.geometry(mapping).map(Class::Ready)
}

impl Class {
    /// Returns `true` if a dead process left the segment so, provided that this process has the anchor's lock.
    pub(crate) fn is_left_over(&self) -> bool {
        matches!(self, Self::Unwritten | Self::HalfMade | Self::Removed | Self::Orphan)
    }

    /// Returns `true` if the segment has no first word, and other data in its header. A creator writes the first word
    /// before all else, so it belongs to another program. This proves it only while no creator is at work.
    pub(crate) fn has_data_without_first_word(&self, mapping: &Mapping) -> bool {
        *self == Self::Unwritten && !is_blank(mapping)
    }

    /// Returns `true` if the segment has other data, and still no first word, so that no creator has begun since it was
    /// classified.
    fn is_of_another_program(&self, mapping: &Mapping) -> bool {
        self.has_data_without_first_word(mapping) && {
            // Pairs with the fence of `Header::claim`.
            fence(Acquire);
            !Header::of(mapping).is_some_and(Header::has_first_word)
        }
    }

    /// The state that the header alone gives. Whether a creator has died, and where the anchor is, it does not say.
    pub(crate) fn state(&self, mapping: &Mapping) -> SegmentState {
        match self {
            Self::Unwritten if self.is_of_another_program(mapping) => SegmentState::Foreign,
            Self::Foreign | Self::OtherAnchor => SegmentState::Foreign,
            Self::Unwritten | Self::HalfMade => SegmentState::Initializing,
            Self::Ready(_) => SegmentState::Ready,
            Self::Removed => SegmentState::Removed,
            Self::Orphan => SegmentState::Orphaned,
            Self::OtherFormat(_) => SegmentState::OtherFormat,
            Self::NewerFormat(_) => SegmentState::NewerFormat,
            Self::Damaged(_) => SegmentState::Damaged,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_different_names() {
        use SegmentState::*;
        let complete = [Ready, Removed, Orphaned, Elsewhere, OtherFormat, NewerFormat];
        let all =
            [&complete[..], &[Journal, Initializing, Abandoned, Damaged, Unreadable, Untrusted, Foreign]].concat();
        let names: std::collections::HashSet<_> = all.iter().map(|state| state.name()).collect();
        assert_eq!(names.len(), all.len());
        assert_eq!(format!("{:>6}|", Ready), " ready|");
    }
}
