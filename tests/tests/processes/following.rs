//! A process that follows an object goes on with its successor, whatever becomes of the one that replaces it.

use std::fs;
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use nix::unistd::gettid;
use shmstore::{AttachError, Following, OpenError, Shared, Store, WaitError};
use shmstore_tests::objects::Telemetry;
use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::{Scratch, remove_segment};
use shmstore_tests::segments;
use shmstore_tests::wait;

fn follow(scratch: &Scratch) -> Following<Telemetry> {
    scratch.store().follow().unwrap()
}

fn frames(following: &mut Following<Telemetry>) -> u64 {
    following.current().unwrap().frames.load(SeqCst)
}

fn shmid(object: &Shared<Telemetry>) -> i32 {
    Shared::info(object).unwrap().shmid
}

fn is_not_found(following: &mut Following<Telemetry>) -> bool {
    matches!(following.current(), Err(AttachError::NotFound { .. }))
}

#[test]
fn follower_has_the_successor_at_the_next_call() {
    let scratch = Scratch::new();
    let mut peer = Peer::creator(scratch.path());
    let mut following = follow(&scratch);
    let old = following.current().unwrap().clone();
    assert_eq!((frames(&mut following), following.changes()), (7, 0));

    peer.expect_ok("replace 9");
    assert_eq!(following.last().frames.load(SeqCst), 7, "only `current` attaches");
    assert_eq!((frames(&mut following), following.changes()), (9, 1));
    assert_eq!(shmid(following.last()).to_string(), peer.expect_ok("shmid"));
    assert_eq!((frames(&mut following), following.changes()), (9, 1));
    assert_eq!((old.frames.load(SeqCst), Shared::was_created(following.last())), (7, false));
}

#[test]
fn follower_keeps_the_last_object_until_there_is_another_one() {
    let scratch = Scratch::new();
    let mut peer = Peer::creator(scratch.path());
    let mut following = follow(&scratch);
    peer.expect_ok("remove");
    for _ in 0..2 {
        assert!(is_not_found(&mut following));
        assert_eq!((following.last().frames.load(SeqCst), following.changes()), (7, 0));
    }
    peer.expect_ok("create 9");
    assert_eq!((frames(&mut following), following.changes()), (9, 1));
}

#[test]
fn follower_is_refused_another_layout_until_the_right_one_is_back() {
    let scratch = Scratch::new();
    let mut peer = Peer::creator(scratch.path());
    let mut following = follow(&scratch);
    peer.expect_ok("replace_drifted");
    for _ in 0..2 {
        let error = following.current().unwrap_err();
        assert!(matches!(error, AttachError::LayoutMismatch(_)), "{error}");
        assert_eq!(following.last().frames.load(SeqCst), 7);
    }
    peer.expect_ok("replace 9");
    assert_eq!((frames(&mut following), following.changes()), (9, 1));
}

#[test]
fn following_begins_with_an_object_that_is_there_in_time() {
    let scratch = Scratch::new();
    let error = scratch.store().follow::<Telemetry>().unwrap_err();
    assert!(matches!(error, AttachError::NotFound { .. }), "{error}");
    thread::scope(|scope| {
        let following = scope.spawn(|| scratch.store().follow_timeout::<Telemetry>(wait::DEADLINE).unwrap());
        Peer::creator(scratch.path());
        assert_eq!(frames(&mut following.join().unwrap()), 7);
    });
}

/// Between the removal of the old object and the creation of the new one, there is no object.
#[test]
fn follower_waits_for_a_process_that_replaces_the_object() {
    for step in ["RemoveMarked", "RemoveDone", "CreateSegment", "CreateInitialized"] {
        let scratch = Scratch::new();
        let _creator = Peer::creator(scratch.path());
        let mut following = follow(&scratch);
        let mut replacer = Peer::stopped_at(scratch.path(), step, "replace 9");
        if step == "RemoveMarked" {
            // The replacer has not yet said so in the object, so there is nothing to wait for.
            assert_eq!(frames(&mut following), 7);
        } else {
            let follower = AtomicI32::new(0);
            thread::scope(|scope| {
                let (following, id) = (&mut following, &follower);
                let current = scope.spawn(move || {
                    id.store(gettid().as_raw(), SeqCst);
                    frames(following)
                });
                wait::until_true("the follower to wait", || {
                    let waits_in = format!("/proc/self/task/{}/wchan", follower.load(SeqCst));
                    fs::read_to_string(waits_in).is_ok_and(|function| function.contains("nanosleep"))
                });
                replacer.signal("CONT");
                assert_eq!(current.join().unwrap(), 9, "{step}");
            });
        }
        assert!(replacer.answer_after_stops().starts_with("ok"));
        assert_eq!((frames(&mut following), following.changes()), (9, 1), "{step}");
    }
}

