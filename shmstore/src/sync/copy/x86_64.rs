//! Slots touched by SSE2 and AVX moves and `rep movsb`, in inline assembly.
//!
//! LLVM does not vectorise relaxed atomic loads, and a plain 16-byte load would be a data race. Inline assembly is both
//! fast and sound: to the compiler it is a call of something unknown that may access memory atomically, byte by byte.
//!
//! # Safety
//!
//! The compiler must not move other accesses across the assembly, nor assume that two runs of it read the same: so
//! its options never include `nomem`, `readonly` or `pure`. The processor keeps the order that the fences around a copy
//! ask for, as x86 loads are ordered among themselves and so are stores; non-temporal stores would break that and are
//! never used. The stores of one `rep movsb` may be seen in any order, but a later store is seen after all of them
//! (*Intel SDM* volume 3A, 9.2.4, "Fast-String Operation and Out-of-Order Stores").
#![allow(unsafe_code)]

use std::arch::asm;
use std::arch::x86_64::__m128i;

use super::{LINE_UNITS, Moves, UNIT, Unit};

/// How many lines of a slot are got ready before it is written.
const PREPARED_LINES: usize = 4;

/// One aligned 16-byte move a unit, and `rep movsb` in bulk.
pub(super) struct Sse2;

impl Moves for Sse2 {
    #[inline(always)]
    unsafe fn load(from: *const Unit) -> Unit {
        let unit: __m128i;
        // SAFETY: reads the 16 aligned bytes that the caller promises, and changes one register.
        unsafe {
            asm!(
                "movaps {unit}, [{from}]",
                from = in(reg) from,
                unit = lateout(xmm_reg) unit,
                options(nostack, preserves_flags),
            );
        }
        // SAFETY: both are 16 bytes, and any bytes are valid in both.
        unsafe { std::mem::transmute::<__m128i, Unit>(unit) }
    }

    #[inline(always)]
    unsafe fn store(to: *mut Unit, unit: Unit) {
        // SAFETY: both are 16 bytes, and any bytes are valid in both.
        let unit = unsafe { std::mem::transmute::<Unit, __m128i>(unit) };
        // SAFETY: writes the 16 aligned bytes that the caller promises.
        unsafe {
            asm!(
                "movaps [{to}], {unit}",
                to = in(reg) to,
                unit = in(xmm_reg) unit,
                options(nostack, preserves_flags),
            );
        }
    }

    #[inline(always)]
    unsafe fn load_line(from: *const Unit) -> [Unit; LINE_UNITS] {
        let (a, b, c, d): (__m128i, __m128i, __m128i, __m128i);
        // SAFETY: reads the 64 aligned bytes that the caller promises, and changes four registers.
        unsafe {
            asm!(
                "movaps {a}, [{from}]", "movaps {b}, [{from} + 16]", "movaps {c}, [{from} + 32]", "movaps {d}, [{from} + 48]",
                from = in(reg) from,
                a = out(xmm_reg) a, b = out(xmm_reg) b, c = out(xmm_reg) c, d = out(xmm_reg) d,
                options(nostack, preserves_flags),
            );
        }
        // SAFETY: both are 16 bytes, and any bytes are valid in both.
        [a, b, c, d].map(|unit| unsafe { std::mem::transmute::<__m128i, Unit>(unit) })
    }

    #[inline(always)]
    unsafe fn store_line(to: *mut Unit, line: [Unit; LINE_UNITS]) {
        // SAFETY: both are 16 bytes, and any bytes are valid in both.
        let [a, b, c, d] = line.map(|unit| unsafe { std::mem::transmute::<Unit, __m128i>(unit) });
        // SAFETY: writes the 64 aligned bytes that the caller promises.
        unsafe {
            asm!(
                "movaps [{to}], {a}", "movaps [{to} + 16], {b}", "movaps [{to} + 32], {c}", "movaps [{to} + 48], {d}",
                to = in(reg) to,
                a = in(xmm_reg) a, b = in(xmm_reg) b, c = in(xmm_reg) c, d = in(xmm_reg) d,
                options(nostack, preserves_flags),
            );
        }
    }

    #[inline(always)]
    fn prepare_to_store(to: *const Unit, count: usize) {
        // More lines than that the processor has begun to get by itself, before they are written.
        for line in 0..count.div_ceil(LINE_UNITS).min(PREPARED_LINES) {
            let line = to.wrapping_add(line * LINE_UNITS);
            // SAFETY: a hint, which may point anywhere, faults nowhere, and changes nothing but caches; processors that do
            // not know it take it for no operation.
            unsafe { asm!("prefetchw [{line}]", line = in(reg) line, options(nostack, preserves_flags)) };
        }
    }

