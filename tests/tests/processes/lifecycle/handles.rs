//! One mapping and one participant's slot a process, however many handles it has.

use std::sync::atomic::Ordering::SeqCst;

use shmstore::inspect::Participant;
use shmstore::{Shared, Store};
use shmstore_tests::objects::Telemetry;
use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::segments;
use shmstore_tests::wait;

fn attached(object: &Shared<Telemetry>) -> u64 {
    segments::with_id(Shared::info(object).unwrap().shmid).unwrap().attached
}

fn participant(object: &Shared<Telemetry>, pid: u32) -> Vec<Participant> {
    Shared::participants(object).into_iter().filter(|participant| participant.pid == pid).collect()
}

#[test]
fn process_that_attaches_often_has_one_mapping_and_one_slot() {
    let scratch = Scratch::new();
    let created = scratch.store().create::<Telemetry>().unwrap();
    let again = scratch.store().attach::<Telemetry>().unwrap();
    let or_created = scratch.store().attach_or_create::<Telemetry>().unwrap();
    let cloned = again.clone();
    assert!(std::ptr::eq(&*created, &*again) && std::ptr::eq(&*again, &*or_created) && std::ptr::eq(&*again, &*cloned));
    wait::until_equal(|| (attached(&created), Shared::participants(&created).len()), (1, 1));
}

#[test]
fn mapping_lives_as_long_as_the_last_handle() {
    let scratch = Scratch::new();
    let created = scratch.store().create_with(|new: &Telemetry| new.frames.store(7, SeqCst)).unwrap();
    let shmid = Shared::info(&created).unwrap().shmid;
    let again = scratch.store().attach::<Telemetry>().unwrap();
    let cloned = again.clone();
    assert!(!Shared::was_created(&cloned) && Shared::was_created(&created.clone()));
    drop(created);
    drop(again);
    assert_eq!(cloned.frames.load(SeqCst), 7);
    wait::until_equal(|| attached(&cloned), 1);
    drop(cloned);
    wait::until_equal(|| segments::with_id(shmid).unwrap().attached, 0);
}

#[test]
fn handles_are_counted_across_threads() {
    let scratch = Scratch::new();
    let object = scratch.store().create::<Telemetry>().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..200 {
                    let attached = scratch.store().attach::<Telemetry>().unwrap();
                    attached.clone().frames.fetch_add(1, SeqCst);
                }
            });
        }
    });
    assert_eq!(object.frames.load(SeqCst), 800);
    wait::until_equal(|| (attached(&object), Shared::participants(&object).len()), (1, 1));
}

#[test]
fn participants_are_the_processes_that_attached() {
    let scratch = Scratch::new();
    let object = scratch.store().create::<Telemetry>().unwrap();
    let mut peers = [(); 3].map(|()| Peer::start(scratch.path()));
    peers.iter_mut().for_each(|peer| drop(peer.expect_ok("attach")));
    let mut pids: Vec<u32> = Shared::participants(&object).iter().map(|participant| participant.pid).collect();
    let mut expected: Vec<u32> = peers.iter().map(Peer::pid).chain([std::process::id()]).collect();
    pids.sort_unstable();
    expected.sort_unstable();
    assert_eq!(pids, expected);
    assert_eq!(peers[0].expect_ok("participants"), "4");
    let me = &participant(&object, std::process::id())[0];
    assert!(!me.left && me.since.elapsed().unwrap().as_secs() < 60);
}

#[test]
fn process_that_leaves_and_comes_back_has_one_slot() {
    let scratch = Scratch::new();
    let object = scratch.store().create::<Telemetry>().unwrap();
    let mut peer = Peer::start(scratch.path());
    for _ in 0..3 {
        peer.expect_ok("attach");
        let here = participant(&object, peer.pid());
        assert!(here.len() == 1 && !here[0].left, "{here:?}");
        peer.expect_ok("drop");
        let gone = participant(&object, peer.pid());
        assert!(gone.len() == 1 && gone[0].left, "{gone:?}");
    }
}

#[test]
fn full_table_refuses_the_living_and_gives_them_the_slots_of_the_dead() {
    let scratch = Scratch::new();
    let two = Store::options().max_processes(2).open(scratch.path()).unwrap();
    let object = two.create_with(|new: &Telemetry| new.frames.store(7, SeqCst)).unwrap();
    let mut second = Peer::start(scratch.path());
    let mut third = Peer::start(scratch.path());
    second.expect_ok("attach");
    // The size is the creator's to say: this process would have room for more.
    assert!(third.expect_err("attach", "ParticipantsFull").contains("made for 2 processes"));
    third.expect_err("attach_or_create", "ParticipantsFull");
    wait::until_equal(|| attached(&object), 2);
    // One that has only left may come back: its slot stays its own.
    second.expect_ok("drop");
    third.expect_err("attach", "ParticipantsFull");
    second.expect_ok("attach");

    second.kill();
    third.expect_ok("attach");
    assert_eq!(third.expect_ok("frames"), "7");
    assert_eq!(participant(&object, second.pid()), []);
    assert_eq!(participant(&object, third.pid()).len(), 1);
}
