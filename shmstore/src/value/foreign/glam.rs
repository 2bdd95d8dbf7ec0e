//! The vectors and matrices of `glam` that have the same layout on every target, as values.
//!
//! # Safety
//!
//! This file assumes nothing that the compiler does not check. For each type a pattern names all fields and their type,
//! and an assertion excludes padding. The assertion is in the schema, which is evaluated wherever the type is used. The
//! alignment is the actual one, so a build of glam with its feature `cuda` has another layout hash.
#![allow(unsafe_code)]

use std::mem::offset_of;

use glam::*;

use crate::layout::InvalidValue;
use crate::layout::schema::{Field, Kind, Schema};
use crate::layout::{Any, ShmLayout, ShmValue};

/// Implements the traits for types with fields of one type. All fields of a type are listed.
macro_rules! values {
    ($($type:ident: $($field:ident)*, $part:ty;)*) => {$(
        // SAFETY: the closure compiles only if these are all fields, and have this type. Offsets, size and alignment
        // are the compiler's. The assertion excludes bytes between and after the fields.
        #[diagnostic::do_not_recommend]
        unsafe impl ShmLayout for $type {
            const SCHEMA: &'static Schema = {
                const FIELDS: &[Field] = &[$(
                    Field { name: stringify!($field), offset: offset_of!($type, $field), schema: <$part>::SCHEMA }
                ),*];
                const _: fn(&$type) -> [&$part; FIELDS.len()] = |$type { $($field),* }| [$($field),*];
                assert!(size_of::<$type>() == FIELDS.len() * size_of::<$part>(), "this type of `glam` has padding: use a version of `glam` that shmstore supports");
                &Schema::of::<Self>(Kind::Struct { name: stringify!($type), const_args: &[], fields: FIELDS })
            };
        }

        // SAFETY: numbers with nothing between or after them, as `SCHEMA` asserts. So there is no padding and no
        // pointer, and every bit pattern is valid.
        #[diagnostic::do_not_recommend]
        unsafe impl ShmValue for $type {
            type Validity = Any;

            fn check_bits(_: &[u8]) -> Result<(), InvalidValue> {
                Ok(())
            }
        }
    )*};
}

values! {
    Vec2: x y, f32; Vec3: x y z, f32;
    DVec2: x y, f64; DVec3: x y z, f64; DVec4: x y z w, f64;
    I8Vec2: x y, i8; I8Vec3: x y z, i8; I8Vec4: x y z w, i8;
    U8Vec2: x y, u8; U8Vec3: x y z, u8; U8Vec4: x y z w, u8;
    I16Vec2: x y, i16; I16Vec3: x y z, i16; I16Vec4: x y z w, i16;
    U16Vec2: x y, u16; U16Vec3: x y z, u16; U16Vec4: x y z w, u16;
    IVec2: x y, i32; IVec3: x y z, i32; IVec4: x y z w, i32;
    UVec2: x y, u32; UVec3: x y z, u32; UVec4: x y z w, u32;
    I64Vec2: x y, i64; I64Vec3: x y z, i64; I64Vec4: x y z w, i64;
    U64Vec2: x y, u64; U64Vec3: x y z, u64; U64Vec4: x y z w, u64;
    DQuat: x y z w, f64;
    Mat3: x_axis y_axis z_axis, Vec3;
    DMat2: x_axis y_axis, DVec2; DMat3: x_axis y_axis z_axis, DVec3; DMat4: x_axis y_axis z_axis w_axis, DVec4;
}
