//! Text with a fixed capacity.

use std::borrow::Cow;
use std::str::Utf8Error;

use super::{clamped, grown};
use crate::value::{CapacityError, Content};

/// A text of up to `N` bytes that can be copied through shared memory.
///
/// It is stored in place, as UTF-8, and has methods like those of `String`.
///
/// ```
/// use shmstore::FixedString;
///
/// let mut name: FixedString<12> = "rover".try_into()?;
/// name.push_str("-7")?;
/// assert_eq!(name, "rover-7");
/// assert_eq!(name.to_str()?, "rover-7");
/// assert_eq!(format!("{name:>9}"), "  rover-7");
///
/// assert!(name.push_str("-telemetry").is_err()); // 17 bytes are refused, and nothing is cut off
/// assert_eq!(name, "rover-7");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Guarantees
///
/// - Text is never cut off silently. Text that does not fit is a [`CapacityError`], and the string is unchanged. So
///   there is no `Extend` and no `FromIterator`. [`from_truncated`](Self::from_truncated) cuts on purpose.
/// - All bytes zero is the empty string, and removed text is overwritten with zeros. So two equal strings made by these
///   methods have equal bytes.
/// - Equality, order and hash are those of the text. Bytes after the text do not count.
/// - Every bit pattern is valid. If a faulty process has stored a length beyond the capacity, the length is the
///   capacity. If it has stored bytes that are not UTF-8, [`to_str`](Self::to_str) and `Serialize` fail. `Display`,
///   `Debug` and [`to_string_lossy`](Self::to_string_lossy) show U+FFFD instead.
///
/// # Shape
///
/// `N + 4` bytes, aligned to 1: the length as a little-endian `u32`, then `N` bytes that begin with the text. `N` is 1
/// to `u32::MAX`.
///
/// Before a field that is aligned to 8 bytes choose `N` = 4, 12, 20, …, so that the string ends at a multiple of 8 and
/// needs no [`Pad`](crate::Pad).
///
/// ```
/// use shmstore::FixedString;
/// assert_eq!(size_of::<FixedString<12>>(), 16);
/// ```
///
/// `cargo build` refuses a capacity of no bytes. `cargo check` does not see it:
///
/// ```compile_fail
/// let nothing = shmstore::FixedString::<0>::new();
/// ```
#[derive(Clone, Copy)]
#[repr(C)]
pub struct FixedString<const N: usize> {
    /// Little-endian. A faulty process may have stored any number, so only [`len`](Self::len) reads it.
    len: [u8; 4],
    pub(super) bytes: [u8; N],
}

impl<const N: usize> FixedString<N> {
    /// Makes an empty string.
    ///
    /// `try_from`, `try_into` and `parse` make a string of a text. They fail if the text is too long.
    ///
    /// ```
    /// use shmstore::FixedString;
    /// const EMPTY: FixedString<20> = FixedString::new();
    /// assert_eq!(EMPTY, "");
    /// assert_eq!(FixedString::<20>::try_from("rover")?, "rover");
    /// # Ok::<(), shmstore::error::CapacityError>(())
    /// ```
    #[must_use]
    #[inline]
    pub const fn new(/* of a text: `FixedString::try_from("text")?` */) -> Self {
        let () = Self::LAYOUT_HOLDS;
        Self { len: [0; 4], bytes: [0; N] }
    }

    /// Makes a string of as many characters of `text` as fit.
    ///
    /// ```
    /// use shmstore::FixedString;
    /// assert_eq!(FixedString::<4>::from_truncated("rover"), "rove");
    /// assert_eq!(FixedString::<4>::from_truncated("häää"), "hä"); // each ä has two bytes
    /// ```
    #[must_use]
    pub fn from_truncated(text: &str) -> Self {
        let text = &text.as_bytes()[..floor_char_boundary(text.as_bytes(), N)];
        let mut string = Self::new();
        string.bytes[..text.len()].copy_from_slice(text);
        string.set_len(text.len());
        string
    }

    /// Returns the capacity in bytes of text, which is `N`.
    #[must_use]
    #[inline]
    pub const fn capacity(&self) -> usize {
        N
    }

    /// Returns the length of the text in bytes, 0 to `N`.
    #[must_use]
    #[inline]
    pub const fn len(&self) -> usize {
        clamped(u32::from_le_bytes(self.len) as u64, N)
    }

    /// Returns `true` if there is no text.
    #[must_use]
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the bytes of the text, even if they are not UTF-8.
    #[must_use]
    #[inline]
    pub const fn as_bytes(&self) -> &[u8] {
        self.bytes.split_at(self.len()).0
    }

