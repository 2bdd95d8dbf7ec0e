//! `shmstore create`.

use std::path::Path;

use shmstore::ShmLayout;

use super::plant::*;
use super::support::*;

#[test]
fn typed_process_attaches_an_object_that_was_created_from_a_layout() {
    let (scratch, path, plant) = plant();
    let [json, spare, saved] = ["plant.json", "spare", "saved"].map(|name| scratch.text(name));
    std::fs::write(&json, run(["schema", "--json", &path]).with(0).out).unwrap();
    let created = run(["create", &spare, &json, "--id", "P", "--room", "64K"]).with(0);
    assert!(created.out.contains("created directory") && created.out.contains("Plant 'P'"), "{created:?}");
    let store = shmstore::Store::open(&spare).unwrap();
    let other = store.attach::<Plant>().unwrap();
    run(["push", &spare, "jobs", r#"{"id": 1, "speed": 0, "kind": "Idle", "urgent": false}"#]).with(0);
    assert_eq!((other.jobs.pop().unwrap().id, plant.jobs.len()), (1, 0));
    assert_eq!(run(["ls", "--json", &spare]).with(0).json()[0]["room"], 65536);
    assert!(run(["create", &spare, &json, "--id", "P"]).with(4).err.contains("exists"), "it is kept");

    // A saved object and another object have the id.
    run(["save", &path, &saved]).with(0);
    run(["create", "--named", &format!("{spare}/one"), &saved]).with(0);
    run(["create", "--named", "--mode", "660", &format!("{spare}/two"), &path]).with(0);
    let objects = run(["ls", "--json", &spare]).with(0).json();
    assert_eq!((objects[1]["name"].as_str(), objects[2]["mode"].as_str()), (Some("one"), Some("0660")));
    assert!(store.open_named("two").unwrap().attach::<Plant>().is_ok());
    run(["create", &format!("{spare}/three"), &path]).with(4);
}

#[test]
fn layout_that_no_type_has_is_refused_before_anything_is_made() {
    let scratch = Scratch::new();
    let [json, path] = ["layout.json", "new"].map(|name| scratch.text(name));
    let create = |layout: &str, code: i32| {
        std::fs::write(&json, layout).unwrap();
        let ended = run(["create", &path, &json, "--id", "C"]).with(code);
        assert!(!Path::new(&path).exists(), "{ended:?}");
        ended.err
    };
    let good = Counter::SCHEMA.to_json().to_string();
    assert!(create(&good.replace(r#""offset":0"#, r#""offset":8"#), 1).contains("layout.json"));
    let shifted = good.replace(r#""offset":0"#, r#""offset":8"#).replacen(r#""size":8"#, r#""size":16"#, 1);
    assert!(create(&shifted, 4).contains("offset 8, where `#[repr(C)]` has offset 0"));
    assert!(create(r#"{"kind":"primitive","primitive":"u8","size":1,"align":1}"#, 4).contains("no object by itself"));
    create("{}", 1);
    create("", 1);
    std::fs::write(&json, good).unwrap();
    assert!(run(["create", &path, &json]).with(1).err.contains("give it with --id"));
    for id in ["é", "\u{1}"] {
        run(["create", &path, &json, "--id", id]).with(1);
        assert!(!Path::new(&path).exists());
    }
    run(["create", &path, &json, "--id", "CC"]).with(2);
    run(["create", &path, &json, "--id", "C", "--room", "0"]).with(2);
    run(["create", &path, &scratch.text("none"), "--id", "C"]).with(3);
    run(["create", &format!("{path}/deep"), &json, "--id", "C"]).with(3);
    run(["create", &path, &json, "--id", "C", "--room", "1000T"]).with(1);
    assert!(!Path::new(&path).exists());
    assert!(scratch.segments().is_empty());
}
