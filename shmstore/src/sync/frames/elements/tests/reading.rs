//! Reading, beside the same bytes read plainly.

use super::*;

fn bytes_of_values<E: ShmValue>(values: &[E]) -> Vec<u8> {
    bits::bytes_of(values).to_vec()
}

#[test]
fn blocks_are_all_elements_in_order() {
    fn check<E: AnyBits>() {
        for count in counts::<E>() {
            let mut memory = Memory::<E>::varied(count);
            let before = memory.bytes();
            let mut seen = Vec::new();
            let Ok(()) = memory.all().blocks(pinned, |at, block| {
                assert_eq!(at * size_of::<E>(), seen.len());
                assert_eq!(block.len(), Elements::<'_, E>::BLOCK.min(count - at));
                seen.extend(bytes_of_values(block));
            });
            assert!(seen == *memory.bytes_of_elements(), "{count} of {} bytes", size_of::<E>());
            assert!(memory.bytes() == before);
        }
    }
    each_size!(check);
}

#[test]
fn arrays_are_all_elements_in_order_but_those_after_the_last_whole_one() {
    fn check_of<E: AnyBits, const A: usize>() {
        for count in counts::<E>() {
            let mut memory = Memory::<E>::varied(count);
            let mut seen = Vec::new();
            let Ok(end) = memory.all().arrays(pinned, |at, array: [E; A]| {
                assert_eq!(at * size_of::<E>(), seen.len());
                seen.extend(bytes_of_values(&array));
            });
            assert_eq!(end, count / A * A);
            assert!(seen == memory.bytes_of_elements()[..end * size_of::<E>()], "{count} by {A}");
        }
    }
    each_size_and_length!(check_of);
}

#[test]
fn rows_are_as_in_a_plain_slice() {
    fn check<E: AnyBits>() {
        let block = Elements::<'_, E>::BLOCK;
        for (width, stride) in
            [(1, 1), (2, 3), (5, 5), (block, block), (block - 1, block + 2), (2 * block + 1, 3 * block)]
        {
            if width == 0 {
                continue;
            }
            for count in [0, 1, width - 1, width, stride, stride + width - 1, 3 * stride + width, 4 * stride] {
                let mut memory = Memory::<E>::varied(count);
                let Ok(all) = memory.all().to_vec(pinned);
                let expected: Vec<_> =
                    all.chunks(stride).filter_map(|row| row.get(..width)).map(bytes_of_values).collect();
                let mut seen = Vec::new();
                let Ok(()) = memory.all().rows(width, stride, pinned, |row, elements| {
                    assert_eq!(row, seen.len());
                    seen.push(bytes_of_values(elements));
                });
                assert!(seen == expected, "{count} in rows of {width} by {stride}");
            }
        }
    }
    each_size!(check);
}

#[test]
fn rows_without_elements_are_none() {
    let mut memory = Memory::<u8>::varied(10);
    let Ok(()) = memory.all().rows(0, 1, pinned, |_, _| panic!("a row"));
    let Ok(()) = memory.all().rows(usize::MAX, usize::MAX, pinned, |_, _| panic!("a row"));
    let mut rows = Vec::new();
    let Ok(()) = memory.all().rows(3, usize::MAX, pinned, |row, elements| rows.push((row, elements.len())));
    assert_eq!(rows, [(0, 3)]);
}

#[test]
fn a_part_is_copied_as_far_as_there_are_elements_and_room() {
    fn check<E: AnyBits>() {
        let count = 2 * Elements::<'_, E>::BLOCK + 3;
        let mut memory = Memory::<E>::varied(count);
        let all = memory.bytes_of_elements().to_vec();
        for at in [0, 1, 7, count / 2, count - 1, count, count + 1, usize::MAX] {
            for room in [0, 1, 2, 9, count, count + 5] {
                let mut into = vec![E::zeroed(); room];
                let Ok(len) = memory.all().copy_at(at, &mut into, pinned);
                assert_eq!(len, room.min(count.saturating_sub(at)));
                let (copied, rest) = into.split_at(len);
                let start = at.min(count) * size_of::<E>();
                assert!(bytes_of_values(copied) == all[start..][..len * size_of::<E>()], "{len} from {at}");
                assert!(bytes_of_values(rest).iter().all(|&byte| byte == 0), "{len} from {at}");
            }
        }
    }
    each_size!(check);
}

#[test]
fn all_elements_come_as_a_vec_and_one_by_one_and_as_a_file() {
    fn check<E: AnyBits>() {
        for count in counts::<E>() {
            let mut memory = Memory::<E>::varied(count);
            let expected = memory.bytes_of_elements().to_vec();
            let Ok(all) = memory.all().to_vec(pinned);
            assert!(bytes_of_values(&all) == expected);

            let racy = Racy::new(memory.all());
            assert_eq!((racy.len(), racy.is_empty(), racy.iter().len()), (count, count == 0, count));
            assert!(bytes_of_values(&racy.iter().collect::<Vec<_>>()) == expected);
            assert!(racy.get(count).is_none() && racy.get(usize::MAX).is_none());
            assert_eq!(
                racy.get(0).map(|first| bytes_of_values(&[first])),
                all.first().map(|&first| bytes_of_values(&[first]))
            );

            let (mut file, mut written) = (file(b""), Vec::new());
            memory.all().write_to(file.as_fd()).expect("room for it");
            file.rewind().expect("the start");
            file.read_to_end(&mut written).expect("the file");
            assert!(written == expected);
        }
    }
    each_size!(check);
}

#[test]
fn a_block_is_a_copy_that_no_other_process_changes() {
    let mut memory = Memory::<u64>::varied(300);
    let expected = values::<u64>(300);
    let all = memory.all();
    let Ok(()) = all.blocks(pinned, |at, block| {
        all.write_at(at, &vec![0; block.len()]);
        assert_eq!(block, &expected[at..][..block.len()]);
    });
    assert_eq!(all.to_vec(pinned), Ok(vec![0; 300]));
}

#[test]
fn nothing_is_seen_of_a_copy_after_which_the_frame_is_gone() {
    let mut memory = Memory::<u8>::varied(3 * 1024);
    let all = memory.all();
    // The frame is gone after the second copy.
    for last in [0, 1, 2] {
        let (copies, seen) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
        let still = || {
            copies.set(copies.get() + 1);
            if copies.get() > last { Err("gone") } else { Ok(()) }
        };
        let all_of = |what: &str, done: Result<(), &str>| {
            assert_eq!((what, copies.take(), seen.take(), done), (what, last + 1, last, Err("gone")));
        };
        all_of("blocks", all.blocks(still, |_, _| seen.set(seen.get() + 1)));
        all_of("rows", all.rows(100, 1000, still, |_, _| seen.set(seen.get() + 1)));
        all_of("arrays of lines", all.arrays(still, |_, _: [u8; 64]| seen.set(seen.get() + 1)).map(drop));
        let blocks = all.arrays(still, |_, _: [u8; 1024]| seen.set(seen.get() + 1)).map(drop);
        all_of("arrays of blocks", blocks);
    }
    let gone = || Err("gone");
    assert_eq!(all.to_vec(gone), Err("gone"));
    assert_eq!(all.copy_at(7, &mut [0; 9], gone), Err("gone"));
}

#[test]
fn write_to_a_closed_socket_is_an_error() {
    let mut memory = Memory::<u8>::varied(10);
    let (reader, writer) = UnixStream::pair().expect("a socket");
    drop(reader);
    let error = memory.all().write_to(writer.as_fd()).expect_err("nobody reads it");
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}
