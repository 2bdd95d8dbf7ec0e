use super::*;
use crate::inspect::Limits;
use crate::inspect::decode::Decoder;
use crate::inspect::saved::values;
use crate::inspect::value::Value;
use crate::segment::header::{self, Geometry};
use crate::segment::liveness::{Liveness, ProcessFacts};
use crate::store::attached::{participants, processes};
use crate::store::layout_of;
use crate::sys::process::PAGE;
use crate::{Lock, ShmLayout, ShmObject, Store, Versioned};
use std::time::Duration;

const PROCESSES: usize = 100;

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'P', crate = "crate")]
struct Pages {
    count: AtomicU64,
    values: Versioned<[u64; 1024]>,
    lock: Lock,
}

/// An object under inspection. It is removed already, so its memory is freed even if a signal ends the test.
struct Inspected {
    attached: SegmentRef,
    schema: OwnedSchema,
}

/// Registers many processes with an object, so that their slots take more than a page.
fn fill_slots(object: &SegmentRef) {
    let slots = header::slots(object.mapping(), object.geometry());
    let facts = ProcessFacts::gather();
    for token in 1..=PROCESSES as u32 {
        let lock_is_held = |_| Some(true);
        let liveness =
            Liveness { token, facts: &facts, shmid: object.shmid(), has_unlisted: false, lock_is_held: &lock_is_held };
        slots.claim(false, 0, &liveness).unwrap();
    }
}

impl Inspected {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let created = store.create::<Pages>().unwrap();
        created.values.store([7; 1024]);
        let target = store.target('P', Some(layout_of::<Pages>())).unwrap();
        fill_slots(&target.attach(Duration::ZERO).unwrap().attached);
        let attached = target.attach_read_only(Duration::ZERO).unwrap();
        store.remove::<Pages>().unwrap();
        Self { attached, schema: Pages::SCHEMA.into() }
    }

    /// Makes the page of an offset in the object fail.
    fn break_page_of(&self, offset: usize) {
        let start = (self.attached.geometry().payload_offset + offset) / PAGE * PAGE;
        self.attached.mapping().break_pages(&(start..start + PAGE));
    }

    fn with_live<R>(&self, run: impl FnOnce(Live<'_>) -> R) -> R {
        run(Live::of(&self.attached, &ReadablePages::of(self.attached.mapping())))
    }

    /// The values, as a reader sees them.
    fn read(&self) -> [Value; 3] {
        let limits = Limits::default();
        let value = self.with_live(|live| Decoder::new(Memory::Live(live), &limits).all(&self.schema));
        let Value::Struct { fields, .. } = value else { panic!("{value}") };
        let values: Vec<Value> = fields.into_iter().map(|(_, value)| value).collect();
        values.try_into().expect("three fields")
    }

    fn saved(&self) -> Result<Vec<u8>, String> {
        let values = self.with_live(|live| values::of(&self.schema, Memory::Live(live), Duration::from_millis(10)));
        values.map_err(|error| error.to_string())
    }
}

fn is_unreadable(value: &Value) -> bool {
    matches!(value, Value::Invalid(why) if why == Unreadable::Page.why())
}

#[test]
fn values_on_a_page_that_fails_are_invalid_and_others_are_read() {
    let inspected = Inspected::new();
    inspected.break_page_of(0);
    let [count, values, lock] = inspected.read();
    assert!(is_unreadable(&count) && is_unreadable(&values), "{count} {values}");
    assert!(matches!(lock, Value::Lock { locked: false, inconsistent: false }), "{lock}");
    assert_eq!(inspected.saved().unwrap_err(), "`count` cannot be saved: the kernel cannot provide a page of it");
    assert_eq!(participants(&inspected.attached, &inspected.schema).len(), PROCESSES + 1);
}

#[test]
fn value_of_which_one_page_fails_is_invalid() {
    let inspected = Inspected::new();
    assert!(inspected.saved().is_ok());
    // The second slot has version 1.
    inspected.break_page_of(std::mem::offset_of!(Pages, lock) - 2 * PAGE);
    let [count, values, lock] = inspected.read();
    assert!(matches!((&count, &lock), (Value::Unsigned(0), Value::Lock { .. })), "{count} {lock}");
    assert!(is_unreadable(&values), "{values}");
    let message = "`values` cannot be saved: the kernel cannot provide a page of it";
    assert_eq!(inspected.saved().unwrap_err(), message);
}

#[test]
fn processes_on_a_page_that_fails_are_not_listed() {
    for page in 0..2 {
        let inspected = Inspected::new();
        assert_eq!(processes(&inspected.attached).len(), PROCESSES + 1);
        inspected.attached.mapping().break_pages(&(page * PAGE..(page + 1) * PAGE));
        assert_eq!(processes(&inspected.attached), []);
    }
}

#[test]
fn schema_on_a_page_that_fails_is_damaged() {
    let inspected = Inspected::new();
    inspected.attached.mapping().break_pages(&(PAGE..2 * PAGE));
    let geometry = Geometry { schema_offset: PAGE - 1, schema_len: 2, ..*inspected.attached.geometry() };
    let damage = header::read_layout(inspected.attached.mapping(), &geometry).unwrap_err();
    assert_eq!((damage.field, &*damage.found), ("schema", "on a page that the kernel cannot provide"));
}

#[test]
fn pages_are_those_of_the_kernel_whatever_their_size() {
    assert_eq!(whole_pages(1024..50_000, 4096), 4096..49_152);
    assert_eq!(whole_pages(1024..50_000, 16_384), 16_384..49_152);
    assert!(whole_pages(1024..50_000, 65_536).is_empty());
}
