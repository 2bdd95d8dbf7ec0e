//! Tokens of the dead, of the living and of this process in pins and slots, where they do not belong.

use shmstore::error::{LoanError, PinError};

use super::super::harm::in_time;
use super::super::words::lie;
use super::{BRIEF, CAPACITY, NEWEST, PINS, SLOTS, WORDS, World, publish, published, writing};

#[test]
fn pins_and_loans_of_a_made_up_process_keep_no_slot_and_no_pin() {
    let world = World::new();
    let dead = world.our_token() ^ 1 << 28;
    for token in [dead, 0] {
        publish(world.images());
        world.write_pins(token);
        assert_eq!(in_time(|| world.images().pin_newest()).unwrap().unwrap().number(), world.images().newest_number());
        world.write_pins(token);
        (0..SLOTS as u64 - 1).for_each(|slot| world.write(WORDS + 8 * slot as usize, writing(token)));
        publish(world.images());
        world.write_slots(writing(token));
        world.write_pins(token);
        // The newest frame is gone, and its slot is still not loaned.
        assert!(matches!(in_time(|| world.images().pin_newest()), Err(PinError::Disturbed { .. })));
        publish(world.images());
        assert_eq!(world.images().pin_newest().unwrap().unwrap().to_vec(), [[1, 2, 3]; CAPACITY]);
    }
}

#[test]
fn pins_and_loans_with_our_token_or_that_of_a_living_process_are_named_and_fill_the_part() {
    let world = World::new();
    let ours = world.our_token();
    lie(&world.raw, 5, 1);
    for (token, pid) in [(ours, std::process::id()), (5, 1)] {
        world.clear();
        publish(world.images());
        world.write_pins(token);
        for pin in [in_time(|| world.images().pin_newest()), in_time(|| world.images().pin(1))] {
            let Err(PinError::Full { pinned_by, .. }) = pin else { panic!("{pin:?}") };
            assert_eq!(pinned_by, [pid]);
        }
        let newer = in_time(|| world.images().wait_newer(0, BRIEF));
        assert!(matches!(newer, Err(PinError::Full { .. })), "{newer:?}");
        for loan in [in_time(|| world.images().try_loan()), in_time(|| world.images().loan_timeout(BRIEF))] {
            let Err(LoanError::Full { users, .. }) = loan else { panic!("{loan:?}") };
            assert_eq!((&users.pinned_by[..], &users.filled_by[..]), (&[pid][..], &[][..]));
        }
        world.clear();
        world.write_slots(writing(token));
        let Err(LoanError::Full { users, .. }) = in_time(|| world.images().loan_timeout(BRIEF)) else { panic!("room") };
        assert_eq!((&users.pinned_by[..], &users.filled_by[..]), (&[][..], &[pid][..]));
    }
}

#[test]
fn pin_that_was_taken_from_us_is_not_ours_to_remove() {
    let world = World::new();
    publish(world.images());
    for theirs in [0, 1 << 32 | 5, u64::MAX] {
        let pin = world.images().pin_newest().unwrap().unwrap();
        let entry = (0..64).map(|entry| PINS + 8 * entry).find(|at| world.number(*at) != 0).expect("a pin");
        assert!(pin.is_intact());
        world.write(entry, theirs);
        assert!(!pin.is_intact());
        assert_eq!(pin.to_vec().len(), CAPACITY);
        drop(pin);
        assert_eq!(world.number(entry), theirs);
        world.write(entry, 0);
    }
}

#[test]
fn loan_that_was_taken_from_us_is_not_ours_to_publish_or_to_give_back() {
    let world = World::new();
    let ours = world.our_token();
    for theirs in [0, writing(ours ^ 1), published(7), 3 << 62, u64::MAX] {
        for publishes in [true, false] {
            world.clear();
            let loan = world.images().try_loan().unwrap();
            world.write_slots(theirs);
            if publishes {
                let lost = in_time(|| loan.publish()).unwrap_err();
                assert!(lost.to_string().contains("images"), "{lost}");
            } else {
                drop(loan);
            }
            assert!((0..SLOTS).all(|slot| world.number(WORDS + 8 * slot) == theirs));
            assert_eq!(world.number(NEWEST), 0);
        }
    }
}
