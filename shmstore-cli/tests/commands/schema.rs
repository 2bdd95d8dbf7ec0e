//! `shmstore schema`.

use shmstore::ShmLayout;
use shmstore::schema::OwnedSchema;

use super::support::*;

#[test]
fn json_is_the_schema_in_the_segment() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Rover>().unwrap());
    let path = &*scratch.text("rover");
    let json = run(["schema", "--json", path]).with(0).out;
    assert_eq!(OwnedSchema::from_json(json).unwrap().hash(), Rover::LAYOUT_HASH);
    for form in [&["schema", path][..], &["schema", "--c", path], &["schema", "--python", path]] {
        assert!(run(form).with(0).out.contains("Rover"), "{form:?}");
    }
    run(["schema", "--c", "--python", path]).with(2);
}

#[test]
fn name_replaces_the_type_in_c_and_in_python() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Rover>().unwrap());
    let path = &*scratch.text("rover");
    let header = run(["schema", "--c", "--name", "FrontRover", path]).with(0).out;
    assert!(header.contains("#ifndef SHM_FRONT_ROVER_H\n") && header.contains("shm_front_rover_attach("), "{header}");
    let module = run(["schema", "--python", "--name", "FrontRover", path]).with(0).out;
    assert!(module.contains("from shm_front_rover import") && module.contains("\nFrontRover = _Struct("), "{module}");

    let refused = run(["schema", "--c", "--name", "front rover", path]).with(2).err;
    let expected = "\"front rover\" cannot be the name of an object: a name begins with an ASCII letter, continues \
                    with ASCII letters, digits and";
    assert!(refused.contains(expected), "{refused}");
    for other in [&["schema", "--name", "x", path][..], &["schema", "--json", "--name", "x", path]] {
        let refused = run(other).with(2).err;
        assert!(refused.contains("<--c|--python>"), "{refused}");
    }
}
