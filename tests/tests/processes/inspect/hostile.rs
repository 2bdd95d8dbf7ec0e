//! Schemas that no type has: they cost no more than others.

use std::time::Duration;

use shmstore::inspect::{Limits, Object, SavedError, SavedObject, Value};
use shmstore::schema::{OwnedField, OwnedKind, OwnedSchema, Primitive};
use shmstore_tests::fuzz::segment::plant_object;
use shmstore_tests::fuzz::types::real_versioned;
use shmstore_tests::objects::Telemetry;
use shmstore_tests::raw::{Raw, field};
use shmstore_tests::schemas::*;
use shmstore_tests::scratch::{Planted, Scratch};
use shmstore_tests::segments::resident_pages;
use shmstore_tests::wait::processor_time;

use super::segment;

/// Longer than anything here takes on a busy machine, built without optimisation.
const NO_HANG: Duration = Duration::from_secs(20);

/// An object of a type that nobody declared.
struct Strange {
    object: Object,
    _planted: Planted,
    _scratch: Scratch,
}

fn strange(schema: &OwnedSchema, byte: u8) -> Strange {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Telemetry>().unwrap());
    let real = Raw::at_key(scratch.key('T'));
    let planted = plant_object(&real, schema, &vec![byte; schema.size() as usize]);
    let object = Object::attach(&segment(planted.shmid)).unwrap();
    Strange { object, _planted: planted, _scratch: scratch }
}

/// So many fields of a type, all at the start of a struct.
fn all_at_once(part: &OwnedSchema, count: usize) -> OwnedSchema {
    let field = |number| OwnedField { name: format!("{number}"), offset: 0, schema: part.clone() };
    let fields = (0..count).map(field).collect();
    build(part.size(), part.align(), OwnedKind::Struct { name: "S".into(), const_args: vec![], fields })
}

/// Does all that can be done to look at it.
fn look(strange: &Strange) -> (Value, usize, Result<SavedObject, SavedError>) {
    let started = processor_time();
    let object = &strange.object;
    let value = object.read(&Limits::full().with_elements(100_000));
    let held = object.participants().iter().map(|of| of.holding.len()).sum();
    let saved = SavedObject::of(object, &Limits::default());
    if let Ok(saved) = &saved {
        let _ = SavedObject::parse(&saved.to_bytes()).unwrap().read(&Limits::default());
    }
    let took = processor_time() - started;
    assert!(took < NO_HANG, "took {took:?}");
    (value, held, saved)
}

#[test]
fn parts_without_bytes_without_end_are_counted_and_not_visited() {
    let nothing = structure("Nothing", []);
    let unit = build(0, 1, OwnedKind::Versioned { value: Box::new(nothing.clone()) });
    for element in [nothing, phantom(), unit] {
        let (value, ..) = look(&strange(&array(element, 1 << 60), 0));
        let Value::List { len, first } = value else { panic!("{value}") };
        assert_eq!((len, first.len()), (1 << 60, 8));
    }
    let endless = array(array(array(structure("Nothing", []), 1 << 60), 1 << 60), 1 << 60);
    let (value, ..) = look(&strange(&endless, 0));
    assert!(matches!(value, Value::List { len: 0x1000_0000_0000_0000, .. }));
}

#[test]
fn forty_nested_arrays_make_no_more_values_than_the_limits_say() {
    let mut schema = structure("Nothing", []);
    for _ in 0..39 {
        schema = array(schema, 1 << 20);
    }
    let strange = strange(&schema, 0);
    let mut limits = Limits::default();
    limits.nodes = 1000;
    let text = strange.object.read(&limits).to_string();
    assert!(text.len() < 100_000, "{} bytes", text.len());
    let path = "[7]".repeat(39).parse().unwrap();
    assert_eq!(strange.object.read_at(&path, &limits).unwrap().to_string(), "{  }");
    let _ = look(&strange);
}

/// However much the caller wants to see.
#[test]
fn small_object_makes_few_values_whatever_its_schema_says() {
    let mut endless = structure("Nothing", []);
    for _ in 0..30 {
        endless = array(endless, 1 << 62);
    }
    for schema in
        [array(structure("Nothing", []), 1 << 62), endless, all_at_once(&array(primitive(Primitive::U8), 4096), 1000)]
    {
        let strange = strange(&schema, 0);
        let values = count(&strange.object.read(&Limits::full()));
        assert!(values <= 150_000, "{values} values");
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::List { first, .. } => first.iter().map(count).sum(),
        Value::Struct { fields, .. } => fields.iter().map(|(_, value)| count(value)).sum(),
        _ => 0,
    }
}

