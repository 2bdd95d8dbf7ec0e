//! Items that a `macro_rules!` macro writes: a fragment comes to a derive in a group without delimiters.

use shmstore::schema::Kind;
use shmstore::{ShmId, ShmKey, ShmLayout, ShmObject, ShmValue, Versioned};

macro_rules! object {
    ($(#[$attr:meta])* $vis:vis $name:ident, $id:literal, $schema:literal, $crate_path:literal, $align:literal,
     $field:ident: $ty:ty, $len:literal) => {
        #[derive(ShmObject)]
        $(#[$attr])*
        #[repr(C, align($align))]
        #[shm(id = $id, name = $schema, crate = $crate_path)]
        $vis struct $name {
            $vis $field: [$ty; $len],
        }
    };
}

object!(
    /// An object.
    #[allow(dead_code)]
    pub(crate) Samples, 'S', "Renamed", "::shmstore", 64, samples: Versioned<[f32; 4]>, 3
);

macro_rules! value {
    ($(#[$attr:meta])* $name:ident, $repr:ident, $len:expr, $gap:literal, $of:path, $ty:ty) => {
        #[derive(Clone, Copy, ShmKey, ShmValue)]
        $(#[$attr])*
        #[repr($repr)]
        struct $name {
            of: $of,
            gap: shmstore::Pad<$gap>,
            list: [$ty; $len],
        }
    };
}

value!(
    #[shm(id = 'V')]
    #[allow(dead_code)]
    Point,
    C,
    2 + 1,
    2,
    u16,
    u32
);

macro_rules! mode {
    ($name:ident, $repr:ty, $id:expr, $($variant:ident = $number:expr),*) => {
        #[derive(Clone, Copy, ShmKey, ShmValue)]
        #[repr(u16)]
        #[shm(id = $id)]
        #[allow(dead_code)]
        enum $name { $($variant = $number),* }
        const _: () = assert!(size_of::<$name>() == size_of::<$repr>());
    };
}

mode!(Mode, u16, 'M', Idle = 0, Drive = 3 + 4);

shmstore_elsewhere::point!(Elsewhere, f64);

#[test]
fn macro_of_another_crate_says_where_it_has_the_runtime_from() {
    assert_eq!(Elsewhere::zeroed().at, [0.0; 2]);
    assert_eq!(Elsewhere::SCHEMA.size(), 16 + size_of::<shmstore_elsewhere::T>());
    let _ = |point: Elsewhere| point.of;
}

#[test]
fn fragments_mean_what_they_stand_for() {
    assert_eq!((Samples::ID, Point::ID, Mode::ID), ('S', 'V', 'M'));
    let Kind::Struct { name, .. } = Samples::SCHEMA.kind() else { panic!("not a struct") };
    assert_eq!((*name, Samples::SCHEMA.align()), ("Renamed", 64));
    assert_eq!(Samples::SCHEMA.size(), (3 * size_of::<Versioned<[f32; 4]>>()).next_multiple_of(64));
    assert_eq!(Point::SCHEMA.size(), 16);
}
