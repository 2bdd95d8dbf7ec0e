//! Damage while the log is looked at: between any two reads of the same word, it may have changed.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use shmstore_tests::peer::{Peer, actor};
use shmstore_tests::random::Random;
use shmstore_tests::raw::{Raw, field};
use shmstore_tests::wait::flat_out;

use super::{FIXED, Victim};

/// Writes over the log and the words that lead there, until told to stop; now and then makes all whole again.
fn vandalize(shmid: i32, pristine: &[u8], newest: Range<usize>, stop: &AtomicBool) {
    let (raw, mut random) = (Raw::attach(shmid), Random::seeded());
    let payload = raw.get(field::PAYLOAD_OFFSET) as usize;
    while !stop.load(Relaxed) {
        for _ in 0..100 {
            let number = if random.one_in(2) { random.number() } else { random.number() % 8 };
            let bytes = &number.to_le_bytes()[..random.within(1..9)];
            let at = match random.within(0..6) {
                0 => 248 + random.within(0..24),
                1 => 72 + random.within(0..16),
                2 | 3 => newest.start + random.within(0..FIXED + 48),
                _ => random.within(newest.clone()),
            };
            raw.write(at, bytes);
            if random.one_in(3) {
                raw.write(0, &pristine[..1024]);
                raw.write(newest.start, &pristine[newest.start..payload]);
            }
        }
    }
}

#[test]
fn processes_survive_a_peer_that_writes_over_the_log_all_the_time() {
    let _turn = flat_out();
    let victim = Victim::new();
    let stop = AtomicBool::new(false);
    let start = || Peer::spawn(actor("rover").arg(victim.scratch.path()).env("PEER_WAIT_MS", "3"));
    let mut processes = [start(), start()];
    let answers = thread::scope(|scope| {
        let (shmid, newest) = (victim.raw.shmid(), victim.newest..victim.newest + victim.newest_len);
        let (pristine, stop) = (&victim.pristine, &stop);
        scope.spawn(move || vandalize(shmid, pristine, newest, stop));
        let answers = catch_unwind(AssertUnwindSafe(|| {
            processes.iter_mut().for_each(|process| process.tell("endure 3000"));
            processes.each_mut().map(|process| process.answer())
        }));
        stop.store(true, Relaxed);
        answers.unwrap_or_else(|panic| resume_unwind(panic))
    });
    println!("rounds, attached, seen, grown, inspected: {answers:?}");
    for answer in answers {
        let counts = answer.strip_prefix("ok ").unwrap_or_else(|| panic!("{answer}"));
        let counts: Vec<u64> = counts.split(' ').map(|count| count.parse().unwrap()).collect();
        assert!(counts.iter().all(|count| *count > 0), "it never got far enough to be in danger: {answer}");
    }
}