#[test]
fn values_that_overlap_are_copied_no_more_often_than_there_are_bytes() {
    let value = real_versioned(array(primitive(Primitive::U8), 1 << 20));
    let strange = strange(&all_at_once(&value, 1000), 0);
    let (value, _, saved) = look(&strange);
    let Value::Struct { fields, .. } = &value else { panic!("{value}") };
    let decoded = fields.iter().filter(|(_, value)| !matches!(value.settled(), Value::Invalid(_))).count();
    assert!((1..=2).contains(&decoded), "{decoded} were copied");
    assert!(fields[999].1.to_string().contains("overlap"), "{}", fields[999].1);
    let error = saved.unwrap_err().to_string();
    assert!(error.contains("overlap"), "{error}");
}

#[test]
fn texts_that_overlap_are_copied_no_more_often_than_there_are_bytes() {
    let strange = strange(&all_at_once(&fixed_string(1 << 20), 1000), b' ');
    let (value, ..) = look(&strange);
    let text = value.to_string();
    assert!(text.len() < 4 << 20, "{} bytes", text.len());
}

#[test]
fn locks_that_overlap_are_listed_within_bounds() {
    let strange = strange(&all_at_once(&array(lock(), 1 << 13), 2000), 0xff);
    let _ = look(&strange);
}

#[test]
fn parts_without_bytes_in_many_elements_do_not_hang_who_saves() {
    let none =
        (0..3000).map(|number| (format!("f{number}"), phantom())).chain([("b".into(), primitive(Primitive::U8))]);
    let element = struct_of("Wide", vec![], none.collect::<Vec<_>>(), 1);
    let (.., saved) = look(&strange(&array(element, 1 << 20), 1));
    let error = saved.unwrap_err().to_string();
    assert!(error.contains("more parts than bytes"), "{error}");
}

/// A page of a segment is made when it is first looked at, and stays.
#[test]
fn look_at_a_value_that_was_never_stored_makes_no_pages_of_it() {
    const LEN: usize = 16 << 20;
    let scratch = Scratch::new();
    drop(scratch.store().create::<Telemetry>().unwrap());
    let schema = real_versioned(array(primitive(Primitive::U8), LEN as u64));
    let planted = plant_object(&Raw::at_key(scratch.key('T')), &schema, &[]);
    let object = Object::attach(&segment(planted.shmid)).unwrap();
    let value = object.read(&Limits::default());
    let Value::Versioned { version: 0, value, .. } = &value else { panic!("{value}") };
    assert_eq!(value.to_string(), format!("[0, 0, 0, 0, 0, 0, 0, 0, … {} more]", LEN - 8));
    SavedObject::of(&object, &Limits::default()).unwrap();
    let pages = resident_pages(planted.shmid);
    assert!(pages < 256, "{pages} pages");

    // What is there is seen all the same, as every other reader sees it.
    let raw = Raw::attach(planted.shmid);
    let slot = raw.get(field::PAYLOAD_OFFSET) as usize + 128;
    for place in [0, 4096, LEN / 2, LEN - 1] {
        raw.write(slot + place, &[7]);
        let index = format!("[{place}]").parse().unwrap();
        assert_eq!(object.read_at(&index, &Limits::default()).unwrap(), Value::Unsigned(7), "{place}");
    }
}

#[test]
fn long_names_and_many_variants_count_as_the_memory_and_time_that_they_take() {
    let long = "n".repeat(255);
    let names = (0..100).map(|number| (format!("{number:03}{}", &long[3..]), primitive(Primitive::U8)));
    let strange_names = strange(&array(struct_of("Long", vec![], names.collect::<Vec<_>>(), 1), 1 << 14), 0);
    let mut limits = Limits::full();
    limits.nodes = 100_000;
    let text = strange_names.object.read(&limits).to_string();
    assert!(text.len() < 16 << 20, "{} bytes", text.len());

    let variants = (0..20_000_i128).map(|number| (format!("V{number}"), number)).collect();
    let many = array(enum_of("Many", Primitive::U16, variants), 1 << 20);
    let _ = look(&strange(&many, 0x40));
}
