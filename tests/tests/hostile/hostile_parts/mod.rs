//! A peer that may write a segment writes what it likes over all of it, while others use every part in every way:
//! nothing that a process does panics, crashes, outlives its limit, leaves the segment, or hands out an invalid value.
//!
//! `SHMSTORE_HOSTILE_WRITES` says how many writes there are: 2,000,000 for the full run. What is written follows from
//! `SHMSTORE_SEED`; in the test of one process, so does what is done in between.

mod amplified;
mod copies;
mod frame_words;
mod harm;
mod map_words;
mod stalls;
mod stream_words;
mod words;

use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use shmstore::{Shared, Store};
use shmstore_tests::objects::EveryPart;
use shmstore_tests::peer::{Peer, actor};
use shmstore_tests::random::Random;
use shmstore_tests::raw::{Raw, find};
use shmstore_tests::scratch::Scratch;
use shmstore_tests::vandal::Vandal;
use shmstore_tests::victim::Victim;
use shmstore_tests::wait::flat_out;

/// So many that they take some seconds.
const WRITES: u64 = 100_000;

fn writes() -> u64 {
    std::env::var("SHMSTORE_HOSTILE_WRITES").map_or(WRITES, |writes| writes.parse().expect("a number"))
}

fn store(scratch: &Scratch) -> Store {
    Store::options().wait(Duration::ZERO).max_processes(8).open(scratch.path()).unwrap()
}

fn start(program: &str, scratch: &Scratch, args: &[String]) -> Peer {
    let mut peer = Peer::spawn(actor(program).arg(scratch.path()).args(args));
    assert_eq!(peer.answer(), "ok ready");
    peer
}

#[test]
fn no_write_of_a_peer_does_harm_between_two_calls() {
    let _turn = flat_out();
    let scratch = Scratch::new();
    let mut random = Random::seeded();
    let mut victim = Victim::new(store(&scratch), Random::new(random.number()), true);
    let key = scratch.key('H');
    let mut raw = Raw::at_key(key);
    let mut vandal = Vandal::new(Random::new(random.number()), &raw);
    while vandal.written() < writes() || (victim.not_yet().is_some() && vandal.written() < 20 * writes()) {
        for _ in 0..random.within(1..8) {
            vandal.strike(&raw);
        }
        if random.one_in(16) {
            vandal.mend(&raw);
        }
        victim.act();
        vandal.check_untouched(&raw);
        if let Some(new) = find(key).filter(|&shmid| shmid != raw.shmid()).and_then(Raw::try_attach) {
            raw = new;
        }
    }
    println!("{} writes. {}", vandal.written(), victim.report());
    victim.check_danger();
}

#[test]
fn no_write_of_a_peer_does_harm_during_a_call() {
    let _turn = flat_out();
    let scratch = Scratch::new();
    let mut random = Random::seeded();
    let parts: Shared<EveryPart> = store(&scratch).create().unwrap();
    let mut seed = || random.number().to_string();
    let mut vandal = start("vandal", &scratch, &[seed(), writes().to_string()]);
    let mut victims = ["remove", "keep"].map(|role| start("victim", &scratch, &[seed(), role.into()]));
    drop(parts);
    vandal.tell("go");
    let written = loop {
        let answer = vandal.answer();
        if let Some(written) = answer.strip_prefix("done ") {
            break written.to_owned();
        }
    };
    println!("{written} writes");
    for victim in &mut victims {
        println!("{}", victim.expect_ok("stop"));
        assert!(victim.wait().success());
    }
}

#[test]
fn no_write_of_a_peer_does_more_than_stall_a_call_without_limit() {
    let _turn = flat_out();
    let scratch = Scratch::new();
    let mut random = Random::seeded();
    let _parts: Shared<EveryPart> = store(&scratch).create().unwrap();
    let mut seed = || random.number().to_string();
    let mut vandal = start("vandal", &scratch, &[seed(), writes().to_string()]);
    let mut victim = start("victim", &scratch, &[seed(), "forever".into()]);
    let started = Instant::now();
    vandal.tell("go");
    while !vandal.answer().starts_with("done ") {}
    println!("{:?}", started.elapsed());
    let status = victim.kill();
    assert_eq!(status.signal(), Some(9), "it ended by itself: {status}");
}
