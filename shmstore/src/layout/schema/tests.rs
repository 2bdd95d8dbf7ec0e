use super::*;
use crate::ShmLayout;

const BYTE: &Schema = u8::SCHEMA;

fn structure(name: &'static str, field: &'static str) -> Schema {
    let fields = Box::leak(Box::new([Field { name: field, offset: 0, schema: BYTE }]));
    Schema::new(1, 1, Kind::Struct { name, const_args: &[], fields })
}

#[test]
fn schema_of_the_greatest_depth_and_the_longest_names_is_read_back() {
    let longest = "n".repeat(255).leak();
    let mut schema = structure(longest, longest);
    for _ in schema.depth..MAX_DEPTH {
        let fields = Box::leak(Box::new([Field { name: "f", offset: 0, schema: Box::leak(Box::new(schema)) }]));
        schema = Schema::new(1, 1, Kind::Struct { name: "S", const_args: &[], fields });
    }
    assert_eq!(OwnedSchema::from_json(schema.to_json()).unwrap().hash(), schema.hash());
}

#[test]
#[should_panic = "nested at most 40 levels deep"]
fn type_nested_too_deep_is_refused() {
    (0..MAX_DEPTH).fold(BYTE, |element, _| Box::leak(Box::new(Schema::new(1, 1, Kind::Array { len: 1, element }))));
}

#[test]
#[should_panic = "names in shared memory have 1 to 255 bytes"]
fn field_with_too_long_a_name_is_refused() {
    structure("S", "n".repeat(256).leak());
}

#[test]
#[should_panic = "names in shared memory have 1 to 255 bytes"]
fn type_without_a_name_is_refused() {
    structure("", "f");
}

#[test]
#[should_panic = "aligned to at most 4096 bytes"]
fn type_aligned_to_more_than_4096_bytes_is_refused() {
    let _ = Schema::new(8192, 8192, Kind::Pad);
}
