//! The object of a segment: its anchor, id and layout, as the header says.

use std::sync::atomic::Ordering::Relaxed;

use super::{BYTE_ORDER, Damage, FORMAT_VERSION, HINT_BYTES, Header, JOURNAL_BIT, POINTER_BYTES};
use crate::layout::hash::LayoutHash;
use crate::segment::identity::Identity;
use crate::sys::file::Birth;

impl Header {
    /// Writes the identity and the layout hash of the object.
    pub(crate) fn describe(&self, nonce: u64, identity: &Identity, id: u8, hash: LayoutHash, path: &[u8]) {
        self.version.store(FORMAT_VERSION, Relaxed);
        self.header_len.store(size_of::<Self>() as u32, Relaxed);
        self.byte_order.store(BYTE_ORDER, Relaxed);
        self.pointer_bytes.store(POINTER_BYTES, Relaxed);
        self.nonce.store(nonce, Relaxed);
        self.dev.store(identity.dev, Relaxed);
        self.ino.store(identity.ino, Relaxed);
        let birth = identity.birth.unwrap_or(Birth { seconds: 0, nanoseconds: 0 });
        self.birth_seconds.store(birth.seconds as u64, Relaxed);
        self.birth_nanoseconds.store(birth.nanoseconds, Relaxed);
        self.birth_known.store(identity.birth.is_some().into(), Relaxed);
        self.id.store(id.into(), Relaxed);
        self.set_layout_hash(hash);
        let hint = &path[path.len().saturating_sub(HINT_BYTES)..];
        self.hint.iter().zip(hint).for_each(|(field, &byte)| field.store(byte, Relaxed));
        self.hint_len.store(hint.len() as u32, Relaxed);
    }

    /// The identity and id that the creator wrote.
    pub(crate) fn identity(&self) -> Result<(Identity, u8), Damage> {
        let birth = Birth {
            seconds: self.birth_seconds.load(Relaxed) as i64,
            nanoseconds: self.birth_nanoseconds.load(Relaxed),
        };
        let birth = match self.birth_known.load(Relaxed) {
            0 => None,
            1 => Some(birth),
            other => return Err(Damage::new("birth_known", other)),
        };
        let id = self.id.load(Relaxed);
        let id = u8::try_from(id).map_err(|_| Damage::new("id", id))?;
        Ok((Identity { dev: self.dev.load(Relaxed), ino: self.ino.load(Relaxed), birth }, id))
    }

    /// The identity and id that the creator wrote, if the id can be one and the first word is that of both.
    pub(crate) fn claimed_identity(&self) -> Result<(Identity, u8), Damage> {
        let (identity, id) = self.identity()?;
        let letter = if self.is_journal() { id ^ JOURNAL_BIT } else { id };
        if !(b' '..=b'~').contains(&letter) {
            return Err(Damage::new("id", id));
        }
        if !self.is_claimed_for(&identity, id) {
            return Err(Damage::new("first word", "not that of its own anchor and id"));
        }
        Ok((identity, id))
    }

    /// Writes the layout hash. Of an object with room it is a copy of the newest record's.
    pub(crate) fn set_layout_hash(&self, hash: LayoutHash) {
        let halves = [hash.to_u128() as u64, (hash.to_u128() >> 64) as u64];
        self.layout_hash.iter().zip(halves).for_each(|(field, half)| field.store(half, Relaxed));
    }

    /// The layout hash. While the object grows, it may be half of one record's hash and half of another's.
    pub(crate) fn layout_hash(&self) -> LayoutHash {
        let [low, high] = [0, 1].map(|half: usize| u128::from(self.layout_hash[half].load(Relaxed)));
        LayoutHash::from_u128(low | high << 64)
    }

    /// The size of a pointer in the creator's program, in bytes.
    pub(crate) fn pointer_bytes(&self) -> u32 {
        self.pointer_bytes.load(Relaxed)
    }

    /// The path at which the creator found the anchor, to be read by people: unprintable characters are escaped.
    pub(crate) fn path_hint(&self) -> String {
        printable(&self.path().0)
    }

    /// The path at which the creator found the anchor, without links, and whether it is the whole path: only the end of
    /// a long one is kept.
    pub(crate) fn path(&self) -> (Vec<u8>, bool) {
        let len = (self.hint_len.load(Relaxed) as usize).min(HINT_BYTES);
        let bytes: Vec<u8> = self.hint[..len].iter().map(|byte| byte.load(Relaxed)).collect();
        let is_whole = len < HINT_BYTES && bytes.first() == Some(&b'/') && !bytes.contains(&0);
        (bytes, is_whole)
    }
}

/// Text of any bytes, to be read by people: unprintable characters are escaped.
pub(super) fn printable(text: &[u8]) -> String {
    String::from_utf8_lossy(text).chars().flat_map(escape_unprintable).collect()
}

fn escape_unprintable(letter: char) -> impl Iterator<Item = char> {
    let unprintable = letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let escaped = unprintable.then(|| letter.escape_default());
    escaped.into_iter().flatten().chain((!unprintable).then_some(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unprintable_hints_are_escaped() {
        let shown: String = "a\u{1b}[2Jb\u{202e}c é".chars().flat_map(escape_unprintable).collect();
        assert_eq!(shown, "a\\u{1b}[2Jb\\u{202e}c é");
    }
}
