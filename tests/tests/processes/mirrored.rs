//! A copy of another machine's object is written by its owner alone, while the owner lives.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use shmstore::inspect::{self, Mirrored};
use shmstore::{AttachError, ReadOnly, Shared};
use shmstore_tests::objects::Telemetry;
use shmstore_tests::peer::{Child, Peer, actor};
use shmstore_tests::raw::{Raw, field};
use shmstore_tests::scratch::Scratch;
use shmstore_tests::wait::{self, DEADLINE};

const MIRRORED: u64 = 4;

/// A process that keeps copies.
fn mirror(scratch: &Scratch) -> Peer {
    Peer::spawn(actor("mirror").arg(scratch.path()))
}

/// A process that owns a copy of an object on `rover7`.
fn owner(scratch: &Scratch) -> Peer {
    let mut owner = mirror(scratch);
    owner.expect_ok("copy rover7");
    owner
}

/// The flag and the owner of the object.
fn header(scratch: &Scratch) -> (u64, u64) {
    let raw = Raw::at_key(scratch.key('T'));
    (raw.get(field::FLAGS) & MIRRORED, raw.get(field::OWNER_TOKEN))
}

fn mirrored(scratch: &Scratch) -> Option<Mirrored> {
    let found = inspect::Object::find(scratch.path(), Some('T')).unwrap();
    let [listed] = <[_; 1]>::try_from(scratch.store().list().unwrap()).unwrap();
    let of = |mirrored: &Option<Mirrored>| mirrored.as_ref().map(|of| (of.origin.clone(), of.owner_pid));
    assert_eq!(of(&found.mirrored()), of(&listed.mirrored));
    found.mirrored()
}

#[test]
fn other_processes_read_a_copy_and_do_not_write_it() {
    let scratch = Scratch::new();
    let mut owner = owner(&scratch);
    let mut other = Peer::start(scratch.path());
    for command in ["attach", "attach 9000", "attach_or_create"] {
        let said = other.expect_err(command, "Mirrored");
        let expected = format!("is a copy of an object on `rover7`, which process {} keeps up to date", owner.pid());
        assert!(said.contains(&expected), "{said}");
    }
    other.expect_err("create", "AlreadyExists");
    let view = scratch.store().attach_view::<Telemetry>().unwrap();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| view.position.wait_newer(0, DEADLINE).unwrap());
        owner.expect_ok("store 1.5");
        let (version, position) = waiter.join().unwrap();
        assert_eq!((version, position.x), (1, 1.5));
    });
    other.expect_ok("see");
    owner.expect_ok("add 3");
    assert_eq!(other.expect_ok("seen frames"), "3");
    owner.expect_ok("heard");
    let mirrored = mirrored(&scratch).unwrap();
    assert_eq!((&*mirrored.origin, mirrored.owner_pid), ("rover7", Some(owner.pid())));
    assert!(mirrored.heard.is_some_and(|ago| ago < DEADLINE));
}

#[test]
fn copy_of_a_dead_owner_becomes_an_ordinary_object() {
    let scratch = Scratch::new();
    let mut owner = owner(&scratch);
    owner.expect_ok("add 3");
    let view = scratch.store().attach_view::<Telemetry>().unwrap();
    let mut other = Peer::start(scratch.path());
    owner.signal("STOP");
    owner.wait_until_stopped();
    other.expect_err("attach", "Mirrored");
    owner.kill_without_reaping();
    assert_eq!(mirrored(&scratch).unwrap().owner_pid, None);
    assert!(header(&scratch).0 == MIRRORED, "a look changes nothing");
    other.expect_ok("attach");
    assert_eq!((other.expect_ok("add 1"), view.frames.load(Relaxed)), ("3".into(), 4));
    assert_eq!(header(&scratch), (0, 0));
    assert!(ReadOnly::info(&view).unwrap().mirrored.is_none());
    mirror(&scratch).expect_err("own rover7", "NotMirrored");
}

