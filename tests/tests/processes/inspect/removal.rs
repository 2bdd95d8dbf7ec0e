//! Removing what a listing shows, and nothing else.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use shmstore::Shared;
use shmstore::inspect::{InspectError, Object, Segment, SegmentState, WhileAttached};
use shmstore_tests::objects::Telemetry;
use shmstore_tests::peer::{Peer, actor};
use shmstore_tests::raw::{Raw, SIZE_TAG, field, find, plant};
use shmstore_tests::scratch::{Planted, Scratch};
use shmstore_tests::segments::{wait_until_gone, with_id};
use shmstore_tests::wait;

use super::segment;
use super::states::with_own_anchor;

/// Other tests list it meanwhile: who has it attached for that keeps it for a moment.
fn until_gone(shmid: i32) {
    wait_until_gone(shmid);
}

#[test]
fn foreign_segment_is_never_removed() {
    for (size, bytes) in [(5000, &b"x"[..]), (4096 + SIZE_TAG, b"no magic"), (4096 + SIZE_TAG, b"")] {
        let planted = plant(0, size, 0o600, bytes);
        for way in [WhileAttached::Refuse, WhileAttached::Remove] {
            assert!(matches!(segment(planted.shmid).remove(way), Err(InspectError::Foreign { .. })));
        }
        assert!(with_id(planted.shmid).is_some());
    }
}

#[test]
fn segment_in_use_is_refused_and_then_removed_for_all_who_have_it() {
    let scratch = Scratch::new();
    let mut peer = Peer::creator(scratch.path());
    let there = segment(find(scratch.key('T')).unwrap());
    let refused = there.remove(WhileAttached::Refuse);
    assert!(matches!(refused, Err(InspectError::InUse { attached: 1.., .. })), "{refused:?}");
    assert_eq!(peer.expect_ok("removed"), "false");
    there.remove(WhileAttached::Remove).unwrap();
    assert_eq!(find(scratch.key('T')), None);
    assert_eq!(peer.expect_ok("removed"), "true");
    assert_eq!(Raw::attach(there.shmid).get(field::STATE), 3);
    assert_eq!(peer.expect_ok("frames"), "7");
    assert!(matches!(there.remove(WhileAttached::Remove), Err(InspectError::Gone { .. })));
}

#[test]
fn segment_that_is_attached_by_a_program_that_only_looks_is_in_use() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Telemetry>().unwrap());
    let there = segment(find(scratch.key('T')).unwrap());
    let mut grip = Peer::spawn(actor("grip").arg(there.shmid.to_string()));
    assert_eq!(grip.answer(), "ok attached");
    // Others may list it meanwhile.
    assert!(matches!(there.remove(WhileAttached::Refuse), Err(InspectError::InUse { attached: 1.., .. })));
    grip.kill();
    there.remove(WhileAttached::Refuse).unwrap();
    until_gone(there.shmid);
}

#[test]
fn careful_removal_keeps_others_away_while_it_waits_and_lets_them_in_after() {
    const MOVING: u64 = 1;
    let scratch = Scratch::new();
    drop(scratch.store().create::<Telemetry>().unwrap());
    // It has the segment attached.
    let raw = Raw::at_key(scratch.key('T'));
    let there = segment(raw.shmid());
    let mut late = Peer::start(scratch.path());
    thread::scope(|scope| {
        let removal = scope.spawn(|| there.remove(WhileAttached::Refuse));
        wait::until_true("the flag", || raw.get(field::FLAGS) & MOVING != 0);
        late.tell("attach");
        let refused = removal.join().unwrap();
        assert!(matches!(refused, Err(InspectError::InUse { .. })), "{refused:?}");
    });
    assert_eq!(late.answer(), "ok attached");
    assert_eq!(raw.get(field::FLAGS) & MOVING, 0);
}

#[test]
fn segment_that_changed_since_it_was_listed_is_left_alone() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Telemetry>().unwrap());
    let there = segment(find(scratch.key('T')).unwrap());
    let raw = Raw::attach(there.shmid);
    raw.set(field::NONCE, raw.get(field::NONCE) ^ 1);
    drop(raw);
    assert!(matches!(there.remove(WhileAttached::Refuse), Err(InspectError::Rewritten { .. })));
    assert!(with_id(there.shmid).is_some());
    let replaced = scratch.store().replace::<Telemetry>().unwrap();
    assert!(matches!(there.remove(WhileAttached::Remove), Err(InspectError::Gone { .. })));
    assert!(!Shared::is_removed(&replaced));
}

