use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;

use super::*;
use crate::schema::OwnedKind as Of;

fn schema(size: u64, align: u64, kind: OwnedKind) -> OwnedSchema {
    OwnedSchema::new(size, align, kind).unwrap()
}

fn number_type(primitive: Primitive) -> OwnedSchema {
    let size = primitive.size() as u64;
    schema(size, size, Of::Primitive(primitive))
}

fn decoded(schema: &OwnedSchema, bytes: &[u8]) -> Value {
    Decoder::new(Memory::Copy(bytes), &Limits::default()).all(schema)
}

fn is_invalid(value: &Value, says: &str) -> bool {
    matches!(value, Value::Invalid(why) if why.contains(says))
}

#[test]
fn numbers_of_every_kind_are_themselves() {
    use Primitive::*;
    let ones = [0xff; 8];
    for (of, shown) in [
        (U8, "255"),
        (U16, "65535"),
        (U32, "4294967295"),
        (U64, "18446744073709551615"),
        (I8, "-1"),
        (I16, "-1"),
        (I32, "-1"),
        (I64, "-1"),
        (F32, "NaN"),
        (F64, "NaN"),
    ] {
        let size = of.size();
        assert_eq!(decoded(&number_type(of), &ones[..size]).to_string(), shown, "{of}");
        assert!(is_invalid(&decoded(&number_type(of), &ones[..size - 1]), "beyond"), "{of}");
    }
    assert_eq!(decoded(&number_type(I16), &[0xfe, 0xff]), Value::Signed(-2));
    assert_eq!(decoded(&number_type(F32), &1.5_f32.to_le_bytes()), Value::F32(1.5));
}

#[test]
fn bytes_that_are_no_value_of_their_type_are_invalid_and_say_why() {
    assert_eq!(decoded(&number_type(Primitive::Bool), &[1]), Value::Bool(true));
    assert!(is_invalid(&decoded(&number_type(Primitive::Bool), &[2]), "2 is not a `bool`"));
    assert_eq!(decoded(&number_type(Primitive::Char), &0xdf_u32.to_le_bytes()), Value::Char('ß'));
    assert!(is_invalid(&decoded(&number_type(Primitive::Char), &0xd800_u32.to_le_bytes()), "0xd800 is not a `char`"));
    let variants = vec![OwnedVariant { name: "Minus".into(), discriminant: -2 }];
    let signs = schema(1, 1, Of::Enum { name: "Sign".into(), repr: Primitive::I8, variants });
    assert_eq!(decoded(&signs, &[0xfe]), Value::Variant { name: "Minus".into(), discriminant: -2 });
    assert!(is_invalid(&decoded(&signs, &[0xfd]), "-3 is no variant"));
    let text = schema(8, 1, Of::FixedString { capacity: 4 });
    assert_eq!(decoded(&text, &[2, 0, 0, 0, b'h', b'i', b'!', b'!']), Value::Text("hi".into()));
    // A length above the capacity counts as the capacity.
    assert_eq!(decoded(&text, &[9, 0, 0, 0, b'h', b'i', b'!', b'!']), Value::Text("hi!!".into()));
    assert!(is_invalid(&decoded(&text, &[2, 0, 0, 0, b'h', 0xff, 0, 0]), "not UTF-8 from byte 1"));
}

#[test]
fn list_has_as_many_elements_as_it_says_and_has_room_for() {
    let list = schema(11, 1, Of::FixedVec { capacity: 3, element: Box::new(number_type(Primitive::U8)) });
    let bytes = |len: u64| [&len.to_le_bytes()[..], &[7, 8, 9]].concat();
    assert_eq!(decoded(&list, &bytes(2)).to_string(), "[7, 8]");
    assert_eq!(decoded(&list, &bytes(0)).to_string(), "[]");
    assert_eq!(decoded(&list, &bytes(u64::MAX)).to_string(), "[7, 8, 9]");
    let at = |len, path: &str| {
        let bytes = bytes(len);
        Decoder::new(Memory::Copy(&bytes), &Limits::default()).at(&list, &path.parse().unwrap())
    };
    assert_eq!(at(2, "[1]"), Ok(Value::Unsigned(8)));
    assert_eq!(at(2, "[2]"), Err(FieldError::OutOfRange { path: ".".into(), len: 2 }));
}

#[test]
fn versioned_of_another_layout_is_invalid() {
    let value = Box::new(number_type(Primitive::U64));
    let small = schema(8, 8, Of::Versioned { value });
    assert!(is_invalid(&decoded(&small, &[0; 8]), "no `Versioned` of this program is 8 bytes"));
}

#[test]
fn value_that_never_rests_costs_its_wait_and_all_of_them_ten_times_that() {
    let wait = Duration::from_millis(2);
    let sequence = AtomicU64::new(0);
    let mut waits = Waits::of(wait);
    let started = Instant::now();
    // Each copy is disturbed by two stores.
    let disturbed = |_| {
        sequence.fetch_add(4, Relaxed);
        Some(vec![0])
    };
    for _ in 0..10_000 {
        let error = whole_copy(&sequence, disturbed, &mut waits).unwrap_err();
        assert!(error.contains("stored faster than it can be copied"), "{error}");
    }
    assert_eq!(waits.left, Duration::ZERO);
    assert!(started.elapsed() >= 10 * wait);
    // One that rests is copied all the same.
    assert_eq!(whole_copy(&sequence, |_| Some(vec![1]), &mut waits).unwrap().1, [1]);
}

#[test]
fn copy_is_of_one_version_while_another_thread_stores() {
    let sequence = AtomicU64::new(0);
    let slots = [AtomicU64::new(0), AtomicU64::new(0)];
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut version = 0_u64;
            while !stop.load(Relaxed) {
                version += 1;
                sequence.store(2 * version - 1, std::sync::atomic::Ordering::SeqCst);
                slots[newest(2 * version).1].store(version, std::sync::atomic::Ordering::SeqCst);
                sequence.store(2 * version, std::sync::atomic::Ordering::SeqCst);
            }
        });
        for _ in 0..100_000 {
            let copy = |slot: usize| Some(slots[slot].load(Relaxed).to_le_bytes().to_vec());
            let Ok((version, bytes)) = whole_copy(&sequence, copy, &mut Waits::of(Duration::from_secs(10))) else {
                continue;
            };
            assert_eq!(bytes, version.to_le_bytes());
        }
        stop.store(true, Relaxed);
    });
}
