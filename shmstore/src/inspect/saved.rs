//! The values of an object with its schema, in a file that survives a reboot.

mod error;
mod file_header;
pub(super) mod values;

use std::io::{self, Read, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use self::file_header::{FileHeader, HEADER_LEN, MAGIC};
use super::decode::Decoder;
use super::limits::Limits;
use super::memory::Memory;
use super::object::Object;
use super::value::Value;
use crate::error::CreateError;
use crate::layout::hash;
use crate::layout::path::{FieldError, FieldPath};
use crate::layout::schema::OwnedSchema;
use crate::layout::type_layout::TypeLayout;
use crate::segment::header;
use crate::store::IfExists;
use crate::store::Store;

pub use error::SavedError;

/// The number of bytes after the values.
const CHECKSUM: usize = 16;

/// The values of an object with the layout of its type, to write to a file and to make an object of again.
///
/// - A `Versioned` has its newest value and its version.
/// - A `Lock` is free. If a process owned it when the object was saved, it is marked inconsistent.
/// - An `Event` has its count and no waiting process.
/// - A `Queue` has its items. Items that were taken and not done wait again, with one more delivery.
/// - A `Broadcast` has the items that are whole, with their positions.
/// - A `Map` has its keys, each with its newest value and its version.
/// - A `Frames` has its newest frame with its number. No slot is pinned or being filled.
///
/// Different parts are of different moments. Data that has to be consistent belongs in one value, as in any object.
///
/// # File format
///
/// All numbers are little-endian.
///
/// | offset | bytes | what |
/// |---|---|---|
/// | 0 | 8 | `shmsaved` |
/// | 8 | 4 | version: 2 if the object has room, and 1 otherwise |
/// | 12 | 4 | type-id-char |
/// | 16 | 8 | length of the schema |
/// | 24 | 8 | length of the values |
/// | 32 | 16 | layout hash |
/// | 48 | 8 | time of saving: seconds since 1970 |
/// | 56 | 8 | the room in bytes, and 0 in version 1 |
/// | 64 | | the schema, as JSON |
/// | | | the values, which are the bytes of the object when no process has it attached |
/// | end − 16 | 16 | FNV-1a of 128 bits, of all bytes before |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedObject {
    id: char,
    schema: OwnedSchema,
    saved: SystemTime,
    /// In bytes, at least the size of the values.
    room: Option<u64>,
    /// Whether no lock is owned and no process waits. Otherwise no type has the schema.
    is_quiet: bool,
    values: Vec<u8>,
}

fn damaged(field: &'static str, found: String) -> SavedError {
    SavedError::Field { field, found }
}

/// Reads exactly `len` bytes.
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

impl SavedObject {
    /// Copies the values of an object.
    ///
    /// # Errors
    ///
    /// [`SavedError::Part`] in each of these cases:
    ///
    /// - Other processes store a value all the time, so that no copy is of one version.
    /// - The object has more bytes than the limit.
    /// - The schema does not fit the parts of this program.
    pub fn of(object: &Object, limits: &Limits) -> Result<Self, SavedError> {
        let schema = object.schema().clone();
        if schema.size() > limits.bytes {
            let why = format!("{} bytes are more than the limit of {}", schema.size(), limits.bytes);
            return Err(SavedError::Part { path: ".".into(), why });
        }
        let values = values::of(&schema, Memory::Live(object.live(&object.pages())), limits.wait)?;
        let description = object.segment().description.as_ref();
        let (id, room) = description.map_or(('?', None), |of| (of.id, of.room));
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Ok(Self { id, schema, saved: UNIX_EPOCH + Duration::from_secs(seconds), room, is_quiet: true, values })
    }

    /// Reads the bytes of a file that [`to_bytes`](Self::to_bytes) or [`write_to`](Self::write_to) has made.
    ///
    /// All bytes are checked. A lock that is not free in the bytes of another program becomes free and is marked
    /// inconsistent.
    ///
    /// # Errors
    ///
    /// Any [`SavedError`] except [`SavedError::Part`].
    pub fn parse(bytes: &[u8]) -> Result<Self, SavedError> {
        Self::read_from(bytes, bytes.len() as u64)
    }

