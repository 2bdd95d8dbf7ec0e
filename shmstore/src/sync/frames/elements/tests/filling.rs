//! Filling, and the bytes beside what is filled.

use super::*;

fn panics(call: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(call)).is_err()
}

#[test]
fn blocks_fill_the_elements_and_nothing_beside_them() {
    fn check<E: AnyBits>() {
        for len in counts::<E>() {
            let (values, mut memory) = (values::<E>(len), Memory::<E>::new(len + 5));
            let expected = memory.expected(0, bits::bytes_of(&values));
            let mut done = 0;
            memory.all().fill(len, |at, block| {
                assert_eq!(at, done);
                done += block.len();
                block.copy_from_slice(&values[at..done]);
            });
            assert!(memory.bytes() == expected, "{len} of {} bytes", size_of::<E>());
        }
    }
    each_size!(check);
}

#[test]
fn arrays_fill_the_elements_and_nothing_beside_them() {
    fn check_of<E: AnyBits, const A: usize>() {
        for len in counts::<E>() {
            let (values, mut memory) = (values::<E>(len + A), Memory::<E>::new(len + 5));
            let expected = memory.expected(0, bits::bytes_of(&values[..len]));
            let mut done = 0;
            memory.all().fill_arrays::<A>(len, |at| {
                assert_eq!(at, done);
                done += A;
                values[at..done].try_into().expect("an array")
            });
            assert_eq!(done, len.next_multiple_of(A));
            assert!(memory.bytes() == expected, "{len} by {A} of {} bytes", size_of::<E>());
        }
    }
    each_size_and_length!(check_of);
}

#[test]
fn rows_leave_the_elements_between_them() {
    fn check<E: AnyBits>() {
        let block = Elements::<'_, E>::BLOCK;
        for (width, stride) in [(1, 1), (1, 3), (2, 3), (block, block), (block, block + 2), (2 * block + 1, 3 * block)]
        {
            for height in 0..4 {
                let len = len_of_rows(width, stride, height).expect("a length");
                let (values, mut memory) = (values::<E>(height * width), Memory::<E>::new(len + 5));
                let mut expected = memory.bytes();
                for (row, values) in values.chunks(width).enumerate() {
                    let start = (memory.first * LINE) + row * stride * size_of::<E>();
                    let bytes = bits::bytes_of(values);
                    expected[start..][..bytes.len()].copy_from_slice(bytes);
                }
                let mut rows = 0;
                memory.all().fill_rows(width, stride, height, |row, elements| {
                    assert_eq!(row, rows);
                    rows += 1;
                    elements.copy_from_slice(&values[row * width..][..width]);
                });
                assert_eq!(rows, height);
                assert!(memory.bytes() == expected, "{height} rows of {width} by {stride}");
            }
        }
    }
    each_size!(check);
}

#[test]
fn a_part_is_written_wherever_it_begins() {
    fn check<E: AnyBits>() {
        for at in [0, 1, 2, 3, 5, 21, 64, 65] {
            for len in [0, 1, 2, 3, 64, 65] {
                let (values, mut memory) = (values::<E>(len), Memory::<E>::new(at + len + 1));
                let expected = memory.expected(at, bits::bytes_of(&values));
                memory.all().write_at(at, &values);
                assert!(memory.bytes() == expected, "{len} from {at} of {} bytes", size_of::<E>());
            }
        }
    }
    each_size!(check);
}

#[test]
fn a_file_fills_whole_elements_and_tells_of_a_part() {
    fn check<E: AnyBits>() {
        let size = size_of::<E>();
        for (at, count, bytes) in
            [(0, 3, 3 * size), (2, 3, 3 * size), (1, 3, 2 * size), (0, 0, 5), (1, 3, 2 * size + size / 2)]
        {
            let content = varied(bytes, 90);
            let mut memory = Memory::<E>::new(6);
            let expected = memory.expected(at, &content[..bytes.min(count * size)]);
            let (read, done) = memory.all().read_from(file(&content).as_fd(), at, count);
            assert_eq!(read, count.min(bytes / size));
            assert!(memory.bytes() == expected, "{bytes} bytes to {at}");
            if bytes >= count * size || bytes % size == 0 {
                done.expect("whole elements");
            } else {
                let error = done.expect_err("a part");
                assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
                assert!(error.to_string().contains(&format!("{} of its {size} bytes", size / 2)), "{error}");
            }
        }
    }
    each_size!(check);
}

