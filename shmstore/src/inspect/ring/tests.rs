use std::sync::atomic::Ordering::{Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::thread;
use std::time::Duration;

use crate::inspect::Limits;
use crate::inspect::decode::Decoder;
use crate::inspect::memory::{Live, Memory};
use crate::inspect::saved::values;
use crate::inspect::value::Value;
use crate::layout::schema::{OwnedKind, OwnedSchema, Primitive};
use crate::layout::type_layout::TypeLayout;
use crate::segment::this_process::registry::SegmentRef;
use crate::store::{IfExists, Store};
use crate::sync::queue::word::{free, full, lap, lap_of, next_lap, taken_by};
use crate::sync::{RingOffsets, broadcast_words, queue_words};
use crate::sys::readable::ReadablePages;

/// The words of an item. All have its position plus 1.
const WORDS: u64 = 32;
const CAPACITY: u64 = 8;
const LOOKS: u64 = 3000;

fn item() -> Box<OwnedSchema> {
    let word = OwnedSchema::new(8, 8, OwnedKind::Primitive(Primitive::U64)).unwrap();
    Box::new(OwnedSchema::new(8 * WORDS, 8, OwnedKind::Array { len: WORDS, element: Box::new(word) }).unwrap())
}

/// Makes an object of one part. It is removed already.
pub(in crate::inspect) fn object(schema: &OwnedSchema) -> SegmentRef {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let layout = TypeLayout::of_owned(schema.clone(), None).unwrap();
    let target = store.target('R', Some(&layout)).unwrap();
    let attached = target.create(IfExists::Refuse, &mut |_| Ok(())).unwrap().attached;
    target.remove().unwrap();
    attached
}

/// A process that stores in a live part, by the protocol of one process alone.
struct Peer<'a> {
    live: Live<'a>,
    offsets: RingOffsets,
}

impl Peer<'_> {
    fn store(&self, at: u64, word: u64) {
        self.live.to_write::<AtomicU64>(at).store(word, Release);
    }

    fn slot(&self, position: u64) -> u64 {
        self.offsets.slots + position % CAPACITY * self.offsets.stride
    }

    /// Writes an item between two stores of its slot's word.
    fn fill(&self, position: u64, word: u64) {
        std::sync::atomic::fence(Release);
        for index in 0..WORDS {
            let at = self.slot(position) + self.offsets.value + 8 * index;
            self.live.to_write::<AtomicU64>(at).store(position + 1, Relaxed);
        }
        self.store(self.slot(position), word);
    }
}

/// The position of an item, which is whole.
fn position(item: &Value) -> u64 {
    let Value::List { first, .. } = item else { panic!("an item: {item}") };
    assert!(first.len() as u64 == WORDS && first.iter().all(|word| *word == first[0]), "a torn item: {item}");
    let Value::Unsigned(number) = first[0] else { panic!("a number") };
    number - 1
}

/// Ends the other thread, also when a test fails.
pub(in crate::inspect) struct Stop<'a>(pub(in crate::inspect) &'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Looks at a part while another thread works on it.
fn look_while(schema: &OwnedSchema, peer: impl Fn(Peer<'_>, &AtomicBool) + Sync, mut look: impl FnMut(Value, Vec<u8>)) {
    let attached = object(schema);
    let offsets = match schema.kind() {
        OwnedKind::Queue { .. } => RingOffsets::of_queue(8 * WORDS, 8, CAPACITY).unwrap(),
        _ => RingOffsets::of_broadcast(8 * WORDS, 8, CAPACITY).unwrap(),
    };
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let pages = ReadablePages::of(attached.mapping());
            peer(Peer { live: Live::of(&attached, &pages), offsets }, &stop);
        });
        let _stop = Stop(&stop);
        let pages = ReadablePages::of(attached.mapping());
        let memory = Memory::Live(Live::of(&attached, &pages));
        let values = || values::of(schema, memory, Duration::from_millis(10)).unwrap();
        while values().iter().all(|&byte| byte == 0) {
            thread::yield_now(); // the peer has not begun
        }
        for _ in 0..LOOKS {
            let value = Decoder::new(memory, &Limits::full()).all(schema);
            look(value, values());
        }
    });
}

fn word(bytes: &[u8], at: u64) -> u64 {
    u64::from_le_bytes(bytes[at as usize..][..8].try_into().unwrap())
}

