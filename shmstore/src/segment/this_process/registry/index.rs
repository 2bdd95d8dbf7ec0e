//! The attachments of this process by segment and by address: thousands are searched as fast as two.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::Release;

use super::{ATTACHMENTS, Attachment};

/// A node in the list of attachments; vacant if it is null.
pub(super) type Node = &'static AtomicPtr<Attachment>;

/// The nodes of the list, in order. A child of `fork` makes an index of its own from the list, because a thread of the
/// parent may have been changing the parent's index.
#[derive(Default)]
pub(in crate::segment::this_process) struct Index {
    /// True if the list was read, which may be inherited.
    is_made: bool,
    by_segment: BTreeMap<Location, Node>,
    by_address: BTreeMap<usize, Node>,
    vacant: Vec<Node>,
}

/// The id of an attachment's segment, and its address in this process.
pub(super) type Location = (i32, usize);

impl Index {
    /// Reads the list, once. `location_of` returns `None` for a vacant node.
    pub(super) fn make(&mut self, location_of: impl Fn(Node) -> Option<Location>) {
        if self.is_made {
            return;
        }
        self.is_made = true;
        for node in ATTACHMENTS.iter() {
            match location_of(node) {
                Some(location) => self.note(location, node),
                None => self.vacant.push(node),
            }
        }
    }

    fn note(&mut self, (shmid, address): Location, node: Node) {
        self.by_segment.insert((shmid, address), node);
        self.by_address.insert(address, node);
    }

    /// Puts an attachment into a vacant node.
    pub(super) fn publish(&mut self, location: Location, attachment: *mut Attachment) {
        let node = self.vacant.pop().unwrap_or_else(|| ATTACHMENTS.push(AtomicPtr::default()));
        node.store(attachment, Release);
        self.note(location, node);
    }

    /// Makes the node of an attachment vacant.
    pub(super) fn unpublish(&mut self, location: Location) {
        let node = self.by_segment.remove(&location).expect("an attachment is published while it has references");
        self.by_address.remove(&location.1);
        node.store(std::ptr::null_mut(), Release);
        self.vacant.push(node);
    }

    /// The nodes of a segment's attachments.
    pub(super) fn of_segment(&self, shmid: i32) -> impl Iterator<Item = Node> {
        self.by_segment.range((shmid, 0)..=(shmid, usize::MAX)).map(|(_, node)| *node)
    }

    /// The node of the last attachment that begins at or below an address.
    pub(super) fn at_or_below(&self, address: usize) -> Option<Node> {
        self.by_address.range(..=address).next_back().map(|(_, node)| *node)
    }
}
