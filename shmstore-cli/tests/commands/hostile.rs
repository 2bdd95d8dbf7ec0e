//! Names and texts with control characters.

use shmstore::schema::{OwnedField, OwnedKind, OwnedSchema, Primitive};

use super::planted::{create_odd_in, saved};
use super::support::*;

const NAME: &str = "\u{1b}[2J\u{202e}\u{9b}1m\u{7}\n";

/// A type that no Rust program can have, and bytes of it.
fn hostile() -> (OwnedSchema, Vec<u8>) {
    let primitive = |of| OwnedSchema::new(4, 4, OwnedKind::Atomic(of)).unwrap();
    let text = OwnedSchema::new(20, 4, OwnedKind::FixedString { capacity: 16 }).unwrap();
    let fields = vec![
        OwnedField { name: NAME.into(), offset: 0, schema: primitive(Primitive::U32) },
        OwnedField { name: format!("text{NAME}"), offset: 4, schema: text },
    ];
    let kind = OwnedKind::Struct { name: format!("Type{NAME}"), const_args: Vec::new(), fields };
    let schema = OwnedSchema::new(24, 4, kind).unwrap();
    let mut values = vec![7, 0, 0, 0, 9, 0, 0, 0];
    values.extend(NAME.bytes().take(9).chain([0; 7]));
    values[4] = 4;
    (schema, values)
}

/// Returns `true` if a text has control characters or marks of direction.
fn acts(text: &str) -> bool {
    text.chars().any(|letter| (letter.is_control() && letter != '\n') || letter == '\u{202e}')
}

#[test]
fn names_of_types_and_fields_are_escaped_everywhere() {
    let scratch = Scratch::new();
    let (schema, values) = hostile();
    create_odd_in(&scratch.store(), 'E', &schema, &values);
    drop(scratch.store_at("other").create::<Counter>().unwrap());
    let [path, other, file] = ["rover", "other", "file"].map(|name| scratch.text(name));
    let shown = run(["show", &path]).with(0);
    assert!(shown.out.contains("Type\\u{1b}[2J") && shown.out.contains("text\\u{1b}[2J"), "{shown:?}");
    assert!(shown.line("\\u{1b}[2J\\u{202e}\\u{9b}1m\\u{7}\\n").ends_with(" 7"), "{shown:?}");
    std::fs::write(&file, saved('E', &schema, &values)).unwrap();
    let runs: [(&[&str], i32); 14] = [
        (&["ls"], 0),
        (&["ls", "--json"], 0),
        (&["ls", &path], 0),
        (&["show", &path], 0),
        (&["show", "--json", &path], 0),
        (&["get", &path, "."], 0),
        (&["get", &path, "none"], 3),
        (&["get", "--json", &path, "."], 0),
        (&["schema", "--json", &path], 0),
        (&["schema", &path], 0),
        (&["diff", &path, &other], 1),
        (&["load", &file, &path], 4),
        (&["save", &path, &file], 0),
        (&["rm", "--yes", &path], 0),
    ];
    for (args, code) in runs {
        let ended = run(args).with(code);
        assert!(!acts(&ended.out) && !acts(&ended.err), "{args:?}: {ended:?}");
    }
    let refused = run(["load", &file, &path]).with(1);
    assert!(refused.err.contains("because no type has its layout: ") && !acts(&refused.err), "{refused:?}");
}

#[test]
fn path_of_an_anchor_is_escaped() {
    let scratch = Scratch::new();
    let name = "\u{1b}]0;title\u{7}\n";
    drop(scratch.store_at(name).create::<Counter>().unwrap());
    let path = scratch.join(name);
    for args in [&["ls"][..], &["ls", path.to_str().unwrap()], &["show", path.to_str().unwrap()]] {
        let ended = run(args).with(0);
        assert!(!acts(&ended.out), "{ended:?}");
        assert!(ended.out.contains("\\u{1b}]0;title\\u{7}\\n"), "{ended:?}");
    }
    std::fs::remove_dir(&path).unwrap();
    let dry = run(["gc", "--dry-run"]).with(0);
    assert!(!acts(&dry.out) && dry.out.contains("\\u{1b}]0;title"), "{dry:?}");
}

#[test]
fn segment_on_huge_pages_that_do_not_exist_kills_no_command() {
    alone("hostile::segment_on_huge_pages_that_do_not_exist_kills_no_command", || {
        let scratch = Scratch::new();
        let store = scratch.store();
        let path = store.path().to_str().unwrap();
        // IPC_CREAT | IPC_EXCL | SHM_HUGETLB | SHM_NORESERVE | 0666
        let script = "print shmget($ARGV[0], 1357, 0017666) // die $!";
        let key = key(store.path(), b'C').to_string();
        let made = std::process::Command::new("perl").args(["-e", script, &key]).output().expect("perl runs");
        if !made.status.success() {
            assert!(std::env::var_os("SHMSTORE_NO_SKIPS").is_none(), "no segment on huge pages: {made:?}");
            return println!("skipped: no segment on huge pages: {}", String::from_utf8_lossy(&made.stderr));
        }
        let shmid: i32 = String::from_utf8(made.stdout).unwrap().parse().unwrap();
        scratch.remove_at_end(shmid);

        assert!(run(["ls"]).with(0).err.starts_with("no objects"));
        let listed = run(["ls", "--json", "--all"]).with(0).json();
        assert_eq!((&listed[0]["state"], &listed[0]["detail"]), (&"foreign".into(), &"it is on huge pages".into()));
        run(["doctor"]).with(0);
        run(["doctor", path]).with(0);
        run(["gc", "-n"]).with(0);
        run(["gc", "--yes"]).with(0);
        let refused = run(["rm", "--yes", "--segment", &shmid.to_string()]).with(4);
        assert!(refused.err.contains("does not belong to shmstore"), "{refused:?}");
        let file = scratch.join("saved");
        for arguments in [
            &["show", path][..],
            &["get", path, "count"],
            &["watch", path],
            &["schema", path],
            &["save", path, file.to_str().unwrap()],
        ] {
            let refused = run(arguments).with(4);
            let why = format!("segment {shmid} is none of shmstore's: it is on huge pages");
            assert!(refused.err.contains(&why), "{refused:?}");
        }
        assert!(exists(shmid), "a foreign segment was removed");
    });
}
