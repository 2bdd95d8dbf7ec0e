//! Writes over the object under a store: path, seed, how many writes. See `shmstore_tests::vandal`.
//!
//! Answers `ok ready`, begins when told, answers `written …` now and then and `done …` when it has made its writes, and
//! goes on until it is killed.

use std::path::PathBuf;
use std::time::Duration;
use std::{io, thread};

use shmstore_tests::random::Random;
use shmstore_tests::raw::{Raw, find};
use shmstore_tests::scratch::key_of;
use shmstore_tests::vandal::Vandal;

pub(crate) fn play() {
    let mut args = super::args();
    let path = PathBuf::from(args.next().expect("a path"));
    let mut number = || args.next().and_then(|arg| arg.parse::<u64>().ok()).expect("a number");
    let (seed, writes) = (number(), number());
    let key = key_of(&path, 'H');
    let mut raw = Raw::at_key(key);
    let mut vandal = Vandal::new(Random::new(seed), &raw);
    let mut pauses = Random::new(seed);
    println!("ok ready");
    io::stdin().read_line(&mut String::new()).expect("somebody to tell us");
    let mut told = 0;
    let mut done = false;
    loop {
        for _ in 0..pauses.within(1..24) {
            vandal.strike(&raw);
        }
        vandal.check_untouched(&raw);
        if pauses.one_in(64) {
            vandal.mend(&raw);
        }
        // To the new one, if somebody has made one.
        if let Some(new) = find(key).filter(|&shmid| shmid != raw.shmid()).and_then(Raw::try_attach) {
            vandal.leave(&raw);
            raw = new;
        }
        if vandal.written() / 100_000 > told {
            told = vandal.written() / 100_000;
            println!("written {}", vandal.written());
        }
        if !done && vandal.written() >= writes {
            done = true;
            println!("done {}", vandal.written());
        }
        thread::sleep(Duration::from_micros(pauses.number() % 1000));
    }
}
