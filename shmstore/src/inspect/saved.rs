//! An object's values with its schema, in a file: what System V memory does not do, it survives a reboot.

pub(super) mod image;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use thiserror::Error;

use super::decode::{Decoder, Limits};
use super::memory::{Memory, fill};
use super::object::Object;
use super::path::{FieldError, FieldPath};
use super::value::Value;
use crate::error::CreateError;
use crate::handshake::IfExists;
use crate::hash::{self, LayoutHash};
use crate::schema::{OwnedSchema, SchemaError};
use crate::store::Store;

const MAGIC: [u8; 8] = *b"shmsaved";
/// The version of the file format.
const VERSION: u32 = 1;
/// The bytes before the schema.
const FRONT: usize = 64;
/// The bytes after the values.
const CHECKSUM: usize = 16;
/// The longest schema that is read.
const MAX_SCHEMA: u64 = 1 << 20;

/// The values of an object at some moment, with the layout of its type: to be written to a file, and made an object again.
///
/// Every `Versioned` is in it with its newest value and version, whole; every lock is free, though what a lock guards that was
/// held when it was saved is marked inconsistent; nobody waits for any event. Different parts are from moments that are microseconds
/// apart: what must fit together stands in one value, here as everywhere.
///
/// # File format
///
/// All numbers are little-endian.
///
/// | offset | bytes | what |
/// |---|---|---|
/// | 0 | 8 | `shmsaved` |
/// | 8 | 4 | version: 1 |
/// | 12 | 4 | type-id-char |
/// | 16 | 8 | length of the schema |
/// | 24 | 8 | length of the values |
/// | 32 | 16 | layout hash |
/// | 48 | 8 | when it was saved: seconds since 1970 |
/// | 56 | 8 | reserved, 0 |
/// | 64 | | the schema, as JSON |
/// | | | the values: the bytes of the object as a process finds them that attaches it |
/// | end − 16 | 16 | FNV-1a of 128 bits, of all bytes before |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedObject {
    id: char,
    schema: OwnedSchema,
    saved: SystemTime,
    image: Vec<u8>,
}

