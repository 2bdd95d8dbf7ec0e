//! A peer that rings bells and notifies without rest, wakes sleepers for nothing, and writes garbage over the words on
//! which the hub sleeps. No task is polled for that, and other waits of the process end in time.

use std::fs;
use std::mem::offset_of;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

use shmstore::{Shared, ShmId};
use shmstore_tests::again;
use shmstore_tests::objects::{Idle, Parts};
use shmstore_tests::random::Random;
use shmstore_tests::raw::{Raw, field};
use shmstore_tests::scratch::Scratch;
use shmstore_tests::tasks::{Alarm, block_counted, poll_by};

use crate::threads::{SOON, hub_of};

/// The offsets of the lock word and the bell in a `Versioned`: see `docs/format.md`.
const LOCK: usize = 0;
const BELL: usize = 8;

const TIME: Duration = Duration::from_secs(2);

/// Does harm to the words of an object until the end.
fn harm(raw: &Raw, is_over: &AtomicBool, mut strike: impl FnMut(&Raw, usize)) {
    let start = raw.get(field::PAYLOAD_OFFSET) as usize;
    while !is_over.load(Relaxed) {
        strike(raw, start);
    }
}

/// The time that the thread of the hub has had of a processor.
fn processor_time(hub: i32) -> Duration {
    let schedstat = fs::read_to_string(format!("/proc/self/task/{hub}/schedstat")).unwrap();
    Duration::from_nanos(schedstat.split_ascii_whitespace().next().unwrap().parse().unwrap())
}

/// Lets tasks wait for what never comes while a peer does harm. Another wait of the process ends in time, again and
/// again. Returns the part of a processor that the hub needed.
fn endure(name: &str, strike: impl Fn(&Raw, usize) + Sync) -> f64 {
    let (scratch, others) = (Scratch::new(), Scratch::new());
    let parts: Shared<Parts> = scratch.store().create().unwrap();
    let key = scratch.key(Parts::ID);
    let calm: Shared<Idle> = others.store().create().unwrap();
    let alarms: Vec<Arc<Alarm>> = (0..20).map(|_| Alarm::new()).collect();
    let mut values: Vec<_> = (0..10).map(|_| parts.value.newer(u64::MAX)).collect();
    let mut events: Vec<_> = (0..10).map(|_| parts.called.past(u64::MAX)).collect();
    for (alarm, newer) in alarms.iter().zip(&mut values) {
        assert!(poll_by(newer, &alarm.waker()).is_pending());
    }
    for (alarm, past) in alarms[10..].iter().zip(&mut events) {
        assert!(poll_by(past, &alarm.waker()).is_pending());
    }
    let is_over = AtomicBool::new(false);
    let hub = hub_of(std::process::id());
    let (before, started) = (processor_time(hub), Instant::now());
    let mut latest = Duration::ZERO;
    thread::scope(|scope| {
        scope.spawn(|| harm(&Raw::at_key(key), &is_over, &strike));
        let mut version = 0;
        while started.elapsed() < TIME {
            let part = &calm.parts[version as usize % 128];
            let seen = part.version();
            let waiting = scope.spawn(move || (block_counted(part.newer(seen), SOON), Instant::now()));
            thread::sleep(Duration::from_millis(2));
            let stored = Instant::now();
            part.store(7);
            let (ended, woken) = waiting.join().unwrap();
            let (newer, polls) = ended.expect("a task that is woken in time");
            newer.unwrap();
            assert!(polls <= 2, "{name}: polled {polls} times");
            latest = latest.max(woken.saturating_duration_since(stored));
            version += 1;
        }
        is_over.store(true, Relaxed);
    });
    let part = (processor_time(hub) - before).as_secs_f64() / started.elapsed().as_secs_f64();
    let wakes: u64 = alarms.iter().map(|alarm| alarm.wakes()).sum();
    println!("{name}: the hub took {:.0} % of a processor, the slowest wake-up {latest:?}", part * 100.0);
    assert_eq!(wakes, 0, "{name}: tasks were woken in vain");
    assert!(latest < SOON, "{name}: {latest:?}");
    part
}

#[test]
fn tasks_are_not_polled_for_bells_and_notifications_without_news() {
    again::alone(|| {
        let value = offset_of!(Parts, value);
        let called = offset_of!(Parts, called);
        let ring = |raw: &Raw, start: usize| {
            raw.write(start + value + BELL, &(raw.word(start + value + BELL).wrapping_add(1)).to_le_bytes());
            raw.wake(start + value + BELL);
            raw.write(start + called, &(raw.word(start + called).wrapping_add(2)).to_le_bytes());
            raw.wake(start + called);
        };
        let garbage = |raw: &Raw, start: usize| {
            let mut random =
                Random::new(u64::from(raw.word(start + value + BELL)) ^ u64::from(raw.word(start + value)));
            raw.write(start + value + BELL, &(random.number() as u32).to_le_bytes());
            raw.write(start + value + LOCK, &(random.number() as u32).to_le_bytes());
            raw.write(start + called, &(random.number() >> 2).to_le_bytes());
            raw.wake(start + value + BELL);
        };
        let knock = |raw: &Raw, start: usize| {
            raw.wake(start + value + BELL);
            raw.wake(start + called);
        };
        for part in [endure("rings", ring), endure("garbage", garbage), endure("wakes", knock)] {
            assert!(part < 0.9, "the hub took {part}");
        }
    });
}
