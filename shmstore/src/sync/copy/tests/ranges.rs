//! Ranges of bytes and whole lines, by each way, compared with plain arrays.

use std::mem::MaybeUninit;

use super::super::lines::{
    LINE, Line, SharedLine, bytes_in, bytes_out, element_out, line_in, line_out, lines_of, lines_out,
};
use super::super::portable::Portable;
use super::*;

/// The lines of shared memory before and after those that are copied.
const GUARD: usize = 1;

/// The numbers of bytes that are copied: around each size at which another way begins.
fn counts() -> impl Iterator<Item = usize> {
    (0..=72)
        .chain([95, 96, 127, 128, 129, 191, 200])
        .chain(254..=258)
        .chain([383, 384, 385, 1024, 1025, 32_768, 40_001])
}

/// The places at which bytes begin, in a line of the private side.
const PRIVATE: [usize; 8] = [0, 1, 3, 8, 15, 16, 32, 63];

/// The places at which bytes begin, in a line of the shared side: all of them for short copies.
fn shared_places(count: usize) -> impl Iterator<Item = usize> {
    (0..LINE).step_by(if count < 20 { 1 } else { 7 })
}

fn varied(count: usize, seed: u8) -> Vec<u8> {
    (0..count).map(|at| (at as u8).wrapping_mul(31).wrapping_add(seed) | 1).collect()
}

fn shared(bytes: &[u8]) -> Vec<SharedLine> {
    // SAFETY: as large, and any bytes are a line.
    lines_of(bytes).map(|line| unsafe { std::mem::transmute::<Line, SharedLine>(line) }).collect()
}

/// The bytes of lines that nothing else touches meanwhile.
fn content(lines: &mut [SharedLine]) -> &mut [u8] {
    let all = size_of_val(lines);
    // SAFETY: the bytes of the lines, borrowed as long.
    unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), all) }
}

/// Private bytes at a place in a line, between others that have to stay.
struct Private {
    lines: Vec<Line>,
    place: usize,
    count: usize,
}

impl Private {
    const UNTOUCHED: u8 = 0xA5;

    fn new(place: usize, count: usize) -> Self {
        Self { lines: vec![Line([Self::UNTOUCHED; LINE]); 2 + (place + count).div_ceil(LINE)], place, count }
    }

    fn bytes(&mut self) -> &mut [u8] {
        let all = size_of_val(&self.lines[..]);
        // SAFETY: the bytes of the lines, borrowed as long.
        let all = unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast::<u8>(), all) };
        &mut all[LINE + self.place..][..self.count]
    }

    fn uninit(&mut self) -> &mut [MaybeUninit<u8>] {
        let bytes = self.bytes();
        // SAFETY: the same bytes, to which the tests write only initialized ones.
        unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), bytes.len()) }
    }

    fn surroundings_are_untouched(&mut self) -> bool {
        self.bytes().fill(Self::UNTOUCHED);
        self.lines.iter().all(|line| line.0 == [Self::UNTOUCHED; LINE])
    }
}

fn ranges_come_out_exactly(out: impl Fn(&[SharedLine], usize, &mut [MaybeUninit<u8>])) {
    for count in counts() {
        let all = varied((count + LINE).next_multiple_of(LINE), 7);
        let from = shared(&all);
        for (at, place) in shared_places(count).flat_map(|at| PRIVATE.map(|place| (at, place))) {
            let mut to = Private::new(place, count);
            out(&from, at, to.uninit());
            assert!(to.bytes() == &all[at..][..count], "{count} bytes from {at} to {place}");
            assert!(to.surroundings_are_untouched(), "{count} bytes from {at} to {place}");
        }
    }
}

fn ranges_go_in_exactly(into: impl Fn(&[u8], &[SharedLine], usize)) {
    for count in counts() {
        let before = varied((2 * GUARD * LINE + count + LINE).next_multiple_of(LINE), 7);
        let (mut to, values) = (shared(&before), varied(count, 90));
        for (at, place) in shared_places(count).flat_map(|at| PRIVATE.map(|place| (at, place))) {
            let mut from = Private::new(place, count);
            from.bytes().copy_from_slice(&values);
            into(from.bytes(), &to, GUARD * LINE + at);
            assert!(from.bytes() == values, "{count} bytes from {place} to {at}");
            let found = content(&mut to);
            assert!(found[GUARD * LINE + at..][..count] == values, "{count} bytes from {place} to {at}");
            found[GUARD * LINE + at..][..count].copy_from_slice(&before[GUARD * LINE + at..][..count]);
            assert!(found == before, "around {count} bytes from {place} to {at}");
        }
    }
}

fn out_by<M: Moves>(from: &[SharedLine], at: usize, to: &mut [MaybeUninit<u8>]) {
    let place = from.as_ptr().cast::<u8>().wrapping_add(at);
    // SAFETY: the tests ask for bytes within the lines.
    unsafe { M::bytes_out(place, to.as_mut_ptr().cast(), to.len()) };
}

fn in_by<M: Moves>(from: &[u8], to: &[SharedLine], at: usize) {
    let place = to.as_ptr().cast_mut().cast::<u8>().wrapping_add(at);
    // SAFETY: the tests ask for bytes within the lines.
    unsafe { M::bytes_in(from.as_ptr(), place, from.len()) };
}

#[test]
fn ranges_come_out_exactly_from_any_place_to_any_place() {
    ranges_come_out_exactly(out_by::<Native>);
    ranges_come_out_exactly(out_by::<Portable>);
    ranges_come_out_exactly(bytes_out);
}