    /// Reads a saved object from a file of `len` bytes. Only the file header is read before the length is checked.
    ///
    /// # Errors
    ///
    /// The errors of [`parse`](Self::parse), among them [`SavedError::Read`] if the file cannot be read or does not fit
    /// into memory.
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
        let FileHeader { hash, values_len, room, .. } = header;
        if schema.hash() != hash {
            return Err(damaged("layout hash", format!("{hash}, but the schema's is {}", schema.hash())));
        }
        if schema.size() != values_len {
            return Err(damaged("length", format!("{values_len} bytes of values, for a type of {}", schema.size())));
        }
        // A file of another program may have owned locks and waiting processes, which a copy has not. If the schema
        // does not permit a copy, no type has it. So no program attaches an object that is made of it.
        let quiet = values::of(&schema, Memory::Copy(&values), Duration::ZERO);
        let is_quiet = quiet.is_ok();
        Ok(Self { id, schema, saved, room, is_quiet, values: quiet.unwrap_or(values) })
    }

    /// Returns the bytes of the file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write_to(&mut bytes).expect("a `Vec` takes all bytes");
        bytes
    }

    /// Writes the bytes of the file, in few pieces, and returns their number.
    ///
    /// # Errors
    ///
    /// The errors of `to`.
    pub fn write_to(&self, mut to: impl Write) -> io::Result<u64> {
        let json = self.schema.to_json();
        let header = FileHeader::of(self, json.len() as u64).to_bytes();
        let parts = [&header[..], json.as_bytes(), &self.values];
        let checksum = hash::of_bytes(parts).to_le_bytes();
        parts.into_iter().chain([&checksum[..]]).try_fold(0, |written, part| {
            to.write_all(part)?;
            Ok(written + part.len() as u64)
        })
    }

    /// Returns the bytes of the values, in which no lock is owned and no process waits.
    ///
    /// A file with a schema that no type has may have other bytes. For these it returns the reason.
    pub(crate) fn quiet_values(&self) -> Result<&[u8], String> {
        if self.is_quiet {
            return Ok(&self.values);
        }
        let why = values::of(&self.schema, Memory::Copy(&self.values), Duration::ZERO).err();
        Err(why.map(|why| why.to_string()).unwrap_or_default())
    }

    /// Returns its values.
    pub(crate) fn into_values(self) -> Vec<u8> {
        self.values
    }

    /// Returns values of a layout as they are when no process uses them.
    pub(crate) fn quiet(schema: &OwnedSchema, values: &[u8]) -> Result<Vec<u8>, SavedError> {
        values::of(schema, Memory::Copy(values), Duration::ZERO)
    }

    /// Returns the same object with other values.
    pub(crate) fn with_values(&self, schema: OwnedSchema, values: Vec<u8>) -> Self {
        let &Self { id, saved, room, .. } = self;
        Self { id, schema, saved, room: None, is_quiet: true, values }.with_room(room)
    }

    /// Returns the type-id-char.
    #[must_use]
    pub fn id(&self) -> char {
        self.id
    }

    /// Returns the layout of its type.
    #[must_use]
    pub fn schema(&self) -> &OwnedSchema {
        &self.schema
    }

    /// Returns the time when it was saved, to the second.
    #[must_use]
    pub fn saved(&self) -> SystemTime {
        self.saved
    }

    /// Returns the room of an object that is made of it, in bytes. `None` if such an object is exactly as large as its
    /// type.
    ///
    /// An object with room can grow: later versions of its type may have further fields at the end, until the type is
    /// as large as the room.
    ///
    /// ```
    /// # use shmstore::inspect::{Limits, Object, SavedObject};
    /// # use shmstore::{ShmObject, Store};
    /// # use std::sync::atomic::AtomicU64;
    /// # #[derive(ShmObject)]
    /// # #[repr(C)]
    /// # #[shm(id = 'T')]
    /// # struct Telemetry { frames: AtomicU64 }
    /// # let dir = tempfile::tempdir()?;
    /// # let store = Store::open(dir.path())?;
    /// # let telemetry = store.create::<Telemetry>()?;
    /// let saved = SavedObject::of(&Object::find(dir.path(), Some('T'))?, &Limits::full())?;
    /// assert_eq!(saved.room(), None);
    /// let roomy = saved.with_room(Some(4096));
    /// assert_eq!(SavedObject::parse(&roomy.to_bytes())?.room(), Some(4096));
    /// assert_eq!(roomy.with_room(Some(3)).room(), Some(8), "an `AtomicU64` has eight bytes");
    /// # drop(telemetry);
    /// # store.remove::<Telemetry>()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn room(&self) -> Option<u64> {
        self.room
    }

    /// Returns the same object with another room, in bytes. A room that is less than the size of the type becomes that
    /// size.
    #[must_use]
    pub fn with_room(self, room: Option<u64>) -> Self {
        Self { room: room.map(|room| room.max(self.schema.size())), ..self }
    }

    /// Decodes all values.
    #[must_use]
    pub fn read(&self, limits: &Limits) -> Value {
        Decoder::new(Memory::Copy(&self.values), limits).all(&self.schema)
    }

    /// Decodes the field at a path.
    ///
    /// # Errors
    ///
    /// [`FieldError`] if there is no such field.
    pub fn read_at(&self, path: &FieldPath, limits: &Limits) -> Result<Value, FieldError> {
        Decoder::new(Memory::Copy(&self.values), limits).at(&self.schema, path)
    }

    /// Creates an object with these values in a store. A program that is built with the type can attach it.
    ///
    /// # Errors
    ///
    /// - [`CreateError::NoType`] if [`OwnedSchema::is_an_object`] refuses the schema, because no type has it.
    /// - The errors of [`Store::create`].
    pub fn create_in(&self, store: &Store) -> Result<(), CreateError> {
        self.make_in(store, IfExists::Refuse)
    }

    /// Creates an object with these values in a store. It replaces an object of the same layout that no process has
    /// attached.
    ///
    /// No process can create or attach the object in between. The old object is removed first, because two segments
    /// cannot have one key. If this process is killed in between, there is no object, and the call can be repeated.
    /// Mode and number of processes are those of the store, as for any new object.
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
    /// assert!(saved.replace_in(&store).is_err(), "this process has it attached");
    /// drop(telemetry);
    /// saved.replace_in(&store)?;
    /// assert_eq!(store.attach::<Telemetry>()?.frames.load(Relaxed), 7);
    /// # store.remove::<Telemetry>()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`CreateError::InUse`] if a process has the old object attached.
    /// - [`CreateError::Existing`] if the old object has another layout or is damaged.
    /// - [`CreateError::NotReplaceable`] if this process has no permission to remove the old object.
    /// - [`CreateError::Lost`] if the old object was removed and the new one could not be created.
    /// - The errors of [`create_in`](Self::create_in).
    ///
    /// The old object is unchanged, except for [`CreateError::Lost`].
    pub fn replace_in(&self, store: &Store) -> Result<(), CreateError> {
        self.make_in(store, IfExists::ReplaceUnused)
    }

    fn make_in(&self, store: &Store, if_exists: IfExists) -> Result<(), CreateError> {
        let layout = TypeLayout::of_owned(self.schema.clone(), self.room).expect("its values are in memory");
        let target = store.target(self.id, Some(&layout))?;
        self.schema.is_an_object().map_err(|cause| CreateError::NoType { subject: target.subject(None), cause })?;
        let created = target.create(if_exists, &mut |attached| {
            header::write_payload(attached.mapping(), attached.geometry(), &self.values);
            Ok(())
        })?;
        drop(created);
        Ok(())
    }
}
