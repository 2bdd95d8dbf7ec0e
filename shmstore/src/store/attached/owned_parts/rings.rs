//! What processes own of a queue or a broadcast.

use super::Walk;
use crate::layout::schema::OwnedSchema;
use crate::sync::queue::word::{is_taken, lap, lap_of, token};
use crate::sync::{RingOffsets, broadcast_words, queue_words};

impl<'a> Walk<'a> {
    /// Notes the locks of both sides, and the items that are taken.
    pub(super) fn queue(&mut self, schema: &'a OwnedSchema, value: &'a OwnedSchema, capacity: u64, offset: u64) {
        let offsets = RingOffsets::of_queue(value.size(), value.align(), capacity);
        // No program has a queue of another layout.
        let Some(offsets) = offsets.filter(|offsets| offsets.size == schema.size()) else { return };
        self.note_lock(offset + queue_words::PRODUCERS_LOCK, format_args!(" (producers' side)"));
        self.note_lock(offset + queue_words::CONSUMERS_LOCK, format_args!(" (consumers' side)"));
        let [head, cursor] = [queue_words::HEAD, queue_words::CURSOR].map(|word| self.word(offset + word));
        let behind = cursor.wrapping_sub(head).min(capacity).min(cursor);
        // A process that died before it moved the cursor may have taken the item at the cursor.
        for position in cursor - behind..=cursor {
            if self.is_enough() {
                return;
            }
            // A slot counts as a visit for each of its cache lines, up to a page.
            self.visits_left = self.visits_left.saturating_sub((offsets.stride.min(4096) / 64) as usize);
            let word = self.word(offset + offsets.slots + position % capacity * offsets.stride);
            if is_taken(word) && lap(word) == lap_of(position, capacity) {
                self.note(token(word), format_args!(" (item {position})"));
            }
        }
    }

    pub(super) fn broadcast(&mut self, offset: u64) {
        self.note_lock(offset + broadcast_words::LOCK, format_args!(""));
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::owners_in as owners;
    use crate::inspect::samples::{put, queue, queue_bytes};
    use crate::sync::queue::word::{free, full, taken_by};
    use crate::sync::{broadcast_words, queue_words};

    fn named(parts: &[(&str, u32)]) -> Vec<(String, u32)> {
        parts.iter().map(|&(path, token)| (path.to_owned(), token)).collect()
    }

    #[test]
    fn both_sides_and_the_taken_items_of_a_queue_have_owners() {
        // Positions 4 to 7, in lap 1. Item 5 is done, and the taker of item 7 did not move the cursor.
        let slots = [(taken_by(full(1), 9), 0), (free(2), 0), (taken_by(full(1), 8), 0), (taken_by(full(1), 7), 0)];
        let mut bytes = queue_bytes([4, 7, 8], &slots);
        let taken = [(". (item 4)", 9), (". (item 6)", 8), (". (item 7)", 7)];
        assert_eq!(owners(&queue(4), &bytes), named(&taken));
        put(&mut bytes, queue_words::PRODUCERS_LOCK, 1 << 31 | 5);
        put(&mut bytes, queue_words::CONSUMERS_LOCK, 6);
        let sides = [(". (producers' side)", 5), (". (consumers' side)", 6)];
        assert_eq!(owners(&queue(4), &bytes), named(&[&sides[..], &taken].concat()));
    }

    #[test]
    fn items_of_another_lap_and_items_that_wait_have_no_owner() {
        let slots = [(taken_by(full(0), 9), 0), (full(1), 0), (taken_by(full(7), 9), 0), (9, 0)];
        assert_eq!(owners(&queue(4), &queue_bytes([4, 8, 8], &slots)), []);
    }

    #[test]
    fn a_head_that_is_far_behind_hides_no_item() {
        let cursor = 4 << 38;
        let slots = [(taken_by(full(0), 9), 0), (0, 0), (0, 0), (0, 0)];
        let item = format!(". (item {cursor})");
        assert_eq!(owners(&queue(4), &queue_bytes([0, cursor, cursor + 1], &slots)), named(&[(&item, 9)]));
    }

    #[test]
    fn a_broadcast_has_one_owner() {
        use crate::inspect::samples::{broadcast, broadcast_bytes};
        let mut bytes = broadcast_bytes(9, &[(20, 0), (18, 0)]);
        assert_eq!(owners(&broadcast(2), &bytes), []);
        put(&mut bytes, broadcast_words::LOCK, 1 << 30 | 7);
        assert_eq!(owners(&broadcast(2), &bytes), named(&[(".", 7)]));
    }

    #[test]
    fn words_of_any_content_end_the_walk_within_bounds() {
        let taken = vec![(u64::MAX, u64::MAX); 5];
        for head in [0, 1, 7, 1 << 63, u64::MAX] {
            for cursor in [0, 3, 5, 1 << 63, u64::MAX] {
                assert!(owners(&queue(5), &queue_bytes([head, cursor, 9], &taken)).len() <= 6, "{head} {cursor}");
            }
        }
        // A queue of the greatest capacity, of which only the words are there.
        let most = queue((1 << 31) - 1);
        let words = queue_bytes([0, u64::MAX, u64::MAX], &[(0, 0)]);
        assert_eq!(owners(&most, &words), []);
    }
}
