//! The object is there, and is another type.

use std::sync::atomic::AtomicU64;
use std::time::SystemTime;

use shmstore::{AttachError, CreateError, ShmLayout, ShmObject};
use shmstore_tests::objects::{Telemetry, drifted};
use shmstore_tests::scratch::Scratch;

use super::{make_object, object};
use shmstore_tests::assert_says;

/// Another type, which happens to have chosen the same letter.
#[derive(Debug, ShmObject)]
#[repr(C)]
#[shm(id = 'T')]
struct Thermostat {
    degrees: AtomicU64,
}

#[test]
fn other_layout_is_shown_field_by_field() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let before = make_object(&store);
    let error = store.attach::<drifted::Telemetry>().unwrap_err();
    assert!(matches!(error, AttachError::LayoutMismatch(_)), "{error}");
    let created = seconds(store.list().unwrap()[0].created.unwrap());
    let expected = format!(
        "layout mismatch for `Telemetry` (id 'T', key {key:#010x}) at {path}
  this program: hash {ours}, {ours_size} bytes, align 64
  the segment:  hash {theirs}, {theirs_size} bytes, align 64; created by pid {pid}, uid {uid}, {created}
      field         this program       the segment
    ~ position.x    f32 at +0          f64 at +0     type differs
    - position.dx   f32 at +4          -             only in this program
    - battery       AtomicU64 at {battery}   -             only in this program
  help: this program and the object were built from different structs. Run a build with the object's
        struct, or start over without its values: `store.replace::<Telemetry>()`, or `shmstore rm PATH 'T'`.
        To keep its values, end its programs and call `store.migrate::<Telemetry>()`, or
        `shmstore migrate PATH --to FILE`",
        key = scratch.key('T'),
        path = scratch.path().display(),
        ours = drifted::Telemetry::LAYOUT_HASH,
        ours_size = size_of::<drifted::Telemetry>(),
        theirs = Telemetry::LAYOUT_HASH,
        theirs_size = size_of::<Telemetry>(),
        pid = std::process::id(),
        uid = nix::unistd::geteuid(),
        battery = std::mem::offset_of!(drifted::Telemetry, battery),
    );
    assert_eq!(error.to_string(), expected);
    assert_eq!(format!("{error:?}"), expected, "`Debug` shows what `Display` shows");
    assert!(object(&store).bytes() == before, "it was touched");
}

#[test]
fn mismatch_can_be_taken_apart_by_programs() {
    let scratch = Scratch::new();
    let store = scratch.store();
    make_object(&store);
    let Err(AttachError::LayoutMismatch(mismatch)) = store.attach::<drifted::Telemetry>() else { panic!() };
    assert_eq!((mismatch.ours.hash, mismatch.theirs.hash), (drifted::Telemetry::LAYOUT_HASH, Telemetry::LAYOUT_HASH));
    assert_eq!((mismatch.subject.id, mismatch.subject.key.unwrap().to_raw()), ('T', scratch.key('T')));
    assert_eq!(mismatch.creator.pid, std::process::id());
}

#[test]
fn unrelated_type_with_the_same_id_is_a_layout_mismatch() {
    let scratch = Scratch::new();
    let store = scratch.store();
    make_object(&store);
    let error = store.attach::<Thermostat>().unwrap_err();
    assert_says(
        &error,
        &["layout mismatch for `Thermostat`", "(the type)   Thermostat     Telemetry     type differs"],
    );
    assert!(matches!(error, AttachError::LayoutMismatch(_)), "{error}");
    let error = store.attach_or_create::<Thermostat>().unwrap_err();
    assert!(matches!(error, CreateError::Existing(AttachError::LayoutMismatch(_))), "{error}");
}

#[test]
fn create_of_what_exists_says_by_whom_since_when_and_whether_it_is_the_same_type() {
    let scratch = Scratch::new();
    let store = scratch.store();
    make_object(&store);
    let by = format!("exists already: created by pid {}, uid {}, ", std::process::id(), nix::unistd::geteuid());
    let cure = "use `attach`, `attach_or_create` or `replace`";
    let error = store.create::<Telemetry>().unwrap_err();
    assert!(matches!(error, CreateError::AlreadyExists { same_layout: true, .. }), "{error}");
    assert_says(&error, &["`Telemetry` (id 'T', key 0x", &by, "with the layout of this program", cure]);
    let error = store.create::<Thermostat>().unwrap_err();
    assert!(matches!(error, CreateError::AlreadyExists { same_layout: false, .. }), "{error}");
    let cure = "with another layout than this program's: run a build with the object's struct, or start over without \
                its values, with `store.replace::<Thermostat>()`";
    assert_says(&error, &["`Thermostat` (id 'T', key 0x", &by, cure]);
    assert!(!error.to_string().contains("attach"), "{error}");
}

#[test]
fn object_that_is_not_there_is_said_to_be_missing_for_whom_and_where() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let namespace = std::fs::read_link("/proc/self/ns/ipc").unwrap();
    let expected = format!(
        "`Telemetry` (id 'T', key {:#010x}) at {} does not exist. Its creator is not running, or it runs in another \
         IPC namespace. This process is uid {} in {}. Wait for it with `attach_timeout` or `attach_read_only_timeout`, \
         or create it with `attach_or_create`",
        scratch.key('T'),
        scratch.path().display(),
        nix::unistd::geteuid(),
        namespace.display(),
    );
    assert_eq!(store.attach::<Telemetry>().unwrap_err().to_string(), expected);
    let error = store.attach_timeout::<Telemetry>(std::time::Duration::from_millis(20)).unwrap_err();
    assert_says(&error, &["does not exist after 20ms. Its creator is not running"]);
    assert_says(store.remove::<Telemetry>().unwrap_err(), &["`Telemetry`", "does not exist"]);
    assert_says(store.remove_id('x').unwrap_err(), &["the object with id 'x' (key 0x78", "does not exist"]);
}

/// A moment as messages show it, by another way than theirs.
fn seconds(moment: SystemTime) -> String {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let date = std::process::Command::new("date").args(["-u", "-d", &format!("@{since}"), "+%F %T"]).output().unwrap();
    String::from_utf8(date.stdout).unwrap().trim().to_owned()
}
