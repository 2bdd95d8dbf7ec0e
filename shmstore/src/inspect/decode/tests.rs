use super::*;
use crate::layout::schema::OwnedKind as Of;

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
fn number_of_every_primitive_is_decoded() {
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
fn bytes_that_are_not_a_valid_value_are_invalid_with_a_reason() {
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
fn list_is_as_long_as_its_length_and_at_most_its_capacity() {
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

fn field(name: &str, offset: u64, schema: OwnedSchema) -> OwnedField {
    OwnedField { name: name.into(), offset, schema }
}

fn refused(schema: &OwnedSchema, path: &str) -> String {
    let memory = vec![0; schema.size() as usize];
    let read = Decoder::new(Memory::Copy(&memory), &Limits::default()).at(schema, &path.parse().unwrap());
    read.unwrap_err().to_string()
}

#[test]
fn field_in_place_of_an_index_is_answered_with_the_path_that_was_meant() {
    let cpus = schema(3, 1, Of::Array { len: 3, element: Box::new(number_type(Primitive::U8)) });
    assert_eq!(refused(&cpus, "user"), "the object is an `[u8; 3]`, which has no fields: write `[0].user`");
    let fields = vec![field("cpus", 0, cpus)];
    let host = schema(3, 1, Of::Struct { name: "Host".into(), const_args: Vec::new(), fields });
    for (path, meant) in [("cpus.2.user", "cpus[2].user"), ("cpus.user.x", "cpus[0].user.x"), ("cpus.1", "cpus[1]")] {
        assert_eq!(refused(&host, path), format!("`cpus` is an `[u8; 3]`, which has no fields: write `{meant}`"));
    }
    assert_eq!(refused(&host, "cpus[0].x"), "`cpus[0]` is a `u8`, which has no fields");
    assert_eq!(refused(&host, "[0]"), "the object is a `Host`, which has no elements");
    assert_eq!(refused(&host, "cpus[3]"), "`cpus` has 3 elements: the last is [2]");
}

#[test]
fn unknown_field_is_answered_with_at_most_ten_fields_the_most_similar_first() {
    let fields = |names: &[String]| {
        let at = |(at, name): (usize, &String)| field(name, at as u64, number_type(Primitive::U8));
        let fields: Vec<_> = names.iter().enumerate().map(at).collect();
        schema(fields.len() as u64, 1, Of::Struct { name: "Host".into(), const_args: Vec::new(), fields })
    };
    let few = fields(&["load".into(), "memory".into()]);
    assert_eq!(refused(&few, "nope"), "no field `nope` in the object, a `Host`: there are `load`, `memory`");
    let many: Vec<String> = (0..100).map(|number| format!("f{number}")).chain(["uptime".to_owned()]).collect();
    let said = refused(&fields(&many), "uptimes");
    assert!(said.contains("there are `uptime`, `f0`, ") && said.ends_with("`f8`, 91 more"), "{said}");
}

#[test]
fn event_is_its_count_even_while_a_process_waits() {
    let event = schema(16, 8, Of::Event);
    for word in [14_u64, 15] {
        let bytes = [word.to_le_bytes(), [0; 8]].concat();
        assert_eq!(decoded(&event, &bytes), Value::Event { count: 7 });
    }
}

#[test]
fn versioned_of_another_layout_is_invalid() {
    let value = Box::new(number_type(Primitive::U64));
    let small = schema(8, 8, Of::Versioned { value });
    assert!(is_invalid(&decoded(&small, &[0; 8]), "no `Versioned` of this program is 8 bytes"));
}

#[test]
fn versioned_beyond_the_limit_still_has_its_version() {
    let value = Box::new(number_type(Primitive::U64));
    let versioned = schema(128, 64, Of::Versioned { value });
    let mut bytes = [0; 128];
    bytes[64] = 7 << 1;
    let decoded = |limit| {
        let limits = Limits { bytes: limit, ..Limits::default() };
        Decoder::new(Memory::Copy(&bytes), &limits).all(&versioned)
    };
    let Value::Versioned { version, value, .. } = decoded(8) else { panic!("a version") };
    assert_eq!(*value, Value::Unsigned(0));
    let Value::Versioned { version: again, value, .. } = decoded(7) else { panic!("a version") };
    assert_eq!(again, version);
    assert!(version > 0 && is_invalid(&value, "more bytes than the limit"));
}
