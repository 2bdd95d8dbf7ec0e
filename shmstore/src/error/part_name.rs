//! The name of a part of an object, in errors.

use std::fmt;

use crate::layout::map_key::write_key;
use crate::layout::path::write_path;
use crate::layout::schema::Schema;

/// The part of an object that an error is about. It is shown as "`Bank.till` (`Lock`)", or as "this `Lock`" if it is
/// not part of an attached object. An entry of a map is shown with its key: "`Book.quotes["EURUSD"]`". A key
/// of more than 38 bytes as JSON is shortened, and the text says so.
///
/// It holds two addresses in the program, a number, and at most 38 bytes of a key, so a copy is cheap. The rest of the
/// text is made when it is shown.
#[derive(Clone, Copy)]
pub struct PartName {
    kind: &'static Schema,
    /// The object, and where in it the part begins.
    place: Option<(&'static Schema, usize)>,
    key: KeyText,
}

impl PartName {
    pub(crate) fn new(kind: &'static Schema, place: Option<(&'static Schema, usize)>) -> Self {
        Self { kind, place, key: KeyText::NONE }
    }

    /// Returns `true` if it is the name of an entry of a map.
    pub(super) fn is_entry(&self) -> bool {
        self.key.len > 0
    }

    /// Returns the name of the entry with this key in this map.
    pub(crate) fn at_key(self, key: KeyText) -> Self {
        Self { key, ..self }
    }
}

/// A key as it is written in a path. Of a long one the middle is left out. A text of no bytes is no key.
#[derive(Clone, Copy)]
pub(crate) struct KeyText {
    len: u8,
    /// Where something is left out. 0 if nothing is.
    cut: u8,
    // The errors that hold it stay below 128 bytes, from which on clippy warns users of them.
    bytes: [u8; 38],
}

impl KeyText {
    const NONE: Self = Self { len: 0, cut: 0, bytes: [0; 38] };

    /// The bytes that stay before the cut.
    const HEAD: usize = 20;

    /// Makes the text of a key from its bytes.
    pub(crate) fn of(schema: &Schema, bytes: &[u8]) -> Self {
        let mut writer = Shortened { text: Self::NONE, written: 0 };
        // The only error is that the text was too long.
        _ = write_key(&mut writer, schema, bytes);
        writer.text
    }

    fn push(&mut self, character: char) {
        let mut bytes = [0; 4];
        let bytes = character.encode_utf8(&mut bytes).as_bytes();
        while usize::from(self.len) + bytes.len() > self.bytes.len() {
            self.leave_one_out();
        }
        self.bytes[usize::from(self.len)..][..bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len() as u8;
    }

    /// Leaves out the first character after the cut.
    fn leave_one_out(&mut self) {
        let begins = |at: &usize| self.bytes[*at] & 0xc0 != 0x80;
        let len = usize::from(self.len);
        let at = if self.cut > 0 { self.cut.into() } else { (Self::HEAD..len).find(begins).unwrap_or(len) };
        let next = (at + 1..len).find(begins).unwrap_or(len);
        self.bytes.copy_within(next..len, at);
        (self.len, self.cut) = ((len - (next - at)) as u8, at as u8);
    }
}

impl fmt::Display for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = std::str::from_utf8(&self.bytes[..self.len.into()]).unwrap_or_default();
        match text.split_at_checked(self.cut.into()) {
            Some((head, tail)) if self.cut > 0 => write!(f, "{head}…{tail}"),
            _ => f.write_str(text),
        }
    }
}

/// Writes a key, and leaves the middle out.
struct Shortened {
    text: KeyText,
    written: usize,
}

impl fmt::Write for Shortened {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        /// The longest text whose end is looked for. A program may make errors in a loop.
        const MOST: usize = 4096;
        for character in text.chars() {
            if self.written == MOST {
                self.text.len = self.text.cut;
                return Err(fmt::Error);
            }
            self.written += 1;
            self.text.push(character);
        }
        Ok(())
    }
}

impl fmt::Display for PartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, place, key } = self;
        let path = place.and_then(|(object, offset)| Some((object, object.path_of_part(offset)?)));
        let named = path.filter(|(_, steps)| !steps.is_empty());
        if self.is_entry() {
            write!(f, "the entry `")?;
            if let Some((object, steps)) = &named {
                write!(f, "{object}.")?;
                write_path(f, steps)?;
            }
            write!(f, "[{key}]`")?;
            if named.is_none() {
                write!(f, " of this `{kind}`")?;
            }
            return f.write_str(if key.cut > 0 { " (the key is shortened)" } else { "" });
        }
        match named {
            Some((object, steps)) => {
                write!(f, "`{object}.")?;
                write_path(f, &steps)?;
                write!(f, "` (`{kind}`)")
            }
            None => write!(f, "this `{kind}`"),
        }
    }
}

/// Two names are equal if they are shown as the same text.
impl PartialEq for PartName {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for PartName {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, LoanError, PinError, RecvError, WaitError};
    use crate::layout::ShmLayout;
    use crate::{FixedString, Map};

    type Text = FixedString<10_000>;

    fn shown(key: &str) -> String {
        let bytes = [&(key.len() as u32).to_le_bytes(), key.as_bytes()].concat();
        let kind = <Map<Text, u8, 1> as ShmLayout>::SCHEMA;
        let shown = PartName::new(kind, None).at_key(KeyText::of(Text::SCHEMA, &bytes)).to_string();
        let shown = shown.strip_prefix("the entry `[").unwrap();
        shown.replace("]` of this `Map<FixedString<10000>, u8, 1>`", "")
    }

    #[test]
    fn a_key_of_38_bytes_is_shown_whole_and_a_longer_one_says_that_it_is_shortened() {
        for key in [String::new(), "EURUSD".into(), "k".repeat(36), "é".repeat(18)] {
            assert_eq!(shown(&key), format!("\"{key}\""));
        }
        let [one, other] = ["one", "other"].map(|end| shown(&format!("/var/lib/prices/europe/london/{end}/close")));
        assert_eq!(one, "\"/var/lib/prices/eur…/london/one/close\" (the key is shortened)");
        assert_ne!(one, other);
        assert_eq!(shown(&"k".repeat(37)), format!("\"{}…{}\" (the key is shortened)", "k".repeat(19), "k".repeat(17)));
    }

    #[test]
    fn no_character_is_cut_in_two() {
        for (ascii, wide) in (0..60).flat_map(|ascii| ["é", "→", "🦀"].map(|wide| (ascii, wide))) {
            let key = "k".repeat(ascii) + &wide.repeat(60);
            let shown = shown(&key);
            let (head, tail) = shown.strip_suffix(" (the key is shortened)").unwrap().split_once('…').unwrap();
            assert!(key.starts_with(&head[1..]) && key.ends_with(&tail[..tail.len() - 1]), "{shown}");
            assert!((32..=38).contains(&(head.len() + tail.len())), "{shown}");
        }
    }

    #[test]
    fn the_end_of_a_very_long_key_is_not_looked_for() {
        assert_eq!(shown(&"k".repeat(10_000)), format!("\"{}… (the key is shortened)", "k".repeat(19)));
    }

    #[test]
    fn errors_are_not_so_large_that_clippy_warns_of_them() {
        // The largest ones, and the union of all.
        let sizes = [
            size_of::<WaitError>(),
            size_of::<RecvError>(),
            size_of::<LoanError>(),
            size_of::<PinError>(),
            size_of::<Error>(),
        ];
        assert!(sizes.iter().all(|size| *size < 128), "{sizes:?}");
    }
}
