//! The name of a part of an object, in errors.

use std::fmt;

use crate::layout::key_text::write_key;
use crate::layout::path::write_path;
use crate::layout::schema::Schema;

/// The part of an object that an error is about. It is shown as "`Bank.till` (`Lock`)", or as "this `Lock`" if it is
/// not part of an attached object. An entry of a map is shown with its key: "`Book.quotes["EURUSD"]`".
///
/// It holds two addresses in the program, a number, and a short text of the key, so a copy is cheap. The rest of the
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

    /// Returns the name of the entry with this key in this map.
    pub(crate) fn at_key(self, key: KeyText) -> Self {
        Self { key, ..self }
    }
}

/// A key as it is written in a path. A long one is cut off. A text of no bytes is no key.
#[derive(Clone, Copy)]
pub(crate) struct KeyText {
    len: u8,
    bytes: [u8; 23],
}

impl KeyText {
    const NONE: Self = Self { len: 0, bytes: [0; 23] };

    /// Makes the text of a key from its bytes.
    pub(crate) fn of(schema: &Schema, bytes: &[u8]) -> Self {
        let mut text = Self::NONE;
        // The only error is that the text was cut off.
        _ = write_key(&mut text, schema, bytes);
        text
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }
}

impl fmt::Write for KeyText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        const CUT: &str = "…";
        for character in text.chars() {
            let mut bytes = [0; 4];
            let bytes = character.encode_utf8(&mut bytes);
            let at = usize::from(self.len);
            let fits = at + bytes.len() + CUT.len() <= self.bytes.len();
            let (bytes, end) = if fits { (&*bytes, Ok(())) } else { (CUT, Err(fmt::Error)) };
            self.bytes[at..at + bytes.len()].copy_from_slice(bytes.as_bytes());
            self.len += bytes.len() as u8;
            end?;
        }
        Ok(())
    }
}

impl fmt::Display for PartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, place, key } = self;
        let path = place.and_then(|(object, offset)| Some((object, object.path_of_part(offset)?)));
        let named = path.filter(|(_, steps)| !steps.is_empty());
        if key.len > 0 {
            write!(f, "the entry `")?;
            if let Some((object, steps)) = &named {
                write!(f, "{object}.")?;
                write_path(f, steps)?;
            }
            write!(f, "[{}]`", key.as_str())?;
            return if named.is_some() { Ok(()) } else { write!(f, " of this `{kind}`") };
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
