//! The words of frames, one by one, as an attacker would try them first.

mod tokens;

use std::time::Duration;

use shmstore::error::{LoanError, PinError};
use shmstore::frames::Overrun;
use shmstore::view::FramesView;
use shmstore::{Awaitable, Frames, ReadOnly, Shared, ShmObject, wait_any};
use shmstore_tests::raw::Raw;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::tasks::{block_within, poll_once};
use shmstore_tests::wait::processor_time;

use super::harm::{TOKEN, in_time, meanwhile, place};
use super::store;
use super::words::lie;

const BRIEF: Duration = Duration::from_micros(500);
const CAPACITY: usize = 100;
const SLOTS: usize = 4;
const LAST: u64 = (1 << 60) - 1;

type Images = Frames<[u8; 3], CAPACITY, SLOTS, char>;
type ImagesView = FramesView<[u8; 3], CAPACITY, SLOTS, char>;

#[derive(Debug, ShmObject)]
#[repr(C)]
#[shm(id = 'S')]
struct Camera {
    images: Images,
}

/// Where the words are: see `docs/format.md`.
const ROOM: usize = 16;
const NEWEST: usize = 128;
const WORDS: usize = 136;
const PINS: usize = 192;
const FRAMES: usize = PINS + 8 * 64;
const FRAME: usize = 384;

fn writing(token: u32) -> u64 {
    1 << 62 | u64::from(token)
}

fn published(number: u64) -> u64 {
    2 << 62 | number
}

fn newest(number: u64, slot: u64) -> u64 {
    number << 4 | slot
}

struct World {
    scratch: Scratch,
    camera: Shared<Camera>,
    seen: ReadOnly<Camera>,
    raw: Raw,
    at: usize,
}

impl World {
    fn new() -> Self {
        let scratch = Scratch::new();
        let camera: Shared<Camera> = store(&scratch).create().unwrap();
        let seen = store(&scratch).attach_read_only().unwrap();
        let raw = Raw::at_key(scratch.key('S'));
        let at = place(&camera, &camera.images, &raw);
        assert_eq!(size_of::<Images>(), FRAMES + SLOTS * FRAME);
        Self { scratch, camera, seen, raw, at }
    }

    fn images(&self) -> &Images {
        &self.camera.images
    }

    fn write(&self, at: usize, word: u64) {
        self.raw.write(self.at + at, &word.to_le_bytes());
    }

    fn number(&self, at: usize) -> u64 {
        self.raw.number(self.at + at)
    }

    fn write_slots(&self, word: u64) {
        (0..SLOTS).for_each(|slot| self.write(WORDS + 8 * slot, word));
    }

    /// All pins have this token, and name all slots.
    fn write_pins(&self, token: u32) {
        (0..64).for_each(|entry| self.write(PINS + 8 * entry, (entry as u64 % 4 + 1) << 32 | u64::from(token)));
    }

    fn clear(&self) {
        self.raw.write(self.at, &[0; size_of::<Images>()]);
    }

    /// Our own token, which a loan leaves in the word of its slot.
    fn our_token(&self) -> u32 {
        let _loan = self.images().try_loan().unwrap();
        let words = (0..SLOTS).map(|slot| self.number(WORDS + 8 * slot));
        words.filter(|word| word >> 62 == 1).map(|word| word as u32 & TOKEN).next().expect("a loan")
    }
}

fn publish(images: &Images) -> u64 {
    let mut frame = images.try_loan().unwrap();
    frame.set_meta('x');
    frame.copy_from(&[[1, 2, 3]; CAPACITY]).unwrap();
    frame.publish().unwrap()
}

