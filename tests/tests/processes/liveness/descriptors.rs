//! What it costs to be seen alive: one open file for all objects of a directory.

use std::process::Command;

use shmstore_tests::objects::Telemetry;
use shmstore_tests::peer::{Peer, actor_words, times_open};
use shmstore_tests::scratch::Scratch;

#[test]
fn two_thousand_names_of_a_directory_need_no_more_files_than_one() {
    let scratch = Scratch::new();
    let mut command = Command::new("prlimit");
    let mut peer = Peer::spawn(command.arg("--nofile=256").args(actor_words("peer")).arg(scratch.path()));
    let few: usize = peer.expect_ok("crowd 2").parse().unwrap();
    let many: usize = peer.expect_ok("crowd 2000").parse().unwrap();
    assert_eq!(few, many);
    assert_eq!(scratch.segments(), []);
}

#[test]
fn names_share_the_file_of_their_directory() {
    let scratch = Scratch::new();
    let mut peer = Peer::start(scratch.path());
    for name in ["rover", "lander"] {
        peer.expect_ok(&format!("named {name}"));
        peer.expect_ok("create 1");
        assert_eq!(times_open(peer.pid(), scratch.path()), 1);
        // The file of the last lock is kept for the next one: that of one name, whoever had the one before.
        let open_names = ["rover", "lander"].map(|name| times_open(peer.pid(), &scratch.join(&format!("{name}.shm"))));
        assert_eq!(open_names.iter().sum::<usize>(), 1);
    }
}

#[test]
fn file_stays_open_when_the_last_handle_is_dropped() {
    let scratch = Scratch::new();
    scratch.store().create::<Telemetry>().unwrap();
    let mut peer = Peer::start(scratch.path());
    // It has opened its store when it answers.
    assert_eq!(peer.expect_ok("drop"), "nothing");
    assert_eq!(times_open(peer.pid(), scratch.path()), 0);
    peer.expect_ok("attach");
    peer.expect_ok("attach");
    peer.expect_ok("drop");
    peer.expect_ok("drop");
    assert_eq!(times_open(peer.pid(), scratch.path()), 1);
    peer.expect_ok("attach");
    assert_eq!(times_open(peer.pid(), scratch.path()), 1);
}

#[test]
fn file_that_was_closed_behind_our_back_is_opened_again_by_the_next_attach() {
    let scratch = Scratch::new();
    scratch.store().create::<Telemetry>().unwrap();
    let mut peer = Peer::start(scratch.path());
    peer.expect_ok("attach");
    peer.expect_ok("close_descriptors");
    assert_eq!(times_open(peer.pid(), scratch.path()), 0);
    peer.expect_ok("drop");
    peer.expect_ok("attach");
    assert_eq!(times_open(peer.pid(), scratch.path()), 1);
}