#[test]
fn second_owner_is_accepted_when_the_first_has_ended() {
    let scratch = Scratch::new();
    let mut first = owner(&scratch);
    first.expect_ok("add 3");
    let mut second = mirror(&scratch);
    second.expect_err("own rover7", "Mirrored");
    first.kill();
    let said = second.expect_err("own rover8", "Mirrored");
    assert!(said.contains("is a copy of an object on `rover7`. No other process"), "{said}");
    second.expect_ok("own rover7");
    assert_eq!(second.expect_ok("add 1"), "3");
    let mut third = mirror(&scratch);
    third.expect_err("own rover7", "Mirrored");
    Peer::start(scratch.path()).expect_err("attach", "Mirrored");
    second.expect_ok("give_up");
    third.expect_ok("own rover7");
}

#[test]
fn child_of_an_owner_does_not_give_its_copy_up() {
    let scratch = Scratch::new();
    let mut owner = owner(&scratch);
    let child = Child::fork(&mut owner);
    owner.expect_ok("child give_up");
    Peer::start(scratch.path()).expect_err("attach", "Mirrored");
    owner.expect_ok("add 1");
    owner.kill();
    Peer::start(scratch.path()).expect_ok("attach");
    drop(child);
}

#[test]
fn death_in_a_promotion_or_in_a_change_of_owners_leaves_a_copy_without_an_owner() {
    let scratch = Scratch::new();
    owner(&scratch).kill();
    Peer::killed_at(scratch.path(), "PromoteEntered", "attach");
    assert_eq!(header(&scratch).0, MIRRORED);
    let mut next = Peer::spawn(actor("mirror").arg(scratch.path()).env("SHMSTORE_FAILPOINT", "TakeOverEntered=kill"));
    next.tell("own rover7");
    next.wait_until_killed();
    assert_eq!((header(&scratch).0, mirrored(&scratch).unwrap().owner_pid), (MIRRORED, None));
    let mut next = mirror(&scratch);
    next.expect_ok("own rover7");
    next.kill();
    Peer::start(scratch.path()).expect_ok("attach");
    assert_eq!(header(&scratch), (0, 0));
}

#[test]
fn process_that_has_waited_for_the_lock_looks_at_the_owner_again() {
    let scratch = Scratch::new();
    owner(&scratch).kill();
    let mut next = Peer::spawn(actor("mirror").arg(scratch.path()).env("SHMSTORE_FAILPOINT", "TakeOverEntered=stop"));
    next.tell("own rover7");
    next.wait_until_stopped();
    let mut other = Peer::start(scratch.path());
    other.tell("attach");
    other.wait_until_polling();
    next.signal("CONT");
    assert_eq!(next.answer(), "ok ");
    assert!(other.answer().starts_with("err Mirrored "));
    next.kill();

    let mut other = Peer::stopped_at(scratch.path(), "PromoteEntered", "attach");
    let mut next = mirror(&scratch);
    next.tell("own rover7");
    next.wait_until_polling();
    other.signal("CONT");
    assert_eq!(other.answer(), "ok attached");
    assert!(next.answer().starts_with("err NotMirrored "));
    assert_eq!(header(&scratch), (0, 0));
}

#[test]
fn many_processes_at_once_make_one_ordinary_object_of_a_copy() {
    let scratch = Scratch::new();
    let mut others: Vec<Peer> = (0..8).map(|_| Peer::start(scratch.path())).collect();
    for _ in 0..20 {
        let mut owner = owner(&scratch);
        owner.expect_ok("add 3");
        owner.kill();
        others.iter_mut().zip(["attach", "attach_or_create"].iter().cycle()).for_each(|(other, how)| other.tell(how));
        for other in &mut others {
            assert_eq!(other.answer(), "ok attached");
        }
        assert_eq!(header(&scratch), (0, 0));
        for other in &mut others {
            other.expect_ok("add 1");
            other.expect_ok("drop");
        }
        let ordinary = scratch.store().attach::<Telemetry>().unwrap();
        assert_eq!((ordinary.frames.load(Relaxed), Shared::info(&ordinary).unwrap().mirrored), (11, None));
        scratch.store().remove::<Telemetry>().unwrap();
    }
}

