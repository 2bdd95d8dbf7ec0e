//! Frames in ordinary memory, and their words.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::pins::{self, Pinning};
use super::protocol::{self, FrameWords};
use super::word::{FREE, FrameAt, pin, published, writing};
use super::*;
use crate::layout::ShmObject;

type Small = Frames<u64, 4, 3>;
type Noted = Frames<u8, 5, 4, [u32; 3]>;

const OTHER: u32 = 77;

fn frames() -> Box<Small> {
    Small::zeroed_box()
}

/// Publishes a frame, and returns its number.
fn publish(frames: &Small) -> u64 {
    frames.try_loan().unwrap().publish().unwrap()
}

fn slot_words(frames: &Small) -> Vec<u64> {
    frames.cell.protocol_words().slots().iter().map(|word| word.load(Relaxed)).collect()
}

#[test]
fn new_frames_have_no_frame_and_all_slots_free() {
    let frames = frames();
    assert_eq!((frames.newest_number(), frames.capacity(), frames.slots()), (0, 4, 3));
    assert!(frames.pin_newest().unwrap().is_none() && frames.pin(0).unwrap().is_none());
    assert!(frames.pin(1).unwrap().is_none() && frames.pin(u64::MAX).unwrap().is_none());
    let loans: Vec<_> = (0..3).map(|_| frames.try_loan().unwrap()).collect();
    assert!(frames.try_loan().is_err());
    drop(loans);
    assert_eq!(slot_words(&frames), [FREE; 3]);
}

#[test]
fn frames_count_from_1_and_the_oldest_one_is_overwritten() {
    let frames = frames();
    for number in 1..=7 {
        assert_eq!(publish(&frames), number);
        assert_eq!(frames.pin_newest().unwrap().unwrap().number(), number);
    }
    let there: Vec<u64> = (0..10).filter(|&number| frames.pin(number).unwrap().is_some()).collect();
    assert_eq!(there, [5, 6, 7]);
}

#[test]
fn a_pinned_frame_is_never_loaned() {
    let frames = frames();
    publish(&frames);
    let first = frames.pin_newest().unwrap().unwrap();
    for _ in 0..10 {
        publish(&frames);
        assert!(first.is_intact());
    }
    let second = frames.pin_newest().unwrap().unwrap();
    publish(&frames);
    let Err(LoanError::Full { users, .. }) = frames.try_loan() else { panic!("a third slot") };
    assert_eq!((&users.pinned_by[..], &users.filled_by[..]), (&[std::process::id()][..], &[][..]));
    drop(first);
    publish(&frames);
    drop(second);
    assert_eq!(frames.newest_number(), 13);
}

#[test]
fn a_dropped_loan_frees_its_slot_and_publishes_nothing() {
    let frames = frames();
    publish(&frames);
    let mut loan = frames.try_loan().unwrap();
    loan.set_len(3).unwrap();
    assert!(loan.set_len(5).is_err());
    drop(loan);
    assert_eq!(frames.newest_number(), 1);
    assert_eq!(slot_words(&frames).iter().filter(|word| **word == FREE).count(), 2);
}

#[test]
fn length_and_metadata_come_with_their_frame() {
    let frames = Noted::zeroed_box();
    for round in 0..5_u32 {
        let mut loan = frames.try_loan().unwrap();
        loan.set_len(round as usize).unwrap();
        loan.set_meta([round, 0, round]);
        loan.publish().unwrap();
        let frame = frames.pin_newest().unwrap().unwrap();
        assert_eq!((frame.len(), frame.is_empty(), *frame.meta()), (round as usize, round == 0, [round, 0, round]));
    }
    frames.try_loan().unwrap().publish().unwrap();
    let frame = frames.pin_newest().unwrap().unwrap();
    assert_eq!((frame.len(), *frame.meta()), (0, [0; 3]), "nothing of the frame before");
}

#[test]
fn a_loan_without_a_free_slot_waits_for_a_pin_to_be_dropped() {
    let frames = frames();
    let [first, second] = [(); 2].map(|()| {
        publish(&frames);
        frames.pin_newest().unwrap().unwrap()
    });
    publish(&frames);
    let error = frames.loan_timeout(Duration::from_millis(5)).unwrap_err();
    assert!(error.to_string().contains("frames are pinned by pid "), "{error}");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| frames.loan_timeout(Duration::from_secs(20)).map(|loan| loan.publish()));
        while frames.cell.writers().room.load(Relaxed) & 1 == 0 {
            std::thread::yield_now();
        }
        drop(second);
        assert_eq!(waiting.join().unwrap().unwrap().unwrap(), 4);
    });
    drop(first);
}

#[test]
fn a_follower_pins_every_frame_or_says_how_many_it_missed() {
    let frames = frames();
    let mut follower = frames.follow();
    assert!(follower.try_next().unwrap().is_none());
    publish(&frames);
    publish(&frames);
    let seen = [(); 2].map(|()| follower.try_next().unwrap().map(|frame| (frame.number(), frame.missed())));
    assert_eq!(seen, [Some((1, 0)), Some((2, 0))]);
    (0..7).for_each(|_| _ = publish(&frames));
    let frame = follower.next(Duration::ZERO).unwrap();
    assert_eq!((frame.number(), frame.missed()), (7, 4));
    assert_eq!(follower.position(), 7);
    let newest = frames.wait_newer(7, Duration::ZERO).unwrap();
    assert_eq!((newest.number(), newest.missed()), (9, 1));
    assert!(matches!(frames.wait_newer(9, Duration::ZERO), Err(PinError::NotYet { seen: 9, newest: 9, .. })));
}

