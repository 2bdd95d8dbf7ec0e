//! Whole cache lines, moved between a slot and a private buffer that is aligned to a line: for blocks of a frame.
//!
//! Lines of a later block are prefetched meanwhile. So they are on their way while the program computes with this block.
//!
//! # Safety
//!
//! As `x86_64.rs`.
#![allow(unsafe_code)]

use std::arch::asm;

/// Moves `count` lines out of a slot, and prefetches the lines `ahead` bytes after them.
///
/// # Safety
///
/// They are readable at `from` and writable at `to`, aligned to 64 bytes on both sides, and do not overlap. Other
/// processes may be writing those at `from`.
#[inline(always)]
pub(super) unsafe fn out(from: *const u8, to: *mut u8, count: usize, ahead: usize) {
    if count == 0 {
        return;
    }
    if is_x86_feature_detected!("avx") {
        // SAFETY: there is a line, the caller promises all of them, and the processor has AVX.
        unsafe { out_by_avx(from, to, count, ahead) };
    } else {
        // SAFETY: there is a line, and the caller promises all of them.
        unsafe { out_by_sse2(from, to, count, ahead) };
    }
}

/// Moves `count` lines into a slot, and prefetches the lines `ahead` bytes after them for writing.
///
/// # Safety
///
/// They are readable at `from` and writable at `to`, aligned to 64 bytes on both sides, and do not overlap. Other
/// processes may be reading or writing those at `to`.
#[inline(always)]
pub(super) unsafe fn into(from: *const u8, to: *mut u8, count: usize, ahead: usize) {
    if count == 0 {
        return;
    }
    if is_x86_feature_detected!("avx") {
        // SAFETY: there is a line, the caller promises all of them, and the processor has AVX.
        unsafe { into_by_avx(from, to, count, ahead) };
    } else {
        // SAFETY: there is a line, and the caller promises all of them.
        unsafe { into_by_sse2(from, to, count, ahead) };
    }
}

/// A loop that moves one line a round, and prefetches another one.
macro_rules! moves {
    ($name:ident, $prefetch:literal, [$($move:literal),*], $end:literal, $about:literal) => {
        #[doc = $about]
        ///
        /// # Safety
        ///
        /// As for its caller. There is at least one line, and the processor has the instructions.
        #[inline(always)]
        pub(in crate::sync::copy) unsafe fn $name(from: *const u8, to: *mut u8, count: usize, ahead: usize) {
            // SAFETY: each round moves one of the lines that the caller promises. A prefetch faults at no address. The
            // registers that change are declared: all vector registers too, because `vzeroupper` changes them.
            unsafe {
                asm!(
                    "2:",
                    $prefetch,
                    $($move,)*
                    "add rsi, 64",
                    "add rdi, 64",
                    "dec rcx",
                    "jne 2b",
                    $end,
                    inout("rsi") from => _,
                    inout("rdi") to => _,
                    inout("rcx") count => _,
                    in("rdx") ahead,
                    clobber_abi("sysv64"),
                    options(nostack),
                );
            }
        }
    };
}

moves!(
    out_by_avx,
    "prefetcht0 [rsi + rdx]",
    ["vmovaps ymm0, [rsi]", "vmovaps ymm1, [rsi + 32]", "vmovaps [rdi], ymm0", "vmovaps [rdi + 32], ymm1"],
    "vzeroupper",
    "[`out`] by AVX moves."
);
moves!(
    into_by_avx,
    "prefetchw [rdi + rdx]",
    ["vmovaps ymm0, [rsi]", "vmovaps ymm1, [rsi + 32]", "vmovaps [rdi], ymm0", "vmovaps [rdi + 32], ymm1"],
    "vzeroupper",
    "[`into`] by AVX moves."
);
moves!(
    out_by_sse2,
    "prefetcht0 [rsi + rdx]",
    [
        "movaps xmm0, [rsi]",
        "movaps xmm1, [rsi + 16]",
        "movaps xmm2, [rsi + 32]",
        "movaps xmm3, [rsi + 48]",
        "movaps [rdi], xmm0",
        "movaps [rdi + 16], xmm1",
        "movaps [rdi + 32], xmm2",
        "movaps [rdi + 48], xmm3"
    ],
    "",
    "[`out`] by SSE2 moves."
);
moves!(
    into_by_sse2,
    "prefetchw [rdi + rdx]",
    [
        "movaps xmm0, [rsi]",
        "movaps xmm1, [rsi + 16]",
        "movaps xmm2, [rsi + 32]",
        "movaps xmm3, [rsi + 48]",
        "movaps [rdi], xmm0",
        "movaps [rdi + 16], xmm1",
        "movaps [rdi + 32], xmm2",
        "movaps [rdi + 48], xmm3"
    ],
    "",
    "[`into`] by SSE2 moves."
);
