//! Frames between processes of different PID namespaces, in which pids say nothing.

use shmstore_tests::framer::{find, framer, put_some};
use shmstore_tests::holder::spawn;
use shmstore_tests::objects::IMAGES;
use shmstore_tests::peer::Peer;
use shmstore_tests::privilege::{in_pid_namespace, with_namespaces};
use shmstore_tests::scratch::Scratch;

fn framer_inside(scratch: &Scratch) -> Option<Peer> {
    in_pid_namespace("framer").map(|mut command| spawn(command.arg(scratch.path())))
}

fn take(peer: &mut Peer, commands: [&str; 3]) {
    commands.iter().for_each(|command| drop(peer.expect_ok(command)));
}

#[test]
fn slots_of_a_process_of_another_namespace_are_its_own_until_it_dies() {
    with_namespaces(|| {
        for dies_inside in [true, false] {
            let scratch = Scratch::new();
            let mut outside = framer(scratch.path());
            let Some(mut inside) = framer_inside(&scratch) else { return };
            let (victim, next) = if dies_inside { (&mut inside, &mut outside) } else { (&mut outside, &mut inside) };
            take(next, ["put 5", "put 6", "put 7"]);
            take(victim, ["pin_number 1", "pin_number 2", "loan"]);
            for _ in 0..20 {
                next.expect_err("loan", "Full");
            }
            next.expect_err("loan 60", "Full");
            next.tell("loan 25000");
            // `unshare --kill-child` takes its child with it.
            victim.kill();
            assert_eq!(next.answer(), "ok ", "dies inside: {dies_inside}");
            next.expect_ok("drop");
            assert_eq!(next.expect_ok("loans"), (IMAGES - 1).to_string());
            assert_eq!(find(next), "3 7");
            put_some(next, 3);
        }
    });
}

#[test]
fn processes_of_two_namespaces_wait_for_each_others_frames_and_slots() {
    with_namespaces(|| {
        let scratch = Scratch::new();
        let mut outside = framer(scratch.path());
        let Some(mut inside) = framer_inside(&scratch) else { return };
        inside.tell("wait_newer 0 25000");
        outside.expect_ok("put 5");
        assert_eq!(inside.answer(), "ok 1 5");
        take(&mut outside, ["loan", "loan", "loan"]);
        inside.tell("loan 25000");
        outside.expect_ok("drop");
        assert_eq!(inside.answer(), "ok ");
    });
}
