//! Where the attachments of this process are, by segment and by address: found among thousands as fast as among two.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::Release;

use super::{ATTACHMENTS, Attachment};

/// A node in the list of attachments; vacant if it is null.
pub(super) type Node = &'static AtomicPtr<Attachment>;

/// The places of the list, in order. It belongs to one process: a child of `fork` makes its own from the list, which
/// it can read whatever a thread of the parent was doing.
#[derive(Default)]
pub(in crate::segment::process) struct Index {
    /// Whether the list that may have been inherited was read.
    is_made: bool,
    /// By the kernel's number of the segment, and by address.
    by_segment: BTreeMap<(i32, usize), Node>,
    by_address: BTreeMap<usize, Node>,
    vacant: Vec<Node>,
}

/// What an attachment is found by: the number of its segment, and its address.
type Location = (i32, usize);

impl Index {
    /// Reads the list, once. `of` tells of what is in a node, `None` of a vacant one.
    pub(super) fn make(&mut self, of: impl Fn(Node) -> Option<Location>) {
        if self.is_made {
            return;
        }
        self.is_made = true;
        for node in ATTACHMENTS.iter() {
            match of(node) {
                Some(attachment) => self.note(attachment, node),
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

    /// Makes the place of an attachment vacant.
    pub(super) fn unpublish(&mut self, location: Location) {
        let node = self.by_segment.remove(&location).expect("an attachment is published while it has handles");
        self.by_address.remove(&location.1);
        node.store(std::ptr::null_mut(), Release);
        self.vacant.push(node);
    }

    /// The attachments of a segment.
    pub(super) fn of_segment(&self, shmid: i32) -> impl Iterator<Item = Node> {
        self.by_segment.range((shmid, 0)..=(shmid, usize::MAX)).map(|(_, node)| *node)
    }

    /// The attachment that begins at an address, or below it with none in between.
    pub(super) fn at_or_below(&self, address: usize) -> Option<Node> {
        self.by_address.range(..=address).next_back().map(|(_, node)| *node)
    }
}
