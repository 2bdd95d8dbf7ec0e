//! `schema`.

use shmstore::{OwnedSchema, ShmLayout};

use super::support::*;

#[test]
fn json_is_the_schema_in_the_segment() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Rover>().unwrap());
    let path = scratch.join("rover");
    let path = path.to_str().unwrap();
    let json = run(["schema", "--json", path]).with(0).out;
    assert_eq!(OwnedSchema::from_json(json).unwrap().hash(), Rover::LAYOUT_HASH);
    for form in [&["schema", path][..], &["schema", "--c", path], &["schema", "--python", path]] {
        assert!(run(form).with(0).out.contains("Rover"), "{form:?}");
    }
    run(["schema", "--c", "--python", path]).with(2);
}