#[test]
fn follower_finds_no_object_after_a_process_has_died_while_it_replaced_it() {
    for step in ["RemoveDone", "CreateSegment", "CreateInitialized"] {
        let scratch = Scratch::new();
        let mut peer = Peer::creator(scratch.path());
        let mut following = follow(&scratch);
        Peer::killed_at(scratch.path(), step, "replace 9");
        assert!(is_not_found(&mut following), "{step}");
        peer.expect_ok("create 10");
        assert_eq!((frames(&mut following), following.changes()), (10, 1), "{step}");
    }
}

#[test]
fn follower_waits_no_longer_than_its_store() {
    let scratch = Scratch::new();
    let _creator = Peer::creator(scratch.path());
    let store = Store::options().wait(Duration::from_millis(20)).open(scratch.path()).unwrap();
    let mut following = store.follow::<Telemetry>().unwrap();
    let mut replacer = Peer::stopped_at(scratch.path(), "RemoveDone", "replace 9");
    let error = following.current().unwrap_err();
    assert!(matches!(error, AttachError::Anchor(OpenError::Busy { .. })), "{error}");
    assert_eq!(following.last().frames.load(SeqCst), 7);
    assert!(replacer.answer_after_stops().starts_with("ok"));
    assert_eq!(frames(&mut following), 9);
}

/// The removal is in the kernel only: one byte of the object would have to say it.
#[test]
fn follower_goes_on_once_a_wait_or_a_question_has_found_a_removal_from_outside() {
    let scratch = Scratch::new();
    let mut peer = Peer::creator(scratch.path());
    let (mut waiting, mut asking) = (follow(&scratch), follow(&scratch));
    for frames_then in [8, 9] {
        remove_segment(shmid(waiting.last()));
        peer.expect_ok(&format!("create {frames_then}"));
        assert_eq!(frames(&mut waiting), frames_then - 1, "it is not asked in vain");
        if frames_then == 8 {
            let error = waiting.last().position.wait_newer(0, wait::DEADLINE).unwrap_err();
            assert!(matches!(error, WaitError::Removed { .. }), "{error}");
        } else {
            assert!(Shared::info(waiting.last()).is_some());
        }
        assert!(Shared::is_removed(asking.last()), "it is the same attachment");
        assert_eq!((frames(&mut waiting), frames(&mut asking)), (frames_then, frames_then));
    }
}

#[test]
fn thousand_replacements_are_followed_without_an_error_and_without_a_leak() {
    const ROUNDS: u64 = 1000;
    let _alone = wait::flat_out();
    let scratch = Scratch::new();
    let mut replacer = Peer::start(scratch.path());
    replacer.expect_ok("create 0");
    replacer.expect_ok("drop");
    let mut following = follow(&scratch);
    for round in 1..=ROUNDS {
        replacer.tell(&format!("replace {round}"));
        replacer.tell("drop");
    }
    let (mut seen, mut calls) = (0, 0_u64);
    while seen < ROUNDS {
        let was_removed = Shared::is_removed(following.last());
        // The new object is mapped before the old one is let go.
        let before = ptr::from_ref(&**following.last());
        let object = following.current().unwrap_or_else(|error| panic!("after {calls} calls, {seen} seen: {error}"));
        let (frames, initialized) = (object.frames.load(SeqCst), object.initialized.load(SeqCst));
        assert!(!was_removed || !ptr::eq(&**object, before), "the removed object {seen} came again");
        assert!(frames >= seen && initialized == 1, "{frames} after {seen}, initialized {initialized} times");
        (seen, calls) = (frames, calls + 1);
    }
    assert!((1..=ROUNDS).contains(&following.changes()), "{}", following.changes());
    for _ in 0..2 * ROUNDS {
        assert!(replacer.answer().starts_with("ok"));
    }
    let last = shmid(following.last());
    // The kernel names a mapping by the key that its segment had.
    let mapped = || {
        let name = format!("/SYSV{:08x}", scratch.key('T'));
        fs::read_to_string("/proc/self/maps").unwrap().lines().filter(|line| line.contains(&name)).count()
    };
    assert_eq!(mapped(), 1, "of each object that was followed");
    wait::until_equal(|| segments::with_id(last).unwrap().attached, 1);
    drop(following);
    assert_eq!(mapped(), 0);
    wait::until_equal(|| segments::with_id(last).unwrap().attached, 0);
}

#[test]
fn following_may_be_moved_to_another_thread() {
    const fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<Following<Telemetry>>();
    let scratch = Scratch::new();
    let _creator = Peer::creator(scratch.path());
    let mut following = follow(&scratch);
    let text = format!("{following:?}");
    assert!(text.starts_with("Following { store: Store {") && text.contains("frames: 7"), "{text}");
    assert_eq!(thread::spawn(move || frames(&mut following)).join().unwrap(), 7);
}
