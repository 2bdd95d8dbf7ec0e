//! The two-slot protocol and nothing else: no token, no flags, no wake-ups, no checks. What `Versioned` is measured by.

#[cfg(target_arch = "x86_64")]
use std::arch::asm;
use std::cell::UnsafeCell;
use std::hint::spin_loop;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU32, AtomicU64, fence};

#[repr(C, align(64))]
struct Slot<const N: usize>([u8; N]);

/// `N` bytes: 8, or a multiple of 64.
#[repr(C, align(64))]
pub(crate) struct Prototype<const N: usize> {
    sequence: AtomicU64,
    lock: AtomicU32,
    slots: UnsafeCell<[Slot<N>; 2]>,
}

impl<const N: usize> Default for Prototype<N> {
    fn default() -> Self {
        Self { sequence: 0.into(), lock: 0.into(), slots: UnsafeCell::new([Slot([0; N]), Slot([0; N])]) }
    }
}

impl<const N: usize> Prototype<N> {
    /// Copies the newest value to `value`.
    #[inline]
    pub(crate) fn load_into(&self, value: &mut [u8; N]) {
        loop {
            let before = self.sequence.load(Relaxed);
            fence(Acquire);
            // SAFETY: a slot, and a value of the same size.
            unsafe { copy::<N>(self.slot(before >> 1), value.as_mut_ptr()) };
            fence(Acquire);
            if self.sequence.load(Relaxed).wrapping_sub(before & !1) <= 2 {
                return;
            }
        }
    }

    /// Makes `value` the newest.
    #[inline]
    pub(crate) fn store(&self, value: &[u8; N]) {
        while self.lock.compare_exchange(0, 1, AcqRel, Relaxed).is_err() {
            spin_loop();
        }
        let stable = self.sequence.load(Acquire) & !1;
        self.sequence.store(stable + 1, Release);
        fence(Release);
        // SAFETY: a value, and the slot that is not valid, of the same size.
        unsafe { copy::<N>(value.as_ptr(), self.slot((stable >> 1) + 1)) };
        self.sequence.store(stable + 2, Release);
        let _ = self.lock.compare_exchange(1, 0, AcqRel, Relaxed);
    }

    fn slot(&self, version: u64) -> *mut u8 {
        self.slots.get().cast::<Slot<N>>().wrapping_add((version & 1) as usize).cast()
    }
}

/// Copies `N` bytes by SSE2 moves.
///
/// # Safety
///
/// They are readable at `from`, and writable at `to`.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn copy<const N: usize>(from: *const u8, to: *mut u8) {
    if N == 8 {
        // SAFETY: the caller's promise.
        unsafe { asm!("mov {0}, [{1}]", "mov [{2}], {0}", out(reg) _, in(reg) from, in(reg) to, options(nostack)) };
    }
    for at in (0..N / 64).map(|line| line * 64) {
        // SAFETY: the caller's promise.
        unsafe {
            asm!(
                "movups {0}, [{4}]", "movups {1}, [{4} + 16]", "movups {2}, [{4} + 32]", "movups {3}, [{4} + 48]",
                "movups [{5}], {0}", "movups [{5} + 16], {1}", "movups [{5} + 32], {2}", "movups [{5} + 48], {3}",
                out(xmm_reg) _, out(xmm_reg) _, out(xmm_reg) _, out(xmm_reg) _,
                in(reg) from.wrapping_add(at), in(reg) to.wrapping_add(at), options(nostack, preserves_flags),
            );
        }
    }
}

/// Copies `N` bytes, plainly: nobody else is here while it is measured.
///
/// # Safety
///
/// They are readable at `from`, and writable at `to`.
#[cfg(not(target_arch = "x86_64"))]
unsafe fn copy<const N: usize>(from: *const u8, to: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe { std::ptr::copy_nonoverlapping(from, to, N) }
}