#[test]
fn items_of_a_live_queue_are_whole_and_a_copy_of_it_goes_on_where_it_was() {
    let size = RingOffsets::of_queue(8 * WORDS, 8, CAPACITY).unwrap();
    let kind = OwnedKind::Queue { capacity: CAPACITY, value: item() };
    let schema = OwnedSchema::new(size.size, size.align, kind).unwrap();
    let work = |peer: Peer<'_>, stop: &AtomicBool| {
        let lap_of = |position| lap_of(position, CAPACITY);
        let mut tail = 0;
        while !stop.load(Relaxed) {
            peer.fill(tail, full(lap_of(tail)));
            tail += 1;
            peer.store(queue_words::TAIL, tail);
            // The last two items wait. The two items before them are taken. All items before those are done.
            let Some(out) = tail.checked_sub(3) else { continue };
            peer.store(peer.slot(out), taken_by(full(lap_of(out)), 9));
            peer.store(queue_words::CURSOR, out + 1);
            let Some(done) = out.checked_sub(2) else { continue };
            peer.store(peer.slot(done), free(next_lap(lap_of(done))));
            peer.store(queue_words::HEAD, done + 1);
        }
    };
    let (mut shown, mut kept) = (0, 0);
    look_while(&schema, work, |value, saved| {
        let Value::Queue { len, pushed, outstanding, first, .. } = value else { panic!("{value}") };
        assert!(len <= CAPACITY && outstanding <= CAPACITY, "{len} {outstanding}");
        let positions: Vec<u64> = first.iter().map(position).collect();
        assert!(positions.is_sorted_by(|a, b| a < b) && positions.iter().all(|&at| at < pushed), "{positions:?}");
        shown += positions.len();

        let [head, cursor, tail] =
            [queue_words::HEAD, queue_words::CURSOR, queue_words::TAIL].map(|at| word(&saved, at));
        assert!(head <= cursor && cursor <= tail && tail - head <= CAPACITY, "{head} {cursor} {tail}");
        for at in tail.saturating_sub(CAPACITY)..tail {
            let slot = size.slots + at % CAPACITY * size.stride;
            let state = word(&saved, slot);
            let own = lap_of(at, CAPACITY);
            if lap(state) == own {
                assert!(at >= head && state & ((1 << 29) - 1) == 0 && state != free(own), "{at}: {state:x}");
                let words = (0..WORDS).map(|index| word(&saved, slot + size.value + 8 * index));
                assert!(words.into_iter().all(|word| word == at + 1), "a torn item in a copy");
                kept += 1;
            } else {
                assert_eq!(state, free(next_lap(own)), "{at} of {tail}");
            }
        }
        // Many a copy has both.
        let came_back = head < cursor;
        assert_eq!(word(&saved, queue_words::RETURNED) as u32, u32::from(came_back));
    });
    assert!(shown > 0 && kept > 0, "{shown} shown, {kept} kept");
}

#[test]
fn items_of_a_live_broadcast_are_whole_and_a_copy_of_it_goes_on_where_it_was() {
    let size = RingOffsets::of_broadcast(8 * WORDS, 8, CAPACITY).unwrap();
    let kind = OwnedKind::Broadcast { capacity: CAPACITY, value: item() };
    let schema = OwnedSchema::new(size.size, size.align, kind).unwrap();
    let work = |peer: Peer<'_>, stop: &AtomicBool| {
        let mut tail = 0;
        while !stop.load(Relaxed) {
            peer.store(peer.slot(tail), 2 * tail + 1);
            peer.fill(tail, 2 * tail + 2);
            tail += 1;
            peer.store(broadcast_words::TAIL, tail);
        }
    };
    let (mut shown, mut kept) = (0, 0);
    look_while(&schema, work, |value, saved| {
        let Value::Broadcast { sent, last, .. } = value else { panic!("{value}") };
        assert!(last.iter().all(|(at, item)| *at < sent && *at == position(item)), "{sent} {last:?}");
        shown += last.len();
        let tail = word(&saved, broadcast_words::TAIL);
        for at in tail.saturating_sub(CAPACITY)..tail {
            let slot = size.slots + at % CAPACITY * size.stride;
            let sequence = word(&saved, slot);
            if sequence == 2 * at + 2 {
                let words = (0..WORDS).map(|index| word(&saved, slot + size.value + 8 * index));
                assert!(words.into_iter().all(|word| word == at + 1), "a torn item in a copy");
                kept += 1;
            } else {
                // The newest one is there, or no reader would find it. Readers of an older one find out that it is
                // gone.
                assert!(at + 1 < tail && sequence == 2 * (at + CAPACITY) + 1, "{at} of {tail}: {sequence}");
            }
        }
    });
    assert!(shown > 0 && kept > 0, "{shown} shown, {kept} kept");
}
