//! Half-made segments that somebody still has attached: refused, and left alone until that process ends.

use shmstore_tests::peer::{Peer, actor};
use shmstore_tests::scratch::Scratch;
use shmstore_tests::segments;
use shmstore_tests::wait;

use super::{AtKey, assert_next_process_finds_its_way, at_every_step};

fn grip(shmid: i32) -> Peer {
    let mut grip = Peer::spawn(actor("grip").arg(shmid.to_string()));
    assert_eq!(grip.answer(), "ok attached");
    grip
}

#[test]
fn half_made_object_that_somebody_has_attached_is_refused_until_that_process_ends() {
    at_every_step(|scenario, scratch| {
        if !matches!(scenario.at_key, AtKey::Virgin | AtKey::HalfMade) {
            return;
        }
        let shmid = scenario.kill(scratch).unwrap();
        let mut grip = grip(shmid);
        let mut impatient = Peer::start_with(scratch.path(), &[("PEER_WAIT_MS", "100")]);
        for command in ["attach", "attach_or_create 8", "create 8", "replace 8", "remove"] {
            let message = impatient.expect_err(command, "Abandoned");
            assert!(message.contains("other attachments still use it"), "{message}");
        }
        let left = || segments::with_id(shmid).map(|left| (left.key, left.attached));
        wait::until_equal(left, Some((scratch.key('T'), 1)));

        grip.kill();
        assert_next_process_finds_its_way(AtKey::Nothing, scratch);
        segments::wait_until_gone(shmid);
    });
}

#[test]
fn object_that_is_waited_for_is_made_once_the_last_process_lets_go_of_its_half_made_one() {
    let scratch = Scratch::new();
    Peer::killed_at(scratch.path(), "CreateSchema", "create 7");
    let mut grip = grip(segments::at_key(scratch.key('T'))[0].shmid);
    let mut next = Peer::start_with(scratch.path(), &[("PEER_WAIT_MS", "20000")]);
    next.tell("attach_or_create 8");
    next.wait_until_polling();
    grip.kill();
    assert_eq!(next.answer(), "ok created");
    assert_eq!(scratch.segments().len(), 1);
}

#[test]
fn segment_in_which_nothing_is_written_is_left_alone_while_it_is_young() {
    let scratch = Scratch::new();
    Peer::killed_at(scratch.path(), "CreateSegment", "create 7");
    let made = segments::at_key(scratch.key('T'));
    let mut impatient = Peer::start_with(scratch.path(), &[("PEER_WAIT_MS", "10")]);
    let message = impatient.expect_err("attach_or_create 8", "Abandoned");
    assert!(message.contains("stays until it is 2s old"), "{message}");
    assert_eq!(segments::at_key(scratch.key('T')), made);
    let mut patient = Peer::start(scratch.path());
    assert_eq!(patient.expect_ok("attach_or_create 8"), "created");
}
