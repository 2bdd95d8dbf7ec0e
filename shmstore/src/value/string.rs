//! Text with a fixed capacity.

use std::borrow::Cow;
use std::str::Utf8Error;

use super::{clamped, grown};
use crate::value::{CapacityError, Content};

/// A `String` that can be copied through shared memory: up to `N` bytes of UTF-8 text, stored in place.
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
/// assert!(name.push_str("-telemetry").is_err()); // 17 bytes: refused, and nothing was cut off
/// assert_eq!(name, "rover-7");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Guarantees
///
/// - Every bit pattern is valid. A length beyond the capacity, from a faulty writer, counts as the capacity. Bytes that
///   are not UTF-8 are found by [`to_str`](Self::to_str), and replaced by U+FFFD in `Display`, `Debug` and
///   [`to_string_lossy`](Self::to_string_lossy). `Serialize` fails for them, rather than write other text than there is.
/// - Text is never cut off silently: what does not fit is a [`CapacityError`], and changes nothing. That is why there is
///   no `Extend` and no `FromIterator`. [`from_truncated`](Self::from_truncated) cuts because it is asked to.
/// - All bytes zero is the empty string, and text that is removed is overwritten with zeros: of two equal strings made
///   by these methods, all bytes are equal.
/// - Equality, order and hash are those of the text's bytes, and so those of the text. Bytes after the text, where
///   another writer may have left anything, do not count.
///
/// # Shape
///
/// `N + 4` bytes, aligned to 1: the length as a little-endian `u32`, then `N` bytes, of which the first *length* are the
/// text. `N` is 1 to `u32::MAX`. Before a field that is aligned to 8 bytes choose `N` = 4, 12, 20, …: the string then
/// ends at a multiple of 8, and no [`Pad`](crate::Pad) is needed.
///
/// ```
/// use shmstore::FixedString;
/// assert_eq!(size_of::<FixedString<12>>(), 16);
/// ```
///
/// A capacity of no bytes is refused when it is compiled (by `cargo build`; `cargo check` does not evaluate this):
///
/// ```compile_fail
/// let nothing = shmstore::FixedString::<0>::new();
/// ```
#[derive(Clone, Copy)]
#[repr(C)]
pub struct FixedString<const N: usize> {
    /// Little-endian; anything at all after a faulty writer: only [`len`](Self::len) reads it.
    len: [u8; 4],
    pub(super) bytes: [u8; N],
}

impl<const N: usize> FixedString<N> {
    /// Makes an empty string. A text becomes one by `try_from`, `try_into` or `parse`, which fail if it is too long.
    ///
    /// ```
    /// use shmstore::FixedString;
    /// const NOBODY: FixedString<20> = FixedString::new();
    /// assert_eq!(NOBODY, "");
    /// assert_eq!(FixedString::<20>::try_from("rover")?, "rover");
    /// # Ok::<(), shmstore::error::CapacityError>(())
    /// ```
    #[must_use]
    #[inline]
    pub const fn new(/* of a text: `FixedString::try_from("text")?` */) -> Self {
        let () = Self::LAYOUT_HOLDS;
        Self { len: [0; 4], bytes: [0; N] }
    }

    /// Makes a string of as much of `text` as fits, cut between two characters.
    ///
    /// ```
    /// use shmstore::FixedString;
    /// assert_eq!(FixedString::<4>::from_truncated("rover"), "rove");
    /// assert_eq!(FixedString::<4>::from_truncated("häää"), "hä"); // each ä is two bytes: three do not fit
    /// ```
    #[must_use]
    pub fn from_truncated(text: &str) -> Self {
        let text = &text.as_bytes()[..floor_char_boundary(text.as_bytes(), N)];
        let mut string = Self::new();
        string.bytes[..text.len()].copy_from_slice(text);
        string.set_len(text.len());
        string
    }

    /// How many bytes of text there is room for: `N`.
    #[must_use]
    #[inline]
    pub const fn capacity(&self) -> usize {
        N
    }

