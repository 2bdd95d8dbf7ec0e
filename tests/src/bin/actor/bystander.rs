//! A process with two threads: one attaches an object over and over, as one waits for a part of another. See
//! `shmstore_tests::peer` for how it listens and answers.

use std::io::stdin;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::{Duration, Instant};

use shmstore::{Shared, Store};
use shmstore_tests::objects::{EveryPart, Parts};

pub(crate) fn play() {
    let path = super::path();
    let store = Store::options().wait(Duration::ZERO).open(path).expect("a store");
    let parts: Shared<Parts> = store.attach().expect("an object");
    println!("ok ready");
    stdin().read_line(&mut String::new()).expect("somebody who starts it");
    let is_over = AtomicBool::new(false);
    let (attach, longest) = thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let mut longest = Duration::ZERO;
            while !is_over.load(SeqCst) {
                let started = Instant::now();
                drop(parts.value.wait_newer(u64::MAX, Duration::from_millis(20)));
                longest = longest.max(started.elapsed());
            }
            longest
        });
        let started = Instant::now();
        let refused = store.attach::<EveryPart>().map(drop).expect_err("a table that is full");
        let attach = started.elapsed();
        is_over.store(true, SeqCst);
        eprintln!("{refused}");
        (attach, waiting.join().expect("no panic"))
    });
    println!("ok {} {}", attach.as_millis(), longest.as_millis());
}