#[test]
fn a_socket_fills_elements_piece_by_piece_and_an_error_keeps_whole_ones() {
    let (reader, mut writer) = UnixStream::pair().expect("a socket");
    let content = varied(1 << 18, 3);
    let expected = content.clone();
    let mut memory = Memory::<u8>::new(1 << 18);
    std::thread::scope(|scope| {
        scope.spawn(move || writer.write_all(&content).expect("the reader is there"));
        let (read, done) = memory.all().read_from(reader.as_fd(), 0, 1 << 18);
        assert_eq!(read, 1 << 18);
        done.expect("no error");
    });
    assert!(*memory.bytes_of_elements() == *expected);
    let (read, done) = memory.all().read_from(io::stdout().as_fd(), 0, 0);
    assert_eq!(read, 0);
    done.expect("nothing is read");
    let directory = File::open("/").expect("the root");
    assert_eq!(memory.all().read_from(directory.as_fd(), 0, 1).1.expect_err("a directory").raw_os_error(), Some(21));
}

#[test]
fn a_block_begins_with_what_was_filled_before_it() {
    let mut memory = Memory::<u32>::new(600);
    memory.all().fill(600, |at, block| {
        let before = if at == 0 { 0 } else { 7 };
        assert!(block.iter().all(|&element| element == before));
        block.fill(7);
    });
    assert_eq!(memory.all().to_vec(pinned), Ok(vec![7; 600]));
}

#[test]
fn a_closure_that_panics_leaves_what_was_filled_before() {
    let mut memory = Memory::<u8>::new(3000);
    let expected = memory.expected(0, &[3; 1024]);
    assert!(panics(|| memory.all().fill(3000, |at, block| {
        assert!(at == 0, "the second block");
        block.fill(3);
    })));
    assert!(memory.bytes() == expected);
}

#[test]
fn elements_beyond_the_frame_are_refused_before_anything_is_filled() {
    let mut memory = Memory::<u16>::new(100);
    let before = memory.bytes();
    let all = memory.all();
    assert!(panics(|| all.fill(101, |_, _| ())));
    assert!(panics(|| all.fill(usize::MAX, |_, _| ())));
    assert!(panics(|| all.fill_arrays::<32>(101, |_| [0; 32])));
    assert!(panics(|| all.fill_rows(10, 20, 6, |_, _| ())));
    assert!(panics(|| all.fill_rows(1, usize::MAX, 3, |_, _| ())));
    assert!(panics(|| all.write_at(99, &[0; 2])));
    assert!(panics(|| all.write_at(usize::MAX, &[0; 2])));
    assert!(panics(|| drop(all.read_from(io::stdin().as_fd(), 99, 2))));
    assert!(memory.bytes() == before);
}

#[test]
fn one_row_may_have_any_stride() {
    let mut memory = Memory::<u16>::new(10);
    let expected = memory.expected(0, &[7; 6]);
    memory.all().fill_rows(3, usize::MAX, 1, |_, row| row.fill(0x707));
    assert!(memory.bytes() == expected);
}

#[test]
fn rows_have_a_length_unless_they_are_none() {
    assert_eq!(len_of_rows(10, 20, 0), Some(0));
    assert_eq!(len_of_rows(0, 20, 4), Some(0));
    assert_eq!(len_of_rows(10, 20, 4), Some(70));
    assert_eq!(len_of_rows(1, usize::MAX, 2), None);
    assert_eq!(len_of_rows(2, usize::MAX / 2, usize::MAX), None);
    assert!(panics(|| assert!(len_of_rows(0, 0, 1).is_none())));
    assert!(panics(|| assert!(len_of_rows(3, 2, 1).is_none())));
}
