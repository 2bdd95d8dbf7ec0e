//! A list with a fixed capacity.

use super::{clamped, grown};
use crate::layout::ShmValue;
use crate::value::{CapacityError, Content};

/// A list of up to `N` values that can be copied through shared memory.
///
/// It is stored in place, and has methods like those of `Vec`. It dereferences to the slice of its elements, so it also
/// has the methods of slices.
///
/// ```
/// use shmstore::FixedVec;
///
/// let mut readings: FixedVec<f64, 4> = [20.5, 21.0].into();
/// readings.push(19.5)?;
/// assert_eq!(readings, [20.5, 21.0, 19.5]);
/// assert_eq!(readings.iter().sum::<f64>(), 61.0);
///
/// assert!(readings.extend_from_slice(&[18.0, 18.5]).is_err()); // five are refused, and nothing is cut off
/// assert_eq!(readings.len(), 3);
/// # Ok::<(), shmstore::error::CapacityError>(())
/// ```
///
/// # Guarantees
///
/// - Elements are never left out silently. Elements that do not fit are a [`CapacityError`], and the vector is
///   unchanged. So there is no `Extend` and no `FromIterator`, but [`try_from_iter`](Self::try_from_iter).
/// - All bytes zero is the empty vector, and removed elements are overwritten with zeros.
/// - Equality, order and hash are those of the slice. Elements beyond the length do not count.
/// - Every length is valid. If a faulty process has stored a length beyond the capacity, the length is the capacity.
/// - If every bit pattern of `V` is valid, every bit pattern of the vector is valid. Otherwise every read checks all
///   `N` elements, even beyond the length, because they are values, too.
///
/// # Shape
///
/// `8 + N * size_of::<V>()` bytes, aligned as `V`: the length as a little-endian `u64`, then `N` elements. `N` ≥ 1, and
/// `V` is aligned to at most 8 bytes.
///
/// ```
/// use shmstore::FixedVec;
/// assert_eq!((size_of::<FixedVec<u32, 6>>(), align_of::<FixedVec<u32, 6>>()), (32, 4));
/// ```
///
/// `cargo build` refuses other shapes. `cargo check` does not see them:
///
/// ```compile_fail
/// let nothing = shmstore::FixedVec::<u32, 0>::new();
/// ```
#[derive(Clone, Copy)]
#[repr(C)]
pub struct FixedVec<V: ShmValue, const N: usize> {
    /// Little-endian. A faulty process may have stored any number, so only [`len`](Self::len) reads it.
    len: [u8; 8],
    pub(super) items: [V; N],
}

impl<V: ShmValue, const N: usize> FixedVec<V, N> {
    /// Makes an empty vector.
    ///
    /// `from` and `into` make a vector of an array. `try_from` and `try_into` make it of a slice or a `Vec`, and fail
    /// if there are too many elements. [`try_from_iter`](Self::try_from_iter) makes it of an iterator.
    #[must_use]
    #[inline]
    pub fn new(/* of an array: `FixedVec::from([1, 2])`; of a slice or `Vec`: `FixedVec::try_from(vec)?` */) -> Self {
        let () = Self::LAYOUT_HOLDS;
        Self { len: [0; 8], items: <[V; N]>::zeroed() }
    }

    /// Makes a vector of all elements of an iterator. It takes at most `N + 1` of them.
    ///
    /// ```
    /// # use shmstore::FixedVec;
    /// let squares = FixedVec::<u32, 4>::try_from_iter((1..=3).map(|n| n * n))?;
    /// assert_eq!(squares, [1, 4, 9]);
    /// assert!(FixedVec::<u32, 4>::try_from_iter(1..).is_err());
    /// # Ok::<(), shmstore::error::CapacityError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`CapacityError`] if there are more than `N` elements. With `elements.take(N)` it cannot fail.
    pub fn try_from_iter(elements: impl IntoIterator<Item = V>) -> Result<Self, CapacityError> {
        let mut vec = Self::new();
        elements.into_iter().try_for_each(|element| vec.push(element))?;
        Ok(vec)
    }

    /// Returns the capacity in elements, which is `N`.
    #[must_use]
    #[inline]
    pub const fn capacity(&self) -> usize {
        N
    }

    /// Returns the number of elements, 0 to `N`.
    #[must_use]
    #[inline]
    pub const fn len(&self) -> usize {
        clamped(u64::from_le_bytes(self.len), N)
    }

    /// Returns `true` if there are no elements.
    #[must_use]
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns `true` if there is no room for another element.
    #[must_use]
    #[inline]
    pub const fn is_full(&self) -> bool {
        self.len() == N
    }

    /// Returns the elements.
    #[must_use]
    #[inline]
    pub const fn as_slice(&self) -> &[V] {
        self.items.split_at(self.len()).0
    }

