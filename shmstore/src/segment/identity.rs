//! The identity of an object: the file that anchors it, and its type-id-char.

use crate::layout::key::Key;
use crate::sys::file::{Birth, FileStat};

/// Device, inode and birth time of an anchor. The birth time is `None` where it cannot be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) dev: u64,
    pub(crate) ino: u64,
    pub(crate) birth: Option<Birth>,
}

impl Identity {
    pub(crate) fn new(stat: &FileStat, birth_is_trusted: bool) -> Self {
        Self { dev: stat.dev, ino: stat.ino, birth: stat.birth.filter(|_| birth_is_trusted) }
    }

    pub(crate) fn key(&self, id: u8) -> Key {
        Key::new(self.dev, self.ino, id)
    }

    pub(crate) fn is_same_inode(&self, other: &Self) -> bool {
        (self.dev, self.ino) == (other.dev, other.ino)
    }

    /// Returns `true` if `other` is provably an earlier or later file on the same inode. An unknown birth time proves
    /// nothing.
    pub(crate) fn is_another_life_of(&self, other: &Self) -> bool {
        self.is_same_inode(other) && matches!((self.birth, other.birth), (Some(birth), Some(other)) if birth != other)
    }

    /// The high half of a segment's first word, which is written before the rest of the header: FNV-1a of 32 bits over
    /// device, inode and id.
    pub(crate) fn hash32(&self, id: u8) -> u32 {
        let bytes = self.dev.to_le_bytes().into_iter().chain(self.ino.to_le_bytes()).chain([id]);
        bytes.fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(birth: Option<i64>) -> Identity {
        Identity { dev: 1, ino: 2, birth: birth.map(|seconds| Birth { seconds, nanoseconds: 0 }) }
    }

    #[test]
    fn only_two_known_births_prove_another_life() {
        assert!(identity(Some(1)).is_another_life_of(&identity(Some(2))));
        assert!(!identity(Some(1)).is_another_life_of(&identity(Some(1))));
        assert!(!identity(None).is_another_life_of(&identity(Some(2))));
        assert!(!identity(Some(1)).is_another_life_of(&identity(None)));
        assert!(!identity(Some(1)).is_another_life_of(&Identity { ino: 3, ..identity(Some(2)) }));
    }

    #[test]
    fn hash_of_the_first_word_is_pinned() {
        assert_eq!(identity(None).hash32(b'T'), 0xd6f6_5016);
        assert_ne!(identity(None).hash32(b'T'), identity(None).hash32(b'U'));
    }
}
