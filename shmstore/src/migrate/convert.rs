//! The conversion of a saved object. It is pure: it makes no system call, and changes nothing.

mod frames;
mod maps;
mod numbers;
mod plan;
mod rings;
#[cfg(test)]
mod tests;

use self::plan::{Elements, How, Place, Plan, plan_of, refused};
use super::{Migration, Refused};
use crate::inspect::{Image, Memory, SavedObject, offset};
use crate::layout::path::{FieldPath, Step};
use crate::layout::schema::{OwnedKind, OwnedSchema};
use crate::sync::{newest, stable_at};

impl SavedObject {
    /// Converts the values to another layout. The type-id-char and the time of saving stay.
    ///
    /// The room stays, and becomes as large as the new type if it was smaller.
    ///
    /// ```
    /// use shmstore::inspect::{FieldPath, Limits, Object, SavedObject};
    /// use shmstore::schema::OwnedSchema;
    /// use shmstore::{ShmLayout, ShmObject, Store, Versioned};
    /// use std::sync::atomic::Ordering::Relaxed;
    ///
    /// mod before {
    ///     # use shmstore::ShmObject; use std::sync::atomic::AtomicU32;
    ///     #[derive(ShmObject)]
    ///     #[repr(C)]
    ///     #[shm(id = 'T')]
    ///     pub struct Telemetry { pub frames: AtomicU32, pub speed: AtomicU32 }
    /// }
    ///
    /// #[derive(ShmObject)]
    /// #[repr(C)]
    /// #[shm(id = 'T')]
    /// struct Telemetry { frames: Versioned<u64>, position: Versioned<[f64; 3]> }
    ///
    /// # let dir = tempfile::tempdir()?;
    /// let store = Store::open(dir.path())?;
    /// let old = store.create::<before::Telemetry>()?;
    /// old.frames.store(7, Relaxed);
    /// let saved = SavedObject::of(&Object::find(dir.path(), Some('T'))?, &Limits::full())?;
    ///
    /// let (converted, migration) = saved.convert_to(&OwnedSchema::from(Telemetry::SCHEMA))?;
    /// assert_eq!(converted.read(&Limits::full()).to_string(), "{ frames: 7, position: [0.0, 0.0, 0.0] }");
    /// let path = |name: &str| vec![FieldPath::default().field(name)];
    /// assert_eq!((migration.carried, migration.new), (path("frames"), path("position")));
    /// assert_eq!(migration.gone, path("speed"));
    /// # drop(old);
    /// # store.remove::<before::Telemetry>()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Rules
    ///
    /// A part whose layout is the same is copied byte by byte. The other rules lose nothing of a value:
    ///
    /// - Number: the new one has the same value. A float that is not whole, or is −0.0, becomes no integer.
    /// - Enum: by the name of the variant.
    /// - Struct: by the names of the fields. A field that only the new struct has is zero, and a field that only the
    ///   old one has is gone. The name of the struct does not matter.
    /// - Array: the further elements of a longer array are zero. A shorter array takes the first elements, if the
    ///   others are zero.
    /// - `FixedString` and `FixedVec`: if the new capacity is enough for the length.
    /// - Atomic integers, `AtomicValue<V>` and `Versioned<V>`: each becomes any other, by the rule for the value. A
    ///   `Versioned` keeps its version. It has version 1 if it was another part.
    /// - `CacheAligned<O>`: as `O`.
    /// - `Lock` and `Event`: the mark of inconsistent data, and the count.
    /// - `Queue`: if the new capacity is enough for the items that wait. They keep their order and their number of
    ///   deliveries, and positions go on.
    /// - `Broadcast`: the newest items, as many as the new capacity, keep their positions.
    /// - `Map`: if the new capacity is enough for the keys, and no two of them become equal. They keep their versions,
    ///   and the count of changes goes on.
    /// - `Frames`: if the new capacity is enough for the newest frame, which keeps its number. The number of slots does
    ///   not matter. Metadata that only the new layout has is zero.
    ///
    /// # Errors
    ///
    /// [`Refused`] with the path of the first value that does not fit, or of a part that has no rule.
    pub fn convert_to(&self, to: &OwnedSchema) -> Result<(SavedObject, Migration), Refused> {
        let from = self.schema();
        let (plan, migration) = plan_of(from, to)?;
        if !migration.was_needed() {
            return Ok((self.clone(), migration));
        }
        let of_all = |why| refused(&FieldPath::default(), from, to, why);
        let old = self.quiet_values().map_err(of_all)?;
        let image = Image::zeroed(to.size()).map_err(of_all)?;
        let sizes = from.size() + to.size();
        let visits_left = VISITS_A_BYTE.saturating_mul(sizes).saturating_add(VISITS);
        let mut converter = Converter { old, image, left: 2 * sizes, visits_left };
        converter.part(&plan, 0, 0).map_err(|failed| {
            let Failed { steps, from, to, why } = *failed;
            Refused { path: FieldPath::of_reversed(steps), from, to, why }
        })?;
        Ok((self.with_values(to.clone(), converter.image.into_bytes()), migration))
    }
}