#[test]
fn ranges_go_in_exactly_from_any_place_to_any_place_and_leave_the_rest_of_their_words() {
    ranges_go_in_exactly(in_by::<Native>);
    ranges_go_in_exactly(in_by::<Portable>);
    ranges_go_in_exactly(|from, to, at| bytes_in(from, to, at, 0));
    ranges_go_in_exactly(|from, to, at| bytes_in(from, to, at, 1024));
}

/// A way to move lines: from, to, their number, and the distance of what is prefetched.
type MoveLines = unsafe fn(*const u8, *mut u8, usize, usize);

/// Each way to move lines out, and in.
fn ways() -> Vec<(&'static str, MoveLines, MoveLines)> {
    unsafe fn out_by<M: Moves>(from: *const u8, to: *mut u8, count: usize, ahead: usize) {
        // SAFETY: the caller's promises are the same.
        unsafe { M::lines_out(from.cast(), to, count * LINE, ahead) }
    }
    unsafe fn in_by<M: Moves>(from: *const u8, to: *mut u8, count: usize, ahead: usize) {
        // SAFETY: the caller's promises are the same.
        unsafe { M::lines_in(from, to.cast(), count, ahead) }
    }
    #[allow(unused_mut, reason = "other processors have no more ways")]
    let mut ways: Vec<(&'static str, MoveLines, MoveLines)> =
        vec![("native", out_by::<Native>, in_by::<Native>), ("portable", out_by::<Portable>, in_by::<Portable>)];
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    ways.push(("SSE2", x86_64::lines::out_by_sse2, x86_64::lines::into_by_sse2));
    ways
}

#[test]
fn whole_lines_go_out_and_in_by_each_way_and_no_others() {
    for (name, out, into) in ways() {
        for (count, ahead) in (1..40).flat_map(|count| [0, 64, 1024, 1 << 30].map(|ahead| (count, ahead))) {
            let all = varied((2 * GUARD + count) * LINE, 7);
            let (mut lines, mut to) = (shared(&all), Private::new(0, count * LINE));
            // SAFETY: `count` lines on both sides.
            unsafe { out(lines[GUARD..].as_ptr().cast(), to.bytes().as_mut_ptr(), count, ahead) };
            assert!(to.bytes() == &all[GUARD * LINE..][..count * LINE], "{name}: {count} lines out");
            assert!(to.surroundings_are_untouched(), "{name}: {count} lines out");

            let mut from = Private::new(0, count * LINE);
            from.bytes().copy_from_slice(&varied(count * LINE, 90));
            // SAFETY: `count` lines on both sides.
            unsafe { into(from.bytes().as_ptr(), lines[GUARD..].as_ptr().cast_mut().cast(), count, ahead) };
            let mut expected = all;
            expected[GUARD * LINE..][..count * LINE].copy_from_slice(from.bytes());
            assert!(content(&mut lines) == expected, "{name}: {count} lines in");
        }
    }
}

#[test]
fn lines_go_out_and_in_as_slices_and_through_registers() {
    let all = varied(20 * LINE, 7);
    let lines = shared(&all);
    let mut room = vec![MaybeUninit::uninit(); 20];
    assert!(lines_out(&lines, &mut room, 20 * LINE, 1024) == all);
    assert!(lines_out(&lines[3..], &mut room, 7 * LINE + 1, 0) == &all[3 * LINE..][..7 * LINE + 1]);
    let mut to = shared(&varied(20 * LINE, 90));
    for (line, from) in lines_of(&all).enumerate() {
        assert!(from.0 == line_out(&lines[line], &lines[0]).0);
        line_in(from, &to[line], &to[0]);
    }
    assert!(content(&mut to) == all);
}

#[test]
fn elements_are_loaded_one_by_one() {
    fn check<const SIZE: usize>() {
        let all = varied(3 * LINE, 7);
        let lines = shared(&all);
        for (at, expected) in all.chunks_exact(SIZE).enumerate() {
            // SAFETY: `element_out` initializes it, and any bytes are valid.
            assert!(unsafe { element_out::<[u8; SIZE]>(&lines, at).assume_init() } == expected, "{at} of {SIZE} bytes");
        }
    }
    check::<1>();
    check::<2>();
    check::<3>();
    check::<4>();
    check::<5>();
    check::<8>();
    check::<12>();
    check::<16>();
    check::<61>();
    check::<64>();
    check::<100>();
}

#[test]
fn copies_beyond_the_lines_are_refused() {
    let mut lines = shared(&[1; 2 * LINE]);
    let panics = |copy: &dyn Fn()| std::panic::catch_unwind(std::panic::AssertUnwindSafe(copy)).is_err();
    assert!(panics(&|| bytes_out(&lines, 1, &mut [MaybeUninit::uninit(); 2 * LINE])));
    assert!(panics(&|| bytes_out(&lines, usize::MAX, &mut [MaybeUninit::uninit(); 2])));
    assert!(panics(&|| bytes_out(&lines, 2 * LINE + 1, &mut [])));
    assert!(panics(&|| bytes_in(&[0; 65], &lines, LINE, 0)));
    assert!(panics(&|| {
        element_out::<u64>(&lines, 16);
    }));
    assert!(panics(&|| {
        lines_out(&lines, &mut [MaybeUninit::uninit(); 3], 2 * LINE + 1, 0);
    }));
    assert!(content(&mut lines) == [1; 2 * LINE]);
    bytes_in(&[9], &lines, 2 * LINE - 1, 0);
    bytes_in(&[], &lines, 2 * LINE, 0);
    assert!(content(&mut lines)[2 * LINE - 2..] == [1, 9]);
}
