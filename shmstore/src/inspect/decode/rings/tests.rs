use super::*;
use crate::inspect::ring::samples::{broadcast, broadcast_bytes, queue, queue_bytes};
use crate::inspect::{FieldError, FieldPath};
use crate::layout::schema::{OwnedKind, Primitive};
use crate::sync::queue::word::{free, full, returned, taken_by};
use std::time::Instant;

fn decoded(schema: &OwnedSchema, bytes: &[u8]) -> Value {
    Decoder::new(Memory::Copy(bytes), &Limits::default()).all(schema)
}

fn at(schema: &OwnedSchema, bytes: &[u8], path: &str) -> Result<String, String> {
    let path: FieldPath = path.parse().unwrap();
    let found = Decoder::new(Memory::Copy(bytes), &Limits::default()).at(schema, &path);
    found.map(|value| value.to_string()).map_err(|error| error.to_string())
}

/// A queue of four slots, in its second lap. Item 5 is done, item 6 is taken, items 7 and 8 wait.
fn busy() -> Vec<u8> {
    let slots = [(full(2), 80), (free(2), 50), (taken_by(full(1), 9), 60), (full(1), 70)];
    queue_bytes([5, 7, 9], &slots)
}

#[test]
fn new_queues_and_broadcasts_are_empty() {
    let nothing = Value::Queue { len: 0, capacity: 4, pushed: 0, outstanding: 0, first: vec![] };
    assert_eq!(decoded(&queue(4), &queue_bytes([0; 3], &[(0, 0); 4])), nothing);
    let nothing = Value::Broadcast { sent: 0, capacity: 4, last: vec![] };
    assert_eq!(decoded(&broadcast(4), &broadcast_bytes(0, &[(0, 0); 4])), nothing);
}

#[test]
fn items_of_a_queue_are_in_the_order_of_their_delivery_and_the_taken_ones_are_counted() {
    let first = vec![Value::Unsigned(70), Value::Unsigned(80)];
    assert_eq!(decoded(&queue(4), &busy()), Value::Queue { len: 2, capacity: 4, pushed: 9, outstanding: 1, first });
    // The taken item comes back, and is delivered first.
    let came_back = returned(taken_by(full(1), 9));
    let slots = [(full(2), 80), (free(2), 50), (came_back, 60), (full(1), 70)];
    let bytes = queue_bytes([5, 7, 9], &slots);
    assert_eq!(decoded(&queue(4), &bytes).to_string(), "[60, 70, 80]");
    assert_eq!(at(&queue(4), &bytes, "[0]"), Ok("60".into()));
    assert_eq!(at(&queue(4), &bytes, "[2]"), Ok("80".into()));
    assert_eq!(at(&queue(4), &bytes, "[3]"), Err("the object has 3 elements: the last is [2]".into()));
    assert_eq!(at(&queue(4), &busy(), "[0]"), Ok("70".into()));
}

#[test]
fn counts_have_paths() {
    for (path, count) in [("len", "2"), ("capacity", "4"), ("pushed", "9"), ("delivered", "7"), ("outstanding", "1")] {
        assert_eq!(at(&queue(4), &busy(), path), Ok(count.into()), "{path}");
    }
    let says = "no field `x` in the object, a `Queue<u64, 4>`: there are `len`, `capacity`, `pushed`, `delivered`, \
                `outstanding`";
    assert_eq!(at(&queue(4), &busy(), "x"), Err(says.into()));
    assert_eq!(at(&queue(4), &busy(), "len.x"), Err("`len` is a `u64`, which has no fields".into()));
    assert_eq!(at(&queue(4), &busy(), "len[0]"), Err("`len` is a `u64`, which has no elements".into()));
}

