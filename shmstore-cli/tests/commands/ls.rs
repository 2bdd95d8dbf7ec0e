//! `shmstore ls`.

use std::sync::atomic::Ordering::Relaxed;

use shmstore::Shared;

use super::support::*;

#[test]
fn objects_at_a_path_are_listed_in_a_table() {
    alone("ls::objects_at_a_path_are_listed_in_a_table", || {
        let scratch = Scratch::new();
        let rover = scratch.store().create::<Rover>().unwrap();
        let named = scratch.store().open_or_create_named("left").unwrap().create::<Counter>().unwrap();
        named.count.store(1, Relaxed);
        let path = scratch.join("rover");
        let listed = run(["ls", path.to_str().unwrap()]).with(0);
        let heading = listed.line("PATH");
        assert_eq!(heading, "PATH NAME TYPE ID SIZE OWNER MODE ATTACHED AGE STATE");
        let lines: Vec<&str> = listed.out.lines().skip(1).collect();
        assert_eq!(lines.len(), 2, "{listed:?}");
        let path = path.to_str().unwrap();
        assert!(lines[0].starts_with(&format!("{path}  -     Rover    R ")), "{listed:?}");
        assert!(lines[1].starts_with(&format!("{path}  left  Counter  C ")), "{listed:?}");
        for line in lines {
            assert!(line.ends_with("  ready") && line.contains("  0600         1  "), "{line}");
        }
        drop((rover, named));
        let by_name = run(["ls", &format!("{path}/left")]).with(0);
        assert_eq!(by_name.out.lines().count(), 2, "{by_name:?}");
    });
}

#[test]
fn json_has_all_keys_of_every_segment() {
    alone("ls::json_has_all_keys_of_every_segment", || {
        let scratch = Scratch::new();
        let rover = scratch.store().create::<Rover>().unwrap();
        let path = scratch.join("rover");
        let listed = run(["ls", "--json", path.to_str().unwrap()]).with(0).json();
        let [object] = listed.as_array().unwrap().as_slice() else { panic!("{listed}") };
        assert_eq!(object["path"], path.to_str().unwrap());
        assert_eq!(object["name"], serde_json::Value::Null);
        assert_eq!(object["type"], "Rover");
        assert_eq!(object["id"], "R");
        assert_eq!(object["mode"], "0600");
        assert_eq!(object["attached"], 1);
        assert_eq!(object["state"], "ready");
        assert_eq!(object["creator_pid"], std::process::id());
        assert_eq!(object["object_size"], size_of::<Rover>());
        assert_eq!(object["segment"], Shared::info(&rover).unwrap().shmid);
        let keys: Vec<&String> = object.as_object().unwrap().keys().collect();
        assert_eq!((keys.len(), &object["maps"]), (23, &serde_json::json!([])), "{keys:?}");
    });
}

#[test]
fn paths_that_are_not_utf_8_are_told_apart() {
    use std::os::unix::ffi::OsStrExt;
    let scratch = Scratch::new();
    let paths = [b"r\xff", b"r\xfe"].map(|name| scratch.path().join(std::ffi::OsStr::from_bytes(name)));
    for path in &paths {
        drop(shmstore::Store::open_or_create(path).unwrap().create::<Counter>().unwrap());
    }
    let listed = run(["ls", "--json", scratch.path().to_str().unwrap()]).with(0).json();
    for (path, last) in paths.iter().zip(["ff", "fe"]) {
        let path_hex: String = path.as_os_str().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let text = format!("{}/r\\x{last}", scratch.path().display());
        let is_it = |object: &&serde_json::Value| object["path"] == text && object["path_hex"] == path_hex;
        assert_eq!(listed.as_array().unwrap().iter().filter(is_it).count(), 1, "{listed}");
    }
    assert!(run(["ls", scratch.path().to_str().unwrap()]).with(0).out.contains(r"/r\xfe "));
}

#[test]
fn foreign_segments_are_listed_only_with_all() {
    let scratch = Scratch::new();
    let shmid = scratch.plant(0, 4096);
    let place = format!("(segment {shmid})");
    assert!(!run(["ls"]).with(0).out.contains(&place));
    let all = run(["ls", "--all"]).with(0);
    let line = all.out.lines().find(|line| line.starts_with(&place)).expect("it is listed");
    assert!(line.ends_with("foreign"), "{line}");
    assert!(line.split_whitespace().any(|cell| cell == "4.0K"), "{line}");
}

