//! The type of an object with room in several versions of one program: each appends fields to those of another.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use shmstore::inspect::Participant;
use shmstore::view::{AtomicView, MapView, VersionedView};
use shmstore::{AttachError, CreateError, Map, ReadOnly, Shared, ShmId, ShmObject, Store, Versioned};

/// A part that counts: what was added to it is what it is.
pub trait Part {
    fn get(&self) -> u64;
    fn add(&self, number: u64);

    /// What says that the part is busy, while this very call has it.
    fn busy(&self) -> Option<String> {
        None
    }
}

/// The same part in an object that is only read.
pub trait SeenPart {
    fn get(&self) -> u64;
}

/// The key of a map that counts.
const KEY: u64 = 9;

/// So many distances that they take about 64 MiB.
pub const FAR: usize = 1 << 15;

impl Part for AtomicU64 {
    fn get(&self) -> u64 {
        self.load(SeqCst)
    }

    fn add(&self, number: u64) {
        self.fetch_add(number, SeqCst);
    }
}

impl Part for Versioned<u64> {
    fn get(&self) -> u64 {
        self.load()
    }

    fn add(&self, number: u64) {
        self.update(|value| *value += number);
    }

    fn busy(&self) -> Option<String> {
        let _writer = self.writer();
        Some(self.try_writer().expect_err("it has a writer").to_string())
    }
}

impl<const N: usize> Part for Map<u64, u64, N> {
    fn get(&self) -> u64 {
        self.get(&KEY).expect("all bits are valid").unwrap_or(0)
    }

    fn add(&self, number: u64) {
        self.insert(KEY, Part::get(self) + number).expect("a map with space");
    }
}

impl<const N: usize> Part for Map<u64, [u64; 127], N> {
    fn get(&self) -> u64 {
        self.get(&KEY).expect("all bits are valid").map_or(0, |value| value[126])
    }

    fn add(&self, number: u64) {
        self.insert(KEY, [Part::get(self) + number; 127]).expect("a map with space");
    }
}

impl SeenPart for AtomicView<AtomicU64> {
    fn get(&self) -> u64 {
        self.load(SeqCst)
    }
}

impl SeenPart for VersionedView<u64> {
    fn get(&self) -> u64 {
        self.load()
    }
}

impl<const N: usize> SeenPart for MapView<u64, u64, N> {
    fn get(&self) -> u64 {
        self.get(&KEY).expect("all bits are valid").unwrap_or(0)
    }
}

impl<const N: usize> SeenPart for MapView<u64, [u64; 127], N> {
    fn get(&self) -> u64 {
        self.get(&KEY).expect("all bits are valid").map_or(0, |value| value[126])
    }
}

/// A version of the type.
pub trait Rover: ShmObject + ShmId + 'static {
    fn parts(&self) -> Vec<(&'static str, &dyn Part)>;
    fn seen_parts(seen: &Self::View) -> Vec<(&'static str, &dyn SeenPart)>;
}

macro_rules! versions {
    ($($version:ident $(with $room:tt)?: { $($field:ident: $of:ty),* })*) => {
        $(pub mod $version {
            use super::*;

            #[derive(Debug, ShmObject)]
            #[repr(C)]
            #[shm(id = 'R' $(, room = $room)?)]
            pub struct Rover {
                $(pub $field: $of),*
            }

            impl super::Rover for Rover {
                fn parts(&self) -> Vec<(&'static str, &dyn Part)> {
                    vec![$((stringify!($field), &self.$field)),*]
                }

                fn seen_parts(seen: &Self::View) -> Vec<(&'static str, &dyn SeenPart)> {
                    vec![$((stringify!($field), &seen.$field)),*]
                }
            }
        })*

        /// Evaluates an expression with the type of the version of this name.
        macro_rules! of_version {
            ($name:expr, $type:ident => $then:expr) => {
                match $name {
                    $(stringify!($version) => {
                        type $type = $version::Rover;
                        $then
                    })*
                    other => panic!("there is no version `{other}`"),
                }
            };
        }
    };
}

versions! {
    // Each is the beginning of the next.
    v1 with 4096: { frames: AtomicU64, position: Versioned<u64> }
    v2 with 4096: { frames: AtomicU64, position: Versioned<u64>, speed: Versioned<u64> }
    v3 with 8192: {
        frames: AtomicU64, position: Versioned<u64>, speed: Versioned<u64>, total: AtomicU64, trips: Map<u64, u64, 4>
    }
    // Each appends another field to the first.
    left with 4096: { frames: AtomicU64, position: Versioned<u64>, level: AtomicU64 }
    right with 4096: { frames: AtomicU64, position: Versioned<u64>, heading: Versioned<u64> }
    // As the first, built before it had room.
    old: { frames: AtomicU64, position: Versioned<u64> }
    // Its object is on the first page.
    small1 with 1024: { frames: AtomicU64, position: Versioned<u64> }
    // They are larger than the room of the first.
    far1 with (128 << 20): { frames: AtomicU64, position: Versioned<u64> }
    far2 with (128 << 20): { frames: AtomicU64, position: Versioned<u64>, distances: Map<u64, [u64; 127], FAR> }
}

/// An object, of whatever version.
pub trait Handle {
    fn parts(&self) -> Vec<(&'static str, u64)>;
    fn add(&self, field: &str, number: u64);
    fn busy(&self, field: &str) -> Option<String>;
    fn grown_from(&self) -> Option<usize>;
    fn was_created(&self) -> bool;
    fn is_removed(&self) -> bool;
    fn address(&self) -> usize;
    fn size(&self) -> usize;
    fn participants(&self) -> Vec<Participant>;
    fn shmid(&self) -> i32;

    fn get(&self, field: &str) -> u64 {
        let found = self.parts().into_iter().find(|(name, _)| *name == field);
        found.unwrap_or_else(|| panic!("no field `{field}`")).1
    }

    /// All of it: `frames=7 position=0`.
    fn told(&self) -> String {
        let told = |(name, value): (_, u64)| format!("{name}={value}");
        self.parts().into_iter().map(told).collect::<Vec<_>>().join(" ")
    }
}

fn part<'a>(object: &'a impl Rover, field: &str) -> &'a dyn Part {
    let found = object.parts().into_iter().find(|(name, _)| *name == field);
    found.unwrap_or_else(|| panic!("no field `{field}`")).1
}