#[test]
fn deaths_between_two_stores_change_nothing_that_is_shown() {
    // The producer of item 1 died before it moved the tail, and the taker of item 0 before it moved the cursor.
    let slots = [(taken_by(full(0), 9), 10), (full(0), 11), (0, 0), (0, 0)];
    let shown = Value::Queue { len: 1, capacity: 4, pushed: 2, outstanding: 1, first: vec![Value::Unsigned(11)] };
    assert_eq!(decoded(&queue(4), &queue_bytes([0, 0, 1], &slots)), shown);
    // Its item was consumed before the next producer came: the cursor is ahead of the tail.
    let slots = [(free(1), 10), (free(1), 11), (0, 0), (0, 0)];
    let shown = Value::Queue { len: 0, capacity: 4, pushed: 2, outstanding: 0, first: vec![] };
    assert_eq!(decoded(&queue(4), &queue_bytes([0, 2, 1], &slots)), shown);
    // The sender of item 5 died before it moved the tail, and one that was sending item 6 while it wrote.
    let feed = broadcast_bytes(5, &[(10, 40), (12, 50), (13, 99), (8, 30)]);
    let shown = decoded(&broadcast(4), &feed);
    let last = [(3, 30), (4, 40), (5, 50)].map(|(position, item)| (position, Value::Unsigned(item)));
    assert_eq!(shown, Value::Broadcast { sent: 6, capacity: 4, last: last.to_vec() });
}

#[test]
fn item_of_a_broadcast_is_found_by_its_position() {
    let feed = broadcast_bytes(6, &[(10, 40), (12, 50), (13, 99), (8, 30)]);
    let at = |path: &str| at(&broadcast(4), &feed, path);
    assert_eq!(at("[3]"), Ok("30".into()));
    assert_eq!(at("[5]"), Ok("50".into()));
    let gone = "the object has no item [2] any more: the oldest is [3], the newest [5]";
    assert_eq!(at("[2]"), Err(gone.into()));
    assert_eq!(at("[6]"), Err("the object has no item [6] yet: the newest is [5]".into()));
    let last = format!("[{}]", u64::MAX);
    assert_eq!(at(&last), Err(format!("the object has no item {last} yet: the newest is [5]")));
    let new = broadcast_bytes(0, &[(0, 0); 4]);
    let none = super::tests::at(&broadcast(4), &new, "[0]");
    assert_eq!(none, Err("the object has no item [0] yet: none was sent".into()));
}

#[test]
fn as_many_items_are_decoded_as_the_limits_allow() {
    let slots: Vec<_> = (0..100).map(|position| (full(0), position)).collect();
    let shown = decoded(&queue(100), &queue_bytes([0, 0, 100], &slots)).to_string();
    assert_eq!(shown, "[0, 1, 2, 3, 4, 5, 6, 7, … 92 more]");
    let slots: Vec<_> = (0..100).map(|position| (2 * position + 2, position)).collect();
    let feed = broadcast_bytes(100, &slots);
    assert_eq!(decoded(&broadcast(100), &feed).to_string(), "[… 92 before, 92, 93, 94, 95, 96, 97, 98, 99]");
    let limits = Limits { nodes: 3, ..Limits::full() };
    let shown = Decoder::new(Memory::Copy(&feed), &limits).all(&broadcast(100)).to_string();
    assert_eq!(shown, "[… 98 before, 98, 99]");
    let limits = Limits { bytes: 12, ..Limits::default().with_elements(2) };
    let shown = Decoder::new(Memory::Copy(&feed), &limits).all(&broadcast(100)).to_string();
    assert_eq!(shown, "[… 98 before, <not decoded: more bytes than the limit, or fields that overlap>, 99]");
}

#[test]
fn parts_of_another_layout_are_invalid() {
    let value = || Box::new(OwnedSchema::new(8, 8, OwnedKind::Primitive(Primitive::U64)).unwrap());
    for kind in [OwnedKind::Queue { capacity: 4, value: value() }, OwnedKind::Broadcast { capacity: 4, value: value() }]
    {
        let (schema, bytes) = (OwnedSchema::new(1024, 64, kind).unwrap(), [0; 1024]);
        let shown = decoded(&schema, &bytes).to_string();
        assert!(shown.contains("of this program is 1024 bytes, aligned to 64"), "{shown}");
        assert_eq!(at(&schema, &bytes, "[0]"), Ok(shown));
    }
}

/// Numbers with which sums and differences overflow or wrap.
const ODD: [u64; 9] = [0, 1, 3, 4, 7, 1 << 31, 1 << 63, u64::MAX - 1, u64::MAX];

