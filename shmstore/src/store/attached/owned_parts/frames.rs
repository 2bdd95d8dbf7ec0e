//! What processes own of frames.

use super::Walk;
use crate::layout::schema::OwnedSchema;
use crate::sync::frames::word::{number, reader, slot_of_pin, writer};
use crate::sync::{FramesOffsets, frames_words};

impl<'a> Walk<'a> {
    /// Notes the writers' lock, the slots that processes fill, and the pins.
    pub(super) fn frames(
        &mut self,
        schema: &'a OwnedSchema,
        (element, capacity): (&'a OwnedSchema, u64),
        (slots, meta): (u64, &'a OwnedSchema),
        offset: u64,
    ) {
        let layout = |schema: &OwnedSchema| (schema.size(), schema.align());
        let offsets = FramesOffsets::of(layout(element), capacity, slots, layout(meta));
        // No program has frames of another layout.
        let Some(offsets) = offsets.filter(|offsets| offsets.size == schema.size()) else { return };
        self.note_lock(offset + frames_words::LOCK, format_args!(""));
        // The pins count as a visit for each of their cache lines.
        self.visits_left = self.visits_left.saturating_sub(frames_words::PINS as usize / 8);
        let slot_word = |walk: &Self, slot: u64| walk.word(offset + frames_words::SLOTS + 8 * slot);
        for slot in 0..slots {
            self.note(writer(slot_word(self, slot)), format_args!(" (slot {slot})"));
        }
        for entry in 0..frames_words::PINS {
            let pin = self.word(offset + offsets.pins + 8 * entry);
            let slot = slot_of_pin(pin);
            let frame = if slot < slots { number(slot_word(self, slot)) } else { 0 };
            match frame {
                // It pins a slot that has no frame, until it has looked at the slot again.
                0 => self.note(reader(pin), format_args!(" (a pin)")),
                frame => self.note(reader(pin), format_args!(" (frame {frame})")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::owners_in as owners;
    use crate::inspect::frames_samples::FramesBytes;
    use crate::sync::frames::word::{pin, published, writing};
    use crate::sync::frames_words;

    fn named(parts: &[(&str, u32)]) -> Vec<(String, u32)> {
        parts.iter().map(|&(path, token)| (path.to_owned(), token)).collect()
    }

    #[test]
    fn slots_that_are_filled_and_frames_that_are_pinned_have_owners() {
        let mut frames = FramesBytes::bytes(8, 4);
        assert_eq!(owners(&frames.schema, &frames.bytes), []);
        frames.set_newest(8, 1);
        frames.set_slots(&[published(7), published(8), writing(5), writing(6)]);
        frames.set_pins(&[pin(9, 0), 0, pin(9, 1), pin(7, 0), pin(8, 2), pin(8, 4)]);
        frames.put(frames_words::LOCK, 1 << 31 | 4);
        let expected = [
            (".", 4),
            (". (slot 2)", 5),
            (". (slot 3)", 6),
            (". (frame 7)", 9),
            (". (frame 8)", 9),
            (". (frame 7)", 7),
            (". (a pin)", 8),
            (". (a pin)", 8),
        ];
        assert_eq!(owners(&frames.schema, &frames.bytes), named(&expected));
    }

    #[test]
    fn words_of_any_content_have_a_bounded_number_of_owners() {
        for word in [u64::MAX, 1 << 62, 2 << 62 | 7, 3 << 62 | 9, 31 << 32 | 5] {
            let mut frames = FramesBytes::bytes(8, 16);
            frames.bytes.fill(0xff);
            frames.set_slots(&[word; 16]);
            frames.set_pins(&[word; 64]);
            assert!(owners(&frames.schema, &frames.bytes).len() <= 1 + 16 + 64, "{word:#x}");
            // The part is longer than the payload.
            assert_eq!(owners(&frames.schema, &frames.bytes[..8]).len(), 1);
        }
    }
}
