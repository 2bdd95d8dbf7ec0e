//! The methods of frames that pass on to the elements: lengths, and what does not fit.

use super::*;
use crate::error::{Error, TooLong};
use crate::frames::{FrameMut, Pinned};
use crate::{Frames, ShmObject};

type Samples = Frames<u16, 1000, 3>;

fn newest(frames: &Samples) -> Pinned<'_, u16, 1000, 3> {
    frames.pin_newest().expect("pins are free").expect("a frame")
}

fn too_long(len: usize) -> Result<(), TooLong> {
    Err(TooLong { len, capacity: 1000 })
}

#[test]
fn each_way_to_fill_sets_the_length_and_each_way_to_read_sees_as_many() {
    let frames = Samples::zeroed_box();
    let check = |expected: &[u16], fill: &dyn Fn(&mut FrameMut<'_, u16, 1000, 3>)| {
        let mut frame = frames.try_loan().expect("a slot is free");
        fill(&mut frame);
        assert_eq!(frame.len(), expected.len());
        frame.publish().expect("this process has the slot");
        let (frame, mut seen) = (newest(&frames), Vec::new());
        assert_eq!((frame.len(), frame.to_vec()), (expected.len(), expected.to_vec()));
        frame.blocks(|_, block| seen.extend_from_slice(block));
        assert_eq!(std::mem::take(&mut seen), expected);
        assert_eq!(frame.arrays(|_, [element]| seen.push(element)), expected.len());
        assert_eq!(std::mem::take(&mut seen), expected);
        let mut copy = vec![0; expected.len() + 1];
        assert_eq!(frame.copy_into(&mut copy), expected.len());
        assert_eq!(copy[..expected.len()], *expected);
        assert!(frame.as_racy().iter().eq(expected.iter().copied()));
    };
    let all: Vec<u16> = (0..1000).collect();
    check(&[], &|_| ());
    check(&all, &|frame| frame.copy_from(&all).expect("it fits"));
    check(&all[..7], &|frame| {
        frame.copy_from(&all).expect("it fits");
        frame.copy_from(&all[..7]).expect("it fits");
    });
    check(&[0, 1, 9, 9, 4], &|frame| {
        frame.copy_from(&all[..3]).expect("it fits");
        frame.write_at(2, &[9, 9, 4]).expect("it fits");
        frame.write_at(0, &[0]).expect("it fits");
        frame.write_at(5, &[]).expect("it fits");
    });
    let count = |at: usize, block: &mut [u16]| block.iter_mut().zip(at as u16..).for_each(|(to, at)| *to = at);
    check(&all[..999], &|frame| frame.fill(999, count).expect("it fits"));
    check(&all, &|frame| frame.fill_arrays::<3>(1000, |at| [0, 1, 2].map(|add| at as u16 + add)).expect("it fits"));
    check(&[1, 1, 0, 2, 2, 0, 3, 3], &|frame| {
        frame.copy_from(&[0; 8]).expect("it fits");
        frame.fill_rows(2, 3, 3, |row, elements| elements.fill(row as u16 + 1)).expect("it fits");
    });
    check(&all[..500], &|frame| {
        let bytes = bits::bytes_of(&all).to_vec();
        frame.copy_from(&all[..200]).expect("it fits");
        let rest = file(&bytes[400..]);
        assert_eq!(frame.read_from(&rest, 100).expect("a file"), 100);
        assert_eq!(frame.read_from(&rest, 200).expect("a file"), 200);
    });
}

#[test]
fn elements_that_do_not_fit_are_refused_and_the_frame_stays_as_it_was() {
    let frames = Samples::zeroed_box();
    let mut frame = frames.try_loan().expect("a slot is free");
    frame.copy_from(&[7; 20]).expect("it fits");
    assert_eq!(frame.copy_from(&[1; 1001]), too_long(1001));
    assert_eq!(frame.write_at(990, &[1; 11]), too_long(1001));
    assert_eq!(frame.write_at(usize::MAX, &[1; 11]), too_long(usize::MAX));
    assert_eq!(frame.fill(1001, |_, _| panic!("a block")), too_long(1001));
    assert_eq!(frame.fill_arrays::<2>(1001, |_| panic!("an array")), too_long(1001));
    assert_eq!(frame.fill_rows(100, 101, 10, |_, _| panic!("a row")), too_long(1009));
    assert_eq!(frame.fill_rows(1, usize::MAX, 9, |_, _| panic!("a row")), too_long(usize::MAX));
    assert_eq!(frame.set_len(1001), too_long(1001));
    for count in [981, usize::MAX] {
        let error = frame.read_from(file(&[1; 5000]), count).expect_err("they do not fit");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        let error = error.into_inner().expect("the reason").downcast::<TooLong>().expect("its type");
        assert_eq!(*error, TooLong { len: 20usize.saturating_add(count), capacity: 1000 });
    }
    assert_eq!(frame.len(), 20);
    frame.publish().expect("this process has the slot");
    assert_eq!(newest(&frames).to_vec(), [7; 20]);
}

#[test]
fn whole_elements_before_an_error_are_appended() {
    let frames = Samples::zeroed_box();
    let mut frame = frames.try_loan().expect("a slot is free");
    let error = frame.read_from(file(&[1; 7]), 10).expect_err("half an element");
    assert_eq!((error.kind(), frame.len()), (io::ErrorKind::UnexpectedEof, 3));
    assert_eq!(frame.read_from(file(&[2; 4]), 10).expect("a file"), 2);
    frame.publish().expect("this process has the slot");
    assert_eq!(newest(&frames).to_vec(), [0x101, 0x101, 0x101, 0x202, 0x202]);
}