#[test]
fn copy_without_an_owner_gets_an_owner_or_becomes_ordinary_and_never_both() {
    let scratch = Scratch::new();
    let mut others: Vec<Peer> = (0..3).map(|_| Peer::start(scratch.path())).collect();
    let mut owners: Vec<Peer> = (0..2).map(|_| mirror(&scratch)).collect();
    let (mut promoted, mut owned) = (0, 0);
    wait::until_true("both outcomes", || {
        owner(&scratch).kill();
        let (first, rest) = if promoted > owned { (&mut owners, &mut others) } else { (&mut others, &mut owners) };
        let tell = |peers: &mut Vec<Peer>, command| peers.iter_mut().for_each(|peer| peer.tell(command));
        let [to_first, to_rest] = if promoted > owned { ["own rover7", "attach"] } else { ["attach", "own rover7"] };
        tell(first, to_first);
        tell(rest, to_rest);
        let [as_owner, as_other] =
            [&mut owners, &mut others].map(|peers| peers.iter_mut().map(|peer| peer.answer()).collect::<Vec<String>>());
        let count = |answers: &[String], begin: &str| answers.iter().filter(|of| of.starts_with(begin)).count();
        match count(&as_owner, "ok") {
            0 => {
                assert_eq!((count(&as_owner, "err NotMirrored"), count(&as_other, "ok attached")), (2, 3));
                assert_eq!(header(&scratch), (0, 0));
                others.iter_mut().for_each(|other| drop(other.expect_ok("drop")));
                promoted += 1;
            }
            owner => {
                assert_eq!((owner, count(&as_owner, "err Mirrored"), count(&as_other, "err Mirrored")), (1, 1, 3));
                assert_eq!(header(&scratch).0, MIRRORED);
                owners.iter_mut().for_each(|owner| drop(owner.expect_ok("give_up")));
                owned += 1;
            }
        }
        scratch.store().remove::<Telemetry>().unwrap();
        promoted >= 5 && owned >= 5
    });
}

#[test]
fn header_that_lies_about_a_copy_refuses_writers_and_does_nothing_else() {
    let scratch = Scratch::new();
    let mut other = Peer::creator(scratch.path());
    let raw = Raw::at_key(scratch.key('T'));
    raw.write(field::ORIGIN.offset, &[0xff; 64]);
    for (len, letters) in [(0, 0), (7, 7), (64, 64), (65, 64), (u32::MAX, 64)] {
        raw.set(field::FLAGS, MIRRORED);
        raw.set(field::ORIGIN_LEN, u64::from(len));
        raw.set(field::HEARD, u64::MAX);
        let found = mirrored(&scratch).expect("it says so");
        assert_eq!((found.origin.chars().count(), found.heard, found.owner_pid), (letters, Some(Duration::ZERO), None));
        // Every token of no process is that of an owner that has ended.
        for token in [0, 1, u32::MAX] {
            raw.set(field::FLAGS, MIRRORED);
            raw.set(field::OWNER_TOKEN, u64::from(token));
            other.expect_ok("attach");
            assert_eq!(header(&scratch), (0, 0), "{token:#x}");
            other.expect_ok("drop");
        }
    }
    // The token of a process that has it attached.
    let store = scratch.store();
    let ours = store.attach::<Telemetry>().unwrap();
    let slots = raw.get(field::SLOTS_OFFSET) as usize;
    let mut words = (0..4).map(|slot| raw.number(slots + 32 * slot));
    let is_peers = |word: &u64| word >> 29 & 0x3f_ffff == u64::from(other.pid());
    let word = words.find(is_peers).expect("the peer's slot");
    raw.set(field::FLAGS, MIRRORED);
    raw.set(field::OWNER_TOKEN, word & 0x1fff_ffff);
    assert!(matches!(store.attach::<Telemetry>(), Err(AttachError::Mirrored { owner_pid: Some(_), .. })));
    assert_eq!(mirrored(&scratch).unwrap().owner_pid, Some(other.pid()));
    store.attach_view::<Telemetry>().unwrap();
    other.kill();
    store.attach::<Telemetry>().unwrap();
    assert_eq!((header(&scratch), ours.frames.load(Relaxed)), ((0, 0), 7));
}
