//! Where the attachments of this process are, by segment and by address: found among thousands as fast as among two.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::Release;

use super::{ATTACHED, Attachment};

/// A place in the list of attachments; vacant if it is null.
pub(super) type Place = &'static AtomicPtr<Attachment>;

/// The places of the list, in order. It belongs to one process: a child of `fork` makes its own from the list, which
/// it can read whatever a thread of the parent was doing.
#[derive(Default)]
pub(in crate::segment::process) struct Index {
    /// Whether the list that may have been inherited was read.
    is_made: bool,
    /// By the kernel's number of the segment, and by address.
    by_segment: BTreeMap<(i32, usize), Place>,
    by_address: BTreeMap<usize, Place>,
    vacant: Vec<Place>,
}

/// What an attachment is found by: the number of its segment, and its address.
type Whereabouts = (i32, usize);

impl Index {
    /// Reads the list, once. `of` tells of what is in a place, `None` of a vacant one.
    pub(super) fn make(&mut self, of: impl Fn(Place) -> Option<Whereabouts>) {
        if self.is_made {
            return;
        }
        self.is_made = true;
        for place in ATTACHED.iter() {
            match of(place) {
                Some(attachment) => self.note(attachment, place),
                None => self.vacant.push(place),
            }
        }
    }

    fn note(&mut self, (shmid, address): Whereabouts, place: Place) {
        self.by_segment.insert((shmid, address), place);
        self.by_address.insert(address, place);
    }

    /// Puts an attachment into a vacant place.
    pub(super) fn publish(&mut self, whereabouts: Whereabouts, attachment: *mut Attachment) {
        let place = self.vacant.pop().unwrap_or_else(|| ATTACHED.push(AtomicPtr::default()));
        place.store(attachment, Release);
        self.note(whereabouts, place);
    }

    /// Makes the place of an attachment vacant.
    pub(super) fn unpublish(&mut self, whereabouts: Whereabouts) {
        let place = self.by_segment.remove(&whereabouts).expect("an attachment is published while it has handles");
        self.by_address.remove(&whereabouts.1);
        place.store(std::ptr::null_mut(), Release);
        self.vacant.push(place);
    }

    /// The attachments of a segment.
    pub(super) fn of_segment(&self, shmid: i32) -> impl Iterator<Item = Place> {
        self.by_segment.range((shmid, 0)..=(shmid, usize::MAX)).map(|(_, place)| *place)
    }

    /// The attachment that begins at an address, or below it with none in between.
    pub(super) fn at_or_below(&self, address: usize) -> Option<Place> {
        self.by_address.range(..=address).next_back().map(|(_, place)| *place)
    }
}
