//! The standard traits of `FixedString`. They act on the text, as for `String`, and never cut it and never panic.

use std::borrow::{Borrow, Cow};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::{FromStr, Utf8Error};

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Error as _, Serialize, Serializer};

use super::FixedString;
use crate::value::CapacityError;

impl<const N: usize> Default for FixedString<N> {
    #[inline]
    fn default() -> Self {
        Self::new()
    }
}

/// Shows the text, with U+FFFD in place of bytes that are not UTF-8. Width, alignment and precision apply.
impl<const N: usize> fmt::Display for FixedString<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_string_lossy())
    }
}

/// Shows the text in quotes, escaped as for `str`, with U+FFFD in place of bytes that are not UTF-8.
impl<const N: usize> fmt::Debug for FixedString<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.to_string_lossy(), f)
    }
}

/// Lets `write!` append. A piece that does not fit is an error and is not written. The pieces before it are written.
impl<const N: usize> fmt::Write for FixedString<N> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        self.push_str(piece).map_err(|_| fmt::Error)
    }
}

impl<const N: usize> FromStr for FixedString<N> {
    type Err = CapacityError;

    #[inline]
    fn from_str(text: &str) -> Result<Self, CapacityError> {
        let mut string = Self::new();
        string.push_str(text)?;
        Ok(string)
    }
}

macro_rules! from_text {
    ($($text:ty),*) => {$(
        impl<const N: usize> TryFrom<$text> for FixedString<N> {
            type Error = CapacityError;

            #[inline]
            fn try_from(text: $text) -> Result<Self, CapacityError> {
                text.parse()
            }
        }
    )*};
}

from_text!(&str, &String, String, Cow<'_, str>);

/// Converts the text, or fails if it is not UTF-8. `to_string()` never fails.
impl<const N: usize> TryFrom<FixedString<N>> for String {
    type Error = Utf8Error;

    fn try_from(string: FixedString<N>) -> Result<Self, Utf8Error> {
        string.to_str().map(Self::from)
    }
}

impl<const N: usize> AsRef<[u8]> for FixedString<N> {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

/// Lets a map with `FixedString` keys look up `name.as_bytes()`, for a `name` of any length.
impl<const N: usize> Borrow<[u8]> for FixedString<N> {
    #[inline]
    fn borrow(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl<const N: usize> PartialEq for FixedString<N> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl<const N: usize> Eq for FixedString<N> {}

impl<const N: usize> PartialOrd for FixedString<N> {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Compares bytes. For UTF-8 that is the order of the characters.
impl<const N: usize> Ord for FixedString<N> {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

/// Hashes as the bytes of the text, as `Borrow<[u8]>` demands.
impl<const N: usize> Hash for FixedString<N> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

macro_rules! equals_text {
    ($($text:ty),*) => {$(
        impl<const N: usize> PartialEq<$text> for FixedString<N> {
            #[inline]
            fn eq(&self, other: &$text) -> bool {
                self.as_bytes() == other.as_bytes()
            }
        }

        impl<const N: usize> PartialEq<FixedString<N>> for $text {
            #[inline]
            fn eq(&self, other: &FixedString<N>) -> bool {
                self.as_bytes() == other.as_bytes()
            }
        }
    )*};
}

equals_text!(str, &str, String, Cow<'_, str>);

/// Serializes as a string, or fails if the text is not UTF-8.
impl<const N: usize> Serialize for FixedString<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.to_str() {
            Ok(text) => serializer.serialize_str(text),
            Err(error) => Err(S::Error::custom(format_args!(
                "cannot serialize the `FixedString<{N}>` {self:?} as text: {error}, written by another process. Serialize \
                 its `to_string_lossy()` if it may contain replacement characters"
            ))),
        }
    }
}

/// Deserializes from a string of at most `N` bytes. The error for a longer one names the capacity.
impl<'de, const N: usize> Deserialize<'de> for FixedString<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor<const N: usize>;

impl<const N: usize> Visitor<'_> for TextVisitor<N> {
    type Value = FixedString<N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a string of at most {N} bytes")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        text.parse().map_err(E::custom)
    }
}
