//! Processes that come at the same time: whatever order the kernel runs them in, every answer is one of those that the
//! documentation gives.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;

use shmstore::Store;
use shmstore_tests::objects::Telemetry;
use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::segments::{self, Segment};
use shmstore_tests::wait;

const MANY: usize = 32;

fn peers<const N: usize>(scratch: &Scratch) -> Vec<Peer> {
    let mut peers: Vec<Peer> = (0..N).map(|_| Peer::start(scratch.path())).collect();
    // They have opened the store, and wait for a command.
    peers.iter_mut().for_each(|peer| drop(peer.expect_ok("drop")));
    peers
}

/// Tells all of them at once; returns what they answer.
fn tell_all(peers: &mut [Peer], command: &str) -> Vec<String> {
    peers.iter_mut().for_each(|peer| peer.tell(command));
    peers.iter_mut().map(Peer::answer).collect()
}

fn assert_all_have_one_object(peers: &mut [Peer], answers: &[String]) {
    let created = answers.iter().filter(|answer| *answer == "ok created").count();
    let attached = answers.iter().filter(|answer| *answer == "ok attached").count();
    assert_eq!((created, attached), (1, peers.len() - 1), "{answers:?}");
    assert_eq!(BTreeSet::from_iter(tell_all(peers, "shmid")).len(), 1);
    assert_eq!(BTreeSet::from_iter(tell_all(peers, "initialized")), BTreeSet::from(["ok 1".to_owned()]));
    let seen = BTreeSet::from_iter(tell_all(peers, "add 1"));
    assert_eq!(seen.len(), peers.len(), "each sees what the others have added");
}

#[test]
fn of_many_processes_that_attach_or_create_one_creates() {
    let scratch = Scratch::new();
    let mut peers = peers::<MANY>(&scratch);
    for _ in 0..10 {
        let answers = tell_all(&mut peers, "attach_or_create 7");
        assert_all_have_one_object(&mut peers, &answers);
        assert_eq!(peers[0].expect_ok("participants"), MANY.to_string());
        assert_eq!(scratch.segments().len(), 1);
        tell_all(&mut peers, "drop");
        scratch.store().remove::<Telemetry>().unwrap();
        assert_eq!(scratch.segments(), []);
    }
}

#[test]
fn of_many_processes_that_create_one_succeeds() {
    let scratch = Scratch::new();
    let mut peers = peers::<8>(&scratch);
    for _ in 0..20 {
        let answers = tell_all(&mut peers, "create 7");
        let created = answers.iter().filter(|answer| *answer == "ok created").count();
        let refused = answers.iter().filter(|answer| answer.starts_with("err AlreadyExists ")).count();
        assert_eq!((created, refused), (1, peers.len() - 1), "{answers:?}");
        tell_all(&mut peers, "drop");
        let answers = tell_all(&mut peers, "remove");
        let removed = answers.iter().filter(|answer| *answer == "ok ").count();
        let missing = answers.iter().filter(|answer| answer.starts_with("err NotFound ")).count();
        assert_eq!((removed, missing), (1, peers.len() - 1), "{answers:?}");
        assert_eq!(scratch.segments(), []);
    }
}

#[test]
fn many_processes_that_use_a_new_name_meet_in_one_object() {
    let scratch = Scratch::new();
    let mut peers = peers::<MANY>(&scratch);
    for round in 0..5 {
        let named = tell_all(&mut peers, &format!("named rover{round}"));
        assert!(named.iter().all(|answer| answer == "ok "), "{named:?}");
        let answers = tell_all(&mut peers, "attach_or_create 7");
        assert_all_have_one_object(&mut peers, &answers);
    }
    assert_eq!(scratch.store().names().unwrap().len(), 5);
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 5, "no file is left without its name");
    assert_eq!(scratch.segments().len(), 5);
}

#[test]
fn naming_and_creating_in_one_breath_meets_in_one_object() {
    let scratch = Scratch::new();
    let mut peers = peers::<8>(&scratch);
    for peer in &mut peers {
        peer.tell("named rover");
        peer.tell("attach_or_create 7");
    }
    assert!(peers.iter_mut().all(|peer| peer.answer() == "ok "));
    let answers: Vec<String> = peers.iter_mut().map(Peer::answer).collect();
    assert_all_have_one_object(&mut peers, &answers);
}

