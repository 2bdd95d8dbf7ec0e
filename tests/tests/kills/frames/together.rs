//! More than one process that dies or stops, and processes that have much.

use shmstore_tests::framer::{find, framer, framer_with_failpoint, number, put_some};
use shmstore_tests::holder::wait_until_asleep;
use shmstore_tests::objects::IMAGES;
use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::Scratch;

use super::{Reached, all_slots, in_each, tell_each};

/// The pins that frames have.
const PINS: usize = 64;

/// Numbers are given under the lock, so no two writers give the same one.
#[test]
fn publication_waits_for_a_writer_that_has_stopped_with_the_lock() {
    in_each(
        |scenario| scenario.loans.is_none() && scenario.waiter.is_none(),
        |scenario, scratch| {
            let mut other = framer(scratch.path());
            tell_each(&mut other, "loan, fill 9");
            let Reached { mut process, .. } = scenario.reach(scratch);
            other.tell("publish");
            wait_until_asleep(other.pid());
            let mut reader = framer(scratch.path());
            assert_eq!(find(&mut reader), scenario.found, "it has published nothing");
            let answer = process.answer_after_stops();
            assert!(answer.starts_with(scenario.answer), "{answer}");
            let published = other.answer();
            let published: u64 = published.strip_prefix("ok ").expect("a number").parse().expect("a number");
            let expected = [number(scenario.left) + 1, number(scenario.left) + 2];
            assert!(expected.contains(&published), "{published}, after {}", scenario.left);
            process.kill();
            let newest = number(&find(&mut reader));
            put_some(&mut reader, newest);
        },
    );
}

/// Each process finds what the one before it has left.
#[test]
fn one_death_after_another_loses_no_slot_and_no_number() {
    in_each(
        |scenario| scenario.waiter.is_none(),
        |scenario, scratch| {
            let mut other = framer(scratch.path());
            tell_each(&mut other, "put 5, put 6, put 7");
            for _ in 0..5 {
                let mut process = framer_with_failpoint(scratch.path(), scenario.step, "kill");
                // It may come to another end, because the frames are others.
                for command in scenario.first.split(", ").chain([scenario.then]).filter(|command| !command.is_empty()) {
                    process.tell(command);
                    if process.outcome().is_none() {
                        break;
                    }
                }
                process.kill();
            }
            let newest = newest_after_recovery(&mut other);
            let newest = put_some(&mut other, newest);
            assert_eq!(other.expect_ok("loans"), all_slots(&find(&mut other)).to_string());
            assert!(newest > 3);
        },
    );
}

/// The next loan completes a publication that was cut short.
fn newest_after_recovery(peer: &mut Peer) -> u64 {
    peer.expect_ok("loan 25000");
    peer.expect_ok("drop");
    peer.expect_ok("newest").parse().expect("a number")
}

#[test]
fn reader_that_dies_with_all_pins_leaves_none() {
    let scratch = Scratch::new();
    let mut next = framer(scratch.path());
    next.expect_ok("put 5");
    for _ in 0..3 {
        let mut reader = framer(scratch.path());
        (0..PINS).for_each(|_| drop(reader.expect_ok("pin")));
        let message = next.expect_err("pin", "Full");
        assert!(message.contains(&format!("by pid {}", reader.pid())), "{message}");
        reader.kill();
        assert_eq!(find(&mut next), "1 5");
    }
    assert_eq!(next.expect_ok("loans"), (IMAGES - 1).to_string());
}

/// Until then the history is shorter.
#[test]
fn slot_of_the_dead_comes_back_although_no_loan_needs_it() {
    let scratch = Scratch::new();
    let mut next = framer(scratch.path());
    next.expect_ok("put 5");
    let mut dead = framer(scratch.path());
    dead.expect_ok("loan");
    dead.kill();
    let newest = put_some(&mut next, 1);
    let newest = put_some(&mut next, newest);
    for number in newest + 1 - IMAGES as u64..=newest {
        assert_eq!(next.expect_ok(&format!("pin_number {number}")), format!("{number} {}", 100 + number));
        next.expect_ok("drop");
    }
}

#[test]
fn loan_that_finds_no_slot_names_the_processes_that_have_them() {
    let scratch = Scratch::new();
    let [mut reader, mut writer, mut other] = [(); 3].map(|()| framer(scratch.path()));
    tell_each(&mut other, "put 5, put 6");
    assert_eq!(reader.expect_ok("pin_number 1"), "1 5");
    tell_each(&mut writer, "loan, loan");
    for peer in [&mut reader, &mut writer] {
        peer.signal("STOP");
        peer.wait_until_stopped();
    }
    for command in ["loan", "loan 60"] {
        let message = other.expect_err(command, "Full");
        let [pinned, filled] = [reader.pid(), writer.pid()];
        let expected = format!("frames are pinned by pid {pinned}, and slots are filled by pid {filled}");
        assert!(message.contains(&expected), "`{command}`: {message}");
    }
    [&reader, &writer].iter().for_each(|peer| peer.signal("CONT"));
    assert_eq!(reader.expect_ok("check"), "1 5");
    writer.expect_ok("fill 7");
    assert_eq!(writer.expect_ok("publish"), "3");
}
