//! Schemas that no type has: little time, little memory, an error or a value.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use shmstore::dynamic::{check, decode, encode, from_text};
use shmstore::inspect::Value;
use shmstore::schema::{OwnedField, OwnedKind, OwnedSchema, Primitive};
use shmstore_tests::schemas::{array, build, pad, phantom, primitive, struct_of};

/// A struct of these fields, all at offset 0.
fn overlapping(size: u64, fields: impl IntoIterator<Item = OwnedSchema>) -> OwnedSchema {
    let fields: Vec<_> = (0..)
        .zip(fields)
        .map(|(number, schema): (u64, _)| OwnedField { name: format!("f{number}"), offset: 0, schema })
        .collect();
    let align = fields.iter().map(|field| field.schema.align()).max().unwrap_or(1);
    build(size, align, OwnedKind::Struct { name: "O".into(), const_args: vec![], fields })
}

fn flags(len: u64) -> OwnedSchema {
    array(primitive(Primitive::Bool), len)
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("memory of this process");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Calls `then`, which must not take longer than a few million steps do. Other processes and threads do not count.
fn quick<T>(then: impl FnOnce() -> T) -> T {
    let used = || Duration::from(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("a clock of Linux"));
    let before = used();
    let result = then();
    assert!(used() - before < Duration::from_secs(10), "{:?}", used() - before);
    result
}

#[test]
fn elements_without_bytes_take_no_time_however_many_they_are() {
    let empty = overlapping(0, []);
    let mut schema = array(empty, u64::MAX);
    for _ in 0..5 {
        schema = array(schema, u64::MAX);
    }
    let value = quick(|| decode(&schema, &[]).unwrap_err());
    assert_eq!(value.to_string(), "the value is not a valid value: parts of its type overlap");
    assert_eq!(quick(|| check(&schema, &[])), Ok(()));
    let endless = array(phantom(), u64::MAX);
    let value = quick(|| decode(&endless, &[]).unwrap());
    assert!(matches!(&value, Value::List { len: u64::MAX, first } if first.len() == 8));
    assert_eq!(quick(|| encode(&endless, &value)), Ok(vec![]));
    assert!(quick(|| from_text(&endless, "[null, null]")).is_err());
}

#[test]
fn fields_that_overlap_are_an_error_before_they_take_much_memory_or_time() {
    let schema = overlapping(1 << 16, (0..2000).map(|_| flags(1 << 16)));
    let bytes = vec![1; 1 << 16];
    let before = resident();
    let checked = quick(|| check(&schema, &bytes)).unwrap_err().to_string();
    assert!(checked.ends_with("is not a valid value: parts of its type overlap"), "{checked}");
    let flag = struct_of("F", vec![], [("flag".into(), primitive(Primitive::Bool))], 1);
    let structs = overlapping(1 << 10, (0..2000).map(|_| array(flag.clone(), 1 << 10)));
    let checked = quick(|| check(&structs, &bytes[..1 << 10])).unwrap_err().to_string();
    assert!(checked.ends_with("is not a valid value: parts of its type overlap"), "{checked}");
    let numbers = overlapping(1 << 16, (0..2000).map(|_| array(primitive(Primitive::U8), 1 << 16)));
    assert_eq!(quick(|| check(&numbers, &bytes)), Ok(()), "any bits are valid");
    let decoded = quick(|| decode(&numbers, &bytes)).unwrap_err().to_string();
    assert_eq!(decoded, "the value is not a valid value: parts of its type overlap");
    assert!(resident() < before + 400_000, "{} KiB more", resident() - before);
    // Few that overlap are decoded.
    let few = overlapping(1, (0..9).map(|_| flags(1)));
    assert_eq!(check(&few, &[1]), Ok(()));
    assert!(decode(&few, &[1]).unwrap().to_string().contains("f8: [true]"));
}

#[test]
fn very_many_fields_in_each_element_are_counted() {
    let many = overlapping(1, (0..20_000).map(|number| if number == 0 { flags(1) } else { pad(1) }));
    let schema = array(many, 1 << 16);
    let error = quick(|| check(&schema, &vec![0; 1 << 16])).unwrap_err().to_string();
    assert!(error.ends_with("parts of its type overlap"), "{error}");
}

#[test]
fn type_that_is_larger_than_memory_is_refused() {
    for size in [1 << 62, i64::MAX as u64] {
        let error = quick(|| encode(&pad(size), &Value::Nothing)).unwrap_err();
        assert_eq!(error.expected, "a type that fits into memory");
    }
    let before = resident();
    match quick(|| encode(&pad(1 << 34), &Value::Nothing)) {
        Ok(bytes) => assert_eq!(bytes.len(), 1 << 34),
        Err(error) => assert_eq!(error.expected, "a type that fits into memory"),
    }
    assert!(resident() < before + 100_000, "no page of it was touched");
}

#[test]
fn elements_outside_of_their_list_are_refused() {
    // There is room for the elements, but not behind the length.
    let element = Box::new(primitive(Primitive::U64));
    let schema = build(8, 8, OwnedKind::FixedVec { capacity: 1, element: element.clone() });
    let one = Value::List { len: 1, first: vec![Value::Unsigned(1)] };
    assert_eq!(encode(&schema, &one).unwrap_err().expected, "a type with all parts in it");
    assert!(decode(&schema, &1_u64.to_le_bytes()).unwrap_err().to_string().starts_with("`[0]` is not a valid value"));
    let flags = build(1, 1, OwnedKind::FixedVec { capacity: 1, element: Box::new(primitive(Primitive::Bool)) });
    let error = check(&flags, &[1]).unwrap_err().to_string();
    assert_eq!(error, "the value is not a valid value: a part of its type is outside of it");
}

#[test]
fn names_in_errors_cannot_act_on_a_terminal() {
    let name = "\u{1b}[2J\u{202e}\n";
    let field = OwnedField { name: name.into(), offset: 0, schema: primitive(Primitive::Bool) };
    let schema = build(1, 1, OwnedKind::Struct { name: name.into(), const_args: vec![], fields: vec![field] });
    let named = |value| Value::Struct { name: name.into(), fields: vec![(name.into(), value)] };
    let variants = vec![shmstore::schema::OwnedVariant { name: name.into(), discriminant: 0 }];
    let choice = build(1, 1, OwnedKind::Enum { name: name.into(), repr: Primitive::U8, variants });
    for said in [
        check(&schema, &[7]).unwrap_err().to_string(),
        check(&choice, &[7]).unwrap_err().to_string(),
        check(&schema, &[]).unwrap_err().to_string(),
        encode(&schema, &named(Value::Text(name.into()))).unwrap_err().to_string(),
        encode(&choice, &Value::Text(name.repeat(2))).unwrap_err().to_string(),
        encode(&schema, &Value::Nothing).unwrap_err().to_string(),
        from_text(&schema, name).unwrap_err().to_string(),
        from_text(&choice, name.trim()).unwrap_err().to_string(),
        schema.is_an_object().unwrap_err().to_string(),
    ] {
        assert!(!said.contains(|letter: char| letter.is_control() || letter == '\u{202e}'), "{said:?}");
    }
}
