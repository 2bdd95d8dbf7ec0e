//! SIGKILL at each step.

use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::segments;

use super::{AtKey, assert_next_process_finds_its_way, at_every_step};

#[test]
fn attach_says_what_is_true_after_a_death_at_any_step() {
    at_every_step(|scenario, scratch| {
        let left = scenario.kill(scratch);
        let mut next = Peer::start(scratch.path());
        if scenario.at_key == AtKey::Whole {
            assert_eq!(next.expect_ok("attach"), "attached");
            assert_eq!((next.expect_ok("frames"), next.expect_ok("initialized")), ("7".into(), "1".into()));
            return;
        }
        next.expect_err("attach", "NotFound");
        assert_eq!(scratch.segments(), [], "what the dead left is cleaned up by who finds it");
        left.into_iter().for_each(segments::wait_until_gone);
        assert_next_process_finds_its_way(AtKey::Nothing, scratch);
    });
}

#[test]
fn next_process_starts_over_after_a_death_at_any_step() {
    at_every_step(|scenario, scratch| {
        let left = scenario.kill(scratch);
        assert_next_process_finds_its_way(scenario.at_key, scratch);
        left.into_iter().for_each(segments::wait_until_gone);
    });
}

#[test]
fn plain_creation_works_after_a_death_at_any_step_that_left_no_object() {
    at_every_step(|scenario, scratch| {
        scenario.kill(scratch);
        let mut next = Peer::start(scratch.path());
        if scenario.at_key == AtKey::Whole {
            next.expect_err("create 8", "AlreadyExists");
        } else {
            assert_eq!(next.expect_ok("create 8"), "created");
        }
        assert_eq!(scratch.segments().len(), 1);
    });
}

#[test]
fn removal_is_finished_or_finds_nothing_after_a_death_at_any_step() {
    at_every_step(|scenario, scratch| {
        scenario.kill(scratch);
        let mut next = Peer::start(scratch.path());
        if scenario.at_key == AtKey::Nothing {
            next.expect_err("remove", "NotFound");
        } else {
            next.expect_ok("remove");
        }
        assert_eq!(scratch.segments(), []);
    });
}

#[test]
fn those_who_wait_already_get_the_next_object_when_a_creator_dies() {
    at_every_step(|scenario, scratch| {
        if !scenario.is_creation() {
            return;
        }
        let mut waiting = [(); 2].map(|()| Peer::start(scratch.path()));
        for peer in &mut waiting {
            peer.tell("attach 20000");
            peer.wait_until_polling();
        }
        scenario.approach(scratch, "kill").wait_until_killed();
        let mut next = Peer::start(scratch.path());
        let whole = scenario.at_key == AtKey::Whole;
        assert_eq!(next.expect_ok("attach_or_create 8"), if whole { "attached" } else { "created" });
        let shmid = next.expect_ok("shmid");
        for peer in &mut waiting {
            assert_eq!(peer.answer(), "ok attached");
            assert_eq!((peer.expect_ok("shmid"), peer.expect_ok("initialized")), (shmid.clone(), "1".into()));
            assert_eq!(peer.expect_ok("frames"), if whole { "7" } else { "8" });
        }
        assert_eq!(scratch.segments().len(), 1);
    });
}

#[test]
fn object_is_removed_if_and_only_if_its_dead_remover_got_to_its_key() {
    at_every_step(|scenario, scratch| {
        if !scenario.is_removal() {
            return;
        }
        let mut holder = Peer::creator(scratch.path());
        Peer::killed_at(scratch.path(), scenario.step, "remove");
        let whole = scenario.at_key == AtKey::Whole;
        assert_eq!(holder.expect_ok("removed"), (scenario.step == "RemoveDone").to_string());
        assert_eq!(holder.expect_ok("state"), if whole { "ready" } else { "removed" });
        assert_eq!(holder.expect_ok("removed"), (!whole).to_string(), "the kernel was asked for the state");
        let mut next = Peer::start(scratch.path());
        assert_eq!(next.expect_ok("attach_or_create 8"), if whole { "attached" } else { "created" });
        holder.expect_ok("add 1");
        assert_eq!(next.expect_ok("frames"), "8");
    });
}

#[test]
fn name_whose_maker_died_is_there_or_is_made_by_the_next() {
    for (step, published) in [("NameCandidate", false), ("NamePublished", true)] {
        assert!(shmstore::STEPS.contains(&step));
        let scratch = Scratch::new();
        Peer::killed_at(scratch.path(), step, "named rover");
        assert_eq!(scratch.store().names().unwrap(), if published { vec!["rover"] } else { vec![] });
        let mut next = Peer::start(scratch.path());
        next.expect_ok("named rover");
        assert_eq!(next.expect_ok("create 7"), "created");
        assert_eq!(scratch.store().names().unwrap(), ["rover"]);
        next.expect_ok("remove");
        assert_eq!(scratch.segments(), []);
        assert!(scratch.store().remove_name("rover").unwrap());
    }
}