impl<T: Rover> Handle for Shared<T> {
    fn parts(&self) -> Vec<(&'static str, u64)> {
        T::parts(self).into_iter().map(|(name, part)| (name, part.get())).collect()
    }

    fn add(&self, field: &str, number: u64) {
        part(&**self, field).add(number);
    }

    fn busy(&self, field: &str) -> Option<String> {
        part(&**self, field).busy()
    }

    fn grown_from(&self) -> Option<usize> {
        Self::grown_from(self)
    }

    fn was_created(&self) -> bool {
        Self::was_created(self)
    }

    fn is_removed(&self) -> bool {
        Self::is_removed(self)
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(&**self).addr()
    }

    fn size(&self) -> usize {
        size_of::<T>()
    }

    fn participants(&self) -> Vec<Participant> {
        Self::participants(self)
    }

    fn shmid(&self) -> i32 {
        Self::info(self).map_or(-1, |info| info.shmid)
    }
}

impl<T: Rover> Handle for ReadOnly<T> {
    fn parts(&self) -> Vec<(&'static str, u64)> {
        T::seen_parts(self).into_iter().map(|(name, part)| (name, part.get())).collect()
    }

    fn add(&self, field: &str, _: u64) {
        panic!("`{field}` is only read");
    }

    fn busy(&self, _: &str) -> Option<String> {
        None
    }

    fn grown_from(&self) -> Option<usize> {
        None
    }

    fn was_created(&self) -> bool {
        false
    }

    fn is_removed(&self) -> bool {
        Self::is_removed(self)
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(&**self).addr()
    }

    fn size(&self) -> usize {
        size_of::<T>()
    }

    fn participants(&self) -> Vec<Participant> {
        Self::participants(self)
    }

    fn shmid(&self) -> i32 {
        Self::info(self).map_or(-1, |info| info.shmid)
    }
}

pub type Boxed = Box<dyn Handle>;

pub fn attach(store: &Store, version: &str, wait: Duration) -> Result<Boxed, AttachError> {
    of_version!(version, T => store.attach_timeout::<T>(wait).map(|held| Box::new(held) as Boxed))
}

pub fn see(store: &Store, version: &str, wait: Duration) -> Result<Boxed, AttachError> {
    of_version!(version, T => store.attach_read_only_timeout::<T>(wait).map(|seen| Box::new(seen) as Boxed))
}

pub fn view(store: &Store, version: &str, wait: Duration) -> Result<Boxed, AttachError> {
    of_version!(version, T => store.attach_view_timeout::<T>(wait).map(|view| Box::new(view) as Boxed))
}

/// Makes an object of which the first field has this number, and no other object has the same.
pub fn create(store: &Store, version: &str, frames: u64) -> Result<Boxed, CreateError> {
    let init = |new: &dyn Part| new.add(frames);
    of_version!(version, T => store.create_with(|new: &T| init(&new.frames)).map(|held| Box::new(held) as Boxed))
}

pub fn attach_or_create(store: &Store, version: &str, frames: u64) -> Result<Boxed, CreateError> {
    let init = |new: &dyn Part| new.add(frames);
    of_version!(version, T => {
        store.attach_or_create_with(|new: &T| init(&new.frames)).map(|held| Box::new(held) as Boxed)
    })
}

/// What the processes of a stampede do at the same time, round by round.
#[derive(Debug, ShmObject)]
#[repr(C)]
#[shm(id = 'G')]
pub struct Gate {
    /// The number of the round, which is in the fields of its object; [`u64::MAX`] at the end.
    pub round: AtomicU64,
    pub done: AtomicU64,
    /// What each process says of the round.
    pub outcomes: [AtomicU64; 8],
}

/// In [`Gate::outcomes`]: the object had all fields.
pub const FOUND: u64 = 0;
/// The object has another field in the place of one of ours.
pub const CONFLICT: u64 = 1000;
/// Something else; the process tells what in its answer. Smaller numbers are those of fields before a growth.
pub const FAILED: u64 = 1001;
