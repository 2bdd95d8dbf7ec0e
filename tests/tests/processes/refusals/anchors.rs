//! Paths that cannot be anchors.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use shmstore::error::Warning;
use shmstore::{AttachError, OpenError, Store};
use shmstore_tests::objects::Telemetry;
use shmstore_tests::scratch::{Scratch, set_mode};

use super::refusals;

use shmstore_tests::assert_says;

#[test]
fn missing_path_is_named_with_what_to_make() {
    let scratch = Scratch::new();
    let path = scratch.join("nothing");
    let expected = format!(
        "cannot open a store at {}: there is no such file or directory; create it, or let \
         `Store::open_or_create` make a directory",
        path.display()
    );
    assert_eq!(Store::open(&path).unwrap_err().to_string(), expected);
    let error = Store::open_timeout(&path, Duration::from_millis(20)).unwrap_err();
    assert_says(error, &["no such file or directory after 20ms; create it"]);
    let error = Store::open(scratch.join("a/b/c")).unwrap_err();
    assert!(matches!(error, OpenError::NotFound { .. }), "{error}");
}

#[test]
fn dangling_link_is_named_with_where_it_leads() {
    let scratch = Scratch::new();
    let link = scratch.join("link");
    symlink("/nowhere/at/all", &link).unwrap();
    for error in [Store::open(&link).unwrap_err(), Store::open_or_create(&link).unwrap_err()] {
        assert!(matches!(error, OpenError::DanglingLink { .. }), "{error}");
        assert_says(error, &[&link.display().to_string(), "a link to /nowhere/at/all, which does not exist"]);
    }
}

/// Asserts that every operation is refused with these words.
#[track_caller]
fn assert_all_say(store: &Store, words: &str) {
    refusals(store).into_iter().for_each(|(_, error)| assert_says(error, &[words]));
    assert_says(store.list().unwrap_err(), &[words]);
}

#[test]
fn path_that_goes_away_after_opening_is_missing_for_every_operation() {
    let scratch = Scratch::new();
    let path = scratch.join("store");
    let store = Store::open_or_create(&path).unwrap();
    fs::remove_dir(&path).unwrap();
    let named = format!("cannot open a store at {}: there is no such file or directory", path.display());
    let error = store.attach::<Telemetry>().unwrap_err();
    assert!(matches!(error, AttachError::Anchor(OpenError::NotFound { .. })), "{error}");
    assert_all_say(&store, &named);
    assert!(matches!(store.open_or_create_named("x").unwrap_err(), OpenError::NotFound { .. }));
}

#[test]
fn what_is_neither_file_nor_directory_is_no_anchor() {
    let scratch = Scratch::new();
    let (pipe, socket) = (scratch.join("pipe"), scratch.join("socket"));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let _listener = UnixListener::bind(&socket).unwrap();
    for (path, kind) in [(pipe, "pipe"), (socket, "socket"), ("/dev/null".into(), "device")] {
        for error in refused_promptly(&path) {
            assert!(matches!(&error, OpenError::NotAnAnchor { kind: found, .. } if *found == kind), "{error}");
            let what = format!("cannot open a store at {}: it is a {kind}; an anchor is a directory", path.display());
            assert_says(error, &[&what]);
        }
    }
}

/// Opens a path in every way, which must fail, but not hang: a pipe that nobody writes to is not to be waited for.
fn refused_promptly(path: &Path) -> Vec<OpenError> {
    let (sender, refusals) = channel();
    let path = path.to_owned();
    thread::spawn(move || {
        sender.send(vec![Store::open(&path).unwrap_err(), Store::open_or_create(&path).unwrap_err()])
    });
    refusals.recv_timeout(Duration::from_secs(10)).expect("a refusal within 10 s")
}

#[test]
fn files_and_directories_are_anchors() {
    let scratch = Scratch::new();
    let file = scratch.join("file");
    File::create(&file).unwrap();
    for path in [file.as_path(), scratch.path()] {
        let store = Store::open(path).unwrap();
        drop(store.create::<Telemetry>().unwrap());
        store.attach::<Telemetry>().unwrap();
    }
    let link = scratch.join("link");
    symlink(&file, &link).unwrap();
    Store::open(link).unwrap().attach::<Telemetry>().expect("a link leads to the same object");
}

