//! An object's values with its schema, in a file: what System V memory does not do, it survives a reboot.

mod file_header;
pub(super) mod values;

use std::io::{self, Read, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use thiserror::Error;

use self::file_header::{FileHeader, HEADER_LEN, MAGIC};
use super::decode::{Decoder, Limits};
use super::memory::{Memory, fill};
use super::object::Object;
use super::value::Value;
use crate::error::CreateError;
use crate::layout::hash;
use crate::layout::path::{FieldError, FieldPath};
use crate::layout::schema::{OwnedSchema, SchemaError};
use crate::store::IfExists;
use crate::store::Store;

/// The bytes after the values.
const CHECKSUM: usize = 16;

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
    values: Vec<u8>,
}

fn damaged(field: &'static str, found: String) -> SavedError {
    SavedError::Field { field, found }
}

/// Reads exactly so many bytes.
fn take(from: &mut impl Read, len: u64) -> Result<Vec<u8>, SavedError> {
    let beyond = || SavedError::Read(io::ErrorKind::OutOfMemory.into());
    let len = usize::try_from(len).map_err(|_| beyond())?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(len).map_err(|_| beyond())?;
    from.take(len as u64).read_to_end(&mut bytes).map_err(SavedError::Read)?;
    if bytes.len() < len {
        return Err(SavedError::Read(io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(bytes)
}

/// Why bytes are no saved object, or an object cannot be saved.
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
    /// Its file header has an impossible number.
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
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Read(#[source] io::Error),
    /// A part of the object could not be copied.
    #[error("`{path}` cannot be saved: {why}")]
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
        let values = values::of(&schema, Memory::Live(object.live(&object.pages())), limits.wait)?;
        let id = object.segment().description.as_ref().map_or('?', |of| of.id);
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Ok(Self { id, schema, saved: UNIX_EPOCH + Duration::from_secs(seconds), values })
    }

    /// Reads what [`to_bytes`](Self::to_bytes) has written: any bytes, of which nothing is believed that was not checked.
    ///
    /// A lock that is held in a file made by other means is free in what is read, and marked inconsistent.
    ///
    /// # Errors
    ///
    /// [`SavedError`] for anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, SavedError> {
        Self::read_from(bytes, bytes.len() as u64)
    }

    /// Likewise, from a file of a known length. Only the file header is read before the length is checked.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse); [`SavedError::Read`] if it cannot be read, or there is no memory for it.
    pub fn read_from(mut from: impl Read, len: u64) -> Result<Self, SavedError> {
        let mut bytes = [0; HEADER_LEN];
        let short = len < (HEADER_LEN + CHECKSUM) as u64;
        let header = &mut bytes[..if short { (len as usize).min(MAGIC.len()) } else { HEADER_LEN }];
        from.read_exact(header).map_err(SavedError::Read)?;
        if !header.starts_with(&MAGIC) {
            return Err(SavedError::NotSaved);
        }
        if short {
            return Err(SavedError::Length { expected: (HEADER_LEN + CHECKSUM) as u64, found: len });
        }
        let header = FileHeader::parse(&bytes, len)?;
        let json = take(&mut from, header.schema_len)?;
        let values = take(&mut from, header.values_len)?;
        let stored = u128::from_le_bytes(take(&mut from, CHECKSUM as u64)?.try_into().expect("sixteen bytes"));
        let computed = hash::of_bytes([&bytes, &json, &values]);
        if stored != computed {
            return Err(SavedError::Checksum { stored, computed });
        }
        let (id, saved) = header.check()?;
        let schema = OwnedSchema::from_json(json)?;
        let FileHeader { hash, values_len, .. } = header;
        if schema.hash() != hash {
            return Err(damaged("layout hash", format!("{hash}, but the schema's is {}", schema.hash())));
        }
        if schema.size() != values_len {
            return Err(damaged("length", format!("{values_len} bytes of values, for a type of {}", schema.size())));
        }
        // Nobody holds a lock in a file, or waits, whatever stands in one that was not made by `of`. A schema by which nothing
        // can be copied is that of no type, so no program attaches what is made by it.
        let values = values::of(&schema, Memory::Copy(&values), Duration::ZERO).unwrap_or(values);
        Ok(Self { id, schema, saved, values })
    }

    /// The bytes of the file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write_to(&mut bytes).expect("memory takes all");
        bytes
    }

    /// Writes the bytes of the file, in few pieces. Returns how many they are.
    ///
    /// # Errors
    ///
    /// What `to` says.
    pub fn write_to(&self, mut to: impl Write) -> io::Result<u64> {
        let json = self.schema.to_json();
        let header = FileHeader {
            id: self.id.into(),
            schema_len: json.len() as u64,
            values_len: self.values.len() as u64,
            hash: self.schema.hash(),
            seconds: self.saved.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
            reserved: 0,
        };
        let header = header.to_bytes();
        let parts = [&header[..], json.as_bytes(), &self.values];
        let checksum = hash::of_bytes(parts).to_le_bytes();
        parts.into_iter().chain([&checksum[..]]).try_fold(0, |written, part| {
            to.write_all(part)?;
            Ok(written + part.len() as u64)
        })
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
        Decoder::new(Memory::Copy(&self.values), limits).all(&self.schema)
    }

    /// Decodes one part of it.
    ///
    /// # Errors
    ///
    /// [`FieldError`] if there is no such part.
    pub fn read_at(&self, path: &FieldPath, limits: &Limits) -> Result<Value, FieldError> {
        Decoder::new(Memory::Copy(&self.values), limits).at(&self.schema, path)
    }

    /// Makes the object under a store, with these values. A program that is built with the type attaches it.
    ///
    /// Keeps the layout for the life of the process: some kilobytes for each call.
    ///
    /// # Errors
    ///
    /// [`CreateError`], as for [`Store::create`].
    pub fn create_in(&self, store: &Store) -> Result<(), CreateError> {
        self.make_in(store, IfExists::Refuse)
    }

    /// Likewise, in the place of an object that may be there, if it has the same layout and nobody has it attached: with nobody in
    /// between.
    ///
    /// A key cannot be handed from one segment to another: so the old object goes first, once the kernel's limits allow the new
    /// one. Whoever is killed in between leaves none, and this can be called again. As with any new object, mode and number of
    /// processes are the store's.
    ///
    /// ```
    /// use shmstore::inspect::{Limits, Object, SavedObject};
    /// # use shmstore::{ShmObject, Store};
    /// # use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    /// # #[derive(ShmObject)]
    /// # #[repr(C)]
    /// # #[shm(id = 'T')]
    /// # struct Telemetry { frames: AtomicU64 }
    /// # let dir = tempfile::tempdir()?;
    /// let store = Store::open(dir.path())?;
    /// let telemetry = store.create::<Telemetry>()?;
    /// telemetry.frames.store(7, Relaxed);
    /// let saved = SavedObject::of(&Object::find(dir.path(), Some('T'))?, &Limits::full())?;
    /// telemetry.frames.store(8, Relaxed);
    ///
    /// assert!(saved.replace_in(&store).is_err(), "we have it attached");
    /// drop(telemetry);
    /// saved.replace_in(&store)?;
    /// assert_eq!(store.attach::<Telemetry>()?.frames.load(Relaxed), 7);
    /// # store.remove::<Telemetry>()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`CreateError::InUse`] if somebody has the old object attached; [`CreateError::Existing`] if it has another layout, or
    /// is damaged; [`CreateError::NotReplaceable`] if it is not ours to remove: it is as it was then. [`CreateError::Lost`] if it is
    /// gone, and there is no new one. Others as for [`create_in`](Self::create_in), with the old one as it was.
    pub fn replace_in(&self, store: &Store) -> Result<(), CreateError> {
        self.make_in(store, IfExists::ReplaceUnused)
    }

    fn make_in(&self, store: &Store, if_exists: IfExists) -> Result<(), CreateError> {
        let schema = self.schema.kept();
        let target = store.target(self.id, Some(schema))?;
        let created = target.create(schema, if_exists, &mut |attached| {
            fill(attached, &self.values);
            Ok(())
        })?;
        drop(created);
        Ok(())
    }
}
