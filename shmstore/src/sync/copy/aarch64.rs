//! Slots touched by NEON moves, in inline assembly.
//!
//! LLVM does not combine relaxed atomic loads, and a plain load of 16 bytes would be a data race. To the compiler,
//! inline assembly is a call of unknown code, which may access memory atomically, byte by byte.
//!
//! # Safety
//!
//! The compiler must not move other accesses across the assembly, nor assume that two runs of it read the same. So its
//! options never include `nomem`, `readonly` or `pure`.
//!
//! The processor keeps the order that the fences around a copy require. A barrier (`dmb`), a load with acquire (`ldar`,
//! `ldapr`) and a store with release (`stlr`) order all loads and stores of their thread, whatever the registers. Each
//! byte of a NEON move is a single-copy atomic access of one byte at least (*Arm Architecture Reference Manual*,
//! B2.2.1, "Requirements for single-copy atomicity", and B2.3, "Ordering of memory accesses"). Non-temporal moves
//! (`ldnp`, `stnp`) are never used, because some of their order is relaxed.
#![allow(unsafe_code)]

use std::arch::aarch64::{float32x4_t, uint8x16_t};
use std::arch::asm;

use super::{LINE_UNITS, Moves, UNIT, Unit};

/// The bytes that one round of the loops moves: a line.
const ROUND: usize = LINE_UNITS * UNIT;

/// One aligned move of 16 bytes for each unit, and pairs of them in bulk.
pub(super) struct Neon;

impl Moves for Neon {
    #[inline(always)]
    unsafe fn load(from: *const Unit) -> Unit {
        let unit: uint8x16_t;
        // SAFETY: reads the 16 aligned bytes that the caller promises, and changes one register.
        unsafe {
            asm!(
                "ldr {unit:q}, [{from}]",
                from = in(reg) from,
                unit = lateout(vreg) unit,
                options(nostack, preserves_flags),
            );
        }
        // SAFETY: both types are 16 bytes, and any bytes are valid in both.
        unsafe { std::mem::transmute::<uint8x16_t, Unit>(unit) }
    }

    #[inline(always)]
    unsafe fn store(to: *mut Unit, unit: Unit) {
        // SAFETY: both types are 16 bytes, and any bytes are valid in both.
        let unit = unsafe { std::mem::transmute::<Unit, uint8x16_t>(unit) };
        // SAFETY: writes the 16 aligned bytes that the caller promises.
        unsafe {
            asm!(
                "str {unit:q}, [{to}]",
                to = in(reg) to,
                unit = in(vreg) unit,
                options(nostack, preserves_flags),
            );
        }
    }

    #[inline(always)]
    unsafe fn load_line(from: *const Unit) -> [Unit; LINE_UNITS] {
        let (a, b, c, d): (float32x4_t, float32x4_t, float32x4_t, float32x4_t);
        // SAFETY: reads the 64 aligned bytes that the caller promises, and changes four registers.
        unsafe {
            asm!(
                "ldp {a:q}, {b:q}, [{from}]",
                "ldp {c:q}, {d:q}, [{from}, #32]",
                from = in(reg) from,
                a = out(vreg) a, b = out(vreg) b, c = out(vreg) c, d = out(vreg) d,
                options(nostack, preserves_flags),
            );
        }
        // SAFETY: both types are 16 bytes, and any bytes are valid in both.
        [a, b, c, d].map(|unit| unsafe { std::mem::transmute::<float32x4_t, Unit>(unit) })
    }

    #[inline(always)]
    unsafe fn store_line(to: *mut Unit, line: [Unit; LINE_UNITS]) {
        // SAFETY: both types are 16 bytes, and any bytes are valid in both.
        let [a, b, c, d] = line.map(|unit| unsafe { std::mem::transmute::<Unit, float32x4_t>(unit) });
        // SAFETY: writes the 64 aligned bytes that the caller promises.
        unsafe {
            asm!(
                "stp {a:q}, {b:q}, [{to}]",
                "stp {c:q}, {d:q}, [{to}, #32]",
                to = in(reg) to,
                a = in(vreg) a, b = in(vreg) b, c = in(vreg) c, d = in(vreg) d,
                options(nostack, preserves_flags),
            );
        }
    }

    #[inline(always)]
    fn prepare_to_load(from: *const Unit) {
        // SAFETY: a hint. It faults at no address, and changes only caches.
        unsafe { asm!("prfm pldl1keep, [{from}]", from = in(reg) from, options(nostack, preserves_flags)) };
    }