#[test]
fn words_of_any_content_are_decoded_within_bounds() {
    for word in [0, 1, free(1), full(0), full(1), taken_by(full(2), 7), u64::MAX, u64::MAX - 1] {
        let slots = [(word, 1), (!word, 2), (word, 3)];
        for (head, cursor, tail) in ODD.iter().flat_map(|&a| ODD.iter().flat_map(move |&b| ODD.map(|c| (a, b, c)))) {
            let bytes = queue_bytes([head, cursor, tail], &slots);
            let Value::Queue { len, outstanding, first, .. } = decoded(&queue(3), &bytes) else { panic!("a queue") };
            assert!(len <= 3 && outstanding <= 6 && first.len() <= 6, "{head} {cursor} {tail}");
            for path in ["[0]", "[2]", "[9]"] {
                let _ = at(&queue(3), &bytes, path);
            }
        }
        for tail in ODD {
            let bytes = broadcast_bytes(tail, &slots);
            let Value::Broadcast { last, .. } = decoded(&broadcast(3), &bytes) else { panic!("a broadcast") };
            assert!(last.len() <= 3);
            for position in ODD {
                let _ = at(&broadcast(3), &bytes, &format!("[{position}]"));
            }
        }
    }
}

#[test]
fn a_look_at_a_vast_queue_ends_within_its_limit() {
    const MOST: u64 = (1 << 31) - 1;
    // Many slots, each of a lap that is long past.
    let slots = vec![(u64::MAX, 0); 1 << 16];
    let started = Instant::now();
    let bytes = queue_bytes([0, 1 << 40, 1 << 40], &slots);
    let limits = Limits::full();
    let mut decoder = Decoder::new(Memory::Copy(&bytes), &limits);
    assert_eq!(decoder.looks_left, (bytes.len() as u64 / BYTES_A_LOOK) + FEW);
    decoder.looks_left = 1000;
    assert!(matches!(decoder.all(&queue(1 << 16)), Value::Queue { .. }));
    let taken = queue_bytes([0, 1 << 16, 1 << 16], &vec![(taken_by(full(0), 7), 0); 1 << 16]);
    let mut decoder = Decoder::new(Memory::Copy(&taken), &limits);
    decoder.looks_left = 1000;
    // One look was at the tail.
    assert!(matches!(decoder.all(&queue(1 << 16)), Value::Queue { outstanding: 999, .. }));
    let mut decoder = Decoder::new(Memory::Copy(&bytes), &limits);
    decoder.looks_left = 1000;
    let error = decoder.at(&queue(1 << 16), &"[5]".parse().unwrap()).unwrap();
    assert_eq!(error, Value::Invalid(TOO_MANY.into()));
    // Most of the slots lie beyond the memory.
    assert!(matches!(decoded(&queue(MOST), &bytes), Value::Invalid(_) | Value::Queue { .. }));
    assert!(started.elapsed().as_secs() < 20);
}

#[test]
fn a_head_that_is_far_behind_hides_no_item() {
    let cursor = 3 << 38;
    let bytes = queue_bytes([0, cursor, cursor + 1], &[(full(0), 7), (0, 0), (0, 0)]);
    assert_eq!(decoded(&queue(3), &bytes).to_string(), "[7]");
}

#[test]
fn slot_of_a_page_costs_a_page() {
    let limits = Limits::default();
    assert_eq!(looks(0, &limits), FEW);
    assert_eq!(looks(usize::MAX, &limits), LOOKS);
    let page = Box::new(OwnedSchema::new(8192, 1, OwnedKind::Pad).unwrap());
    let size = 256 + 4 * (16 + 8192 + 48);
    let large = OwnedSchema::new(size, 64, OwnedKind::Queue { capacity: 4, value: page.clone() }).unwrap();
    let bytes = vec![0; size as usize];
    let queue = Queue::of(&large, &page, 4, Memory::Copy(&bytes), 0).unwrap();
    assert_eq!(queue.ring().cost(), 64);
}

#[test]
fn error_names_what_the_path_means() {
    let error = FieldError::NoItem { path: "feed".into(), position: 3, oldest: 10, sent: 18 };
    assert_eq!(error.to_string(), "`feed` has no item [3] any more: the oldest is [10], the newest [17]");
}
