//! Read-only handles of `attach_view`, which have a mapping for writing and a slot.

use std::sync::atomic::Ordering::Relaxed;

use shmstore::{AttachError, ReadOnly, Shared};
use shmstore_tests::objects::{Position, Telemetry, drifted};
use shmstore_tests::peer::{Peer, actor};
use shmstore_tests::raw::Raw;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::wait;

use super::{attached, mapped_at};

#[test]
fn process_with_a_view_is_a_participant_until_it_drops_it() {
    let scratch = Scratch::new();
    let mut writer = Peer::creator(scratch.path());
    let mut viewer = Peer::start(scratch.path());
    viewer.expect_ok("view");
    writer.expect_ok("store 5");
    assert_eq!(viewer.expect_ok("seen load"), "1 5 5 5");
    wait::until_equal(|| attached(&scratch), 2);

    let view = scratch.store().attach_view::<Telemetry>().unwrap();
    wait::until_equal(|| attached(&scratch), 3);
    let present = || {
        let all = ReadOnly::participants(&view).into_iter();
        let mut there: Vec<_> = all.filter(|one| one.alive && !one.left).map(|one| (one.pid, one.fields)).collect();
        there.sort_unstable();
        there
    };
    let mut expected = [writer.pid(), viewer.pid(), std::process::id()].map(|pid| (pid, Some(4)));
    expected.sort_unstable();
    assert_eq!(present(), expected);

    viewer.expect_ok("seen nothing");
    wait::until_equal(|| attached(&scratch), 2);
    assert!(!present().contains(&(viewer.pid(), Some(4))));
    viewer.expect_ok("view");
    assert_eq!(present(), expected);
    viewer.kill();
    wait::until_equal(|| present().len(), 2);
}

#[test]
fn view_has_the_mapping_for_writing_and_a_reader_has_another() {
    let scratch = Scratch::new();
    let _writer = Peer::creator(scratch.path());
    let store = scratch.store();
    let view = store.attach_view::<Telemetry>().unwrap();
    let seen = store.attach_read_only::<Telemetry>().unwrap();
    let [of_view, of_seen] = [mapped_at(&*view), mapped_at(&*seen)];
    assert_eq!((of_view.permissions.as_str(), of_seen.permissions.as_str()), ("rw-s", "r--s"));
    assert_eq!(of_view.shmid, of_seen.shmid);
    wait::until_equal(|| attached(&scratch), 3);
    // A handle for writing has the mapping and the slot of the view, whichever came first.
    let written = store.attach::<Telemetry>().unwrap();
    let again = store.attach_view::<Telemetry>().unwrap();
    let address = |object: *const <Telemetry as shmstore::ShmObject>::View| object.addr();
    let addresses = [address(&*view), address(&*again), std::ptr::from_ref(&*written).addr()];
    assert_eq!(addresses, [addresses[0]; 3]);
    assert_eq!(Shared::participants(&written).len(), 2);
    drop((view, again));
    written.frames.store(9, Relaxed);
    assert_eq!(seen.frames.load(Relaxed), 9);
    drop(written);
    wait::until_equal(|| attached(&scratch), 2);
}

#[test]
fn loads_through_a_view_write_nothing() {
    let scratch = Scratch::new();
    let written = scratch.store().create::<Telemetry>().unwrap();
    written.position.store(Position { x: 1.0, y: 2.0, z: 3.0 });
    let view = scratch.store().attach_view::<Telemetry>().unwrap();
    let before = Raw::at_key(scratch.key('T')).bytes();
    let _ = (view.frames.load(Relaxed), view.position.load_versioned(), view.label.load_checked().unwrap());
    let _ = (format!("{view:?}"), ReadOnly::info(&view), ReadOnly::participants(&view), ReadOnly::is_removed(&view));
    assert!(Raw::at_key(scratch.key('T')).bytes() == before, "it was written");
}

#[test]
fn view_describes_its_object_and_sees_its_removal() {
    let scratch = Scratch::new();
    let mut writer = Peer::creator(scratch.path());
    let view = scratch.store().attach_view::<Telemetry>().unwrap();
    let info = ReadOnly::info(&view).unwrap();
    assert_eq!((info.type_name.as_deref(), info.creator_pid), (Some("Telemetry"), Some(writer.pid())));
    assert_eq!(info.state.to_string(), "ready");
    assert!(!ReadOnly::is_removed(&view));
    writer.expect_ok("remove");
    assert!(ReadOnly::is_removed(&view));
    assert_eq!(ReadOnly::info(&view).unwrap().state.to_string(), "removed");
    assert_eq!(view.frames.load(Relaxed), 7);
}

#[test]
fn view_never_extends_an_object_and_waits_for_a_process_that_does() {
    let scratch = Scratch::new();
    let mut first = Peer::spawn(actor("rover").arg(scratch.path()));
    first.expect_ok("create v1 7");
    let before = Raw::at_key(scratch.key('R')).bytes();
    // Its store lets objects grow.
    let mut viewer = Peer::spawn(actor("rover").arg(scratch.path()));
    for command in ["view v2", "view v2 30"] {
        let message = viewer.expect_err(command, "Shorter");
        assert_eq!(message, viewer.expect_err("see v2", "Shorter"));
        assert!(message.contains("does not have the field `speed`"), "{message}");
    }
    assert!(Raw::at_key(scratch.key('R')).bytes() == before, "it was written");
    assert_eq!(viewer.expect_ok("view v1"), "attached");
    viewer.tell("view v2 25000");
    viewer.wait_until_polling();
    assert_eq!(first.expect_ok("attach v2"), "grown 2");
    assert_eq!(viewer.answer(), "ok attached");
    first.expect_ok("add speed 3");
    assert_eq!(viewer.expect_ok("get speed"), "3");
    // Both programs have attached three fields, the viewer in one mapping.
    assert_eq!((viewer.expect_ok("participants"), viewer.expect_ok("mappings")), ("[3, 3]".into(), "1".into()));
}

#[test]
fn process_that_attaches_a_view_cleans_up_what_a_dead_creator_has_left() {
    let scratch = Scratch::new();
    Peer::killed_at(scratch.path(), "CreateSchema", "create 7");
    Peer::start(scratch.path()).expect_err("view", "NotFound");
    assert_eq!(scratch.segments(), []);
}

#[test]
fn other_layout_is_refused_as_by_attach() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Telemetry>().unwrap());
    let error = scratch.store().attach_view::<drifted::Telemetry>().unwrap_err();
    let for_writing = scratch.store().attach::<drifted::Telemetry>().unwrap_err();
    assert!(matches!(error, AttachError::LayoutMismatch(_)), "{error}");
    assert_eq!(error.to_string(), for_writing.to_string());
}
