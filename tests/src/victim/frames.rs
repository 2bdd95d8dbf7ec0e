//! The calls of frames.

use std::fs::File;
use std::sync::LazyLock;

use shmstore::error::{LoanError, PinError};
use shmstore::frames::{FrameMut, Overrun, Pinned};
use shmstore::{Error, Frames};

use super::{CHOSEN, Call, LIMIT, Outcome, check, told};
use crate::objects::Choosy;

const CAPACITY: usize = 5;
const SLOTS: usize = 3;
const LARGE: usize = 16_384;

type Choices = Frames<Choosy, CAPACITY, SLOTS, Choosy>;
type Images = Frames<u8, LARGE, SLOTS>;

static NOWHERE: LazyLock<File> = LazyLock::new(|| File::create("/dev/null").expect("a file"));
static ZEROS: LazyLock<File> = LazyLock::new(|| File::open("/dev/zero").expect("a file"));

pub(super) const CALLS: &[Call] = &[
    ("try_loan", |victim| loaned(victim.parts().choices.try_loan())),
    ("loan_timeout", |victim| loaned(victim.parts().choices.loan_timeout(LIMIT))),
    ("fill large", |victim| {
        let Some(mut frame) = told(victim.parts().images.loan_timeout(LIMIT)) else { return false };
        frame.fill(LARGE, |at, block| block.fill(at as u8)).expect("it fits");
        frame.fill_arrays(LARGE - 7, |at| [at as u8; 64]).expect("it fits");
        frame.fill_rows(100, 128, 128, |y, row| row.fill(y as u8)).expect("it fits");
        frame.set_len(0).expect("it fits");
        assert_eq!(frame.read_from(&*ZEROS, LARGE).expect("zeros"), LARGE);
        frame.copy_from(&[7; 1000]).expect("it fits");
        frame.write_at(LARGE, &[1]).expect_err("it does not fit");
        assert!(!format!("{frame:?}").is_empty());
        told(frame.publish()).is_some()
    }),
    ("drop a loan", |victim| {
        let Some(mut frame) = told(victim.parts().images.try_loan()) else { return false };
        frame.copy_from(&[9; 100]).expect("it fits");
        true
    }),
    ("pin_newest", |victim| {
        let choices = &victim.parts().choices;
        let pinned = told(choices.pin_newest()).flatten();
        pinned.is_some_and(|frame| read(&frame))
    }),
    ("pin", |victim| {
        let choices = &victim.parts().choices;
        let number = choices.newest_number().wrapping_sub(victim.random.clone().number() % 3);
        let Some(frame) = told(choices.pin(number)).flatten() else { return false };
        assert_eq!(frame.number(), number);
        read(&frame)
    }),
    ("pin large", |victim| told(victim.parts().images.pin_newest()).flatten().is_some_and(|frame| read_large(&frame))),
    ("follow", |victim| {
        let choices = &victim.parts().choices;
        let mut follower = choices.follow();
        let _ = loaned(choices.try_loan());
        let tried = told(follower.try_next()).flatten().is_some_and(|frame| read(&frame));
        let _ = format!("{follower:?} {}", follower.position());
        told(follower.next(LIMIT)).is_some_and(|frame| read(&frame)) | tried
    }),
    ("wait_newer frame", |victim| {
        let newest = victim.parts().images.newest_number();
        let seen = newest.saturating_sub(victim.random.number() % 3);
        told(victim.parts().images.wait_newer(seen, LIMIT)).is_some_and(|frame| {
            assert!(frame.number() > seen);
            assert_eq!(frame.missed(), frame.number() - seen - 1);
            read_large(&frame)
        })
    }),
    ("read_newest", |victim| {
        let Some(seen) = &victim.seen else { return false };
        let read = seen.choices.read_newest(|frame| {
            assert!(frame.len() <= CAPACITY && frame.number() > 0);
            frame.meta().map(check)?;
            frame.blocks_checked(|_, block| block.iter().for_each(check))?;
            frame.to_vec_checked()?.iter().for_each(check);
            Ok::<_, Error>(())
        });
        told(read).flatten().is_some()
    }),
    ("read_newest large", |victim| {
        let Some(seen) = &victim.seen else { return false };
        let (mut sum, mut into) = (0, vec![0; LARGE]);
        let read = seen.images.read_newest(|frame| {
            assert!(frame.len() <= LARGE);
            frame.blocks(|_, block| sum += block.len())?;
            assert!(frame.arrays(|_, array: [u8; 64]| sum += usize::from(array[0]))? <= frame.len());
            frame.rows(100, 128, |_, row| sum += row.len())?;
            frame.copy_into(&mut into)?;
            frame.to_vec()?;
            Ok::<_, Overrun>(())
        });
        told(read).flatten().is_some()
    }),
    ("look at frames", |victim| {
        let Some(seen) = &victim.seen else { return false };
        assert!(matches!(seen.choices.pin_newest(), Err(PinError::ReadOnly { .. })));
        assert!(matches!(seen.choices.wait_newer(0, LIMIT), Err(PinError::ReadOnly { .. })));
        assert!(matches!(seen.choices.follow().next(LIMIT), Err(PinError::ReadOnly { .. })));
        let _ = (seen.choices.newest_number(), format!("{:?} {:?}", seen.choices, seen.images));
        true
    }),
];

