//! A list with a fixed capacity.

use super::{clamped, grown};
use crate::layout::ShmValue;
use crate::value::{CapacityError, Content};

/// A `Vec` that can be copied through shared memory: up to `N` values, stored in place.
///
/// It derefs to the slice of its elements, so everything that slices can do, it can.
///
/// ```
/// use shmstore::FixedVec;
///
/// let mut readings: FixedVec<f64, 4> = [20.5, 21.0].into();
/// readings.push(19.5)?;
/// assert_eq!(readings, [20.5, 21.0, 19.5]);
/// assert_eq!(readings.iter().sum::<f64>(), 61.0);
///
/// assert!(readings.extend_from_slice(&[18.0, 18.5]).is_err()); // five: refused, and nothing was cut off
/// assert_eq!(readings.len(), 3);
/// # Ok::<(), shmstore::error::CapacityError>(())
/// ```
///
/// # Guarantees
///
/// - Every length is valid: one beyond the capacity, from a faulty writer, counts as the capacity. So if every bit
///   pattern of `V` is valid, every bit pattern of the vector is; otherwise all `N` elements are checked on every read,
///   those beyond the length too, since they are values as well.
/// - Elements are never left out silently: what does not fit is a [`CapacityError`], and changes nothing. That is why
///   there is no `Extend` and no `FromIterator`: use [`try_from_iter`](Self::try_from_iter).
/// - All bytes zero is the empty vector, and elements that are removed are overwritten with zeros.
/// - Equality, order and hash are those of the slice. What is beyond the length does not count.
///
/// # Shape
///
/// `8 + N * size_of::<V>()` bytes, aligned as `V`: the length as a little-endian `u64`, then `N` elements, of which the
/// first *length* count. `N` ≥ 1, and `V` is aligned to at most 8 bytes.
///
/// ```
/// use shmstore::FixedVec;
/// assert_eq!((size_of::<FixedVec<u32, 6>>(), align_of::<FixedVec<u32, 6>>()), (32, 4));
/// ```
///
/// Other shapes are refused when they are compiled (by `cargo build`; `cargo check` does not evaluate this):
///
/// ```compile_fail
/// let nothing = shmstore::FixedVec::<u32, 0>::new();
/// ```
#[derive(Clone, Copy)]
#[repr(C)]
pub struct FixedVec<V: ShmValue, const N: usize> {
    /// Little-endian; anything at all after a faulty writer: only [`len`](Self::len) reads it.
    len: [u8; 8],
    pub(super) items: [V; N],
}

impl<V: ShmValue, const N: usize> FixedVec<V, N> {
    /// Makes an empty vector. An array becomes one by `from` or `into`; a slice or a `Vec` by `try_from` or `try_into`,
    /// which fail if there are too many elements; an iterator by [`try_from_iter`](Self::try_from_iter).
    #[must_use]
    #[inline]
    pub fn new(/* of an array: `FixedVec::from([1, 2])`; of a slice or `Vec`: `FixedVec::try_from(vec)?` */) -> Self {
        let () = Self::LAYOUT_HOLDS;
        Self { len: [0; 8], items: <[V; N]>::zeroed() }
    }

    /// Makes a vector of all that `elements` gives; of an endless iterator it takes `N + 1`.
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
    /// [`CapacityError`] if there are more than `N`; to have the first `N` of them, say so: `elements.take(N)`.
    pub fn try_from_iter(elements: impl IntoIterator<Item = V>) -> Result<Self, CapacityError> {
        let mut vec = Self::new();
        elements.into_iter().try_for_each(|element| vec.push(element))?;
        Ok(vec)
    }

    /// How many elements there is room for: `N`.
    #[must_use]
    #[inline]
    pub const fn capacity(&self) -> usize {
        N
    }

    /// How many elements there are, 0 to `N`.
    #[must_use]
    #[inline]
    pub const fn len(&self) -> usize {
        clamped(u64::from_le_bytes(self.len), N)
    }

    /// Tells whether there are no elements.
    #[must_use]
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Tells whether there is no room for another element.
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

    /// Returns the elements, to be changed.
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
    /// [`CapacityError`] if the vector is full; it is as it was.
    #[inline]
    pub fn push(&mut self, element: V) -> Result<(), CapacityError> {
        self.extend_from_slice(&[element])
    }

    /// Appends all of `elements`, or none.
    ///
    /// # Errors
    ///
    /// [`CapacityError`] if they do not fit; the vector is as it was.
    #[inline]
    pub fn extend_from_slice(&mut self, elements: &[V]) -> Result<(), CapacityError> {
        let len = self.len();
        let new_len = grown(len, elements.len(), N, Content::Elements)?;
        self.items[len..new_len].copy_from_slice(elements);
        self.set_len(new_len);
        Ok(())
    }

    /// Puts an element at `index` and moves those from there on up by one.
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
    /// [`CapacityError`] if the vector is full; it is as it was.
    ///
    /// # Panics
    ///
    /// If `index` is greater than the length.
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

    /// Removes the element at `index`, moves those after it down by one, and returns it.
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
    /// If there is no element at `index`.
    #[track_caller]
    pub fn remove(&mut self, index: usize) -> V {
        let removed = self.expect_element(index);
        self.copy_within(index + 1.., index);
        self.truncate(self.len() - 1);
        removed
    }

    /// Removes the element at `index`, puts the last one in its place, and returns it: faster than
    /// [`remove`](Self::remove), but it changes the order.
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
    /// If there is no element at `index`.
    #[track_caller]
    pub fn swap_remove(&mut self, index: usize) -> V {
        let removed = self.expect_element(index);
        let last = self.len() - 1;
        self.swap(index, last);
        self.truncate(last);
        removed
    }

    /// Keeps the elements that `keep` says `true` to, in their order, and removes the others.
    ///
    /// If `keep` panics, all elements are still there, in some order.
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

    /// Removes the elements from `new_len` on; does nothing if there are none.
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

    /// Stores a length, which is at most `N`.
    #[inline]
    pub(super) fn set_len(&mut self, len: usize) {
        self.len = (len as u64).to_le_bytes();
    }
}
