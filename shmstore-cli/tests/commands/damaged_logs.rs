//! Objects with room whose layouts another process has damaged: each command says so, and ends.

use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use shmstore::{Shared, ShmObject};

use super::support::*;

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'G', room = 4096)]
struct Gauge {
    level: AtomicU64,
    peak: AtomicU64,
}

/// Longer than a command takes on a busy machine.
const NO_HANG: Duration = Duration::from_secs(20);

/// Where the words of the header are, and the word that publishes the newest record in its high half.
const FLAGS: usize = 16;
const LAYOUT: usize = 248;
const LOG_OFFSET: usize = 256;
const LOG_CAPACITY: usize = 264;
/// The log of an object for 128 processes, and the words of its first record.
const LOG: usize = 5120;
const SIZE: usize = LOG + 16;
const JSON_LEN: usize = LOG + 24;
const FIELDS: usize = LOG + 28;
const JSON: usize = LOG + 32 + 2 * 16;

const ALL_BITS: u32 = u32::MAX;

#[test]
fn damaged_layouts_are_named_by_every_command_and_make_none_fail_otherwise() {
    let scratch = Scratch::new();
    let [path, file] = ["rover", "file"].map(|name| scratch.text(name));
    for (offset, word) in [
        (FLAGS, 0),
        (LAYOUT, 0),
        (LAYOUT, ALL_BITS),
        (LAYOUT, 32),
        (LAYOUT + 4, 0),
        (LAYOUT + 4, 1024),
        (LAYOUT + 4, LOG as u32 + 8),
        (LAYOUT + 4, ALL_BITS - 15),
        (LOG_OFFSET, 0),
        (LOG_OFFSET, ALL_BITS),
        (LOG_CAPACITY, 0),
        (LOG_CAPACITY, 4096),
        (LOG_CAPACITY + 4, 1),
        (SIZE, 0),
        (SIZE, 4097),
        (SIZE + 4, ALL_BITS),
        (JSON_LEN, 0),
        (JSON_LEN, ALL_BITS),
        (FIELDS, 0),
        (FIELDS, ALL_BITS),
        (JSON, 0),
        (JSON, u32::from_le_bytes(*b"[[[[")),
    ] {
        let object = scratch.store().replace::<Gauge>().unwrap();
        let shmid = Shared::info(&object).unwrap().shmid;
        run(["show", &path]).with(0);
        write_over(shmid, offset, word);
        let started = Instant::now();
        let case = format!("{word:#x} at {offset}");
        for args in [
            &["show", &path][..],
            &["show", "--json", &path],
            &["schema", &path],
            &["get", &path, "level"],
            &["watch", &path, "level"],
            &["save", "--force", &path, &file],
        ] {
            let ended = run(args);
            assert!(!ended.out.contains("panicked") && !ended.err.contains("panicked"), "{case}, {args:?}: {ended:?}");
            assert!((1..100).contains(&ended.code), "{case}, {args:?}: {ended:?}");
        }
        let listed = run(["ls", &path]).with(0);
        assert!(listed.out.contains("damaged"), "{case}: {listed:?}");
        for args in [&["ls", "--json"][..], &["doctor"]] {
            let ended = run(args);
            assert!(!ended.err.contains("panicked") && ended.code < 100, "{case}, {args:?}: {ended:?}");
        }
        assert!(started.elapsed() < NO_HANG, "{case} took {:?}", started.elapsed());
    }
}
