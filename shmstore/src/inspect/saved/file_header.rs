//! The header of a file with a saved object.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{CHECKSUM, SavedError, SavedObject, damaged};
use crate::layout::hash::LayoutHash;

pub(super) const MAGIC: [u8; 8] = *b"shmsaved";
/// The version of a file without a room, and that of a file with one. All else in them is the same.
const VERSION: u32 = 1;
const WITH_ROOM: u32 = 2;
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
    /// The room in bytes. A file of version 2 has one, and a file of version 1 has 0 in its place.
    pub(super) room: Option<u64>,
    reserved: u64,
}

impl FileHeader {
    /// Reads a header, and checks that it fits a file of `len` bytes.
    pub(super) fn parse(header: &[u8; HEADER_LEN], len: u64) -> Result<Self, SavedError> {
        let u32_at = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().expect("four bytes"));
        let u64_at = |at: usize| u64::from_le_bytes(header[at..at + 8].try_into().expect("eight bytes"));
        let u128_at = |at: usize| u128::from_le_bytes(header[at..at + 16].try_into().expect("sixteen bytes"));
        let (room, reserved) = match u32_at(8) {
            VERSION => (None, u64_at(56)),
            WITH_ROOM => (Some(u64_at(56)), 0),
            found => return Err(SavedError::Version { found }),
        };
        let (schema_len, values_len) = (u64_at(16), u64_at(24));
        let expected = schema_len.saturating_add(values_len).saturating_add((HEADER_LEN + CHECKSUM) as u64);
        if expected != len {
            return Err(SavedError::Length { expected, found: len });
        }
        if schema_len > MAX_SCHEMA {
            return Err(damaged("schema", format!("{schema_len} bytes long, more than {MAX_SCHEMA}")));
        }
        let hash = LayoutHash::from_u128(u128_at(32));
        Ok(Self { id: u32_at(12), schema_len, values_len, hash, seconds: u64_at(48), room, reserved })
    }

    /// Returns the header of a file that this program writes.
    pub(super) fn of(saved: &SavedObject, schema_len: u64) -> Self {
        let &SavedObject { id, ref schema, saved, room, ref values, .. } = saved;
        let seconds = saved.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let (hash, values_len) = (schema.hash(), values.len() as u64);
        Self { id: id.into(), schema_len, values_len, hash, seconds, room, reserved: 0 }
    }

    /// Returns the type-id-char and the time of saving, if they, the room and the reserved word are possible.
    pub(super) fn check(&self) -> Result<(char, SystemTime), SavedError> {
        let &Self { id, values_len, seconds, room, reserved, .. } = self;
        let letter = u8::try_from(id).ok().filter(|id| (b' '..=b'~').contains(id));
        let letter = letter.ok_or_else(|| damaged("type-id-char", id.to_string()))?;
        if reserved != 0 {
            return Err(damaged("reserved word", reserved.to_string()));
        }
        if let Some(room) = room.filter(|&room| room < values_len) {
            return Err(damaged("room", format!("{room} bytes, for {values_len} bytes of values")));
        }
        let saved = UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
        Ok((letter.into(), saved.ok_or_else(|| damaged("time", seconds.to_string()))?))
    }

    /// Returns the bytes of the header.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let &Self { id, schema_len, values_len, hash, seconds, room, .. } = self;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(if room.is_some() { WITH_ROOM } else { VERSION }.to_le_bytes());
        bytes.extend(id.to_le_bytes());
        bytes.extend(schema_len.to_le_bytes());
        bytes.extend(values_len.to_le_bytes());
        bytes.extend(hash.to_u128().to_le_bytes());
        bytes.extend(seconds.to_le_bytes());
        bytes.extend(room.unwrap_or(0).to_le_bytes());
        bytes
    }
}
