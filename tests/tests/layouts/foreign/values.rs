//! Values of `glam` and `uuid`, and `Timestamp`, in derived values and objects.

use std::env;
use std::process::Command;
use std::sync::atomic::Ordering::Relaxed;

use glam::*;
use shmstore::{AnyBits, AtomicValue, LayoutHash, Pad, ShmLayout, ShmObject, ShmValue, Store, Timestamp, Versioned};
use shmstore_tests::scratch::Scratch;
use uuid::Uuid;

/// For each type a struct of the same name and fields, derived: it describes the same layout. And a value that has a
/// field of each, in the order of their alignment, so that there is no padding.
macro_rules! all_types {
    ($($field:ident $type:ident { $($part:ident),* : $of:ty } = $value:expr;)*) => {
        mod derived {
            use super::*;
            $(
                #[derive(Clone, Copy, ShmValue)]
                #[repr(C)]
                pub(super) struct $type { $($part: $of),* }
            )*
        }

        #[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
        #[repr(C)]
        struct Everything { $($field: $type,)* _pad: Pad<2> }

        fn everything() -> Everything {
            Everything { $($field: $value,)* _pad: Pad::new() }
        }

        #[test]
        fn each_type_is_described_as_a_struct_of_its_fields() {
            $(assert_eq!($type::SCHEMA.to_json(), derived::$type::SCHEMA.to_json());)*
            $(assert_eq!($type::LAYOUT_HASH, derived::$type::LAYOUT_HASH);)*
        }

        /// Compiles only if they are: `load` needs no check.
        const _: () = {
            const fn all_bits_are_valid<V: AnyBits>() {}
            $(all_bits_are_valid::<$type>();)*
        };
    };
}

all_types! {
    dvec2 DVec2 { x, y: f64 } = DVec2::new(1.0, -2.0);
    dvec3 DVec3 { x, y, z: f64 } = DVec3::new(3.0, -4.0, 5.0);
    dvec4 DVec4 { x, y, z, w: f64 } = DVec4::new(6.0, -7.0, 8.0, 9.0);
    i64vec2 I64Vec2 { x, y: i64 } = I64Vec2::new(1, i64::MIN);
    i64vec3 I64Vec3 { x, y, z: i64 } = I64Vec3::new(2, -3, i64::MAX);
    i64vec4 I64Vec4 { x, y, z, w: i64 } = I64Vec4::new(4, -5, 6, -7);
    u64vec2 U64Vec2 { x, y: u64 } = U64Vec2::new(1, u64::MAX);
    u64vec3 U64Vec3 { x, y, z: u64 } = U64Vec3::new(2, 3, 4);
    u64vec4 U64Vec4 { x, y, z, w: u64 } = U64Vec4::new(5, 6, 7, 8);
    dquat DQuat { x, y, z, w: f64 } = DQuat::from_xyzw(0.5, -0.5, 0.5, 0.5);
    dmat2 DMat2 { x_axis, y_axis: DVec2 } = DMat2::from_cols_array(&[1.0, 2.0, 3.0, 4.0]);
    dmat3 DMat3 { x_axis, y_axis, z_axis: DVec3 } = DMat3::from_diagonal(DVec3::new(1.0, 2.0, 3.0));
    dmat4 DMat4 { x_axis, y_axis, z_axis, w_axis: DVec4 } = DMat4::from_diagonal(DVec4::new(1.0, 2.0, 3.0, 4.0));
    timestamp Timestamp { nanoseconds: i64 } = Timestamp::MIN;
    vec2 Vec2 { x, y: f32 } = Vec2::new(1.0, -2.0);
    vec3 Vec3 { x, y, z: f32 } = Vec3::new(3.0, -4.0, 5.0);
    ivec2 IVec2 { x, y: i32 } = IVec2::new(1, i32::MIN);
    ivec3 IVec3 { x, y, z: i32 } = IVec3::new(2, -3, 4);
    ivec4 IVec4 { x, y, z, w: i32 } = IVec4::new(5, -6, 7, -8);
    uvec2 UVec2 { x, y: u32 } = UVec2::new(1, u32::MAX);
    uvec3 UVec3 { x, y, z: u32 } = UVec3::new(2, 3, 4);
    uvec4 UVec4 { x, y, z, w: u32 } = UVec4::new(5, 6, 7, 8);
    mat3 Mat3 { x_axis, y_axis, z_axis: Vec3 } = Mat3::from_diagonal(Vec3::new(1.0, 2.0, 3.0));
    i16vec2 I16Vec2 { x, y: i16 } = I16Vec2::new(1, -2);
    i16vec3 I16Vec3 { x, y, z: i16 } = I16Vec3::new(3, -4, 5);
    i16vec4 I16Vec4 { x, y, z, w: i16 } = I16Vec4::new(6, -7, 8, -9);
    u16vec2 U16Vec2 { x, y: u16 } = U16Vec2::new(1, 2);
    u16vec3 U16Vec3 { x, y, z: u16 } = U16Vec3::new(3, 4, 5);
    u16vec4 U16Vec4 { x, y, z, w: u16 } = U16Vec4::new(6, 7, 8, 9);
    i8vec2 I8Vec2 { x, y: i8 } = I8Vec2::new(1, -2);
    i8vec3 I8Vec3 { x, y, z: i8 } = I8Vec3::new(3, -4, 5);
    i8vec4 I8Vec4 { x, y, z, w: i8 } = I8Vec4::new(6, -7, 8, -9);
    u8vec2 U8Vec2 { x, y: u8 } = U8Vec2::new(1, 2);
    u8vec3 U8Vec3 { x, y, z: u8 } = U8Vec3::new(3, 4, 5);
    u8vec4 U8Vec4 { x, y, z, w: u8 } = U8Vec4::new(6, 7, 8, 9);
    uuid Uuid { bytes: [u8; 16] } = Uuid::from_u128(0x67e5504410b1426f9247bb680e5fe0c8);
}