#[test]
fn creating_removing_and_attaching_at_random_gives_documented_answers_only() {
    let documented = [
        "create:Ok",
        "create:AlreadyExists",
        "attach_or_create:Ok",
        "attach:Ok",
        "attach:NotFound",
        "remove:Ok",
        "remove:NotFound",
    ];
    let scratch = Scratch::new();
    let mut peers = peers::<6>(&scratch);
    for (seed, peer) in peers.iter_mut().enumerate() {
        peer.tell(&format!("churn 1000 {seed}"));
    }
    let mut seen = BTreeSet::new();
    for peer in &mut peers {
        let answer = peer.answer();
        seen.extend(answer.strip_prefix("ok ").unwrap().split(' ').map(str::to_owned));
    }
    assert_eq!(seen, documented.map(str::to_owned).into());
    assert!(scratch.segments().len() <= 1);
    // Those that were removed are gone with their last handle.
    let pids = peers.iter().map(Peer::pid).collect::<Vec<_>>();
    let key = scratch.key('T');
    let is_left = |segment: &Segment| pids.contains(&segment.creator_pid) && segment.key != key;
    // A list of the machine's segments keeps a removed one for a moment.
    wait::until_true("the kernel to let them go", || !segments::all().iter().any(is_left));
}

#[test]
fn remover_and_attachers_never_meet_in_a_half_removed_object() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let over = AtomicBool::new(false);
    let mut peers = peers::<3>(&scratch);
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..300 {
                let new = store.create_with(|new: &Telemetry| {
                    new.frames.store(round, SeqCst);
                    new.initialized.store(1, SeqCst);
                });
                drop(new.unwrap());
                store.remove::<Telemetry>().unwrap();
            }
            over.store(true, SeqCst);
        });
        while !over.load(SeqCst) {
            for answer in tell_all(&mut peers, "attach 1000") {
                if answer == "ok attached" {
                    continue;
                }
                assert!(over.load(SeqCst) && answer.starts_with("err NotFound "), "{answer}");
            }
            for answer in tell_all(&mut peers, "initialized") {
                assert!(answer == "ok 1" || answer.starts_with("err Nothing"), "{answer}");
            }
            tell_all(&mut peers, "drop");
        }
    });
    assert_eq!(scratch.segments(), []);
}

#[test]
fn of_two_processes_that_forget_a_name_one_finds_it_and_one_does_not() {
    let scratch = Scratch::new();
    scratch.store().open_or_create_named("rover").unwrap();
    // Keeps the directory locked until both are there.
    let mut maker = Peer::stopped_at(scratch.path(), "NameCandidate", "named lander");
    let mut peers = peers::<2>(&scratch);
    for peer in &mut peers {
        peer.tell("forget rover");
        peer.wait_until_polling();
    }
    maker.signal("CONT");
    let mut answers = peers.iter_mut().map(Peer::answer).collect::<Vec<_>>();
    answers.sort_unstable();
    assert_eq!(answers, ["ok false", "ok true"]);
    assert_eq!(maker.answer(), "ok ");
    assert_eq!(scratch.store().names().unwrap(), ["lander"]);
}

fn forget(store: &Store) {
    // Whether there was one is for chance to say.
    let _: bool = store.remove_name("rover").unwrap();
}

fn name(store: &Store) {
    store.open_or_create_named("rover").unwrap();
}

fn list(store: &Store) {
    assert!(store.list().unwrap().is_empty());
}

#[test]
fn forgetting_naming_and_listing_at_once_gives_documented_answers_only() {
    let scratch = Scratch::new();
    let store = &scratch.store();
    let repeatedly = |act: fn(&Store)| move || (0..200).for_each(|_| act(store));
    thread::scope(|scope| {
        for act in [forget, forget, name, list] {
            scope.spawn(repeatedly(act));
        }
    });
    store.open_or_create_named("rover").unwrap();
    assert!(store.remove_name("rover").unwrap());
}
