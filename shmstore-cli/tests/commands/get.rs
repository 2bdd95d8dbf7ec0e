//! `shmstore get`.

use std::sync::atomic::Ordering::Relaxed;

use shmstore::FixedString;

use super::support::*;

#[test]
fn one_value_is_printed_raw() {
    let scratch = Scratch::new();
    let rover = scratch.store().create::<Rover>().unwrap();
    rover.frames.store(7, Relaxed);
    rover.position.store(Position { x: 1.5, y: 2.0 });
    rover.mode.store(Mode::Driving);
    rover.name.store(FixedString::try_from("a \"b\"\u{1b}[1m").unwrap());
    rover.samples[3].store(4, Relaxed);
    let path = &*scratch.text("rover");
    let get = |field| run(["get", path, field]).with(0).out;
    assert_eq!(get("frames"), "7\n");
    assert_eq!(get("position.x"), "1.5\n");
    assert_eq!(get("position"), "{ x: 1.5, y: 2.0 }\n");
    assert_eq!(get("mode"), "Driving\n");
    assert_eq!(get("samples[3]"), "4\n");
    assert_eq!(get("audit"), "free\n");
    assert_eq!(get("name"), "a \"b\"\u{1b}[1m\n");
    assert_eq!(run(["get", "--json", path, "name"]).with(0).json()["value"], "a \"b\"\u{1b}[1m");
    let samples = run(["get", "--json", path, "samples"]).with(0).json();
    assert_eq!(samples.as_array().unwrap().len(), 20);
    let mut on = program();
    on.args(["get", path, "name"]);
    assert_eq!(on_terminal(on, "").with(0).out, "a \"b\"\\u{1b}[1m\n");
}

#[test]
fn missing_field_is_exit_code_3() {
    let scratch = Scratch::new();
    let _rover = scratch.store().create::<Rover>().unwrap();
    let path = &*scratch.text("rover");
    let ended = run(["get", path, "position.z"]).with(3);
    assert!(ended.err.contains("`x`, `y`") && ended.out.is_empty(), "{ended:?}");
    run(["get", path, "samples[20]"]).with(3);
    assert!(run(["get", path, "nope"]).with(3).err.contains("no field `nope` in the object, a `Rover`: there are"));
    assert!(run(["get", path, "samples.3"]).with(3).err.contains("which has no fields: write `samples[3]`"));
    run(["get", path, "a..b"]).with(3);
    run(["get", path]).with(2);
    assert!(run(["get", path, ""]).with(2).err.contains("`.` is the whole object"));
    run(["get", path, "."]).with(0);
}

#[test]
fn type_before_the_field_is_told_its_place() {
    let scratch = Scratch::new();
    let _rover = scratch.store().create::<Rover>().unwrap();
    let path = scratch.join("rover");
    let path = path.to_str().unwrap();
    for of_type in ["Rover", "R"] {
        let ended = run(["get", path, of_type, "frames"]).with(3);
        let cure = format!("The type is the last argument: `shmstore get {path} frames {of_type}`");
        assert!(ended.err.contains("no object of type `frames`") && ended.err.contains(&cure), "{ended:?}");
    }
    assert!(!run(["get", path, "frames", "Wheel"]).with(3).err.contains("argument"));
}
