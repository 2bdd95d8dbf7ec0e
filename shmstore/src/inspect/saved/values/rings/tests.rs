use std::time::Duration;

use crate::inspect::memory::Memory;
use crate::inspect::ring::samples::{broadcast, broadcast_bytes, put, queue, queue_bytes};
use crate::inspect::saved::values;
use crate::layout::schema::OwnedSchema;
use crate::sync::queue::word::{free, full, returned, taken_by};
use crate::sync::queue_words;

/// The saved bytes, which are saved once more in the same way.
fn saved(schema: &OwnedSchema, bytes: &[u8]) -> Vec<u8> {
    let of = |bytes: &[u8]| values::of(schema, Memory::Copy(bytes), Duration::ZERO).unwrap();
    let once = of(bytes);
    assert_eq!(of(&once), once, "a saved object is as it is when it is loaded");
    once
}

/// A queue as it is saved: its words, and the count of items that came back.
fn quiet([head, cursor, tail]: [u64; 3], came_back: u32, slots: &[(u64, u64)]) -> Vec<u8> {
    let mut bytes = queue_bytes([head, cursor, tail], slots);
    put(&mut bytes, queue_words::RETURNED, came_back.into());
    bytes
}

#[test]
fn taken_items_wait_again_and_nobody_holds_or_waits() {
    let slots = [(full(2), 80), (free(2), 50), (taken_by(full(1), 9), 60), (full(1), 70)];
    let mut bytes = queue_bytes([5, 7, 9], &slots);
    // Lock words, flags, bells, marks, reserved bytes.
    for at in [0, 8, 24, 120, 128, 136, 168, 248] {
        put(&mut bytes, at, u64::MAX);
    }
    put(&mut bytes, queue_words::RETURNED, 7 << 32 | 7);
    let came_back = returned(taken_by(full(1), 9));
    let kept = [(full(2), 80), (free(2), 0), (came_back, 60), (full(1), 70)];
    assert_eq!(saved(&queue(4), &bytes), quiet([6, 7, 9], 1, &kept));
}

#[test]
fn queue_of_which_no_item_came_back_has_nothing_to_look_for() {
    let slots = [(full(2), 80), (free(2), 50), (free(2), 60), (full(1), 70)];
    let kept = [(full(2), 80), (free(2), 0), (free(2), 0), (full(1), 70)];
    assert_eq!(saved(&queue(4), &queue_bytes([5, 7, 9], &slots)), quiet([7, 7, 9], 0, &kept));
    assert_eq!(saved(&queue(4), &queue_bytes([0; 3], &[(0, 0); 4])), queue_bytes([0; 3], &[(0, 0); 4]));
}

#[test]
fn item_that_is_being_written_leaves_no_bytes() {
    // A producer writes item 2 of the first lap.
    let bytes = queue_bytes([0, 0, 2], &[(full(0), 1), (full(0), 2), (0, 99), (0, 0)]);
    let kept = [(full(0), 1), (full(0), 2), (0, 0), (0, 0)];
    assert_eq!(saved(&queue(4), &bytes), quiet([0, 0, 2], 0, &kept));
    // A sender writes item 6 over item 2, and died there.
    let bytes = broadcast_bytes(6, &[(10, 40), (12, 50), (13, 99), (8, 30)]);
    assert_eq!(saved(&broadcast(4), &bytes), broadcast_bytes(6, &[(10, 40), (12, 50), (13, 0), (8, 30)]));
    // In the first lap.
    let bytes = broadcast_bytes(1, &[(2, 40), (3, 99), (0, 0), (0, 0)]);
    assert_eq!(saved(&broadcast(4), &bytes), broadcast_bytes(1, &[(2, 40), (0, 0), (0, 0), (0, 0)]));
}

#[test]
fn deaths_between_two_stores_are_made_good() {
    // The producer of item 1 died before it moved the tail, and the taker of item 0 before it moved the cursor.
    let bytes = queue_bytes([0, 0, 1], &[(taken_by(full(0), 9), 10), (full(0), 11), (0, 0), (0, 0)]);
    let kept = [(returned(taken_by(full(0), 9)), 10), (full(0), 11), (0, 0), (0, 0)];
    assert_eq!(saved(&queue(4), &bytes), quiet([0, 0, 2], 0, &kept));
    // The cursor is ahead of the tail of a producer that died.
    let bytes = queue_bytes([0, 2, 1], &[(free(1), 10), (free(1), 11), (0, 0), (0, 0)]);
    assert_eq!(saved(&queue(4), &bytes), quiet([2, 2, 2], 0, &[(free(1), 0), (free(1), 0), (0, 0), (0, 0)]));
    // The sender of item 5 died before it moved the tail.
    let bytes = broadcast_bytes(5, &[(10, 40), (12, 50), (6, 20), (8, 30)]);
    assert_eq!(saved(&broadcast(4), &bytes), broadcast_bytes(6, &[(10, 40), (12, 50), (6, 20), (8, 30)]));
}

#[test]
fn slots_that_went_on_while_the_others_were_copied_fit_the_tail_that_was_read() {
    // Items 4 and 5 are done, and 8 and 9 were pushed in their places, after the tail was read.
    let word = |position: u64| full(position / 4);
    let kept = [(free(2), 0), (free(2), 0), (word(6), 60), (word(7), 70)];
    // Laps that no protocol makes.
    let bytes = queue_bytes([4, 6, 8], &[(free(9), 80), (full(7), 90), (word(6), 60), (word(7), 70)]);
    assert_eq!(saved(&queue(4), &bytes), quiet([6, 6, 8], 0, &kept));
    // Items 6 and 7 were overwritten by 10 and 11, of which the tail does not know.
    let bytes = broadcast_bytes(8, &[(10, 40), (12, 50), (22, 1), (24, 1)]);
    let shown = saved(&broadcast(4), &bytes);
    assert_eq!(shown, broadcast_bytes(6, &[(10, 40), (12, 50), (13, 0), (15, 0)]), "item 5 is the newest whole one");
}

#[test]
fn words_of_any_content_are_saved_as_a_queue_that_works() {
    const ODD: [u64; 8] = [0, 1, 3, 7, 1 << 31, 1 << 63, u64::MAX - 1, u64::MAX];
    for word in [0, 1, free(1), full(0), full(1), taken_by(full(2), 7), u64::MAX, u64::MAX - 1] {
        let slots = [(word, 1), (!word, 2), (word, 3)];
        for (head, cursor, tail) in ODD.iter().flat_map(|&a| ODD.iter().flat_map(move |&b| ODD.map(|c| (a, b, c)))) {
            let bytes = saved(&queue(3), &queue_bytes([head, cursor, tail], &slots));
            let word = |at: u64| u64::from_le_bytes(bytes[at as usize..][..8].try_into().unwrap());
            let [head, cursor, tail] = [queue_words::HEAD, queue_words::CURSOR, queue_words::TAIL].map(word);
            assert!(head <= cursor && cursor <= tail && tail - head <= 3, "{head} {cursor} {tail}");
        }
        for tail in ODD {
            saved(&broadcast(3), &broadcast_bytes(tail, &slots));
        }
    }
}
