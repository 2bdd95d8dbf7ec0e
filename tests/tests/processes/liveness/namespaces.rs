//! Processes of which a pid, or a start time, says nothing to us: they are judged by the kernel's word on their lock.

use shmstore::{Shared, Store};
use shmstore_tests::objects::Telemetry;
use shmstore_tests::peer::{Peer, actor_words};
use shmstore_tests::privilege::{ALICE, PublicPeer, unshare, with_namespaces, with_users};
use shmstore_tests::scratch::{Scratch, set_mode};
use shmstore_tests::wait;

use super::{assert_full, assert_place_is_taken, is_alive, object_for, other};

const PID: &[&str] = &["--pid", "--fork", "--kill-child", "--mount-proc"];
const TIME: &[&str] = &["--time", "--boottime", "100000", "--fork", "--kill-child"];
/// Through a shell, so that what is run is not process 1, with which all others die.
const SHELL: &[&str] = &["sh", "-c", r#""$0" "$@"; sleep 60"#];
const NO_PROC: &[&str] = &["--mount", "sh", "-c", r#"mount -t tmpfs none /proc && exec "$0" "$@""#];

fn peer_in(scratch: &Scratch, namespaces: &[&str]) -> Option<Peer> {
    unshare(namespaces).map(|mut command| Peer::spawn(command.args(actor_words("peer")).arg(scratch.path())))
}

fn wait_until_the_other_is_dead(object: &Shared<Telemetry>) {
    wait::until_true("the other to be dead", || !other(object).alive);
}

/// We see a process of such namespaces live, and die.
fn assert_death_is_seen_from_here(namespaces: &[&str]) {
    let scratch = Scratch::new();
    let object = object_for(&scratch, 2);
    let Some(mut peer) = peer_in(&scratch, namespaces) else { return };
    peer.expect_ok("attach");
    assert!(other(&object).alive);
    assert_full(&scratch);
    peer.expect_ok("drop");
    assert!(other(&object).alive && other(&object).left);
    assert_full(&scratch);
    peer.kill();
    wait_until_the_other_is_dead(&object);
    assert_place_is_taken(&scratch);
}

/// A peer sees us live, and the victim in a state.
#[track_caller]
fn assert_sees(peer: &mut Peer, us: u32, victim: u32, state: &str) {
    let who = peer.expect_ok("who");
    assert!(who.contains(&format!("{us}=alive")) && who.contains(&format!("{victim}={state}")), "{who}");
}

/// A process of such namespaces sees us live, and another of ours die.
fn assert_death_is_seen_from_there(namespaces: &[&str]) {
    let scratch = Scratch::new();
    let object = object_for(&scratch, 3);
    let Some(mut peer) = peer_in(&scratch, namespaces) else { return };
    peer.expect_ok("attach");
    let mut victim = Peer::start(scratch.path());
    victim.expect_ok("attach");
    let (us, victim_pid) = (std::process::id(), victim.pid());
    assert_sees(&mut peer, us, victim_pid, "alive");
    let Some(mut newcomer) = peer_in(&scratch, namespaces) else { return };
    newcomer.expect_err("attach", "ParticipantsFull");
    victim.kill();
    assert_sees(&mut peer, us, victim_pid, "dead");
    newcomer.expect_ok("attach");
    assert!(is_alive(&object, us));
}

#[test]
fn death_is_seen_into_other_namespaces_and_out_of_them() {
    with_namespaces(|| {
        for namespaces in [PID, NO_PROC, TIME] {
            println!("{namespaces:?}");
            assert_death_is_seen_from_here(namespaces);
            assert_death_is_seen_from_there(namespaces);
        }
    });
}

#[test]
fn deaths_of_parent_and_child_are_told_apart_from_another_pid_namespace() {
    with_namespaces(|| {
        for way in ["fork", "clone"] {
            let scratch = Scratch::new();
            let object = object_for(&scratch, 3);
            let Some(mut command) = unshare(PID) else { return };
            let mut parent = Peer::spawn(command.args(SHELL).args(actor_words("peer")).arg(scratch.path()));
            parent.expect_ok("attach");
            let parent_pid = other(&object).pid;
            let child: u32 = parent.expect_ok(way).parse().unwrap();
            parent.expect_ok("child store");
            assert!(is_alive(&object, parent_pid) && is_alive(&object, child));
            assert_full(&scratch);
            parent.tell("exit");
            wait::until_true("the parent to be dead", || !is_alive(&object, parent_pid));
            assert!(is_alive(&object, child), "by {way}");
            assert_place_is_taken(&scratch);
            parent.kill();
            wait::until_true("the child to be dead", || !is_alive(&object, child));
        }
    });
}

#[test]
fn parents_death_is_seen_from_another_pid_namespace_though_its_child_has_used_nothing() {
    with_namespaces(|| {
        let scratch = Scratch::new();
        let object = object_for(&scratch, 2);
        let Some(mut command) = unshare(PID) else { return };
        let mut parent = Peer::spawn(command.args(SHELL).args(actor_words("peer")).arg(scratch.path()));
        parent.expect_ok("attach");
        parent.expect_ok("fork");
        parent.tell("exit");
        wait_until_the_other_is_dead(&object);
    });
}

#[test]
fn name_is_seen_alive_and_dead_from_another_pid_namespace() {
    with_namespaces(|| {
        let scratch = Scratch::new();
        let store =
            Store::options().max_processes(2).open(scratch.path()).unwrap().open_or_create_named("rover").unwrap();
        let object = store.create::<Telemetry>().unwrap();
        let Some(mut peer) = peer_in(&scratch, PID) else { return };
        peer.expect_ok("named rover");
        peer.expect_ok("attach");
        assert!(other(&object).alive);
        peer.kill();
        wait_until_the_other_is_dead(&object);
    });
}

#[test]
fn half_filled_slot_of_another_pid_namespace_is_taken_once_its_process_is_killed() {
    with_namespaces(|| {
        let scratch = Scratch::new();
        let object = object_for(&scratch, 2);
        let Some(mut command) = unshare(PID) else { return };
        // Process 1 cannot kill itself; through a shell it is another.
        command.args(SHELL).args(actor_words("peer")).arg(scratch.path()).env("SHMSTORE_FAILPOINT", "SlotClaimed=kill");
        let mut peer = Peer::spawn(&mut command);
        peer.tell("attach");
        wait::until_true("a slot to be claimed", || Shared::participants(&object).len() == 2);
        wait_until_the_other_is_dead(&object);
        assert_place_is_taken(&scratch);
    });
}

#[test]
fn process_that_proc_hides_is_seen_alive_and_dead() {
    with_users(|| {
        let scratch = Scratch::new();
        set_mode(scratch.path(), 0o755);
        let object = Store::options().max_processes(3).mode(0o666).open(scratch.path()).unwrap();
        let object = object.create::<Telemetry>().unwrap();
        // A file system of its own: to mount the old one again would hide the processes from the whole machine.
        let hidden = ["--mount", "sh", "-c", r#"mount -t proc -o hidepid=2 proc /proc && exec "$0" "$@""#];
        let Some(mut command) = unshare(&hidden) else { return };
        let public = PublicPeer::new();
        let alice = public.command_as(ALICE, scratch.path());
        let mut alice = Peer::spawn(command.arg(alice.get_program()).args(alice.get_args()));
        alice.expect_ok("attach");
        let mut victim = Peer::start(scratch.path());
        victim.expect_ok("attach");
        let (us, victim_pid) = (std::process::id(), victim.pid());
        assert_sees(&mut alice, us, victim_pid, "alive");
        victim.kill_without_reaping();
        assert_sees(&mut alice, us, victim_pid, "dead");
        assert!(is_alive(&object, alice.pid()));
        alice.kill();
        assert!(!is_alive(&object, alice.pid()));
    });
}