#[test]
fn segment_whose_header_never_rests_is_there_and_removed_for_who_insists() {
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    let scratch = Scratch::new();
    drop(scratch.store().create::<Telemetry>().unwrap());
    let raw = Raw::at_key(scratch.key('T'));
    let done = AtomicBool::new(false);
    let (refused, removed) = thread::scope(|scope| {
        let (done, shmid) = (&done, raw.shmid());
        scope.spawn(move || {
            let (raw, started) = (Raw::attach(shmid), Instant::now());
            let goes_on = |_: &u64| !done.load(Relaxed) && started.elapsed() < Duration::from_secs(60);
            (0..).take_while(goes_on).for_each(|nonce| raw.set(field::NONCE, nonce));
        });
        let there = segment(raw.shmid());
        let seen = raw.get(field::NONCE);
        wait::until_true("another nonce", || raw.get(field::NONCE) != seen);
        let refused: Vec<_> = (0..20).map(|_| there.remove(WhileAttached::Refuse)).collect();
        let removed = there.remove(WhileAttached::Remove);
        done.store(true, Relaxed);
        (refused, removed)
    });
    assert!(refused.iter().all(|is| matches!(is, Err(InspectError::Rewritten { .. }))), "{refused:?}");
    removed.unwrap();
    assert_eq!(find(scratch.key('T')), None);
}

#[test]
fn object_that_was_rewritten_since_it_was_listed_is_not_attached_as_the_one_that_was() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Telemetry>().unwrap());
    let there = segment(find(scratch.key('T')).unwrap());
    let raw = Raw::attach(there.shmid);
    raw.set(field::NONCE, raw.get(field::NONCE) ^ 1);
    let refused = Object::attach(&there).unwrap_err();
    assert!(matches!(refused, InspectError::Rewritten { .. }), "{refused}");
    Object::attach(&segment(there.shmid)).unwrap();
}

#[test]
fn orphan_is_removed() {
    let scratch = Scratch::new();
    let planted = with_own_anchor(&scratch);
    fs::remove_dir(scratch.join("anchor")).unwrap();
    let there = segment(planted.shmid);
    assert_eq!(there.state, SegmentState::Orphaned);
    there.remove(WhileAttached::Refuse).unwrap();
    until_gone(planted.shmid);
}

#[test]
fn abandoned_segments_are_removed() {
    for step in ["CreateClaimed", "CreateSchema"] {
        let scratch = Scratch::new();
        Peer::killed_at(scratch.path(), step, "create 7");
        let there = segment(find(scratch.key('T')).unwrap());
        assert_eq!(there.state, SegmentState::Abandoned);
        there.remove(WhileAttached::Refuse).unwrap();
        until_gone(there.shmid);
    }
}

#[test]
fn half_made_object_is_in_use_while_its_creator_lives_and_removed_once_it_is_dead() {
    let scratch = Scratch::new();
    let mut creator = Peer::stopped_at(scratch.path(), "CreateInitialized", "create 7");
    let there = segment(find(scratch.key('T')).unwrap());
    assert!(matches!(there.remove(WhileAttached::Refuse), Err(InspectError::InUse { .. })));
    let _guard = Planted { shmid: there.shmid };
    creator.kill();
    wait::until_true("the dead to let go", || {
        thread::sleep(Duration::from_millis(1));
        segment(there.shmid).attached == 0
    });
    there.remove(WhileAttached::Refuse).unwrap();
}

#[test]
fn segment_that_others_only_list_is_not_in_use() {
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    let scratch = Scratch::new();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Relaxed) {
                    drop(shmstore::inspect::segments());
                }
            });
        }
        let store = scratch.store();
        let create_and_remove = |_| -> Result<(), Box<dyn std::error::Error>> {
            drop(store.create::<Telemetry>()?);
            let shmid = find(scratch.key('T')).ok_or("no segment")?;
            Ok(Segment::of_shmid(shmid)?.remove(WhileAttached::Refuse)?)
        };
        let all = (0..100).try_for_each(create_and_remove);
        done.store(true, Relaxed);
        all.unwrap();
    });
}
