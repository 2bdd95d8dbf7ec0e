//! Padding between fields, as a field.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// `N` bytes that mean nothing, for a field where the compiler would leave a gap.
///
/// A value in shared memory has no padding, because padding is not initialized and cannot be copied as bytes. The error
/// of the derive names each gap and the `Pad` that closes it.
///
/// All pads of one size are equal and have the same hash, whatever their bytes are. So a struct with pads can derive
/// `PartialEq` and `Hash`, and is compared by its other fields. For serde a pad is the unit `()`. `#[serde(skip)]` on
/// the field leaves it out.
///
/// # Shape
///
/// `N` bytes, `N` ≥ 1, aligned to 1. A pad made by this crate is zero.
///
/// ```
/// use shmstore::Pad;
///
/// #[derive(Clone, Copy, Debug, Default, PartialEq)]
/// #[repr(C)]
/// struct Sample {
///     channel: u8,
///     _pad: Pad<7>, // `time` is aligned to 8 bytes
///     time: u64,
/// }
///
/// let sample = Sample { channel: 3, time: 99, ..Default::default() };
/// assert_eq!(format!("{sample:?}"), "Sample { channel: 3, _pad: Pad<7>, time: 99 }");
/// ```
///
/// `cargo build` refuses a pad of no bytes. `cargo check` does not see it:
///
/// ```compile_fail
/// let nothing = shmstore::Pad::<0>::new();
/// ```
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Pad<const N: usize> {
    bytes: [u8; N],
}

impl<const N: usize> Pad<N> {
    /// Makes a pad of zeros.
    ///
    /// ```
    /// const PAD: shmstore::Pad<3> = shmstore::Pad::new();
    /// assert_eq!(size_of_val(&PAD), 3);
    /// ```
    #[must_use]
    #[inline]
    pub const fn new() -> Self {
        let () = Self::LAYOUT_HOLDS;
        Self { bytes: [0; N] }
    }
}

impl<const N: usize> Default for Pad<N> {
    #[inline]
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> fmt::Debug for Pad<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pad<{N}>")
    }
}

impl<const N: usize> PartialEq for Pad<N> {
    #[inline]
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<const N: usize> Eq for Pad<N> {}

impl<const N: usize> PartialOrd for Pad<N> {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<const N: usize> Ord for Pad<N> {
    #[inline]
    fn cmp(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }
}

impl<const N: usize> Hash for Pad<N> {
    #[inline]
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl<const N: usize> serde::Serialize for Pad<N> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl<'de, const N: usize> serde::Deserialize<'de> for Pad<N> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <()>::deserialize(deserializer).map(|()| Self::new())
    }
}
