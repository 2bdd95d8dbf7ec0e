//! The words of parts and slots, one by one, as an attacker would try them first.

use std::os::unix::fs::MetadataExt;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::thread;
use std::time::{Duration, Instant};

use shmstore::error::{Busy, Holder};
use shmstore::{LockError, Shared};
use shmstore_tests::holder::{holder_with, wait_until_asleep};
use shmstore_tests::objects::{EveryPart, Parts, Position};
use shmstore_tests::peer::Peer;
use shmstore_tests::raw::{Raw, field};
use shmstore_tests::scratch::Scratch;
use shmstore_tests::wait::{flat_out, until_true};

use super::harm::{LOCK_WORD, SEQUENCE, SHORT, Stop, TOKEN, in_time, meanwhile, place};
use super::store;

#[test]
fn our_own_token_in_a_lock_that_we_do_not_hold_makes_us_wait_and_not_panic() {
    let scratch = Scratch::new();
    let parts: Shared<EveryPart> = store(&scratch).create().unwrap();
    let raw = Raw::at_key(scratch.key('H'));
    let [lock, versioned] = [place(&parts, &parts.lock, &raw), place(&parts, &parts.position, &raw) + LOCK_WORD];
    let guard = parts.lock.try_lock().unwrap();
    let ours = raw.word(lock) & TOKEN;
    drop(guard);
    for flags in 0..8_u32 {
        let held = (ours | flags << 29).to_le_bytes();
        raw.write(lock, &held);
        raw.write(versioned, &held);
        let busy = in_time(|| store_within(&parts, SHORT)).unwrap_err();
        assert_eq!(busy.holder(), Holder::ThisProcess);
        assert!(parts.position.try_writer().is_err() && parts.position.try_begin().is_err());
        assert!(in_time(|| parts.position.begin_timeout(SHORT)).is_err());
        let refused = in_time(|| parts.lock.lock_timeout(SHORT)).unwrap_err();
        assert!(matches!(refused, LockError::Busy(_)), "{refused}");
        assert!(matches!(parts.lock.try_lock().unwrap_err(), LockError::Busy(_)));
        assert_eq!(raw.word(lock) & TOKEN, ours, "who does not hold it does not free it");
    }
}

const EAST: Position = Position { x: 1.0, y: 0.0, z: 0.0 };

fn store_within(parts: &EveryPart, timeout: Duration) -> Result<u64, Busy> {
    Ok(parts.position.writer_timeout(timeout)?.store(EAST))
}

#[test]
fn lock_that_was_taken_from_us_is_not_ours_to_free() {
    let scratch = Scratch::new();
    let parts: Shared<EveryPart> = store(&scratch).create().unwrap();
    let raw = Raw::at_key(scratch.key('H'));
    let [lock, versioned] = [place(&parts, &parts.lock, &raw), place(&parts, &parts.position, &raw) + LOCK_WORD];
    for theirs in [1_u32, TOKEN, 1 | 7 << 29, 5 << 29] {
        let guard = parts.lock.lock_to_repair_timeout(SHORT).unwrap();
        let transfer = parts.position.begin_timeout(SHORT).unwrap();
        raw.write(lock, &theirs.to_le_bytes());
        raw.write(versioned, &theirs.to_le_bytes());
        guard.mark_consistent();
        drop(guard);
        transfer.commit();
        assert_eq!([raw.word(lock), raw.word(versioned)], [theirs; 2]);
        // Nobody is that: it is taken as from the dead.
        drop(in_time(|| parts.lock.lock_to_repair_timeout(SHORT)).unwrap());
        in_time(|| store_within(&parts, SHORT)).unwrap();
        parts.lock.lock_to_repair_timeout(SHORT).unwrap().mark_consistent();
    }
}

/// Writes a slot of a process that has filled it: of our PID namespace, started whenever. Not our own slot, whose start
/// time is ours: any may be.
pub(super) fn lie(raw: &Raw, token: u32, pid: u64) {
    const READY: u64 = 2 << 51;
    const PID: u64 = (1 << 22) - 1;
    let (slots, count) = (raw.get(field::SLOTS_OFFSET) as usize, raw.get(field::SLOT_COUNT) as usize);
    let namespace = std::fs::metadata("/proc/self/ns/pid").unwrap().ino() as u32;
    let pid_of = |at: usize| u64::from_le_bytes(raw.read(at..at + 8).try_into().unwrap()) >> 29 & PID;
    let is_ours = |at: &usize| pid_of(*at) == u64::from(std::process::id());
    let slot = (0..count).map(|slot| slots + 32 * slot).find(|at| !is_ours(at)).expect("a slot of another");
    raw.set(field::SLOTS_USED, count as u64);
    raw.write(slot + 8, &namespace.to_le_bytes());
    raw.write(slot, &(u64::from(token) | pid << 29 | READY).to_le_bytes());
}

#[test]
fn slot_that_lies_makes_a_lock_look_held_by_anybody_or_left_by_the_dead_and_nothing_else() {
    let scratch = Scratch::new();
    let parts: Shared<EveryPart> = store(&scratch).create().unwrap();
    let raw = Raw::at_key(scratch.key('H'));
    let versioned = place(&parts, &parts.position, &raw) + LOCK_WORD;
    lie(&raw, 5, 1);
    raw.write(versioned, &5_u32.to_le_bytes());
    let busy = in_time(|| store_within(&parts, SHORT)).unwrap_err();
    assert_eq!(busy.holder(), Holder::Process(1), "pids are what their processes say");
    // No process has such a number, and 0 is none.
    for nobody in [4_194_303, 0] {
        lie(&raw, 5, nobody);
        raw.write(versioned, &5_u32.to_le_bytes());
        in_time(|| store_within(&parts, SHORT)).unwrap();
    }
    assert_eq!(parts.position.load_versioned(), (2, EAST));
}

