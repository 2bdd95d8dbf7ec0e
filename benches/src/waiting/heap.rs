//! The memory that this process has allocated, as the C library counts it.
//!
//! # Safety
//!
//! Assumes nothing.
#![allow(unsafe_code)]

/// The number of bytes that are allocated, by all threads. `None`: the C library does not count them.
pub(super) fn allocated() -> Option<usize> {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: the function only reads the C library's own counts.
        let counts = unsafe { nix::libc::mallinfo2() };
        Some(counts.uordblks + counts.hblkhd)
    }
    #[cfg(not(target_env = "gnu"))]
    None
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    #[test]
    fn large_and_small_allocations_are_counted() {
        let Some(before) = allocated() else { return };
        // Other tests free memory meanwhile, but not as much.
        let kept = black_box((vec![1_u8; 64 << 20], (0..64 << 10).map(|_| Box::new([1_u64; 64])).collect::<Vec<_>>()));
        assert!(allocated() > Some(before + (90 << 20)));
        drop(kept);
    }
}