#[test]
fn bytes_are_appended_by_write_until_the_frame_is_full() {
    let frames = Frames::<u8, 10, 3>::zeroed_box();
    let mut frame = frames.try_loan().expect("a slot is free");
    write!(frame, "{}-{}", 12, 345).expect("room for it");
    assert_eq!(frame.write(b"6789abcd").expect("room for some"), 4);
    assert_eq!(frame.write(b"x").expect("a full frame"), 0);
    assert_eq!(frame.write_all(b"x").expect_err("it is full").kind(), io::ErrorKind::WriteZero);
    frame.flush().expect("nothing to do");
    frame.publish().expect("this process has the slot");
    assert_eq!(frames.pin_newest().expect("pins are free").expect("a frame").to_vec(), b"12-3456789");
}

#[test]
fn a_closure_that_panics_publishes_nothing_and_frees_the_slot() {
    let frames = Samples::zeroed_box();
    for _ in 0..10 {
        let filled = catch_unwind(AssertUnwindSafe(|| {
            let mut frame = frames.try_loan().expect("a slot is free");
            frame.fill(1000, |at, _| assert!(at == 0, "the second block")).expect("it fits");
        }));
        assert!(filled.is_err());
    }
    assert_eq!(frames.newest_number(), 0);
}

#[test]
fn rows_that_are_none_are_a_mistake_of_the_caller() {
    let frames = Samples::zeroed_box();
    frames.try_loan().expect("a slot is free").publish().expect("this process has the slot");
    let frame = newest(&frames);
    for (width, stride) in [(0, 0), (2, 1)] {
        assert!(catch_unwind(AssertUnwindSafe(|| frame.rows(width, stride, |_, _| ()))).is_err());
    }
    frame.rows(0, 1, |_, _| panic!("a row"));
}

#[test]
fn elements_with_invalid_bits_are_checked_by_each_method() {
    let frames = Frames::<bool, 100, 3>::zeroed_box();
    let mut frame = frames.try_loan().expect("a slot is free");
    frame.fill(100, |_, block| block.fill(true)).expect("it fits");
    let element = frame.as_mut_ptr().cast::<u8>().wrapping_add(40);
    // SAFETY: the slot of this loan has 100 bytes, and no other thread has the frames.
    unsafe { element.write(2) };
    frame.publish().expect("this process has the slot");
    let frame = frames.pin_newest().expect("pins are free").expect("a frame");
    let named = |done: Result<(), InvalidValue>| assert_eq!(done.expect_err("not valid").path(), "[40]");
    named(frame.blocks_checked(|_, _| panic!("a block")));
    named(frame.arrays_checked::<4>(|_, _| panic!("an array")).map(drop));
    named(frame.rows_checked(10, 10, |row, _| assert!(row < 4)));
    named(frame.copy_at_checked(40, &mut [false]).map(drop));
    named(frame.copy_into_checked(&mut [false; 100]).map(drop));
    named(frame.to_vec_checked().map(drop));
    assert_eq!(frame.copy_at_checked(41, &mut [false; 100]), Ok(59));
    assert_eq!(frame.copy_into_checked(&mut [false; 40]), Ok(40));
}

#[test]
fn a_reader_without_a_pin_sees_nothing_of_a_frame_that_was_overwritten() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = crate::Store::open(directory.path()).expect("a store");
    let frames = store.create::<Cameras>().expect("no object is there");
    let view = store.attach_read_only::<Cameras>().expect("the object");
    // It stays mapped. So the test leaves no segment behind, also if it fails.
    store.remove::<Cameras>().expect("the object");
    let publish = |value: u8| {
        let mut frame = frames.images.try_loan().expect("a slot is free");
        frame.fill(5000, |_, block| block.fill(value)).expect("it fits");
        frame.publish().expect("this process has the slot");
    };
    publish(1);
    let whole = view.images.read_newest::<_, Error>(|frame| {
        let mut sum = 0;
        frame.blocks(|_, block| sum += block.iter().map(|&byte| usize::from(byte)).sum::<usize>())?;
        frame.rows(50, 100, |_, row| sum += row.len())?;
        let end = frame.arrays::<64>(|_, array| sum += usize::from(array[0]))?;
        let mut part = [0; 4];
        assert_eq!(
            (end, frame.copy_at(4998, &mut part)?, frame.to_vec()?, sum),
            (4992, 2, vec![1; 5000], 5000 + 2500 + 78)
        );
        frame.blocks_checked(|_, block| sum += block.len())?;
        assert_eq!((frame.to_vec_checked()?, frame.copy_into_checked(&mut part)?), (vec![1; 5000], 4));
        Ok(sum)
    });
    assert_eq!(whole.expect("it was not overwritten"), Some(12_578));

    let mut blocks = 0;
    let overrun = view.images.read_newest::<(), Error>(|frame| {
        frame.blocks(|_, block| {
            blocks += 1;
            assert_eq!(block, [1; 1024]);
            // Others overwrite the frame while the second block is read.
            if blocks == 2 {
                (2..6).for_each(publish);
            }
        })?;
        panic!("the frame is gone")
    });
    assert!(matches!(overrun, Err(Error::Overrun(_))), "{overrun:?}");
    assert_eq!(blocks, 2);
}

#[derive(crate::ShmObject)]
#[repr(C)]
#[shm(id = 'C', crate = "crate")]
struct Cameras {
    images: Frames<u8, 5000, 4>,
}
