//! `shmstore diff`.

use super::support::*;

#[test]
fn objects_saved_objects_and_schemas_are_compared() {
    let scratch = Scratch::new();
    drop(scratch.store_at("one").create::<Counter>().unwrap());
    drop(scratch.store_at("two").create::<WiderCounter>().unwrap());
    let [one, two, saved, json] = ["one", "two", "saved", "one.json"].map(|name| scratch.text(name));
    run(["save", &two, &saved]).with(0);
    std::fs::write(&json, run(["schema", "--json", &one]).with(0).out).unwrap();

    let differs = run(["diff", &one, &two]).with(1);
    assert!(differs.out.contains("+ more") && differs.out.contains(&format!("only in {two}")), "{differs:?}");
    assert!(differs.out.contains(&format!("but {one} has no room, and does not grow")), "{differs:?}");
    run(["diff", &json, &saved]).with(1);
    assert!(run(["diff", &one, &json]).with(0).out.contains("no difference"));
    run(["diff", &two, &saved]).with(0);
    let differences = run(["diff", "--json", &one, &two]).with(1).json();
    assert_eq!(differences[0]["path"], "more", "{differences}");
    assert_eq!(differences[0]["change"], "added");
    assert_eq!(differences[0]["theirs"]["offset"], "8");
    assert_eq!(differences[0]["ours"], serde_json::Value::Null);
}

#[test]
fn renamed_field_has_both_names() {
    #[derive(shmstore::ShmObject)]
    #[repr(C)]
    #[shm(id = 'C', name = "Counter")]
    struct Renamed {
        total: std::sync::atomic::AtomicU64,
    }
    let scratch = Scratch::new();
    drop(scratch.store_at("one").create::<Counter>().unwrap());
    drop(scratch.store_at("two").create::<Renamed>().unwrap());
    let [one, two] = ["one", "two"].map(|name| scratch.text(name));
    let differences = run(["diff", "--json", &one, &two]).with(1).json();
    let names = [&differences[0]["ours"]["name"], &differences[0]["theirs"]["name"]];
    assert_eq!(names, ["count", "total"], "{differences}");
}

#[test]
fn error_has_another_exit_code_than_a_difference() {
    let scratch = Scratch::new();
    drop(scratch.store_at("one").create::<Counter>().unwrap());
    std::fs::write(scratch.join("bad.json"), "[1").unwrap();
    // Invalid JSON is an error with the same code, but without a table.
    let ended = run(["diff", &scratch.text("one"), &scratch.text("bad.json")]).with(1);
    assert!(ended.out.is_empty() && ended.err.starts_with("error: "), "{ended:?}");
    run(["diff", &scratch.text("one"), &scratch.text("none")]).with(3);
    std::fs::write(scratch.join("text"), "no layout").unwrap();
    let ended = run(["diff", &scratch.text("one"), &scratch.text("text")]).with(3);
    assert!(ended.err.contains("is not the anchor of an object, nor a file of `save`"), "{ended:?}");
}