/// A value that does not fit. The last step to it is first.
struct Failed {
    steps: Vec<Step>,
    from: String,
    to: String,
    why: String,
}

type Converted = Result<(), Box<Failed>>;

impl Plan<'_> {
    /// Returns a closure that makes the error of a value of this part.
    fn fails<W: Into<String>>(&self) -> impl Fn(W) -> Box<Failed> + '_ {
        |why| {
            let (from, to) = (self.from.to_string(), self.to.to_string());
            Box::new(Failed { steps: Vec::new(), from, to, why: why.into() })
        }
    }
}

/// Puts a step before the path of an error.
fn below(step: impl FnOnce() -> Step) -> impl FnOnce(Box<Failed>) -> Box<Failed> {
    |mut failed| {
        failed.steps.push(step());
        failed
    }
}

/// The most parts that are converted for each byte of the two objects, and for objects without bytes.
///
/// Real types have fewer. In a hostile schema thousands of parts have no bytes, in each element of an array.
const VISITS_A_BYTE: u64 = 16;
const VISITS: u64 = 1 << 20;

struct Converter<'a> {
    old: &'a [u8],
    image: Image,
    /// The bytes that may still be read and written. Parts of a real type do not overlap, so each byte is counted at
    /// most twice: with its value, and with the queue, broadcast, map or frames that have the value.
    left: u64,
    visits_left: u64,
}

