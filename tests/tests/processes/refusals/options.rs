//! Options, and what the store makes of them.

use std::fs;

use shmstore::{OpenError, Shared, Store, StoreOptions};
use shmstore_tests::objects::Telemetry;
use shmstore_tests::scratch::{Scratch, mode, set_mode};

#[test]
fn options_out_of_range_are_refused() {
    let scratch = Scratch::new();
    let path = scratch.path().display();
    let cases: [(StoreOptions, &str); 6] = [
        (Store::options().mode(0o777), "mode is 0o777, but must be 0o600 with any of 0o066"),
        (Store::options().mode(0o060), "mode is 0o60, but must be 0o600 with any of 0o066"),
        (Store::options().mode(0o1600), "mode is 0o1600, but must be 0o600 with any of 0o066"),
        (Store::options().mode(0), "mode is 0o0, but must be 0o600 with any of 0o066"),
        (Store::options().max_processes(0), "max_processes is 0, but must be 1 to 65,536"),
        (Store::options().max_processes(65_537), "max_processes is 65537, but must be 1 to 65,536"),
    ];
    for (options, what) in cases {
        for error in [options.open(scratch.path()).unwrap_err(), options.open_or_create(scratch.path()).unwrap_err()] {
            assert!(matches!(error, OpenError::BadOption { .. }), "{error}");
            assert_eq!(error.to_string(), format!("cannot open a store at {path}: {what}"));
        }
    }
    Store::options().mode(0o666).max_processes(65_536).open(scratch.path()).unwrap();
}

#[test]
fn open_or_create_makes_a_directory_of_the_stores_mode_and_its_parents() {
    let scratch = Scratch::new();
    let private = scratch.join("a/b/private");
    let store = Store::open_or_create(&private).unwrap();
    assert_eq!((mode(&private), store.warnings().len()), (0o700, 0));
    let group = scratch.join("group");
    Store::options().mode(0o660).open_or_create(&group).unwrap();
    assert_eq!(mode(&group), 0o770);
    let everybody = scratch.join("everybody");
    Store::options().mode(0o666).open_or_create(&everybody).unwrap();
    assert_eq!(mode(&everybody), 0o775, "not everybody may make and remove names");
    let readable = scratch.join("readable");
    Store::options().mode(0o644).open_or_create(&readable).unwrap();
    assert_eq!(mode(&readable), 0o755);
}

#[test]
fn open_or_create_leaves_an_existing_directory_as_it_is() {
    let scratch = Scratch::new();
    let path = scratch.join("d");
    fs::create_dir(&path).unwrap();
    set_mode(&path, 0o750);
    Store::open_or_create(&path).unwrap();
    assert_eq!(mode(&path), 0o750);
}

#[test]
fn objects_and_named_anchors_have_the_stores_mode() {
    let scratch = Scratch::new();
    for wanted in [0o600, 0o660, 0o644] {
        let store = Store::options().mode(wanted).open(scratch.path()).unwrap();
        let named = store.open_or_create_named(&format!("{wanted:o}")).unwrap();
        let object = named.create::<Telemetry>().unwrap();
        assert_eq!(Shared::info(&object).unwrap().mode, wanted);
        assert_eq!(mode(named.path()), wanted);
    }
}