    #[inline(always)]
    unsafe fn bulk_out(from: *const Unit, to: *mut u8, count: usize) {
        // SAFETY: the caller promises as many bytes on both sides, the private one its own, so they do not overlap.
        unsafe { move_bytes(from.cast(), to, count * UNIT) }
    }

    #[inline(always)]
    unsafe fn bulk_in(from: *const u8, to: *mut Unit, count: usize) {
        // SAFETY: the caller promises as many bytes on both sides, the private one its own, so they do not overlap.
        unsafe { move_bytes(from, to.cast(), count * UNIT) }
    }
}

/// Up to how many bytes are moved by a loop of AVX moves, where the processor has them: the loop starts at once, and asks for
/// lines that another core has sooner than `rep movsb`. Of more than that it would bring a reader more, and cost the writer as much.
const LOOP_BYTES: usize = 32 * 1024;

/// What an AVX register holds, in bytes. Moves to addresses that are not multiples of it take three times as long.
const VECTOR: usize = 32;

/// What a round of the loop moves, in bytes.
const ROUND: usize = 4 * VECTOR;

/// Moves `count` bytes.
///
/// # Safety
///
/// They are readable at `from` and writable at `to`, and do not overlap. Other processes may use one of the sides.
#[inline(always)]
unsafe fn move_bytes(from: *const u8, to: *mut u8, count: usize) {
    if (2 * ROUND..=LOOP_BYTES).contains(&count) && is_x86_feature_detected!("avx") {
        // SAFETY: the caller's promise; there are enough bytes, and the processor has AVX.
        unsafe { move_by_avx(from, to, count) };
    } else {
        // SAFETY: the caller's promise.
        unsafe { move_by_string(from, to, count) };
    }
}

/// Moves `count` bytes. The first vector and the last round overlap what the loop moves between them, which starts at a
/// multiple of a vector.
///
/// # Safety
///
/// As for [`move_bytes`], `count` is two rounds or more, and the processor has AVX.
#[inline(always)]
unsafe fn move_by_avx(from: *const u8, to: *mut u8, count: usize) {
    let first = VECTOR - to.addr() % VECTOR;
    let looped = (count - first) / ROUND * ROUND;
    let rest = count - first - looped;
    // SAFETY: the caller's promise: the first vector is within the bytes, as is `first`, so that the loop, which has a round or
    // more to go, starts where the one before ended at the latest; it ends `rest` before the last byte, from where the last
    // round is counted back. All vector registers are given up, as `vzeroupper` changes the upper halves of all.
    unsafe {
        asm!(
            "vmovups ymm0, [rsi]",
            "vmovups [rdi], ymm0",
            "add rsi, {first}",
            "add rdi, {first}",
            "2:",
            "vmovups ymm0, [rsi]",
            "vmovups ymm1, [rsi + 32]",
            "vmovups ymm2, [rsi + 64]",
            "vmovups ymm3, [rsi + 96]",
            "vmovaps [rdi], ymm0",
            "vmovaps [rdi + 32], ymm1",
            "vmovaps [rdi + 64], ymm2",
            "vmovaps [rdi + 96], ymm3",
            "sub rsi, -128",
            "sub rdi, -128",
            "add rcx, -128",
            "jne 2b",
            "vmovups ymm0, [rsi + {rest} - 128]",
            "vmovups ymm1, [rsi + {rest} - 96]",
            "vmovups ymm2, [rsi + {rest} - 64]",
            "vmovups ymm3, [rsi + {rest} - 32]",
            "vmovups [rdi + {rest} - 128], ymm0",
            "vmovups [rdi + {rest} - 96], ymm1",
            "vmovups [rdi + {rest} - 64], ymm2",
            "vmovups [rdi + {rest} - 32], ymm3",
            "vzeroupper",
            first = in(reg) first,
            rest = in(reg) rest,
            inout("rsi") from => _,
            inout("rdi") to => _,
            inout("rcx") looped => _,
            clobber_abi("sysv64"),
            options(nostack),
        );
    }
}

/// Moves `count` bytes.
///
/// # Safety
///
/// As for [`move_bytes`].
#[inline(always)]
unsafe fn move_by_string(from: *const u8, to: *mut u8, count: usize) {
    // SAFETY: the caller's promise is that of `rep movsb` with the direction flag clear, as Rust keeps it; the three
    // registers that it changes are declared, and it changes no flags.
    unsafe {
        asm!(
            "rep movsb",
            inout("rsi") from => _,
            inout("rdi") to => _,
            inout("rcx") count => _,
            options(nostack, preserves_flags),
        );
    }
}