impl Converter<'_> {
    /// Converts the part that begins at `from` to the one that begins at `to`.
    fn part(&mut self, plan: &Plan<'_>, from: usize, to: usize) -> Converted {
        let too_many = || plan.fails()("its type has more parts than bytes");
        self.visits_left = self.visits_left.checked_sub(1).ok_or_else(too_many)?;
        match &plan.how {
            How::Nothing => Ok(()),
            How::Copy(size) => self.copy(*size, from, to).map_err(plan.fails()),
            How::Number(a, b) => {
                let convert = |bits| numbers::convert(*a, *b, bits);
                self.word([a.size(), b.size()], convert, from, to).map_err(plan.fails())
            }
            How::Variant(sizes, pairs) => {
                let convert = |bits| match pairs.binary_search_by_key(&bits, |pair| pair.0).map(|at| pairs[at].1) {
                    Ok(Some(new)) => Ok(new),
                    Ok(None) => Err(format!("the new enum has no variant {}", plan.variant(bits))),
                    Err(_) => Err(format!("{bits:#x} is no variant")),
                };
                self.word(*sizes, convert, from, to).map_err(plan.fails())
            }
            How::Text(capacities) => {
                let len = self.len(4, *capacities, from, to).map_err(plan.fails())?;
                self.copy(len, from.saturating_add(4), to.saturating_add(4)).map_err(plan.fails())
            }
            How::Fields(fields) => fields.iter().try_for_each(|field| {
                let [old, new] = field.offsets.map(|by| by as usize);
                self.part(&field.plan, from.saturating_add(old), to.saturating_add(new))
                    .map_err(below(|| Step::Field(field.name.to_owned())))
            }),
            How::Array(elements) => {
                let Elements { lens: [old, new], .. } = *elements;
                self.elements(elements, old.min(new), from, to)?;
                if new < old { self.is_zero_from(plan, elements, from) } else { Ok(()) }
            }
            How::List(elements) => {
                let len = self.len(8, elements.lens, from, to).map_err(plan.fails())?;
                self.elements(elements, len, from.saturating_add(8), to.saturating_add(8))
            }
            How::Value(places, value) => {
                let [from, to] = self.value(*places, from, to).map_err(plan.fails())?;
                self.part(value, from, to)
            }
            How::Queue(places, item) => self.queue(plan, places, item, from, to),
            How::Broadcast(places, item) => self.broadcast(plan, places, item, from, to),
            How::Map(places, entry) => self.map(plan, places, entry, from, to),
            How::Frames(places, frame) => self.frames(plan, places, frame, from, to),
        }
    }

    /// Converts the first `count` elements of two lists.
    fn elements(&mut self, elements: &Elements<'_>, count: u64, from: usize, to: usize) -> Converted {
        let Elements { sizes: [old, new], ref plan, .. } = *elements;
        match plan.how {
            // There may be up to `u64::MAX` elements without bytes.
            How::Nothing => Ok(()),
            _ if old == 0 => Ok(()),
            How::Copy(_) if old == new => self.copy(count.saturating_mul(old), from, to).map_err(plan.fails()),
            _ => (0..count).try_for_each(|index| {
                let at = |start: usize, size: u64| offset(start, index.saturating_mul(size)).map_err(plan.fails());
                self.part(plan, at(from, old)?, at(to, new)?).map_err(below(|| Step::Index(index)))
            }),
        }
    }

    /// Checks that the elements of an array that the new one does not have are zero.
    fn is_zero_from(&mut self, array: &Plan<'_>, elements: &Elements<'_>, at: usize) -> Converted {
        let Elements { lens: [_, len], sizes: [size, _], .. } = *elements;
        let rest = self.bytes(at.saturating_add((len * size) as usize), array.from.size() - len * size);
        let Some(place) = rest.map_err(array.fails())?.iter().position(|byte| *byte != 0) else { return Ok(()) };
        let index = len + place as u64 / size;
        Err(array.fails()(format!("element [{index}] is not zero, and the new array has {len} elements")))
    }

    /// Converts the length of a text or list. It has `size` bytes.
    fn len(&mut self, size: usize, capacities: [u64; 2], from: usize, to: usize) -> Result<u64, String> {
        let [old, new] = capacities;
        let len = self.load(from, size)?.min(old);
        if len > new {
            return Err(format!("its length is {len}, and the new capacity {new}"));
        }
        self.image.put(to, &len.to_le_bytes()[..size]).map(|()| len)
    }

    /// Converts the words of a part that holds one value. Returns where the old value is, and where the new one is put.
    fn value(&mut self, [old, new]: [Place; 2], from: usize, to: usize) -> Result<[usize; 2], String> {
        let (version, from) = match old {
            Place::Start => (1, from),
            Place::Versioned(at) => {
                let (version, slot) = newest(self.load(offset(from, at.sequence)?, 8)?);
                (version, offset(from, at.slot_0 + at.slot_size * slot as u64)?)
            }
        };
        let to = match new {
            Place::Start => to,
            Place::Versioned(at) => {
                let sequence = stable_at(version);
                self.image.put(offset(to, at.sequence)?, &sequence.to_le_bytes())?;
                offset(to, at.slot_0 + at.slot_size * newest(sequence).1 as u64)?
            }
        };
        Ok([from, to])
    }

    /// Converts an integer of one size to one of another.
    fn word(
        &mut self,
        sizes: [usize; 2],
        convert: impl FnOnce(u64) -> Result<u64, String>,
        from: usize,
        to: usize,
    ) -> Result<(), String> {
        let word = convert(self.load(from, sizes[0])?)?;
        self.spend(sizes[1] as u64)?;
        self.image.put(to, &word.to_le_bytes()[..sizes[1]])
    }

    fn copy(&mut self, len: u64, from: usize, to: usize) -> Result<(), String> {
        self.spend(len)?;
        let bytes = self.bytes(from, len)?;
        self.image.put(to, bytes)
    }

    fn load(&mut self, at: usize, size: usize) -> Result<u64, String> {
        self.spend(size as u64)?;
        Ok(Memory::Copy(self.old).integer(at, size)?)
    }
}

impl<'a> Converter<'a> {
    fn bytes(&mut self, at: usize, len: u64) -> Result<&'a [u8], String> {
        self.spend(len)?;
        let end = offset(at, len)?;
        self.old.get(at..end).ok_or_else(|| "it lies beyond the object".into())
    }

    /// Counts the bytes of a part with items.
    fn spend_part(&mut self, plan: &Plan<'_>) -> Result<(), String> {
        self.spend(plan.from.size())?;
        self.spend(plan.to.size())
    }

    /// Counts bytes that are read or written.
    fn spend(&mut self, len: u64) -> Result<(), String> {
        self.left = self.left.checked_sub(len).ok_or("its parts overlap")?;
        Ok(())
    }
}

impl Plan<'_> {
    /// Returns the name of an old variant, in quotes.
    fn variant(&self, bits: u64) -> String {
        let OwnedKind::Enum { repr, variants, .. } = self.from.kind() else { return String::new() };
        let found = variants.iter().find(|variant| numbers::low_bits(*repr, variant.discriminant) == bits);
        found.map(|variant| format!("`{}`", variant.name.escape_debug())).unwrap_or_default()
    }
}
