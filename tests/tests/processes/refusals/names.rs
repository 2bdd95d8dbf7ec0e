//! Names and ids that cannot be.

use std::fs::{self, File};
use std::os::unix::fs::symlink;

use shmstore::{AttachError, OpenError, RemoveError, Shared, Store};
use shmstore_tests::objects::Telemetry;
use shmstore_tests::raw::ftok;
use shmstore_tests::scratch::Scratch;

use shmstore_tests::assert_says;

/// An old handle of a name is held to what `named` checks.
#[test]
fn name_whose_file_is_replaced_by_a_link_is_refused_by_its_old_store_too() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let [a, b] = ["a", "b"].map(|name| store.open_or_create_named(name).unwrap());
    b.create::<Telemetry>().unwrap();
    std::fs::remove_file(scratch.join("a.shm")).unwrap();
    std::os::unix::fs::symlink(scratch.join("b.shm"), scratch.join("a.shm")).unwrap();
    let error = a.attach::<Telemetry>().unwrap_err();
    assert!(matches!(error, AttachError::Anchor(OpenError::NotAnAnchor { kind: "symbolic link", .. })), "{error}");
}

#[test]
fn bad_names_are_refused_and_leave_nothing() {
    let scratch = Scratch::new();
    let store = scratch.store();
    const NESTED: &str = "it contains `/`, and names are not nested; write another letter, such as `-`, or open a store \
                          on a directory below";
    let long = "n".repeat(252);
    let cases = [
        ("", "it is empty"),
        ("a/b", NESTED),
        ("../x", NESTED),
        ("/", NESTED),
        ("a\0b", "it contains a zero byte"),
        (".x", "it starts with `.`"),
        (".", "it starts with `.`"),
        ("..", "it starts with `.`"),
        (&long, "it is longer than 251 bytes"),
    ];
    for (name, reason) in cases {
        let what = format!("{name:?} cannot name an object in {}: {reason}", scratch.path().display());
        for error in [store.open_or_create_named(name).unwrap_err(), store.remove_name(name).unwrap_err()] {
            assert!(matches!(error, OpenError::BadName { .. }), "{error}");
            assert_eq!(error.to_string(), what);
        }
    }
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0);
}

#[test]
fn longest_name_and_odd_names_are_taken() {
    let scratch = Scratch::new();
    let store = scratch.store();
    for name in ["n".repeat(251).as_str(), "é", " ", "a b", "x.shm", "-"] {
        let named = store.open_or_create_named(name).unwrap();
        drop(named.create::<Telemetry>().unwrap());
        assert_eq!(named.name(), Some(name));
    }
    assert_eq!(store.names().unwrap().len(), 6);
    assert_eq!(store.list().unwrap().len(), 6);
}

#[test]
fn names_need_a_directory() {
    let scratch = Scratch::new();
    let path = scratch.join("file");
    File::create(&path).unwrap();
    let store = Store::open(&path).unwrap();
    let what = format!("cannot name objects at {}: it is a file, and names need a directory", path.display());
    for error in
        [store.open_or_create_named("x").unwrap_err(), store.names().unwrap_err(), store.remove_name("x").unwrap_err()]
    {
        assert!(matches!(error, OpenError::NotADirectory { .. }), "{error}");
        assert_says(error, &[&what, "open the store on a directory"]);
    }
    store.list().expect("objects of the file itself");
    let named = scratch.store().open_or_create_named("a").unwrap();
    assert!(matches!(named.open_or_create_named("b").unwrap_err(), OpenError::NotADirectory { .. }));
}

#[test]
fn links_and_directories_are_no_named_anchors() {
    let scratch = Scratch::new();
    let store = scratch.store();
    File::create(scratch.join("target")).unwrap();
    symlink(scratch.join("target"), scratch.join("link.shm")).unwrap();
    symlink("/nowhere", scratch.join("dangling.shm")).unwrap();
    fs::create_dir(scratch.join("directory.shm")).unwrap();
    for (name, found) in [("link", "symbolic link"), ("dangling", "symbolic link"), ("directory", "directory")] {
        for error in [store.open_or_create_named(name).unwrap_err(), store.remove_name(name).unwrap_err()] {
            assert!(matches!(&error, OpenError::NotAnAnchor { kind, .. } if *kind == found), "{error}");
            let path = scratch.join(&format!("{name}.shm")).display().to_string();
            assert_says(error, &[&path, &format!("it is a {found}")]);
        }
    }
    assert_eq!(store.list().unwrap().len(), 0);
    assert!(scratch.join("target").exists());
}

#[test]
fn ids_are_printable_ascii() {
    let scratch = Scratch::new();
    let store = scratch.store();
    for id in ['é', '\u{7f}', '\n', '\0', '€'] {
        let error = store.remove_id(id).unwrap_err();
        assert!(matches!(error, RemoveError::Existing(AttachError::BadId { .. })), "{error}");
        let what = format!("{id:?} cannot be a type-id-char: it must be printable ASCII, ' ' to '~'");
        assert_eq!(error.to_string(), what);
    }
}

#[test]
fn key_is_what_libc_computes_for_the_path_and_the_id() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let object = store.create::<Telemetry>().unwrap();
    assert_eq!(Shared::info(&object).unwrap().key.to_raw(), ftok(scratch.path(), 'T'));
    let named = store.open_or_create_named("eurusd").unwrap();
    let object = named.create::<Telemetry>().unwrap();
    assert_eq!(Shared::info(&object).unwrap().key.to_raw(), ftok(&scratch.join("eurusd.shm"), 'T'));
}
