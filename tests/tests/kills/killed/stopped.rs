//! A process that is stopped at a step is alive, however long it takes: nobody may take its work from under it.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use shmstore_tests::holder::is_in_state;
use shmstore_tests::objects::Telemetry;
use shmstore_tests::peer::Peer;
use shmstore_tests::raw::{Raw, field, find, plant};
use shmstore_tests::scratch::Scratch;
use shmstore_tests::{segments, wait};

use super::{AtKey, at_every_step};

const IMPATIENT: [(&str, &str); 1] = [("PEER_WAIT_MS", "100")];

#[test]
fn nobody_takes_a_step_from_a_process_that_is_only_stopped() {
    at_every_step(|scenario, scratch| {
        let mut stopped = scenario.approach(scratch, "stop");
        stopped.wait_until_stopped();
        let segment = scenario.segment(scratch);

        let mut other = Peer::start_with(scratch.path(), &IMPATIENT);
        match scenario.at_key {
            AtKey::Nothing => drop(other.expect_err("attach 100", "NotFound")),
            // Longer than a segment in which nothing is written must be left alone.
            AtKey::Virgin => drop(other.expect_err("attach 2500", "StillInitializing")),
            AtKey::HalfMade => drop(other.expect_err("attach 100", "StillInitializing")),
            AtKey::Whole => drop(other.expect_ok("attach")),
        }
        if scenario.at_key == AtKey::Whole {
            assert_eq!(other.expect_ok("attach_or_create 9"), "attached");
        } else {
            let message = other.expect_err("attach_or_create 9", "Busy");
            assert!(message.contains("stayed locked for 100ms"), "{message}");
        }
        other.expect_err("create 9", "Busy");
        other.expect_err("replace 9", "Busy");
        other.expect_err("remove", "Busy");
        assert_eq!(scenario.segment(scratch), segment);

        stopped.signal("CONT");
        let answer = stopped.answer();
        let mut next = Peer::start(scratch.path());
        if scenario.is_removal() {
            assert_eq!(answer, "ok ");
            next.expect_err("attach", "NotFound");
            assert_eq!(scratch.segments(), []);
        } else {
            assert_eq!(answer, "ok created");
            next.expect_ok("attach");
            assert_eq!((next.expect_ok("frames"), next.expect_ok("initialized")), ("7".into(), "1".into()));
            assert_eq!(next.expect_ok("shmid"), stopped.expect_ok("shmid"));
            assert_eq!(scratch.segments().len(), 1);
        }
    });
}

#[test]
fn those_who_wait_for_a_stopped_process_get_what_it_makes_in_the_end() {
    at_every_step(|scenario, scratch| {
        if !scenario.is_creation() {
            return;
        }
        let mut stopped = scenario.approach(scratch, "stop");
        stopped.wait_until_stopped();
        let mut attaching = Peer::start_with(scratch.path(), &[("PEER_WAIT_MS", "20000")]);
        let mut creating = Peer::start_with(scratch.path(), &[("PEER_WAIT_MS", "20000")]);
        attaching.tell("attach 20000");
        creating.tell("attach_or_create 9");
        if scenario.at_key != AtKey::Whole {
            attaching.wait_until_polling();
            creating.wait_until_polling();
        }
        stopped.signal("CONT");
        assert_eq!(stopped.answer(), "ok created");
        for peer in [&mut attaching, &mut creating] {
            assert_eq!(peer.answer(), "ok attached");
            assert_eq!((peer.expect_ok("frames"), peer.expect_ok("initialized")), ("7".into(), "1".into()));
        }
        assert_eq!(segments::at_key(scratch.key('T')).len(), 1);
    });
}

#[test]
fn name_whose_maker_is_stopped_is_waited_for_until_it_is_there() {
    for (step, published) in [("NameCandidate", false), ("NamePublished", true)] {
        let scratch = Scratch::new();
        let mut maker = Peer::stopped_at(scratch.path(), step, "named rover");
        let mut other = Peer::start_with(scratch.path(), &IMPATIENT);
        if published {
            other.expect_ok("named rover");
        } else {
            other.expect_err("named rover", "Busy");
        }
        maker.signal("CONT");
        assert_eq!(maker.answer(), "ok ");
        other.expect_ok("named rover");
        maker.expect_ok("create 7");
        other.expect_ok("attach");
        assert_eq!(other.expect_ok("frames"), "7");
        assert_eq!(scratch.store().names().unwrap(), ["rover"]);
    }
}

/// A program that knows nothing of the lock puts another one in the place of each that is removed.
#[test]
fn objects_that_stand_at_the_key_again_and_again_keep_no_attach_beyond_its_limit() {
    const ROUNDS: usize = 40;
    let scratch = Scratch::new();
    let (store, key) = (scratch.store(), scratch.key('T'));
    let object = store.create::<Telemetry>().unwrap();
    let raw = Raw::at_key(key);
    let removed = {
        raw.set(field::STATE, 3);
        raw.bytes()
    };
    drop((raw, object));
    let environment = [("SHMSTORE_FAILPOINT", "RecoverRemoved=stop"), ("PEER_WAIT_MS", "50")];
    let mut peer = Peer::start_with(scratch.path(), &environment);
    let pid = Pid::from_raw(peer.pid().try_into().unwrap());
    peer.tell("attach");
    let is_stopped = || is_in_state(pid.as_raw().unsigned_abs(), 'T') && find(key).is_none();
    std::thread::scope(|scope| {
        let answer = scope.spawn(|| peer.answer());
        for _ in 0..ROUNDS {
            wait::until_true("it to stop, or to answer", || answer.is_finished() || is_stopped());
            if answer.is_finished() {
                break;
            }
            let planted = plant(key, removed.len(), 0o600, &removed);
            kill(pid, Signal::SIGCONT).unwrap();
            wait::until_true("it to be removed", || answer.is_finished() || find(key).is_none());
            drop(planted);
        }
        let is_over = answer.is_finished();
        if !is_over {
            kill(pid, Signal::SIGKILL).unwrap();
        }
        let answered = answer.join();
        assert!(is_over, "it went on for {ROUNDS} rounds");
        assert!(answered.unwrap().starts_with("err NotFound "));
    });
}
