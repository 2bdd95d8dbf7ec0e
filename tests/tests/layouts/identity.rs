//! Two types are the same to the store if, and only if, their layouts are: names and order of fields included, modules
//! and crates left out.
//!
//! The type of another crate is `shmstore_elsewhere::T`; that crate knows shmstore under another name, and only there can
//! that be shown: cargo refuses one dependency under two names.

use std::sync::atomic::{AtomicI64, AtomicU64};

use shmstore::schema::LayoutDiff;
use shmstore::{AtomicValue, FixedString, FixedVec, ShmLayout, ShmObject, ShmValue, Versioned};

/// Declares a value type named `T` in a module of its own.
macro_rules! value {
    ($module:ident, $(#[$attribute:meta])* struct $($body:tt)*) => {
        mod $module {
            #[allow(unused_imports)]
            use super::*;
            #[derive(Clone, Copy, ShmValue)]
            #[repr(C)]
            $(#[$attribute])*
            pub(crate) struct $($body)*
        }
    };
}

/// Checks that the layouts differ, and that the diff says in what.
#[track_caller]
fn assert_differs<A: ShmLayout, B: ShmLayout>(says: &str) {
    assert_ne!(A::LAYOUT_HASH, B::LAYOUT_HASH, "{says}");
    let diff = LayoutDiff::between(&A::SCHEMA.into(), &B::SCHEMA.into()).to_string();
    assert!(diff.contains(says), "expected `{says}` in\n{diff}");
}

#[track_caller]
fn assert_same<A: ShmLayout, B: ShmLayout>() {
    let diff = LayoutDiff::between(&A::SCHEMA.into(), &B::SCHEMA.into());
    assert_eq!(A::LAYOUT_HASH, B::LAYOUT_HASH, "{diff}");
    assert_eq!(A::SCHEMA.to_json(), B::SCHEMA.to_json());
}

value! { base, struct T { pub(crate) x: f64, pub(crate) y: f64, pub(crate) n: u32, pub(crate) m: u32 } }
value! { same, struct T { pub(crate) x: f64, pub(crate) y: f64, pub(crate) n: u32, pub(crate) m: u32 } }
value! { renamed_field, struct T { pub(crate) x: f64, pub(crate) z: f64, pub(crate) n: u32, pub(crate) m: u32 } }
value! { swapped_fields, struct T { pub(crate) y: f64, pub(crate) x: f64, pub(crate) n: u32, pub(crate) m: u32 } }
value! { type_of_the_same_size, struct T { pub(crate) x: f64, pub(crate) y: f64, pub(crate) n: u32, pub(crate) m: i32 } }
value! { added_field, struct T { pub(crate) x: f64, pub(crate) y: f64, pub(crate) n: u32, pub(crate) m: u32, pub(crate) t: u64 } }
value! { removed_field, struct T { pub(crate) x: f64, pub(crate) n: u32, pub(crate) m: u32 } }
value! { reordered_fields, struct T { pub(crate) n: u32, pub(crate) m: u32, pub(crate) x: f64, pub(crate) y: f64 } }
value! { other_name, struct U { pub(crate) x: f64, pub(crate) y: f64, pub(crate) n: u32, pub(crate) m: u32 } }

#[test]
fn every_change_of_the_fields_is_another_layout() {
    assert_differs::<base::T, renamed_field::T>("named `z` in the segment");
    assert_differs::<base::T, swapped_fields::T>("moved");
    assert_differs::<base::T, type_of_the_same_size::T>("type differs");
    assert_differs::<base::T, added_field::T>("only in the segment");
    assert_differs::<base::T, removed_field::T>("only in this program");
    assert_differs::<base::T, reordered_fields::T>("moved");
    assert_differs::<base::T, other_name::U>("type name differs");
}

value! { aligned, #[repr(align(64))] struct T { pub(crate) x: [u64; 8] } }
value! { unaligned, struct T { pub(crate) x: [u64; 8] } }
value! { longer, struct T { pub(crate) x: [u64; 9] } }

#[test]
fn alignment_and_length_are_part_of_the_layout() {
    assert_differs::<unaligned::T, aligned::T>("alignment differs");
    assert_differs::<unaligned::T, longer::T>("array length differs");
    assert_differs::<FixedString<28>, FixedString<32>>("capacity differs");
    assert_differs::<FixedVec<u32, 7>, FixedVec<u32, 8>>("capacity differs");
}

value! { holds_base, struct Outer { pub(crate) t: base::T } }
value! { holds_renamed, struct Outer { pub(crate) t: renamed_field::T } }
value! { holds_same, struct Outer { pub(crate) t: same::T } }

#[test]
fn a_nested_type_is_compared_by_its_own_layout() {
    assert_differs::<holds_base::Outer, holds_renamed::Outer>("~ t.y");
    assert_differs::<[base::T; 2], [renamed_field::T; 2]>("~ [].y");
    assert_same::<holds_base::Outer, holds_same::Outer>();
}

macro_rules! mode {
    ($module:ident, $repr:ident, $($variants:tt)*) => {
        mod $module {
            use super::*;
            #[derive(Clone, Copy, ShmValue)]
            #[repr($repr)]
            #[allow(dead_code)]
            pub(crate) enum Mode { $($variants)* }
        }
    };
}

mode! { idle_fast, u8, Idle = 0, Fast = 1 }
mode! { implicit, u8, Idle, Fast }
mode! { renumbered, u8, Idle = 0, Fast = 2 }
mode! { renamed_variant, u8, Idle = 0, Quick = 1 }
mode! { another_variant, u8, Idle = 0, Fast = 1, Slow = 2 }
mode! { wider, u16, Idle = 0, Fast = 1 }

#[test]
fn variants_their_numbers_and_their_integer_are_part_of_the_layout() {
    assert_differs::<idle_fast::Mode, renumbered::Mode>("number of the variant differs");
    assert_differs::<idle_fast::Mode, renamed_variant::Mode>("variant name differs");
    assert_differs::<idle_fast::Mode, another_variant::Mode>("variant only in the segment");
    assert_differs::<idle_fast::Mode, wider::Mode>("repr differs");
    assert_differs::<AtomicValue<idle_fast::Mode>, AtomicValue<renumbered::Mode>>("number of the variant differs");
    assert_same::<idle_fast::Mode, implicit::Mode>();
}

mod shadow {
    use super::*;

    #[derive(Clone, Copy, ShmValue)]
    #[repr(C)]
    #[allow(non_camel_case_types)]
    pub(crate) struct u32(f32);

    #[derive(Clone, Copy, ShmValue)]
    #[repr(C)]
    pub(crate) struct T {
        pub(crate) x: f64,
        pub(crate) y: f64,
        pub(crate) n: u32,
        pub(crate) m: ::core::primitive::u32,
    }
}

#[test]
fn a_type_that_shadows_a_primitive_is_not_taken_for_it() {
    assert_differs::<base::T, shadow::T>("u32 (a struct)");
}

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Grid<const W: usize, const SIGNED: bool> {
    cells: [u64; 4],
}

#[test]
fn const_arguments_are_part_of_the_layout_even_if_no_byte_depends_on_them() {
    assert_differs::<Grid<2, true>, Grid<2, false>>("const arguments differ");
    assert_differs::<Grid<2, true>, Grid<4, true>>("<W = 4, SIGNED = 1>");
    assert_eq!(Grid::<2, true>::SCHEMA.to_string(), "Grid<2, 1>");
}

mod counters {
    use super::*;

    #[derive(ShmObject)]
    #[repr(C)]
    pub(crate) struct Counters {
        pub(crate) hits: AtomicU64,
        pub(crate) last: Versioned<base::T>,
    }

    pub(crate) mod signed {
        use super::*;

        #[derive(ShmObject)]
        #[repr(C)]
        pub(crate) struct Counters {
            pub(crate) hits: AtomicI64,
            pub(crate) last: Versioned<renamed_field::T>,
        }
    }
}

#[test]
fn objects_are_compared_like_values() {
    assert_differs::<counters::Counters, counters::signed::Counters>("AtomicI64 at 0");
    assert_differs::<counters::Counters, counters::signed::Counters>("~ last.y");
    assert_differs::<Versioned<u64>, AtomicValue<u64>>("type differs");
    assert_differs::<AtomicU64, AtomicValue<u64>>("type differs");
}

mod by_attribute {
    use super::*;

    type Real = f64;

    #[derive(Clone, Copy, ShmValue)]
    #[repr(C)]
    #[shm(name = "T")]
    pub(crate) struct r#Telemetry {
        x: Real,
        y: Real,
        pub(crate) n: std::primitive::u32,
        r#m: u32,
    }
}

#[test]
fn where_and_how_a_type_is_written_makes_no_difference() {
    assert_same::<base::T, same::T>();
    assert_same::<base::T, shmstore_elsewhere::T>();
    assert_same::<base::T, by_attribute::Telemetry>();
}

#[test]
fn the_hash_of_a_derived_layout_never_changes_by_accident() {
    #[cfg(all(target_endian = "little", target_pointer_width = "64"))]
    assert_eq!(base::T::LAYOUT_HASH.to_u128(), 0x72075b11_18e3f036_ed0c657e_daa8a209);
}