    /// Returns the text.
    ///
    /// ```
    /// # use shmstore::FixedString;
    /// let name: FixedString<12> = "rover".try_into()?;
    /// assert_eq!(name.to_str()?.chars().rev().collect::<String>(), "revor");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Utf8Error`] if another process has written bytes that are not UTF-8.
    /// [`to_string_lossy`](Self::to_string_lossy) and [`as_bytes`](Self::as_bytes) do not fail.
    #[inline]
    pub const fn to_str(&self) -> Result<&str, Utf8Error> {
        std::str::from_utf8(self.as_bytes())
    }

    /// Returns the text with U+FFFD in place of bytes that are not UTF-8. It allocates only if there are such bytes.
    ///
    /// ```
    /// # use shmstore::FixedString;
    /// assert_eq!(FixedString::<12>::from_truncated("rover").to_string_lossy(), "rover");
    /// ```
    #[must_use]
    pub fn to_string_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.as_bytes())
    }

    /// Appends all of `text`.
    ///
    /// # Errors
    ///
    /// [`CapacityError`] if it does not fit. The string is unchanged.
    #[inline]
    pub fn push_str(&mut self, text: &str) -> Result<(), CapacityError> {
        let len = self.len();
        let new_len = grown(len, text.len(), N, Content::Text)?;
        self.bytes[len..new_len].copy_from_slice(text.as_bytes());
        self.set_len(new_len);
        Ok(())
    }

    /// Appends a character.
    ///
    /// # Errors
    ///
    /// [`CapacityError`] if its 1 to 4 bytes do not fit. The string is unchanged.
    #[inline]
    pub fn push(&mut self, character: char) -> Result<(), CapacityError> {
        self.push_str(character.encode_utf8(&mut [0; 4]))
    }

    /// Removes the last character and returns it, or `None` if there is no text.
    ///
    /// Bytes that are not UTF-8 count as the characters U+FFFD that [`to_string_lossy`](Self::to_string_lossy) shows.
    ///
    /// ```
    /// # use shmstore::FixedString;
    /// let mut word = FixedString::<8>::from_truncated("foß");
    /// assert_eq!(word.pop(), Some('ß'));
    /// assert_eq!(word, "fo");
    /// ```
    pub fn pop(&mut self) -> Option<char> {
        let text = self.as_bytes();
        // No sequence reaches over the first byte of another, so the last one is found without reading the whole text.
        let start = floor_char_boundary(text, text.len().checked_sub(1)?);
        let last = text[start..].utf8_chunks().last()?;
        let (character, width) = match last.invalid() {
            [] => last.valid().chars().next_back().map(|character| (character, character.len_utf8()))?,
            broken => (char::REPLACEMENT_CHARACTER, broken.len()),
        };
        self.cut(text.len() - width);
        Some(character)
    }

    /// Cuts the text to at most `new_len` bytes.
    ///
    /// It does nothing if the text is not longer. If `new_len` is in the middle of a character, the whole character is
    /// removed, while `String::truncate` panics.
    ///
    /// ```
    /// # use shmstore::FixedString;
    /// let mut word = FixedString::<8>::from_truncated("foß");
    /// word.truncate(3); // ß is bytes 2 and 3
    /// assert_eq!(word, "fo");
    /// ```
    pub fn truncate(&mut self, new_len: usize) {
        self.cut(floor_char_boundary(self.as_bytes(), new_len));
    }

    /// Removes all text.
    #[inline]
    pub fn clear(&mut self) {
        self.cut(0);
    }

    /// Keeps the first `new_len` bytes of the text and overwrites the others. The text has at least `new_len` bytes.
    fn cut(&mut self, new_len: usize) {
        let len = self.len();
        self.bytes[new_len..len].fill(0);
        self.set_len(new_len);
    }

    /// Returns the same text with a length of at most `N` and zeros after it.
    #[inline]
    pub(super) fn with_clean_tail(&self) -> Self {
        let (mut string, len) = (*self, self.len());
        // A map cleans the key of each look-up. With indices of one byte the compiler compares 16 bytes at once, which
        // is three times as fast as a call of `memset` for a short text.
        if N <= 255 {
            for (at, byte) in string.bytes.iter_mut().enumerate() {
                *byte = if (at as u8) < len as u8 { *byte } else { 0 };
            }
        } else {
            string.bytes[len..].fill(0);
        }
        string.set_len(len);
        string
    }

    /// Stores a length of at most `N`.
    #[inline]
    fn set_len(&mut self, len: usize) {
        self.len = (len as u32).to_le_bytes();
    }
}

/// Returns the last index up to `at` where `text` can be cut without splitting a character.
///
/// In UTF-8 at most three bytes that cannot begin a character follow the byte that begins it. If there are more, `text`
/// is not UTF-8, and is cut at `at`.
fn floor_char_boundary(text: &[u8], at: usize) -> usize {
    if at >= text.len() {
        return text.len();
    }
    let starts_character = |&cut: &usize| text[cut] & 0b1100_0000 != 0b1000_0000;
    (at.saturating_sub(3)..=at).rev().find(starts_character).unwrap_or(at)
}
