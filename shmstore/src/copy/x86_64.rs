//! Slots touched by SSE2 moves and `rep movsb`, in inline assembly.
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

use super::{Moves, UNIT, Unit};

/// The units of a cache line.
const LINE_UNITS: usize = 64 / UNIT;

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

/// Moves `count` bytes.
///
/// # Safety
///
/// They are readable at `from` and writable at `to`, and do not overlap. Other processes may use one of the sides.
#[inline(always)]
unsafe fn move_bytes(from: *const u8, to: *mut u8, count: usize) {
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
