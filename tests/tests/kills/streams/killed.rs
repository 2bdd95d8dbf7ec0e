//! Killed at a step: an item is there or not, whole; the next process goes on; no waiter is forgotten.

use shmstore_tests::holder::wait_until_asleep;
use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::streamer::{drain, streamer};

use super::{Scenario, Side, in_each, receive_all};

/// Kills the process at its step. Another one asks for the side that it has, before that or after it.
fn kill_and_go_on(scenario: &Scenario, scratch: &Scratch, entry: &str, waits_already: bool) {
    let mut reached = scenario.reach(scratch);
    let mut next = streamer(scratch.path());
    let has_side = scenario.holds != Side::None;
    if has_side && waits_already {
        next.tell(entry);
        wait_until_asleep(next.pid());
    }
    reached.process.kill();
    scenario.assert_not_forgotten(reached.waiter);
    if has_side {
        if !waits_already {
            next.tell(entry);
        }
        assert_eq!(next.answer(), "ok ", "`{entry}`");
        next.expect_ok("drop");
    }
    let found = scenario.find(&mut next);
    assert_eq!(found, expected_after_death(scenario));
    go_on(scenario, &mut next, found.len());
}

/// The items that are left by the dead process. Those that it had are returned once there is no other.
fn expected_after_death(scenario: &Scenario) -> Vec<&'static str> {
    // A consumer that was stopped kept others from what was behind its item.
    let behind = if scenario.holds == Side::Consumers { scenario.later } else { &[] };
    [scenario.found, behind, scenario.returned].concat()
}

/// Asserts that the part works on, over some laps.
fn go_on(scenario: &Scenario, next: &mut Peer, sent: usize) {
    if scenario.is_of_broadcast() {
        for number in sent..sent + 9 {
            assert_eq!(next.expect_ok("sent"), number.to_string(), "a number was given twice, or left out");
            assert_eq!(next.expect_ok("send 9"), number.to_string());
        }
        let last: Vec<_> = (sent + 9 - 2..sent + 9).map(|number| format!("{number} 9")).collect();
        let received = receive_all(next);
        assert!(received.ends_with(&last), "{received:?}");
        return;
    }
    assert_eq!((next.expect_ok("len"), next.expect_ok("outstanding")), ("0".into(), "0".into()));
    for round in 10..15 {
        next.expect_ok(&format!("push {round}"));
        next.expect_ok(&format!("push {}", round + 10));
        next.expect_err("try_push 1", "Full");
        assert_eq!(next.expect_ok("pop"), round.to_string());
        assert_eq!(drain(next), [format!("{} 1", round + 10)]);
    }
}

#[test]
fn part_of_the_dead_is_had_by_one_that_waited_already() {
    in_each(
        |_| true,
        |scenario, scratch| {
            let entry = if scenario.holds == Side::None { "" } else { scenario.holds.command() };
            kill_and_go_on(scenario, scratch, entry, true);
        },
    );
}

#[test]
fn part_of_the_dead_is_had_by_one_that_comes_later() {
    in_each(
        |scenario| scenario.holds != Side::None,
        |scenario, scratch| kill_and_go_on(scenario, scratch, scenario.holds.command(), false),
    );
}

#[test]
fn part_of_the_dead_is_had_by_one_that_only_tries() {
    in_each(
        |scenario| scenario.holds != Side::None,
        |scenario, scratch| kill_and_go_on(scenario, scratch, &format!("try_{}", scenario.holds.command()), false),
    );
}

#[test]
fn item_that_was_pushed_and_not_counted_may_be_finished_before_the_next_push() {
    for (take, done) in [("pop", ""), ("take", "done")] {
        let scratch = Scratch::new();
        let scenario = Scenario::of("QueuePushed", "push 7", Side::Producers);
        let mut reached = scenario.reach(&scratch);
        let mut other = streamer(scratch.path());
        assert!(other.expect_ok(take).starts_with('7'));
        if !done.is_empty() {
            other.expect_ok(done);
        }
        reached.process.kill();
        go_on(&scenario, &mut other, 0);
    }
}

#[test]
fn item_that_was_taken_and_not_counted_may_be_returned_before_the_next_take() {
    let scratch = Scratch::new();
    let scenario = Scenario::of("JobTaken", "take", Side::Consumers).before(&["push 5", "push 6"]);
    let mut reached = scenario.reach(&scratch);
    reached.process.kill();
    let mut next = streamer(scratch.path());
    // The cursor steps over the item of the dead process, which is returned when there is no other.
    assert_eq!(next.expect_ok("take_timeout 20000"), "6 1");
    assert_eq!(next.expect_ok("take_timeout 20000"), "5 2");
    assert_eq!(next.expect_ok("outstanding"), "2");
    assert_eq!((next.expect_ok("done"), next.expect_ok("done")), (String::new(), String::new()));
    go_on(&scenario, &mut next, 0);
}

#[test]
fn jobs_of_the_dead_come_back_to_one_that_waits_and_say_how_often_they_were_delivered() {
    let scratch = Scratch::new();
    let mut first = streamer(scratch.path());
    first.expect_ok("push 5");
    first.expect_ok("take");
    for delivery in 2..10_u32 {
        let mut next = streamer(scratch.path());
        next.tell("take_timeout 25000");
        wait_until_asleep(next.pid());
        first.kill();
        assert_eq!(next.answer(), format!("ok 5 {}", delivery.min(7)));
        first = next;
    }
    first.expect_ok("done");
    go_on(&Scenario::of("", "", Side::None), &mut first, 0);
}

#[test]
fn producer_that_waits_for_room_is_let_in_by_the_return_of_a_dead_consumers_jobs() {
    let scratch = Scratch::new();
    let mut consumer = streamer(scratch.path());
    consumer.expect_ok("push_many 5 6");
    consumer.expect_ok("take");
    consumer.expect_ok("take");
    let mut producer = streamer(scratch.path());
    producer.tell("push_timeout 7 25000");
    wait_until_asleep(producer.pid());
    consumer.kill();
    // Its items are back, so there is room only after somebody has taken one.
    let mut next = streamer(scratch.path());
    assert_eq!(next.expect_ok("pop_timeout 20000"), "5");
    assert_eq!(producer.answer(), "ok ");
    assert_eq!(drain(&mut next), ["6 2", "7 1"]);
}

#[test]
fn death_of_a_subscriber_is_noticed_by_nobody() {
    let scratch = Scratch::new();
    let mut sender = streamer(scratch.path());
    for _ in 0..3 {
        let mut subscriber = streamer(scratch.path());
        subscriber.expect_ok("subscribe");
        subscriber.tell("recv 25000");
        wait_until_asleep(subscriber.pid());
        subscriber.kill();
        sender.expect_ok("send 7");
    }
    assert_eq!(receive_all(&mut sender), ["0 7", "1 7", "2 7"]);
}