#[test]
fn directories_that_everybody_may_write_are_refused_with_the_cure() {
    let scratch = Scratch::new();
    let open = scratch.join("open");
    fs::create_dir(&open).unwrap();
    for mode in [0o777, 0o1777, 0o703] {
        set_mode(&open, mode);
        for error in [Store::open(&open).unwrap_err(), Store::open_or_create(&open).unwrap_err()] {
            assert!(matches!(error, OpenError::WorldWritable { .. }), "{error}");
            let who = format!("every user may write there (mode {mode:04o})");
            let cure = format!("use a directory of your own below it, for example {}/my-app", open.display());
            assert_says(error, &[&who, &cure]);
        }
    }
    let error = Store::open("/tmp").unwrap_err();
    assert!(matches!(error, OpenError::WorldWritable { mode: 0o1777, .. }), "{error}");
}

#[test]
fn anchor_that_everybody_may_write_since_it_was_opened_is_refused_by_every_operation() {
    let scratch = Scratch::new();
    let store = scratch.store();
    set_mode(scratch.path(), 0o777);
    let error = store.attach::<Telemetry>().unwrap_err();
    assert!(matches!(error, AttachError::Anchor(OpenError::WorldWritable { mode: 0o777, .. })), "{error}");
    let said = Store::open(scratch.path()).unwrap_err().to_string();
    assert_all_say(&store, &said);
    assert_says(store.open_or_create_named("x").unwrap_err(), &[&said]);
    set_mode(scratch.path(), 0o700);
    drop(store.create::<Telemetry>().expect("it is fit again"));
}

#[test]
fn path_with_a_zero_byte_is_refused() {
    let error = Store::open("/tmp/a\0b").unwrap_err();
    assert!(matches!(error, OpenError::BadPath { .. }), "{error}");
    assert_says(error, &["cannot open a store at \"/tmp/a\\0b\": it contains a zero byte; "]);
}

#[test]
fn hard_link_is_told_to_be_a_second_name_of_one_object() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let first = store.open_or_create_named("first").unwrap();
    assert_eq!(first.warnings(), []);
    fs::hard_link(scratch.join("first.shm"), scratch.join("second.shm")).unwrap();
    drop(first.create::<Telemetry>().unwrap());
    let second = store.open_or_create_named("second").unwrap();
    drop(second.attach::<Telemetry>().expect("it is the same object"));
    let [warning @ Warning::HardLinked { links: 2, .. }] = second.warnings() else { panic!("{:?}", second.warnings()) };
    let path = scratch.join("second.shm").display().to_string();
    let expected = format!(
        "the anchor {path} is a file with 2 names, each of which leads to the same objects; `find -samefile {path}` \
         finds the other names. Give each set of objects a file of its own"
    );
    assert_eq!(warning.to_string(), expected);
    // A directory has one for each that is in it.
    fs::create_dir(scratch.join("below")).unwrap();
    assert_eq!(scratch.store().warnings(), []);
}

#[test]
fn empty_path_is_refused() {
    for error in [Store::open("").unwrap_err(), Store::open_or_create("").unwrap_err()] {
        let expected = "cannot open a store at \"\": it is empty; give the path of a directory, such as \"./rover\"";
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn what_is_in_the_way_of_a_directory_is_named() {
    let scratch = Scratch::new();
    let (file, link) = (scratch.join("file"), scratch.join("link"));
    fs::write(&file, "").unwrap();
    symlink("/nowhere/at/all", &link).unwrap();
    for obstacle in [file, link] {
        for below in ["a", "a/b/c"] {
            let path = obstacle.join(below);
            let error = Store::open_or_create(&path).unwrap_err();
            let expected = format!(
                "cannot make {}: {} is not a directory; move it away, or use another path",
                path.parent().unwrap().display(),
                obstacle.display()
            );
            assert_eq!(error.to_string(), expected);
        }
    }
}

#[test]
fn anchor_that_more_can_read_than_its_objects_is_warned_of() {
    let scratch = Scratch::new();
    assert_eq!(scratch.store().warnings(), []);
    set_mode(scratch.path(), 0o755);
    let store = scratch.store();
    let [Warning::AnchorMoreReadable { anchor_mode: 0o755, object_mode: 0o600, .. }] = store.warnings() else {
        panic!("{:?}", store.warnings())
    };
    let path = scratch.path().display().to_string();
    assert_says(
        &store.warnings()[0],
        &[&path, "(mode 0755)", "(mode 0600)", &format!("`chmod 700 {path}`"), "another mode"],
    );
    assert_eq!(Store::options().mode(0o644).open(scratch.path()).unwrap().warnings(), []);
}