    /// How many bytes of text there are, 0 to `N`.
    #[must_use]
    #[inline]
    pub const fn len(&self) -> usize {
        clamped(u32::from_le_bytes(self.len) as u64, N)
    }

    /// Tells whether there is no text.
    #[must_use]
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the bytes of the text, UTF-8 or not.
    #[must_use]
    #[inline]
    pub const fn as_bytes(&self) -> &[u8] {
        self.bytes.split_at(self.len()).0
    }

    /// Returns the text, checked to be UTF-8.
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
    /// [`Utf8Error`] if another process wrote something else: go on with [`to_string_lossy`](Self::to_string_lossy) or
    /// [`as_bytes`](Self::as_bytes), or report the writer.
    #[inline]
    pub const fn to_str(&self) -> Result<&str, Utf8Error> {
        std::str::from_utf8(self.as_bytes())
    }

    /// Returns the text with U+FFFD in place of everything that is not UTF-8; allocates only if there is any.
    ///
    /// ```
    /// # use shmstore::FixedString;
    /// assert_eq!(FixedString::<12>::from_truncated("rover").to_string_lossy(), "rover");
    /// ```
    #[must_use]
    pub fn to_string_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.as_bytes())
    }

    /// Appends `text`, all of it or nothing.
    ///
    /// # Errors
    ///
    /// [`CapacityError`] if it does not fit; the string is as it was.
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
    /// [`CapacityError`] if its 1 to 4 bytes do not fit; the string is as it was.
    #[inline]
    pub fn push(&mut self, character: char) -> Result<(), CapacityError> {
        self.push_str(character.encode_utf8(&mut [0; 4]))
    }

    /// Removes the last character and returns it, or `None` if there is no text.
    ///
    /// Characters come off as [`to_string_lossy`](Self::to_string_lossy) shows them: bytes that are not UTF-8 as U+FFFD.
    ///
    /// ```
    /// # use shmstore::FixedString;
    /// let mut word = FixedString::<8>::from_truncated("foß");
    /// assert_eq!(word.pop(), Some('ß'));
    /// assert_eq!(word, "fo");
    /// ```
    pub fn pop(&mut self) -> Option<char> {
        let text = self.as_bytes();
        // No sequence reaches over the first byte of another, so what ends the text is found without reading it all.
        let start = floor_char_boundary(text, text.len().checked_sub(1)?);
        let last = text[start..].utf8_chunks().last()?;
        let (character, width) = match last.invalid() {
            [] => last.valid().chars().next_back().map(|character| (character, character.len_utf8()))?,
            broken => (char::REPLACEMENT_CHARACTER, broken.len()),
        };
        self.cut(text.len() - width);
        Some(character)
    }

    /// Cuts the text to at most `new_len` bytes; does nothing if it is not longer.
    ///
    /// Unlike `String::truncate` this does not panic where `new_len` is in the middle of a character: the whole
    /// character goes.
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

    /// Keeps the first `new_len` bytes of the text, which has at least so many, and overwrites the rest of it.
    fn cut(&mut self, new_len: usize) {
        let len = self.len();
        self.bytes[new_len..len].fill(0);
        self.set_len(new_len);
    }

    /// Stores a length, which is at most `N` and so fits.
    #[inline]
    fn set_len(&mut self, len: usize) {
        self.len = (len as u32).to_le_bytes();
    }
}

/// The last place at or before `at` where `text` can be cut without splitting a character.
///
/// In UTF-8 a character's first byte is followed by at most three that cannot be a first byte. Where there are more of
/// those, `text` is not UTF-8, and `at` is as good a place as any.
fn floor_char_boundary(text: &[u8], at: usize) -> usize {
    if at >= text.len() {
        return text.len();
    }
    let starts_character = |&cut: &usize| text[cut] & 0b1100_0000 != 0b1000_0000;
    (at.saturating_sub(3)..=at).rev().find(starts_character).unwrap_or(at)
}