    #[inline(always)]
    fn prepare_to_store(to: *const Unit, _: usize) {
        // SAFETY: a hint. It faults at no address, and changes only caches. The processor prefetches the lines after
        // it.
        unsafe { asm!("prfm pstl1keep, [{to}]", to = in(reg) to, options(nostack, preserves_flags)) };
    }

    #[inline(always)]
    unsafe fn bytes_out(from: *const u8, to: *mut u8, count: usize) {
        // SAFETY: the caller promises as many bytes on both sides. One side is private, so they do not overlap.
        unsafe { move_bytes(from, to, count) }
    }

    #[inline(always)]
    unsafe fn bytes_in(from: *const u8, to: *mut u8, count: usize) {
        // SAFETY: the caller promises as many bytes on both sides. One side is private, so they do not overlap.
        unsafe { move_bytes(from, to, count) }
    }

    #[inline(always)]
    unsafe fn lines_out(from: *const Unit, to: *mut u8, count: usize, ahead: usize) {
        // SAFETY: the caller promises as many lines on both sides. One side is private, so they do not overlap.
        unsafe { move_lines::<false>(from.cast(), to, count.div_ceil(ROUND), ahead) }
    }

    #[inline(always)]
    unsafe fn lines_in(from: *const u8, to: *mut Unit, count: usize, ahead: usize) {
        // SAFETY: the caller promises as many lines on both sides. One side is private, so they do not overlap.
        unsafe { move_lines::<true>(from, to.cast(), count, ahead) }
    }
}

/// Moves `count` lines, and prefetches those `ahead` bytes after them, on the side that is shared: `TO`, or the other.
///
/// # Safety
///
/// They are readable at `from` and writable at `to`, and do not overlap. Other processes may use one of the two sides.
#[inline(always)]
unsafe fn move_lines<const TO: bool>(from: *const u8, to: *mut u8, count: usize, ahead: usize) {
    if count == 0 {
        return;
    }
    macro_rules! rounds {
        ($prefetch:literal) => {
            asm!(
                "2:",
                $prefetch,
                "ldp q0, q1, [{from}]",
                "ldp q2, q3, [{from}, #32]",
                "add {from}, {from}, #64",
                "stp q0, q1, [{to}]",
                "stp q2, q3, [{to}, #32]",
                "add {to}, {to}, #64",
                "subs {count}, {count}, #1",
                "b.ne 2b",
                from = inout(reg) from => _,
                to = inout(reg) to => _,
                count = inout(reg) count => _,
                ahead = in(reg) ahead,
                out("v0") _, out("v1") _, out("v2") _, out("v3") _,
                options(nostack),
            )
        };
    }
    if TO {
        // SAFETY: each round moves one of the lines that the caller promises. A prefetch faults at no address. The
        // registers that change are declared.
        unsafe { rounds!("prfm pstl1keep, [{to}, {ahead}]") };
    } else {
        // SAFETY: as above.
        unsafe { rounds!("prfm pldl1keep, [{from}, {ahead}]") };
    }
}

/// Moves `count` bytes.
///
/// # Safety
///
/// They are readable at `from` and writable at `to`, and do not overlap. Other processes may use one of the two sides.
#[inline(always)]
unsafe fn move_bytes(from: *const u8, to: *mut u8, count: usize) {
    let (lines, rest) = (count / ROUND, count % ROUND);
    // SAFETY: the caller's promise. The distance of 0 prefetches the lines themselves.
    unsafe { move_lines::<false>(from, to, lines, 0) };
    let (from, to) = (from.wrapping_add(count - rest), to.wrapping_add(count - rest));
    // SAFETY: each round moves 8 or one of the `rest` bytes, which the caller promises. The registers that change are
    // declared.
    unsafe {
        asm!(
            "b 3f",
            "2:",
            "ldr {byte}, [{from}], #8",
            "str {byte}, [{to}], #8",
            "3:",
            "subs {rest}, {rest}, #8",
            "b.pl 2b",
            "adds {rest}, {rest}, #8",
            "b.eq 5f",
            "4:",
            "ldrb {byte:w}, [{from}], #1",
            "strb {byte:w}, [{to}], #1",
            "subs {rest}, {rest}, #1",
            "b.ne 4b",
            "5:",
            from = inout(reg) from => _,
            to = inout(reg) to => _,
            rest = inout(reg) rest => _,
            byte = out(reg) _,
            options(nostack),
        );
    }
}
