//! Damage while it is looked at: between any two reads of the same field, it may have changed.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use shmstore_tests::peer::{Peer, actor};
use shmstore_tests::random::Random;
use shmstore_tests::raw::{Raw, find};

use super::Victim;

/// Writes over whatever stands at the key, until told to stop; now and then makes it whole again.
fn vandalize(victim: &Victim, key: i32, stop: &AtomicBool) {
    let mut random = Random::seeded();
    while !stop.load(Relaxed) {
        let Some(raw) = find(key).and_then(Raw::try_attach) else {
            thread::yield_now();
            continue;
        };
        for _ in 0..200 {
            if random.one_in(4) {
                raw.write(0, &victim.pristine[..victim.described.min(raw.len())]);
            }
            let at = random.within(0..victim.described.min(raw.len()) - 8);
            raw.write(at, &random.number().to_le_bytes()[..random.within(1..9)]);
        }
    }
    drop(victim.restored());
}

#[test]
fn process_survives_a_peer_that_writes_over_header_and_participants_all_the_time() {
    let victim = Victim::new();
    let key = victim.scratch.key('T');
    let stop = AtomicBool::new(false);
    let mut command = actor("peer");
    let mut process = Peer::spawn(command.arg(victim.scratch.path()).env("PEER_WAIT_MS", "3"));
    let answer = thread::scope(|scope| {
        scope.spawn(|| vandalize(&victim, key, &stop));
        let answer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| process.expect_ok("endure 2000")));
        stop.store(true, Relaxed);
        answer.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    println!("rounds, attached, looked at, created, removed: {answer}");
    let counts: Vec<u64> = answer.split(' ').map(|count| count.parse().unwrap()).collect();
    assert!(counts.iter().all(|&count| count > 0), "the victim never got far enough to be in danger: {answer}");
}
