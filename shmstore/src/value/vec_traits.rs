//! The standard traits of `FixedVec`. They act on the slice, as for `Vec`, and never leave an element out.

use std::array;
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::iter::Take;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::slice;

use serde::de::{Deserialize, Deserializer, Error as _, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::FixedVec;
use crate::layout::ShmValue;
use crate::value::CapacityError;

impl<V: ShmValue, const N: usize> Default for FixedVec<V, N> {
    #[inline]
    fn default() -> Self {
        Self::new()
    }
}

impl<V: ShmValue + fmt::Debug, const N: usize> fmt::Debug for FixedVec<V, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(f)
    }
}

impl<V: ShmValue, const N: usize> Deref for FixedVec<V, N> {
    type Target = [V];

    #[inline]
    fn deref(&self) -> &[V] {
        self.as_slice()
    }
}

impl<V: ShmValue, const N: usize> DerefMut for FixedVec<V, N> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [V] {
        self.as_mut_slice()
    }
}

impl<V: ShmValue, const N: usize> AsRef<[V]> for FixedVec<V, N> {
    #[inline]
    fn as_ref(&self) -> &[V] {
        self
    }
}

impl<V: ShmValue, const N: usize> AsMut<[V]> for FixedVec<V, N> {
    #[inline]
    fn as_mut(&mut self) -> &mut [V] {
        self
    }
}

/// Lets a map with `FixedVec` keys look up a slice of any length.
impl<V: ShmValue, const N: usize> Borrow<[V]> for FixedVec<V, N> {
    #[inline]
    fn borrow(&self) -> &[V] {
        self
    }
}

/// `cargo build` refuses an array with more than `N` elements:
///
/// ```compile_fail
/// let two: shmstore::FixedVec<u8, 2> = [1, 2, 3].into();
/// ```
impl<V: ShmValue, const N: usize, const M: usize> From<[V; M]> for FixedVec<V, N> {
    #[inline]
    fn from(elements: [V; M]) -> Self {
        const { assert!(M <= N, "this array is too long for the `FixedVec`: raise its capacity to the array's length") };
        let mut vec = Self::new();
        vec.items[..M].copy_from_slice(&elements);
        vec.set_len(M);
        vec
    }
}

macro_rules! from_elements {
    ($($elements:ty),*) => {$(
        impl<V: ShmValue, const N: usize> TryFrom<$elements> for FixedVec<V, N> {
            type Error = CapacityError;

            #[inline]
            fn try_from(elements: $elements) -> Result<Self, CapacityError> {
                let mut vec = Self::new();
                vec.extend_from_slice(&elements)?;
                Ok(vec)
            }
        }
    )*};
}

from_elements!(&[V], &Vec<V>, Vec<V>);

impl<V: ShmValue, const N: usize> From<FixedVec<V, N>> for Vec<V> {
    fn from(vec: FixedVec<V, N>) -> Self {
        vec.to_vec()
    }
}

impl<V: ShmValue, const N: usize> IntoIterator for FixedVec<V, N> {
    type Item = V;
    type IntoIter = Take<array::IntoIter<V, N>>;

    #[inline]
    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter().take(self.len())
    }
}

impl<'a, V: ShmValue, const N: usize> IntoIterator for &'a FixedVec<V, N> {
    type Item = &'a V;
    type IntoIter = slice::Iter<'a, V>;

    #[inline]
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, V: ShmValue, const N: usize> IntoIterator for &'a mut FixedVec<V, N> {
    type Item = &'a mut V;
    type IntoIter = slice::IterMut<'a, V>;

    #[inline]
    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl<V: ShmValue + PartialEq, const N: usize> PartialEq for FixedVec<V, N> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl<V: ShmValue + Eq, const N: usize> Eq for FixedVec<V, N> {}

impl<V: ShmValue + PartialOrd, const N: usize> PartialOrd for FixedVec<V, N> {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.as_slice().partial_cmp(other.as_slice())
    }
}

impl<V: ShmValue + Ord, const N: usize> Ord for FixedVec<V, N> {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_slice().cmp(other.as_slice())
    }
}

/// Hashes as the slice, as `Borrow<[V]>` demands.
impl<V: ShmValue + Hash, const N: usize> Hash for FixedVec<V, N> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}

macro_rules! equals_elements {
    ($($elements:ty $(, $len:ident)?;)*) => {$(
        impl<V: ShmValue + PartialEq, const N: usize $(, const $len: usize)?> PartialEq<$elements> for FixedVec<V, N> {
            #[inline]
            fn eq(&self, other: &$elements) -> bool {
                self.as_slice() == &other[..]
            }
        }

        impl<V: ShmValue + PartialEq, const N: usize $(, const $len: usize)?> PartialEq<FixedVec<V, N>> for $elements {
            #[inline]
            fn eq(&self, other: &FixedVec<V, N>) -> bool {
                &self[..] == other.as_slice()
            }
        }
    )*};
}

equals_elements! {
    [V];
    &[V];
    [V; M], M;
    &[V; M], M;
    Vec<V>;
}

/// Serializes as a sequence of the elements.
impl<V: ShmValue + Serialize, const N: usize> Serialize for FixedVec<V, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_slice().serialize(serializer)
    }
}

/// Deserializes from a sequence of at most `N` elements. The error for a longer one names the capacity.
impl<'de, V: ShmValue + Deserialize<'de>, const N: usize> Deserialize<'de> for FixedVec<V, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ElementsVisitor(PhantomData))
    }
}

struct ElementsVisitor<V, const N: usize>(PhantomData<V>);

impl<'de, V: ShmValue + Deserialize<'de>, const N: usize> Visitor<'de> for ElementsVisitor<V, N> {
    type Value = FixedVec<V, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a sequence of at most {N} elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut vec = FixedVec::new();
        while let Some(element) = elements.next_element()? {
            vec.push(element).map_err(A::Error::custom)?;
        }
        Ok(vec)
    }
}
