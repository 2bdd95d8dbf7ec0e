//! The layout hash: 128 bits that two programs must agree on before they share an object.

use std::fmt;

/// The hash of every node starts from these three. Programs that differ in one of them never share a layout.
const HASH_VERSION: u8 = 1;
const ENDIANNESS: u8 = if cfg!(target_endian = "little") { b'l' } else { b'b' };
const POINTER_BYTES: u8 = size_of::<usize>() as u8;

/// The constants of FNV-1a of 128 bits, from <http://www.isthe.com/chongo/tech/comp/fnv/>.
const FNV_OFFSET_BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const FNV_PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
/// The eighth power of the prime, modulo 2^128.
const FNV_PRIME_8: u128 = FNV_PRIME.wrapping_pow(8);

/// The longest name, in bytes. The limit keeps paths of names small, even in a hostile schema.
pub(crate) const MAX_NAME: usize = 255;

/// The 128-bit hash of a type's layout.
///
/// It covers the names, order, offsets, sizes, alignments and kinds of everything in the type, and the byte order and
/// pointer width of the program. Modules, crates and aliases do not count. Two types with the same hash have the same
/// layout. The hash is not cryptographic: it detects accidents, not attacks.
///
/// ```
/// use shmstore::ShmLayout;
/// assert_ne!(u32::LAYOUT_HASH, i32::LAYOUT_HASH);
/// assert_eq!(u32::LAYOUT_HASH.to_string().len(), 32);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LayoutHash(u128);

impl LayoutHash {
    /// Makes a hash of a number, for example of one that was read from a file.
    #[must_use]
    pub const fn from_u128(hash: u128) -> Self {
        Self(hash)
    }

    /// Returns the hash as a number.
    #[must_use]
    pub const fn to_u128(self) -> u128 {
        self.0
    }
}

impl fmt::Display for LayoutHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for LayoutHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LayoutHash({self})")
    }
}

/// Returns the 128-bit FNV-1a hash of all parts, one after the other. It detects accidents, not attacks.
pub(crate) fn of_bytes<const N: usize>(parts: [&[u8]; N]) -> u128 {
    parts.into_iter().fold(LayoutHasher(FNV_OFFSET_BASIS), LayoutHasher::fixed).0
}

/// Hashes one node of a schema: its own canonical bytes and the finished hashes of its children.
#[derive(Clone, Copy)]
pub(crate) struct LayoutHasher(u128);

impl LayoutHasher {
    /// Starts a node of the kind with the number `tag`.
    pub(crate) const fn node(tag: u8, size: u64, align: u64) -> Self {
        Self::prefix(tag).u64(size).u64(align)
    }

    /// Starts the hash of a node's first components, to which more may be appended.
    pub(crate) const fn prefix(tag: u8) -> Self {
        Self(FNV_OFFSET_BASIS).byte(HASH_VERSION).byte(ENDIANNESS).byte(POINTER_BYTES).byte(tag)
    }

    pub(crate) const fn byte(self, byte: u8) -> Self {
        Self((self.0 ^ byte as u128).wrapping_mul(FNV_PRIME))
    }

    pub(crate) const fn u64(self, number: u64) -> Self {
        // Seven bytes of zero change only the power of the prime. Most lengths and offsets are as small as this.
        if number < 256 {
            return Self((self.0 ^ number as u128).wrapping_mul(FNV_PRIME_8));
        }
        self.fixed(&number.to_le_bytes())
    }

    /// Takes in a name. Its length comes first, so that no two lists of names give the same bytes.
    pub(crate) const fn name(self, name: &str) -> Self {
        assert!(
            !name.is_empty() && name.len() <= MAX_NAME,
            "names in shared memory have 1 to 255 bytes: use a shorter one"
        );
        self.u64(name.len() as u64).fixed(name.as_bytes())
    }

    /// Takes in a name with its number: a const argument or a variant.
    pub(crate) const fn named_number(self, name: &str, number: i128) -> Self {
        self.name(name).fixed(&number.to_le_bytes())
    }

    /// Takes in one field of a struct.
    pub(crate) const fn field(self, name: &str, offset: u64, hash: LayoutHash) -> Self {
        self.name(name).u64(offset).child(hash)
    }

    pub(crate) const fn child(self, hash: LayoutHash) -> Self {
        self.fixed(&hash.0.to_le_bytes())
    }

    pub(crate) const fn finish(self) -> LayoutHash {
        LayoutHash(self.0)
    }

    /// Takes in bytes. It does not call [`byte`](Self::byte), because the compiler interprets it in every build of a
    /// user.
    const fn fixed(self, bytes: &[u8]) -> Self {
        let (mut hash, mut at, len) = (self.0, 0, bytes.len());
        while at < len {
            hash = (hash ^ bytes[at] as u128).wrapping_mul(FNV_PRIME);
            at += 1;
        }
        Self(hash)
    }
}