#[test]
fn all_pins_can_be_in_use() {
    let frames = frames();
    publish(&frames);
    let pins: Vec<_> = (0..64).map(|_| frames.pin_newest().unwrap().unwrap()).collect();
    let Err(PinError::Full { pinned_by, .. }) = frames.pin_newest() else { panic!("a 65th pin") };
    assert_eq!(pinned_by, [std::process::id()]);
    drop(pins);
    assert!(frames.pin_newest().unwrap().is_some());
}

#[test]
fn a_publication_that_was_cut_short_is_completed_by_the_next_writer() {
    let frames = frames();
    publish(&frames);
    let words = frames.cell.protocol_words();
    words.slots()[2].store(published(2), Relaxed);
    assert_eq!(frames.newest_number(), 1);
    assert!(frames.pin(2).unwrap().is_none(), "not yet");
    assert_eq!(publish(&frames), 3);
    assert_eq!(frames.pin(2).unwrap().unwrap().number(), 2);
}

#[test]
fn pins_and_loans_of_the_dead_are_removed_and_others_stay() {
    let frames = frames();
    publish(&frames);
    let words = frames.cell.protocol_words();
    let mine = frames.pin_newest().unwrap().unwrap();
    words.pins()[9].store(pin(OTHER, 0), Relaxed);
    words.pins()[10].store(5 << 32, Relaxed);
    words.slots()[1].store(writing(OTHER), Relaxed);
    words.slots()[2].store(7 << 29, Relaxed);
    assert!(!protocol::reap(&words, |_| false) || slot_words(&frames)[2] == FREE, "only garbage goes");
    assert!(protocol::reap(&words, |token| token == OTHER));
    assert_eq!((slot_words(&frames), words.pins()[9].load(Relaxed)), (vec![published(1), FREE, FREE], 0));
    assert_eq!(words.pins()[10].load(Relaxed), 0);
    assert!(mine.is_intact());
}

#[test]
fn a_pin_that_was_taken_away_is_told_and_removes_no_other_pin() {
    let frames = frames();
    publish(&frames);
    let frame = frames.pin_newest().unwrap().unwrap();
    let words = frames.cell.protocol_words();
    let entry = words.pins().iter().find(|pin| pin.load(Relaxed) != 0).unwrap();
    entry.store(pin(OTHER, 1), Relaxed);
    assert!(!frame.is_intact());
    drop(frame);
    assert_eq!(entry.load(Relaxed), pin(OTHER, 1));
}

#[test]
fn a_pin_is_intact_although_a_writer_was_killed_while_it_gave_way_to_it() {
    let frames = frames();
    (0..2).for_each(|_| _ = publish(&frames));
    let first = frames.pin(1).unwrap().unwrap();
    let words = frames.cell.protocol_words();
    let slot = slot_words(&frames).iter().position(|word| *word == published(1)).unwrap();
    words.slots()[slot].store(writing(OTHER), Relaxed);
    assert!(first.is_intact());
    assert!(protocol::reap(&words, |token| token == OTHER));
    (0..5).for_each(|_| _ = publish(&frames));
    assert!(first.is_intact() && slot_words(&frames)[slot] == FREE, "a free slot with a pin is not loaned");
}

#[test]
fn a_slot_that_was_taken_away_is_not_published() {
    let frames = frames();
    let loan = frames.try_loan().unwrap();
    let words = frames.cell.protocol_words();
    words.slots()[0].store(writing(OTHER), Relaxed);
    assert!(loan.publish().is_err());
    assert_eq!((frames.newest_number(), slot_words(&frames)[0]), (0, writing(OTHER)));
}

#[test]
fn words_of_any_content_lead_to_no_slot_that_is_not_there() {
    let any = [0, 1, 3, 15, 16, 31, 1 << 62, 2 << 62, 3 << 62, u64::MAX >> 4, u64::MAX];
    let frames = frames();
    let words = frames.cell.protocol_words();
    for newest in any {
        for slot in any {
            for pin in any {
                words.newest().store(newest, Relaxed);
                words.slots().iter().for_each(|word| word.store(slot, Relaxed));
                words.pins().iter().for_each(|word| word.store(pin, Relaxed));
                let _ = (pins::pin_newest(&words, 7), pins::pin_after(&words, 7, slot));
                let _ = (protocol::recover(&words), protocol::loan(&words, 7), protocol::has_room(&words));
                let _ = (
                    frames.pin_newest().map(drop),
                    frames.pin(newest >> 4).map(drop),
                    frames.follow().try_next().map(drop),
                );
                let _ = frames.try_loan().map(|loan| loan.publish());
            }
        }
    }
}

#[test]
fn a_frame_with_a_damaged_length_has_at_most_its_capacity() {
    let frames = frames();
    publish(&frames);
    frames.cell.len(0).store(u64::MAX, Relaxed);
    assert_eq!(frames.pin_newest().unwrap().unwrap().len(), 4);
}

#[test]
fn the_newest_frame_that_is_not_in_its_slot_is_not_pinned() {
    let frames = frames();
    publish(&frames);
    let words = frames.cell.protocol_words();
    words.newest().store(FrameAt { number: 9, slot: 2 }.word(), Relaxed);
    assert_eq!(pins::pin_newest(&words, 7), Pinning::Disturbed);
    assert!(matches!(frames.pin_newest(), Err(PinError::Disturbed { .. })));
    assert!(words.pins().iter().all(|pin| pin.load(Relaxed) == 0));
    assert_eq!(publish(&frames), 10, "the next publication mends it");
    assert_eq!(frames.pin_newest().unwrap().unwrap().number(), 10);
}