/// So long that nobody takes its end for a wake-up.
const SLICE: Duration = Duration::from_millis(500);
const ROUNDS: usize = 10;

#[test]
fn sleepers_who_only_read_can_delay_a_wake_up_by_slices_and_not_lose_it() {
    let _turn = flat_out();
    let scratch = Scratch::new();
    let slice = SLICE.as_millis().to_string();
    let mut waiter = holder_with(scratch.path(), &[("SHMSTORE_SLICE_MS", &slice)]);
    let parts = scratch.store().attach::<Parts>().unwrap();
    let seen = scratch.store().attach_read_only::<Parts>().unwrap();
    let stop = AtomicBool::new(false);
    let sleeps: [AtomicU64; 8] = Default::default();
    thread::scope(|scope| {
        let _stop = Stop(&stop);
        let (stop, seen) = (&stop, &seen);
        for count in &sleeps {
            scope.spawn(move || {
                while !stop.load(Relaxed) {
                    // They sleep on the very word, and are woken in the place of those who are meant.
                    let _ = seen.called.wait_past(u64::MAX, Duration::from_millis(2));
                    count.fetch_add(1, Relaxed);
                }
            });
        }
        let mut times: Vec<Duration> = (0..ROUNDS).map(|_| notify_once(&mut waiter, &parts, &sleeps)).collect();
        times.sort_unstable();
        println!("{times:?}");
        // A waiter that slept before all of them is woken before them, so not all wake-ups go to others.
        assert!(times[2] < SLICE / 2, "woken by the end of its slice only: {times:?}");
    });
}

/// How long a waiter that slept before all others takes to answer one notification of one.
fn notify_once(waiter: &mut Peer, parts: &Parts, sleeps: &[AtomicU64]) -> Duration {
    waiter.tell(&format!("wait_past {} 25000", parts.called.count()));
    wait_until_asleep(waiter.pid());
    let before: Vec<u64> = sleeps.iter().map(|count| count.load(Relaxed)).collect();
    let have_slept_anew = || sleeps.iter().zip(&before).all(|(count, before)| count.load(Relaxed) > before + 1);
    until_true("all others have slept anew", have_slept_anew);
    let notified = Instant::now();
    let count = parts.called.notify_one();
    assert_eq!(in_time(|| waiter.answer()), format!("ok {count}"));
    notified.elapsed()
}

#[test]
fn lock_words_and_events_that_never_rest_stop_no_call_from_ending() {
    let scratch = Scratch::new();
    let parts: Shared<EveryPart> = store(&scratch).create().unwrap();
    let raw = Raw::at_key(scratch.key('H'));
    let lock = place(&parts, &parts.lock, &raw);
    let versioned = place(&parts, &parts.position, &raw) + LOCK_WORD;
    let event = place(&parts, &parts.event, &raw);
    let harm = |raw: &Raw, round: u64| {
        let word = (round as u32) << 29 | if round & 8 == 0 { 0 } else { 1 };
        raw.write(lock, &word.to_le_bytes());
        raw.write(versioned, &word.to_le_bytes());
        raw.write(event, &[round as u8]);
    };
    meanwhile(&raw, harm, || {
        for _ in 0..50 {
            let _ = in_time(|| parts.lock.lock_to_repair_timeout(Duration::from_millis(2)));
            let _ = in_time(|| store_within(&parts, Duration::from_millis(2)));
            let _ = in_time(|| parts.position.wait_newer(u64::MAX, Duration::from_millis(2)));
            let _ = in_time(|| parts.event.wait_past(u64::MAX, Duration::from_millis(2)));
            in_time(|| [parts.event.notify_one(), parts.event.notify_all()]);
        }
    });
}

#[test]
fn numbers_at_their_ends_go_on_from_the_start() {
    let scratch = Scratch::new();
    let parts: Shared<EveryPart> = store(&scratch).create().unwrap();
    let raw = Raw::at_key(scratch.key('H'));
    let [position, event] = [place(&parts, &parts.position, &raw), place(&parts, &parts.event, &raw)];
    for end in [u64::MAX, u64::MAX - 1, u64::MAX - 2, u64::MAX - 3, 1 << 63, (1 << 63) - 1] {
        raw.write(position + SEQUENCE, &end.to_le_bytes());
        assert_eq!(parts.position.version(), end >> 1);
        parts.position.store(EAST);
        assert_eq!(parts.position.load_versioned(), (((end >> 1) + 1) & (u64::MAX >> 1), EAST));
        assert_eq!(parts.position.update(|position| position.x), 1.0);
        parts.position.begin().commit();
        parts.position.writer().store(EAST);
        raw.write(event, &end.to_le_bytes());
        assert_eq!(parts.event.notify_all(), ((end >> 1) + 1) & (u64::MAX >> 1));
        parts.event.notify_one();
        in_time(|| parts.event.wait_past(u64::MAX, SHORT)).unwrap_err();
    }
}
