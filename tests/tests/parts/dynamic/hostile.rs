//! Bytes that no type allows, and segments of which no derive makes the layout.

use std::mem::offset_of;
use std::sync::atomic::Ordering::Relaxed;

use shmstore::dynamic::{DynamicError, Limit, Object};
use shmstore::inspect::{InspectError, Value};
use shmstore::{AtomicValue, Queue, Shared, ShmObject, ShmValue, Versioned};
use shmstore_tests::raw::Raw;
use shmstore_tests::raw::field::PAYLOAD_OFFSET;
use shmstore_tests::scratch::Scratch;

use super::{both, path};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ShmValue)]
#[repr(C)]
struct Flags {
    number: u8,
    flag: bool,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'F')]
struct Flagged {
    flags: Versioned<Flags>,
    one: AtomicValue<Flags>,
    queue: Queue<Flags, 2>,
}

#[test]
fn half_valid_value_is_not_carried_on_and_a_whole_store_repairs_it() {
    let scratch = Scratch::new();
    let (typed, object) = both::<Flagged>(&scratch);
    typed.flags.store(Flags { number: 1, flag: true });
    // Version 1 is in slot 1, which begins 96 bytes behind the part.
    let raw = Raw::attach(Shared::info(&typed).unwrap().shmid);
    let flags = raw.get(PAYLOAD_OFFSET) as usize + offset_of!(Flagged, flags);
    raw.write(flags + 96, &[1, 7]);
    let flags = object.versioned(&path("flags")).unwrap();
    assert!(matches!(flags.load(), Err(DynamicError::InvalidValue(_))));
    let error = object.store(&path("flags.number"), &Value::Unsigned(2)).unwrap_err();
    assert!(matches!(error, DynamicError::InvalidValue(_)), "{error}");
    let whole = Value::Struct {
        name: "Flags".into(),
        fields: vec![("number".into(), Value::Unsigned(2)), ("flag".into(), Value::Bool(true))],
    };
    object.store(&path("flags"), &whole).unwrap();
    assert_eq!(typed.flags.load_checked(), Ok(Flags { number: 2, flag: true }));
    assert!(matches!(flags.store_bytes(&[1, 7], Limit::Never), Err(DynamicError::InvalidValue(_))));
    let queue = object.queue(&path("queue")).unwrap();
    assert!(matches!(queue.push_bytes(&[1, 2], Limit::Never), Err(DynamicError::InvalidValue(_))));
    assert_eq!((typed.flags.version(), queue.len(), typed.one.load_checked(Relaxed).is_ok()), (2, 0, true));
}

#[test]
fn object_that_is_not_there_is_named() {
    let scratch = Scratch::new();
    let error = Object::attach(&scratch.store(), 'x').unwrap_err();
    assert!(matches!(error, DynamicError::Inspect(InspectError::NotFound { .. })), "{error}");
}