    /// Returns the elements for writing.
    #[must_use]
    #[inline]
    pub const fn as_mut_slice(&mut self) -> &mut [V] {
        let len = self.len();
        self.items.split_at_mut(len).0
    }

    /// Appends an element.
    ///
    /// # Errors
    ///
    /// [`CapacityError`] if the vector is full. The vector is unchanged.
    #[inline]
    pub fn push(&mut self, element: V) -> Result<(), CapacityError> {
        self.extend_from_slice(&[element])
    }

    /// Appends all of `elements`.
    ///
    /// # Errors
    ///
    /// [`CapacityError`] if they do not fit. The vector is unchanged.
    #[inline]
    pub fn extend_from_slice(&mut self, elements: &[V]) -> Result<(), CapacityError> {
        let len = self.len();
        let new_len = grown(len, elements.len(), N, Content::Elements)?;
        self.items[len..new_len].copy_from_slice(elements);
        self.set_len(new_len);
        Ok(())
    }

    /// Inserts an element at `index`, and moves the elements from there on up by one.
    ///
    /// ```
    /// # use shmstore::FixedVec;
    /// let mut letters: FixedVec<char, 4> = ['a', 'c'].into();
    /// letters.insert(1, 'b')?;
    /// assert_eq!(letters, ['a', 'b', 'c']);
    /// # Ok::<(), shmstore::error::CapacityError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`CapacityError`] if the vector is full. The vector is unchanged.
    ///
    /// # Panics
    ///
    /// Panics if `index` is greater than the length.
    #[track_caller]
    pub fn insert(&mut self, index: usize, element: V) -> Result<(), CapacityError> {
        let len = self.len();
        assert!(index <= len, "cannot insert at {index}: the `FixedVec` has {len} elements");
        self.push(element)?;
        self.copy_within(index..len, index + 1);
        self[index] = element;
        Ok(())
    }

    /// Removes the last element and returns it, or `None` if there is none.
    #[inline]
    pub fn pop(&mut self) -> Option<V> {
        let last = *self.last()?;
        self.truncate(self.len() - 1);
        Some(last)
    }

    /// Removes the element at `index` and returns it. The elements after it move down by one.
    ///
    /// ```
    /// # use shmstore::FixedVec;
    /// let mut letters: FixedVec<char, 4> = ['a', 'b', 'c'].into();
    /// assert_eq!(letters.remove(0), 'a');
    /// assert_eq!(letters, ['b', 'c']);
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if there is no element at `index`.
    #[track_caller]
    pub fn remove(&mut self, index: usize) -> V {
        let removed = self.expect_element(index);
        self.copy_within(index + 1.., index);
        self.truncate(self.len() - 1);
        removed
    }

    /// Removes the element at `index` and returns it. The last element moves to `index`.
    ///
    /// It is faster than [`remove`](Self::remove), but changes the order.
    ///
    /// ```
    /// # use shmstore::FixedVec;
    /// let mut letters: FixedVec<char, 4> = ['a', 'b', 'c'].into();
    /// assert_eq!(letters.swap_remove(0), 'a');
    /// assert_eq!(letters, ['c', 'b']);
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if there is no element at `index`.
    #[track_caller]
    pub fn swap_remove(&mut self, index: usize) -> V {
        let removed = self.expect_element(index);
        let last = self.len() - 1;
        self.swap(index, last);
        self.truncate(last);
        removed
    }

    /// Keeps the elements for which `keep` returns `true`, in their order, and removes the others.
    ///
    /// If `keep` panics, all elements are still there, in any order.
    ///
    /// ```
    /// # use shmstore::FixedVec;
    /// let mut numbers: FixedVec<u8, 8> = [1, 2, 3, 4, 5].into();
    /// numbers.retain(|n| n % 2 == 1);
    /// assert_eq!(numbers, [1, 3, 5]);
    /// ```
    pub fn retain(&mut self, mut keep: impl FnMut(&V) -> bool) {
        let mut kept = 0;
        for at in 0..self.len() {
            if keep(&self[at]) {
                self.swap(kept, at);
                kept += 1;
            }
        }
        self.truncate(kept);
    }

    /// Removes the elements from `new_len` on. It does nothing if there are none.
    #[inline]
    pub fn truncate(&mut self, new_len: usize) {
        let len = self.len();
        if new_len < len {
            self.items[new_len..len].fill(V::zeroed());
            self.set_len(new_len);
        }
    }

    /// Removes all elements.
    #[inline]
    pub fn clear(&mut self) {
        self.truncate(0);
    }

    #[track_caller]
    fn expect_element(&self, index: usize) -> V {
        let len = self.len();
        assert!(index < len, "cannot remove the element at {index}: the `FixedVec` has {len} elements");
        self[index]
    }

    /// Stores a length of at most `N`.
    #[inline]
    pub(super) fn set_len(&mut self, len: usize) {
        self.len = (len as u64).to_le_bytes();
    }
}