/// Why bytes are no saved object, or an object can not be saved.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SavedError {
    /// It is something else.
    #[error("not a saved object: it does not begin with `shmsaved`")]
    NotSaved,
    /// It is of a later version.
    #[error("a saved object of version {found}: this program reads version 1. Use the shmstore that saved it")]
    Version {
        /// Which.
        found: u32,
    },
    /// Some of it is missing, or there is more.
    #[error("cut short or extended: {found} bytes, where its lengths say {expected}. Copy it again")]
    Length {
        /// What its lengths say.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// Some of it was changed.
    #[error("damaged: its checksum is {stored:032x}, but that of its bytes is {computed:032x}. Copy it again")]
    Checksum {
        /// What stands in it.
        stored: u128,
        /// What it should be.
        computed: u128,
    },
    /// What is in its front is impossible.
    #[error("damaged: its {field} is {found}")]
    Field {
        /// Which field.
        field: &'static str,
        /// What stands there.
        found: String,
    },
    /// Its schema is none.
    #[error("damaged: {0}")]
    Schema(#[from] SchemaError),
    /// A part of the object could not be copied.
    #[error("`{path}` can not be saved: {why}")]
    Part {
        /// Which part.
        path: String,
        /// Why.
        why: String,
    },
}

impl SavedObject {
    /// Copies the values of an object.
    ///
    /// # Errors
    ///
    /// [`SavedError::Part`] if a value is stored flat out for so long that no copy of it is whole, or the schema does not fit the parts of
    /// this program.
    pub fn of(object: &Object, limits: &Limits) -> Result<Self, SavedError> {
        let schema = object.schema().clone();
        if schema.size() > limits.bytes {
            let why = format!("{} bytes are more than the limit of {}", schema.size(), limits.bytes);
            return Err(SavedError::Part { path: ".".into(), why });
        }
        let image = image::of(&schema, object.live(), limits.wait)?;
        let id = object.segment().description.as_ref().map_or('?', |of| of.id);
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Ok(Self { id, schema, saved: UNIX_EPOCH + Duration::from_secs(seconds), image })
    }

    /// Reads what [`to_bytes`](Self::to_bytes) has written: any bytes, of which nothing is believed that was not checked.
    ///
    /// # Errors
    ///
    /// [`SavedError`] for anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, SavedError> {
        if !bytes.starts_with(&MAGIC) {
            return Err(SavedError::NotSaved);
        }
        let found = bytes.len() as u64;
        if bytes.len() < FRONT + CHECKSUM {
            return Err(SavedError::Length { expected: (FRONT + CHECKSUM) as u64, found });
        }
        let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        let u64_at = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        let u128_at = |at: usize| u128::from_le_bytes(bytes[at..at + 16].try_into().expect("sixteen bytes"));
        if u32_at(8) != VERSION {
            return Err(SavedError::Version { found: u32_at(8) });
        }
        let (schema_len, image_len) = (u64_at(16), u64_at(24));
        let expected = schema_len.saturating_add(image_len).saturating_add((FRONT + CHECKSUM) as u64);
        if expected != found {
            return Err(SavedError::Length { expected, found });
        }
        let end = bytes.len() - CHECKSUM;
        let (stored, computed) = (u128_at(end), hash::of_bytes(&bytes[..end]));
        if stored != computed {
            return Err(SavedError::Checksum { stored, computed });
        }
        let field = |field, found: String| SavedError::Field { field, found };
        if schema_len > MAX_SCHEMA {
            return Err(field("schema", format!("{schema_len} bytes long, more than {MAX_SCHEMA}")));
        }
        let id = u8::try_from(u32_at(12)).ok().filter(|id| (b' '..=b'~').contains(id));
        let id = id.ok_or_else(|| field("type-id-char", u32_at(12).to_string()))?.into();
        if u64_at(56) != 0 {
            return Err(field("reserved word", u64_at(56).to_string()));
        }
        let seconds = Duration::from_secs(u64_at(48));
        let saved = UNIX_EPOCH.checked_add(seconds).ok_or_else(|| field("time", u64_at(48).to_string()))?;
        let split = FRONT + schema_len as usize;
        let schema = OwnedSchema::from_json(&bytes[FRONT..split])?;
        let hash = LayoutHash::from_u128(u128_at(32));
        if schema.hash() != hash {
            return Err(field("layout hash", format!("{hash}, but the schema's is {}", schema.hash())));
        }
        if schema.size() != image_len {
            return Err(field("length", format!("{image_len} bytes of values, for a type of {}", schema.size())));
        }
        Ok(Self { id, schema, saved, image: bytes[split..end].to_vec() })
    }

    /// The bytes of the file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let json = self.schema.to_json();
        let seconds = self.saved.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut bytes = Vec::with_capacity(FRONT + json.len() + self.image.len() + CHECKSUM);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(u32::from(self.id).to_le_bytes());
        bytes.extend((json.len() as u64).to_le_bytes());
        bytes.extend((self.image.len() as u64).to_le_bytes());
        bytes.extend(self.schema.hash().to_u128().to_le_bytes());
        bytes.extend(seconds.to_le_bytes());
        bytes.extend([0; 8]);
        bytes.extend(json.as_bytes());
        bytes.extend(&self.image);
        let checksum = hash::of_bytes(&bytes);
        bytes.extend(checksum.to_le_bytes());
        bytes
    }

    /// The type-id-char.
    #[must_use]
    pub fn id(&self) -> char {
        self.id
    }

    /// The layout of its type.
    #[must_use]
    pub fn schema(&self) -> &OwnedSchema {
        &self.schema
    }

    /// When it was saved, to the second.
    #[must_use]
    pub fn saved(&self) -> SystemTime {
        self.saved
    }

    /// Decodes it.
    #[must_use]
    pub fn read(&self, limits: &Limits) -> Value {
        Decoder::new(Memory::Copy(&self.image), limits).all(&self.schema)
    }

    /// Decodes one part of it.
    ///
    /// # Errors
    ///
    /// [`FieldError`] if there is no such part.
    pub fn read_at(&self, path: &FieldPath, limits: &Limits) -> Result<Value, FieldError> {
        Decoder::new(Memory::Copy(&self.image), limits).at(&self.schema, path)
    }

    /// Makes the object under a store, with these values. A program that is built with the type attaches it.
    ///
    /// Keeps the layout for the life of the process: some kilobytes for each call.
    ///
    /// # Errors
    ///
    /// [`CreateError`], as for [`Store::create`].
    pub fn create_in(&self, store: &Store) -> Result<(), CreateError> {
        let schema = self.schema.kept();
        let target = store.target(self.id, Some(schema))?;
        let created = target.create(schema, IfExists::Refuse, &mut |attached| {
            fill(attached, &self.image);
            Ok(())
        })?;
        drop(created);
        Ok(())
    }
}
