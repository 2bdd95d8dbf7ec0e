//! Libraries that are loaded, used and unloaded in a process that lives on: they leave nothing behind.

use shmstore::{Shared, Store};
use shmstore_tests::peer::{Peer, actor};
use shmstore_tests::scratch::Scratch;
use shmstore_twin::Hold;

#[track_caller]
fn plugins(scratch: &Scratch, args: &[&str]) -> String {
    let output = actor("plugins").args(args).env("TWIN_STORE", scratch.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn plugin_that_is_loaded_and_unloaded_two_hundred_times_needs_one_slot_and_no_descriptor() {
    let scratch = Scratch::new();
    let answer = plugins(&scratch, &["200", "drop"]);
    assert_eq!(answer, "ok 0 descriptors, 1 slots, loaded false, child true\n");
}

#[test]
fn plugin_that_never_drops_its_handle_gives_slot_and_descriptor_back_too() {
    let scratch = Scratch::new();
    let answer = plugins(&scratch, &["200", "keep"]);
    assert_eq!(answer, "ok 0 descriptors, 1 slots, loaded false, child true\n");
}

#[test]
fn slot_of_an_unloaded_plugin_is_taken_by_another_process_while_its_own_lives_and_has_the_object() {
    let scratch = Scratch::new();
    // For us, a process with the object, and its plug-in.
    let store = Store::options().max_processes(3).open(scratch.path()).unwrap();
    drop(store.create::<Hold>().unwrap());
    let mut command = actor("plugins");
    let mut living = Peer::spawn(command.args(["1", "drop", "attached"]).env("TWIN_STORE", scratch.path()));
    let answer = living.answer();
    assert!(answer.contains("3 slots, loaded false"), "{answer}");
    let answer = plugins(&scratch, &["1", "drop"]);
    assert!(answer.contains("3 slots, loaded false"), "{answer}");
}

#[test]
fn process_that_exits_leaves_no_slot() {
    let scratch = Scratch::new();
    // Other threads may be running yet, with locks that nobody must take from them.
    let answer = plugins(&scratch, &["2", "keep", "stay"]);
    assert!(answer.contains("2 slots, loaded true"), "{answer}");
    let participants = Shared::participants(&scratch.store().attach::<Hold>().unwrap());
    let of_plugin = participants.iter().filter(|participant| !participant.left).count();
    assert_eq!(of_plugin, 2, "the plug-in's, and ours: {participants:?}");
}
