//! Slots touched by SSE2 and AVX moves and `rep movsb`, in inline assembly.
//!
//! LLVM does not vectorize relaxed atomic loads, and a plain 16-byte load would be a data race. Inline assembly is fast
//! and sound. To the compiler it is a call of unknown code, which may access memory atomically, byte by byte.
//!
//! # Safety
//!
//! The compiler must not move other accesses across the assembly, nor assume that two runs of it read the same. So its
//! options never include `nomem`, `readonly` or `pure`.
//!
//! The processor keeps the order that the fences around a copy require, because x86 loads are ordered among themselves,
//! and stores are. Non-temporal stores would break this, and are never used. The stores of one `rep movsb` may be seen
//! in any order, but a later store is seen after all of them (*Intel SDM* volume 3A, 9.2.4, "Fast-String Operation and
//! Out-of-Order Stores").
#![allow(unsafe_code)]

pub(super) mod lines;

use std::arch::asm;
use std::arch::x86_64::__m128i;

use super::{LINE_UNITS, Moves, UNIT, Unit};

/// The number of lines of a slot that are prefetched before it is written.
const PREPARED_LINES: usize = 4;

/// One aligned 16-byte move for each unit, and AVX or `rep movsb` in bulk.
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
        // SAFETY: both types are 16 bytes, and any bytes are valid in both.
        unsafe { std::mem::transmute::<__m128i, Unit>(unit) }
    }

    #[inline(always)]
    unsafe fn store(to: *mut Unit, unit: Unit) {
        // SAFETY: both types are 16 bytes, and any bytes are valid in both.
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
                "movaps {a}, [{from}]",
                "movaps {b}, [{from} + 16]",
                "movaps {c}, [{from} + 32]",
                "movaps {d}, [{from} + 48]",
                from = in(reg) from,
                a = out(xmm_reg) a, b = out(xmm_reg) b, c = out(xmm_reg) c, d = out(xmm_reg) d,
                options(nostack, preserves_flags),
            );
        }
        // SAFETY: both types are 16 bytes, and any bytes are valid in both.
        [a, b, c, d].map(|unit| unsafe { std::mem::transmute::<__m128i, Unit>(unit) })
    }

    #[inline(always)]
    unsafe fn store_line(to: *mut Unit, line: [Unit; LINE_UNITS]) {
        // SAFETY: both types are 16 bytes, and any bytes are valid in both.
        let [a, b, c, d] = line.map(|unit| unsafe { std::mem::transmute::<Unit, __m128i>(unit) });
        // SAFETY: writes the 64 aligned bytes that the caller promises.
        unsafe {
            asm!(
                "movaps [{to}], {a}",
                "movaps [{to} + 16], {b}",
                "movaps [{to} + 32], {c}",
                "movaps [{to} + 48], {d}",
                to = in(reg) to,
                a = in(xmm_reg) a, b = in(xmm_reg) b, c = in(xmm_reg) c, d = in(xmm_reg) d,
                options(nostack, preserves_flags),
            );
        }
    }

    #[inline(always)]
    fn prepare_to_load(from: *const Unit) {
        // SAFETY: a hint. It faults at no address, and changes only caches.
        unsafe { asm!("prefetcht0 [{from}]", from = in(reg) from, options(nostack, preserves_flags)) };
    }

    #[inline(always)]
    fn prepare_to_store(to: *const Unit, count: usize) {
        // The processor itself prefetches the lines after these.
        for line in 0..count.div_ceil(LINE_UNITS).min(PREPARED_LINES) {
            let line = to.wrapping_add(line * LINE_UNITS);
            // SAFETY: a hint. It faults at no address, and changes only caches. Processors that do not know it ignore
            // it.
            unsafe { asm!("prefetchw [{line}]", line = in(reg) line, options(nostack, preserves_flags)) };
        }
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
        // SAFETY: the caller's promise.
        unsafe { lines::out(from.cast(), to, count.div_ceil(LINE_UNITS * UNIT), ahead) }
    }

    #[inline(always)]
    unsafe fn lines_in(from: *const u8, to: *mut Unit, count: usize, ahead: usize) {
        // SAFETY: the caller's promise.
        unsafe { lines::into(from, to.cast(), count, ahead) }
    }
}

/// The most bytes that are moved by a loop of AVX moves, if the processor has them. The loop starts at once, and
/// requests lines of another core sooner than `rep movsb`. With more bytes a reader would gain as much as a writer
/// would lose.
const LOOP_BYTES: usize = 32 * 1024;

/// The size of an AVX register in bytes. Moves to addresses that are not multiples of it take three times as long.
const VECTOR: usize = 32;

/// The number of bytes that one round of the loop moves.
const ROUND: usize = 4 * VECTOR;

/// Moves `count` bytes.
///
/// # Safety
///
/// They are readable at `from` and writable at `to`, and do not overlap. Other processes may use one of the two sides.
#[inline(always)]
unsafe fn move_bytes(from: *const u8, to: *mut u8, count: usize) {
    if (2 * ROUND..=LOOP_BYTES).contains(&count) && is_x86_feature_detected!("avx") {
        // SAFETY: the caller's promise. There are enough bytes, and the processor has AVX.
        unsafe { move_by_avx(from, to, count) };
    } else {
        // SAFETY: the caller's promise.
        unsafe { move_by_string(from, to, count) };
    }
}

/// Moves `count` bytes: the first vector, then rounds from a multiple of a vector on, and the last round. These
/// overlap.
///
/// # Safety
///
/// As for [`move_bytes`]. `count` is two rounds or more, and the processor has AVX.
#[inline(always)]
unsafe fn move_by_avx(from: *const u8, to: *mut u8, count: usize) {
    let first = VECTOR - to.addr() % VECTOR;
    let looped = (count - first) / ROUND * ROUND;
    let rest = count - first - looped;
    // SAFETY: the caller's promise. The first vector is within the bytes. `first` is a vector at most, so the loop,
    // which has at least one round, leaves no gap. It ends `rest` before the last byte, and the last round ends with
    // that byte. All vector registers are declared as changed, because `vzeroupper` changes the upper halves of all.
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
    // SAFETY: the caller's promise is what `rep movsb` needs while the direction flag is clear, as Rust keeps it. The
    // three registers that it changes are declared, and it changes no flags.
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
