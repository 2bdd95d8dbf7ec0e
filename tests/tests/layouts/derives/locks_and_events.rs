//! `Lock` and `Event` wherever an object may have a part: by themselves, in arrays, nested, on lines of their own.
#![forbid(unsafe_code)]
#![deny(missing_docs, unreachable_pub, warnings)]

use std::mem::{align_of, offset_of, size_of};
use std::sync::atomic::AtomicU8;

use shmstore::schema::Kind;
use shmstore::view::{EventView, LockView};
use shmstore::{CacheAligned, Event, Lock, ShmLayout, ShmObject, Versioned};

/// An object in an object.
#[derive(Default, ShmObject)]
#[repr(C)]
pub(crate) struct Account {
    guard: Lock,
    changed: Event,
    balances: [Versioned<i64>; 2],
}

/// By its name alone.
#[derive(Default, ShmObject)]
#[repr(transparent)]
struct Gate(Event);

/// All there is.
#[derive(Default, ShmObject)]
#[repr(C)]
#[shm(id = 'B')]
pub struct Bank {
    small: AtomicU8,
    /// A part that others see.
    pub lock: Lock,
    event: Event,
    locks: [Lock; 3],
    events: [[Event; 2]; 2],
    lines: [CacheAligned<Lock>; 2],
    line: CacheAligned<Event>,
    pub(crate) accounts: [Account; 2],
    gate: Gate,
}

/// As many as are asked for.
#[derive(ShmObject)]
#[repr(C)]
pub struct Striped<const N: usize> {
    locks: [Lock; N],
}

type View = <Bank as ShmObject>::View;

fn views(view: &View) -> (&LockView, &[[EventView; 2]; 2], &CacheAligned<LockView>) {
    (&view.lock, &view.events, &view.lines[1])
}

#[test]
fn locks_and_events_stand_wherever_an_object_has_a_part() {
    assert!(matches!(Lock::SCHEMA.kind(), Kind::Lock) && matches!(Event::SCHEMA.kind(), Kind::Event));
    assert_eq!((size_of::<Lock>(), align_of::<Lock>()), (8, 8));
    assert_eq!((size_of::<Event>(), align_of::<Event>()), (16, 8));
    assert_eq!((offset_of!(Bank, lock), offset_of!(Bank, event), offset_of!(Bank, locks)), (8, 16, 32));
    assert_eq!((offset_of!(Bank, lines) % 128, offset_of!(Bank, line) % 128), (0, 0));
    assert_eq!((size_of::<View>(), align_of::<View>()), (size_of::<Bank>(), align_of::<Bank>()));
    assert_eq!(offset_of!(View, accounts), offset_of!(Bank, accounts));
    assert_eq!(Striped::<4>::SCHEMA.size(), 32);
    assert_eq!(Gate::SCHEMA.size(), 16);
    let bank = Bank::default();
    assert!(format!("{:?}", bank.lock).starts_with("Lock"));
    assert!(format!("{:?}", bank.event).starts_with("Event"));
    let _ = views;
}
