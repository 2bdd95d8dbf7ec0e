//! `Versioned` between threads: under a writer that never rests no reader sees a torn, lost or older value.

use std::sync::Barrier;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::{Duration, Instant};

use shmstore::Versioned;
use shmstore_tests::wait::flat_out;

/// How many different values there are: versions that may meet in a copy, being close, never have the same.
const VALUES: u64 = 5;

/// The value of a version, made beforehand so that the writer does nothing but store: zeros for version 0.
fn values<const N: usize>() -> Vec<[u8; N]> {
    let byte = |version: u64, at: usize| (version as u8).wrapping_mul((at as u8).wrapping_mul(37) | 1);
    (0..VALUES).map(|version| std::array::from_fn(|at| byte(version, at))).collect()
}

/// Two readers check every value they get, while a writer stores flat out for `time`.
fn no_torn_value<const N: usize>(time: Duration) {
    let _turn = flat_out();
    let part = Box::<Versioned<[u8; N]>>::default();
    let values = values::<N>();
    let value_of = |version: u64| &values[(version % VALUES) as usize];
    let done = AtomicBool::new(false);
    let start = Barrier::new(3);
    std::thread::scope(|scope| {
        let readers = [(); 2].map(|()| {
            scope.spawn(|| {
                start.wait();
                let (mut newest, mut seen) = (0, 0u64);
                let mut value = [0; N];
                while !done.load(Acquire) {
                    let version = part.load_into(&mut value);
                    assert!(version >= newest, "version {version} after {newest}");
                    assert!(value == *value_of(version), "{N} bytes of version {version} are not of one store");
                    seen += u64::from(version != newest);
                    newest = version;
                }
                seen
            })
        });
        start.wait();
        let end = Instant::now() + time;
        let mut version = 0;
        while Instant::now() < end {
            for _ in 0..16 {
                version += 1;
                part.store_from(value_of(version));
            }
        }
        done.store(true, Release);
        assert_eq!(part.version(), version);
        for reader in readers {
            let seen = reader.join().expect("a reader found a torn or an older value");
            assert!(seen > 0, "the reader has seen no store at all");
        }
    });
}

const TIME: Duration = Duration::from_millis(700);

#[test]
fn no_value_of_any_size_is_torn() {
    no_torn_value::<8>(TIME);
    no_torn_value::<61>(TIME);
    no_torn_value::<64>(TIME);
    no_torn_value::<4096>(TIME);
    no_torn_value::<65536>(TIME);
}

#[test]
fn no_update_of_four_threads_is_lost() {
    const EACH: u64 = 20_000;
    let part = Versioned::<[u64; 8]>::default();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let part = &part;
            scope.spawn(move || {
                for _ in 0..EACH {
                    part.update(|counts| counts[thread] += 1);
                }
            });
        }
    });
    assert_eq!(part.load_versioned(), (4 * EACH, [EACH, EACH, EACH, EACH, 0, 0, 0, 0]));
}

#[test]
fn what_was_done_before_a_store_is_seen_after_its_load() {
    let part = Versioned::<u64>::default();
    let before = std::sync::atomic::AtomicU64::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for count in 1..200_000 {
                before.store(count, Relaxed);
                part.store(count);
            }
        });
        let mut seen = 0;
        while seen < 199_999 {
            seen = part.load();
            assert!(before.load(Relaxed) >= seen);
        }
    });
}