#[test]
fn a_new_object_holds_zeros() {
    let zeros = Everything::zeroed();
    assert_eq!((zeros.vec3, zeros.ivec4, zeros.mat3), (Vec3::ZERO, IVec4::ZERO, Mat3::ZERO));
    assert_eq!((zeros.dquat.to_array(), zeros.uuid), ([0.0; 4], Uuid::nil()));
    assert_eq!(zeros.timestamp, Timestamp::UNIX_EPOCH);
}

/// Programs of years ago and of today meet in one segment: a change of these numbers is a change of the format.
#[test]
fn layout_hashes_stay_as_they_are() {
    for (found, golden) in [
        (Timestamp::LAYOUT_HASH, 0xa9529bae_95c31b1b_7999c9f6_f9921984),
        (Vec2::LAYOUT_HASH, 0x647c3281_92680428_4ab6cccb_d6f4da27),
        (Vec3::LAYOUT_HASH, 0x15bc6e8f_e3d3700a_da15b20e_67f3d2be),
        (IVec4::LAYOUT_HASH, 0x0067a027_7baf28c5_81c1f127_2f9e08ba),
        (DQuat::LAYOUT_HASH, 0x1b698c52_e649c53a_a729014c_b9f19ec4),
        (Mat3::LAYOUT_HASH, 0xc8765300_6ac60d5c_2ca88aaa_0c9c9992),
        (Uuid::LAYOUT_HASH, 0x5daf533f_32e3cd6c_18b0442a_999ea236),
        (Everything::LAYOUT_HASH, 0x086cde94_f9dca086_c397759f_b415d0c3),
    ] {
        assert_eq!(found, LayoutHash::from_u128(golden));
    }
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'S')]
struct Scene {
    everything: Versioned<Everything>,
    positions: Versioned<[Vec3; 2]>,
    offset: AtomicValue<Vec2>,
    owner: Versioned<Uuid>,
    changed: AtomicValue<Timestamp>,
}

const STORE: &str = "SHMSTORE_TEST_FOREIGN_STORE";

/// Runs itself once more for the process that stores.
#[test]
fn values_are_what_another_process_has_stored() {
    if let Some(path) = env::var_os(STORE) {
        let scene = Store::open(path).unwrap().attach::<Scene>().unwrap();
        let everything = everything();
        scene.everything.store(everything);
        scene.positions.store([everything.vec3; 2]);
        scene.offset.store(everything.vec2, Relaxed);
        scene.owner.store(everything.uuid);
        scene.changed.store(everything.timestamp, Relaxed);
        return;
    }
    let scratch = Scratch::new();
    let scene = scratch.store().create::<Scene>().unwrap();
    let name = "foreign::values::values_are_what_another_process_has_stored";
    let mut other = Command::new(env::current_exe().unwrap());
    assert!(other.args(["--exact", name]).env(STORE, scratch.path()).status().unwrap().success());
    let expected = everything();
    assert_eq!(scene.everything.load_versioned(), (1, expected));
    assert_eq!(scene.positions.load(), [expected.vec3; 2]);
    assert_eq!(scene.offset.load(Relaxed), expected.vec2);
    assert_eq!(scene.owner.load(), expected.uuid);
    assert_eq!(scene.changed.load(Relaxed), Timestamp::MIN);
    scratch.store().remove::<Scene>().unwrap();
}