/// Fills the frame with a value, and publishes it.
fn loaned(loan: Result<FrameMut<'_, Choosy, CAPACITY, SLOTS, Choosy>, LoanError>) -> Outcome {
    told(loan).is_some_and(|mut frame| {
        frame.set_meta(CHOSEN);
        frame.fill(CAPACITY, |_, block| block.fill(CHOSEN)).expect("it fits");
        told(frame.publish()).is_some()
    })
}

/// Reads a frame in each way. Returns `true` if all elements are valid.
pub(super) fn read(frame: &Pinned<'_, Choosy, CAPACITY, SLOTS, Choosy>) -> Outcome {
    check(frame.meta());
    assert!(frame.len() <= CAPACITY && frame.number() > 0);
    let _ = (frame.is_intact(), frame.missed(), format!("{frame:?}"));
    let mut into = [CHOSEN; CAPACITY];
    let all = [
        told(frame.blocks_checked(|_, block| block.iter().for_each(check))).is_some(),
        told(frame.arrays_checked(|_, array: [Choosy; 2]| array.iter().for_each(check))).is_some(),
        told(frame.rows_checked(2, 3, |_, row| row.iter().for_each(check))).is_some(),
        told(frame.copy_at_checked(1, &mut into)).is_some(),
        told(frame.copy_into_checked(&mut into)).is_some(),
        told(frame.to_vec_checked()).inspect(|all| all.iter().for_each(check)).is_some(),
    ];
    into.iter().for_each(check);
    all == [true; 6]
}

/// Reads a frame whose elements have no invalid bits in each way.
fn read_large(frame: &Pinned<'_, u8, LARGE, SLOTS>) -> Outcome {
    let (len, mut into, mut read) = (frame.len(), vec![0; LARGE], [0; 3]);
    assert!(len <= LARGE);
    frame.blocks(|_, block| read[0] += block.len());
    assert_eq!(frame.arrays(|_, array: [u8; 64]| read[1] += array.len()), len / 64 * 64);
    frame.rows(100, 128, |_, row| read[2] += row.len());
    assert_eq!(read[..2], [len, len / 64 * 64]);
    assert_eq!((frame.copy_into(&mut into), frame.to_vec().len(), frame.as_racy().iter().count()), (len, len, len));
    assert_eq!(frame.copy_at(len, &mut into), 0);
    frame.write_to(&*NOWHERE).expect("it takes all");
    true
}

/// Loans, publishes and pins without a limit.
pub fn exchange(choices: &Choices, images: &Images) {
    let _ = (loaned(choices.try_loan()), images.try_loan().map(|frame| frame.publish()));
    let _ = choices.loan_while(|| false);
    let _ = told(choices.pin_newest()).flatten().is_some_and(|frame| read(&frame));
    let _ = told(images.pin_newest()).flatten().is_some_and(|frame| read_large(&frame));
}