#[test]
fn orphans_are_listed_at_their_former_path() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Counter>().unwrap());
    let path = scratch.join("rover");
    std::fs::remove_dir(&path).unwrap();
    let listed = run(["ls", path.to_str().unwrap()]).with(0);
    assert!(listed.out.lines().nth(1).unwrap().ends_with("orphaned"), "{listed:?}");
}

#[test]
fn path_that_never_existed_is_exit_code_3() {
    let scratch = Scratch::new();
    let ended = run(["ls", &scratch.text("none")]).with(3);
    assert!(ended.err.starts_with("error: ") && ended.out.is_empty(), "{ended:?}");
    let empty = run(["ls", scratch.path().to_str().unwrap()]).with(0);
    assert_eq!((empty.out.lines().count(), empty.err.lines().count()), (1, 1), "{empty:?}");
    assert!(empty.err.starts_with("no objects under "), "{empty:?}");
    drop(scratch.store().open_or_create_named("left").unwrap().create::<Counter>().unwrap());
    let below = run(["ls", scratch.path().to_str().unwrap()]).with(0);
    assert!(below.out.lines().nth(1).unwrap().contains("/rover  left  Counter"), "{below:?}");
}

#[test]
fn empty_list_is_an_empty_array_in_json() {
    let scratch = Scratch::new();
    let json = run(["ls", "--json", scratch.path().to_str().unwrap()]).with(0);
    assert_eq!((json.out.as_str(), json.err.as_str()), ("[]\n", ""));
}

#[test]
fn unreadable_segment_is_listed_with_the_kernels_data() {
    let scratch = Scratch::new();
    let Some(mut other) = scratch.program_of_another_user() else { return };
    let counter = scratch.store().create::<Counter>().unwrap();
    let shmid = Shared::info(&counter).unwrap().shmid;
    let listed = ended(other.arg("ls").arg(scratch.join("rover")).output().unwrap()).with(0);
    let place = format!("(segment {shmid})");
    let line = listed.out.lines().find(|line| line.starts_with(&place)).expect("it is listed");
    assert!(line.ends_with("unreadable") && line.contains(" root ") && line.contains(" 0600 "), "{line}");
}

#[test]
fn object_with_a_long_path_is_listed_by_its_number() {
    let scratch = Scratch::new();
    let long = ["a", "b", "c"].map(|letter| letter.repeat(200)).join("/");
    let counter = scratch.store_at(&long).create::<Counter>().unwrap();
    let shmid = Shared::info(&counter).unwrap().shmid;
    scratch.remove_at_end(shmid);
    drop(counter);
    let listed = run(["ls"]).with(0);
    let line = listed.out.lines().find(|line| line.starts_with(&format!("(segment {shmid}) …")));
    assert!(line.is_some_and(|line| line.ends_with(" ready")), "{listed:?}");
}

#[test]
fn objects_that_cannot_be_decoded_are_listed_at_their_path() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let counter = Shared::info(&store.create::<Counter>().unwrap()).unwrap().shmid;
    let path = scratch.join("rover");
    scratch.remove_at_end(counter);
    for (offset, word, state) in
        [(8, 2, "other format"), (8, 1, "ready"), (16, 16, "newer format"), (16, 1 << 31, "ready"), (12, 9, "damaged")]
    {
        write_over(counter, offset, word);
        let listed = run(["ls", path.to_str().unwrap()]).with(0);
        assert!(listed.out.lines().nth(1).is_some_and(|line| line.ends_with(state)), "{listed:?}");
    }
    let shown = run(["show", path.to_str().unwrap()]).with(1);
    assert!(shown.err.contains("its state is 9"), "{shown:?}");
    assert!(run(["get", path.to_str().unwrap(), "count"]).with(1).err.contains("damaged"));
    assert!(run(["show", path.to_str().unwrap(), "C"]).with(1).err.contains("damaged"));
}

#[test]
fn full_standard_error_is_ignored() {
    let scratch = Scratch::new();
    let full = std::fs::File::create("/dev/full").unwrap();
    let output = program().arg("ls").arg(scratch.path()).stderr(full).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
}