/// Makes every call that has a limit, or needs none. With the lock of another process a publication waits for it.
fn use_images(images: &Images, seen: &ImagesView) {
    let check = |len: usize, meta: char| {
        assert!(len <= CAPACITY && char::from_u32(std::hint::black_box(meta as u32)).is_some());
    };
    for loan in [in_time(|| images.try_loan()), in_time(|| images.loan_timeout(BRIEF))] {
        drop(loan.map(|mut frame| frame.copy_from(&[[7; 3]; 9]).unwrap()).map_err(|error| error.to_string()));
    }
    let newest = images.newest_number();
    let pins = [newest, newest.wrapping_sub(1), 0, 1, LAST, u64::MAX].map(|number| in_time(|| images.pin(number)));
    for pin in pins.into_iter().chain([in_time(|| images.pin_newest())]) {
        if let Ok(Some(frame)) = pin {
            check(frame.len(), *frame.meta());
            assert_eq!(frame.to_vec().len(), frame.len());
        }
    }
    let mut follower = images.follow();
    let _ = in_time(|| (follower.try_next().map(drop), follower.next(BRIEF).map(drop)));
    for number in [0, 1, newest.wrapping_sub(1), LAST - 1, u64::MAX] {
        if let Ok(frame) = in_time(|| images.wait_newer(number, BRIEF)) {
            assert!(frame.number() > number);
            assert_eq!(frame.missed(), frame.number() - number - 1);
        }
        drop(in_time(|| block_within(images.newer(number), BRIEF)).map(|ended| ended.map(drop)));
        let any: [&dyn Awaitable; 2] = [&images.newer(number), &seen.newer(number)];
        let _ = in_time(|| wait_any(&any, BRIEF));
    }
    let read = in_time(|| {
        seen.read_newest(|frame| {
            check(frame.len(), frame.meta().map_or('x', |meta| *meta));
            frame.to_vec()
        })
    });
    let _ = (read, format!("{images:?} {seen:?}"));
}

const ENDS: [u64; 20] = [
    0,
    1,
    2,
    16,
    17,
    1 << 32,
    5 << 32 | 5,
    31 << 32 | 5,
    1 << 60,
    LAST,
    LAST << 4,
    LAST << 4 | 15,
    1 << 62,
    1 << 62 | 5,
    2 << 62,
    2 << 62 | 1,
    2 << 62 | LAST,
    3 << 62,
    u64::MAX,
    u64::MAX - 1,
];

#[test]
fn no_word_of_frames_stops_a_call_from_ending() {
    let world = World::new();
    let words = [0, 8, ROOM, 24, NEWEST, WORDS, WORDS + 8, WORDS + 24, PINS, PINS + 504, FRAMES, FRAMES + 16];
    for word in words {
        for end in ENDS {
            (0..3).for_each(|_| assert!(publish(world.images()) > 0));
            world.write(word, end);
            use_images(world.images(), &world.seen.images);
            world.clear();
        }
    }
}

#[test]
fn newest_frame_beyond_the_slots_is_refused_and_the_next_publication_mends_it() {
    let world = World::new();
    for slot in SLOTS as u64..16 {
        publish(world.images());
        world.write(NEWEST, newest(100, slot));
        assert!(matches!(in_time(|| world.images().pin_newest()), Err(PinError::Disturbed { .. })));
        assert!(matches!(in_time(|| world.images().wait_newer(0, BRIEF)), Err(PinError::Disturbed { .. })));
        assert!(in_time(|| world.images().pin(100)).unwrap().is_none());
        let read = in_time(|| world.seen.images.read_newest(|frame| frame.to_vec()));
        assert_eq!(read.unwrap_err().number, 100);
        use_images(world.images(), &world.seen.images);
        assert_eq!(publish(world.images()), 101);
        assert_eq!(world.images().pin_newest().unwrap().unwrap().number(), 101);
        assert!((0..64).all(|entry| world.number(PINS + 8 * entry) == 0), "a pin was left");
        world.clear();
    }
}

#[test]
fn frame_that_says_it_is_longer_has_as_many_elements_as_there_is_room_for() {
    let world = World::new();
    publish(world.images());
    for len in [CAPACITY as u64 + 1, 1 << 32, u64::MAX / 3, u64::MAX] {
        (0..SLOTS).for_each(|slot| world.write(FRAMES + FRAME * slot, len));
        let frame = world.images().pin_newest().unwrap().unwrap();
        assert_eq!((frame.len(), frame.to_vec().len()), (CAPACITY, CAPACITY));
        let read = world.seen.images.read_newest(|frame| Ok::<_, Overrun>((frame.len(), frame.to_vec()?.len())));
        assert_eq!(read.unwrap(), Some((CAPACITY, CAPACITY)));
    }
}

