//! The header of a file with a saved object.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{CHECKSUM, SavedError, damaged};
use crate::layout::hash::LayoutHash;

pub(super) const MAGIC: [u8; 8] = *b"shmsaved";
/// The version of the file format.
const VERSION: u32 = 1;
/// The number of bytes before the schema.
pub(super) const HEADER_LEN: usize = 64;
/// The longest schema that is read, in bytes.
const MAX_SCHEMA: u64 = 1 << 20;

/// The header of a file, with lengths that were checked.
pub(super) struct FileHeader {
    pub(super) id: u32,
    pub(super) schema_len: u64,
    pub(super) values_len: u64,
    pub(super) hash: LayoutHash,
    pub(super) seconds: u64,
    pub(super) reserved: u64,
}

impl FileHeader {
    /// Reads a header, and checks that it fits a file of `len` bytes.
    pub(super) fn parse(header: &[u8; HEADER_LEN], len: u64) -> Result<Self, SavedError> {
        let u32_at = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().expect("four bytes"));
        let u64_at = |at: usize| u64::from_le_bytes(header[at..at + 8].try_into().expect("eight bytes"));
        let u128_at = |at: usize| u128::from_le_bytes(header[at..at + 16].try_into().expect("sixteen bytes"));
        if u32_at(8) != VERSION {
            return Err(SavedError::Version { found: u32_at(8) });
        }
        let (schema_len, values_len) = (u64_at(16), u64_at(24));
        let expected = schema_len.saturating_add(values_len).saturating_add((HEADER_LEN + CHECKSUM) as u64);
        if expected != len {
            return Err(SavedError::Length { expected, found: len });
        }
        if schema_len > MAX_SCHEMA {
            return Err(damaged("schema", format!("{schema_len} bytes long, more than {MAX_SCHEMA}")));
        }
        let hash = LayoutHash::from_u128(u128_at(32));
        Ok(Self { id: u32_at(12), schema_len, values_len, hash, seconds: u64_at(48), reserved: u64_at(56) })
    }

    /// Returns the type-id-char and the time of saving, if they and the reserved word are possible.
    pub(super) fn check(&self) -> Result<(char, SystemTime), SavedError> {
        let &Self { id, seconds, reserved, .. } = self;
        let letter = u8::try_from(id).ok().filter(|id| (b' '..=b'~').contains(id));
        let letter = letter.ok_or_else(|| damaged("type-id-char", id.to_string()))?;
        if reserved != 0 {
            return Err(damaged("reserved word", reserved.to_string()));
        }
        let saved = UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
        Ok((letter.into(), saved.ok_or_else(|| damaged("time", seconds.to_string()))?))
    }

    /// Returns the bytes of the header.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let &Self { id, schema_len, values_len, hash, seconds, reserved } = self;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(id.to_le_bytes());
        bytes.extend(schema_len.to_le_bytes());
        bytes.extend(values_len.to_le_bytes());
        bytes.extend(hash.to_u128().to_le_bytes());
        bytes.extend(seconds.to_le_bytes());
        bytes.extend(reserved.to_le_bytes());
        bytes
    }
}