#[test]
fn metadata_that_is_no_value_is_refused_and_leaves_no_pin() {
    let world = World::new();
    publish(world.images());
    (0..SLOTS).for_each(|slot| world.write(FRAMES + FRAME * slot + 16, 0xd800));
    let mut follower = world.images().follow();
    assert!(matches!(world.images().pin_newest(), Err(PinError::InvalidValue(_))));
    assert!(matches!(world.images().pin(1), Err(PinError::InvalidValue(_))));
    assert!(matches!(world.images().wait_newer(0, BRIEF), Err(PinError::InvalidValue(_))));
    assert!(matches!(block_within(world.images().newer(0), BRIEF), Some(Err(PinError::InvalidValue(_)))));
    assert!(matches!(follower.next(BRIEF), Err(PinError::NotYet { .. })));
    let read = world.seen.images.read_newest(|frame| Ok::<_, Overrun>(frame.meta().is_err()));
    assert_eq!(read.unwrap(), Some(true));
    assert!((0..64).all(|entry| world.number(PINS + 8 * entry) == 0), "a pin was left");
}

#[test]
fn numbers_at_their_end_go_on_from_the_start() {
    let world = World::new();
    publish(world.images());
    world.write_slots(published(LAST));
    world.write(NEWEST, newest(LAST, 0));
    assert_eq!(world.images().pin_newest().unwrap().unwrap().number(), LAST);
    assert_eq!(world.images().wait_newer(0, BRIEF).unwrap().missed(), LAST - 1);
    let mut follower = world.images().follow();
    use_images(world.images(), &world.seen.images);
    for number in 1..9 {
        assert_eq!(publish(world.images()), number);
        assert_eq!(world.images().pin_newest().unwrap().unwrap().number(), number);
        assert!(matches!(in_time(|| follower.next(BRIEF)), Err(PinError::NotYet { .. })));
    }
}

#[test]
fn frame_that_a_living_process_never_publishes_costs_a_waiter_no_processor() {
    let world = World::new();
    lie(&world.raw, 5, 1);
    publish(world.images());
    // The word of a slot says so, the newest frame is still the first one, and the lock is held.
    world.write(WORDS + 24, published(2));
    world.raw.write(world.at, &5_u32.to_le_bytes());
    let wait = Duration::from_millis(400);
    let started = processor_time();
    assert!(matches!(in_time(|| world.images().wait_newer(1, wait)), Err(PinError::NotYet { .. })));
    assert!(matches!(in_time(|| world.images().loan_timeout(wait)), Err(LoanError::Busy(_))));
    assert!(poll_once(&mut world.images().newer(1)).is_pending());
    let took = processor_time() - started;
    assert!(took < wait / 2, "{took:?}");
    // Its process has died: any waiter completes the publication.
    world.raw.write(world.at, &(5_u32 ^ 1 << 27).to_le_bytes());
    assert_eq!(in_time(|| world.images().wait_newer(1, Duration::from_secs(1))).unwrap().number(), 2);
}

#[test]
fn words_of_frames_that_never_rest_stop_no_call_from_ending() {
    let World { scratch: _scratch, camera, seen, raw, at } = World::new();
    let harm = |raw: &Raw, round: u64| {
        let lock = (round as u32) << 29 | u32::from(round & 8 == 0);
        let slot = round % SLOTS as u64;
        raw.write(at, &lock.to_le_bytes());
        raw.write(at + ROOM, &round.to_le_bytes());
        raw.write(at + NEWEST, &newest(round, slot).to_le_bytes());
        let word = [published(round), writing(round as u32 & TOKEN), 0, round][round as usize / 7 % 4];
        raw.write(at + WORDS + 8 * slot as usize, &word.to_le_bytes());
        let pin = (round % 6) << 32 | (round / 5) & u64::from(TOKEN);
        raw.write(at + PINS + 8 * (round as usize % 64), &pin.to_le_bytes());
        raw.write(at + FRAMES + FRAME * slot as usize, &round.wrapping_mul(1 << 40).to_le_bytes());
    };
    meanwhile(&raw, harm, || (0..30).for_each(|_| use_images(&camera.images, &seen.images)));
}
