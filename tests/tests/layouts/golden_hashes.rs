//! The hash of each kind of node never changes by accident: programs built years apart meet in one segment.
//!
//! A hash that must change is a new hash version, and new numbers here.
#![cfg(all(target_endian = "little", target_pointer_width = "64"))]

use std::marker::PhantomData;
use std::sync::atomic::{AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicU8, AtomicU16, AtomicU32, AtomicU64};

use shmstore::schema::{ConstArg, Field, Kind, OwnedSchema, Primitive, Schema, Variant};
use shmstore::{
    AtomicValue, CacheAligned, Event, FixedString, FixedVec, Frames, LayoutHash, Lock, Map, Pad, ShmLayout, Versioned,
};

#[track_caller]
fn assert_hash(schema: &'static Schema, golden: u128) {
    assert_eq!(schema.hash(), LayoutHash::from_u128(golden), "{schema}");
    assert_eq!(OwnedSchema::from(schema).hash(), schema.hash(), "{schema}, hashed at run time");
}

#[test]
fn primitives() {
    assert_hash(u8::SCHEMA, 0xe6d31495_ae076f1e_7a6f715d_7274760e);
    assert_hash(u16::SCHEMA, 0xb38fcdda_1da4cfd0_0118d433_25317433);
    assert_hash(u32::SCHEMA, 0xe723763f_78f48ba6_d9208330_f4c376b8);
    assert_hash(u64::SCHEMA, 0x7ffc2574_c75513f9_29112535_559f77d5);
    assert_hash(i8::SCHEMA, 0xe6d31495_b2076f1e_7a6f715d_72747afa);
    assert_hash(i16::SCHEMA, 0xb38fcdda_21a4cfd0_0118d433_2531791f);
    assert_hash(i32::SCHEMA, 0xe723763f_7cf48ba6_d9208330_f4c37ba4);
    assert_hash(i64::SCHEMA, 0x7ffc2574_bb5513f9_29112535_559f6911);
    assert_hash(f32::SCHEMA, 0xe723763f_72f48ba6_d9208330_f4c36f56);
    assert_hash(f64::SCHEMA, 0x7ffc2574_b95513f9_29112535_559f669b);
    assert_hash(bool::SCHEMA, 0xe6d31495_a4076f1e_7a6f715d_727469c0);
    assert_hash(char::SCHEMA, 0xe723763f_77f48ba6_d9208330_f4c3757d);
}

#[test]
fn atomics() {
    assert_hash(AtomicU8::SCHEMA, 0xf13090b1_6b2ea814_7bf69e44_71f6231d);
    assert_hash(AtomicU16::SCHEMA, 0x5766bc7e_ba06ca29_0ff2c6c5_8a2d1d8c);
    assert_hash(AtomicU32::SCHEMA, 0xf0e02f07_9c418b8c_1d458c70_efa71d87);
    assert_hash(AtomicU64::SCHEMA, 0x58077fd2_51e10339_cd54ea6c_8ecb2156);
    assert_hash(AtomicI8::SCHEMA, 0xf13090b1_672ea814_7bf69e44_71f61e31);
    assert_hash(AtomicI16::SCHEMA, 0x5766bc7e_b606ca29_0ff2c6c5_8a2d18a0);
    assert_hash(AtomicI32::SCHEMA, 0xf0e02f07_98418b8c_1d458c70_efa7189b);
    assert_hash(AtomicI64::SCHEMA, 0x58077fd2_5de10339_cd54ea6c_8ecb301a);
}

#[test]
fn arrays_and_markers() {
    assert_hash(<[u8; 1]>::SCHEMA, 0x4d5d2858_04e55af3_3db2f95c_5b052e27);
    assert_hash(<[f64; 4]>::SCHEMA, 0x76a5cd69_0c9d4509_c8dd4094_c636903c);
    assert_hash(<[[u16; 2]; 3]>::SCHEMA, 0x89304fd0_5d5ac1df_87d4984a_5822b0f2);
    assert_hash(PhantomData::<u8>::SCHEMA, 0xa883f889_b1d7213c_fd91110f_dd7e2c2c);
    assert_hash(<()>::SCHEMA, 0xa883f889_b1d7213c_fd91110f_dd7e2c2c);
}

const F64: &Schema = f64::SCHEMA;
const MODE: &Schema = &Schema::new(
    1,
    1,
    Kind::Enum {
        name: "Mode",
        repr: Primitive::U8,
        variants: &[Variant { name: "Idle", discriminant: 0 }, Variant { name: "Fast", discriminant: 7 }],
    },
);
const GRID: &Schema = &Schema::new(
    24,
    8,
    Kind::Struct {
        name: "Grid",
        const_args: &[ConstArg { name: "W", value: 4 }, ConstArg { name: "H", value: -8 }],
        fields: &[Field { name: "mode", offset: 0, schema: MODE }, Field { name: "x", offset: 8, schema: F64 }],
    },
);
const KINDS: [&Schema; 14] = [
    MODE,
    GRID,
    &Schema::new(7, 1, Kind::Pad),
    &Schema::new(36, 4, Kind::FixedString { capacity: 32 }),
    &Schema::new(72, 8, Kind::FixedVec { capacity: 8, element: F64 }),
    &Schema::new(8, 8, Kind::AtomicCell { value: MODE }),
    &Schema::new(80, 16, Kind::Versioned { value: GRID }),
    &Schema::new(128, 128, Kind::CacheAligned { object: AtomicU64::SCHEMA }),
    &Schema::new(64, 64, Kind::CacheAligned { object: AtomicU64::SCHEMA }),
    &Schema::new(768, 64, Kind::Queue { capacity: 8, value: GRID }),
    &Schema::new(640, 64, Kind::Broadcast { capacity: 8, value: F64 }),
    &Schema::new(1408, 64, Kind::Map { capacity: 8, key: MODE, value: GRID }),
    &Schema::new(1088, 64, Kind::Frames { capacity: 8, slots: 3, element: F64, meta: GRID }),
    &Schema::new(1088, 64, Kind::Frames { capacity: 8, slots: 3, element: F64, meta: <()>::SCHEMA }),
];

#[test]
fn composed_kinds() {
    let golden = [
        0xebed5552_da7d5c83_c0b6d392_3aeecf02,
        0xa8761c70_01f923c9_ad5a6418_a5f58b6c,
        0x997b88e4_64a62f06_83dce619_d0aed8f4,
        0x2f17ed9f_bc4cf5b3_002ada6b_3f616d08,
        0xc456b382_12ac9d40_fc34a5f4_5d1775d6,
        0x79dd1cfc_a98479bd_5199029b_90c379fd,
        0x34cf4d17_55bea369_e7bfa1de_1bea6d0b,
        0x079e44a2_acdece31_a6d869c7_b012d483,
        0xdc1710af_10bd4c53_c0f8ead0_070b4b83,
        0x726cf0df_1fffd3c3_5f076f26_3cbc340a,
        0xcbbd7d66_4c535c3f_7fa5bff4_6152887b,
        0xd6835a12_1ef2af07_55f02326_638deca1,
        0x858b0c9a_e758881c_30da5a4d_e28eee46,
        0x031cdffd_33773c8b_b7c4f67d_4749716a,
    ];
    KINDS.into_iter().zip(golden).for_each(|(schema, golden)| assert_hash(schema, golden));
}

const ACCOUNT: &Schema = &Schema::new(
    32,
    8,
    Kind::Struct {
        name: "Account",
        const_args: &[],
        fields: &[
            Field { name: "lock", offset: 0, schema: Lock::SCHEMA },
            Field { name: "changed", offset: 8, schema: Event::SCHEMA },
            Field { name: "balance", offset: 24, schema: AtomicU64::SCHEMA },
        ],
    },
);

/// The parts and values as they are laid out, so that their format does not change by accident either.
#[test]
fn parts_as_they_are() {
    assert_hash(<Pad<7>>::SCHEMA, 0x997b88e4_64a62f06_83dce619_d0aed8f4);
    assert_hash(<FixedString<28>>::SCHEMA, 0xbf4d5374_964cc314_f82864a3_304453f5);
    assert_hash(<FixedVec<f64, 8>>::SCHEMA, 0xc456b382_12ac9d40_fc34a5f4_5d1775d6);
    assert_hash(<AtomicValue<bool>>::SCHEMA, 0xc648126b_8a9a8554_4f8454bd_3a93d948);
    assert_hash(<CacheAligned<AtomicU64>>::SCHEMA, 0x079e44a2_acdece31_a6d869c7_b012d483);
    assert_hash(<Versioned<f64>>::SCHEMA, 0xb9c60857_8e1c3674_b06c7051_772660d8);
    assert_hash(<Versioned<[u8; 61]>>::SCHEMA, 0x4e9f51a1_f9564f6b_237d4387_43f47ca5);
    assert_hash(<Versioned<[u8; 4096]>>::SCHEMA, 0xb08a4c31_9dae2612_8f4f538b_75577a09);
    assert_hash(Lock::SCHEMA, 0x9c517bc4_13a27a90_c7cea7d5_cc0ae7ef);
    assert_hash(Event::SCHEMA, 0x77b55492_6592bc7c_d093598b_12f1da72);
    assert_hash(<[Lock; 3]>::SCHEMA, 0x547f6536_f7f23ae3_987ee3ae_ff2e56b0);
    assert_hash(<CacheAligned<Lock>>::SCHEMA, 0xeb618d45_8eda9e98_4f164d75_42fe6dba);
    assert_hash(<CacheAligned<Event>>::SCHEMA, 0xd3238663_20fdc7b5_28563c90_68ac8b03);
    assert_hash(<Map<u64, [u64; 8], 64>>::SCHEMA, 0x95340baa_9c4c6699_e4ec4e6e_8807d7cc);
    assert_hash(<Frames<u8, 4096, 4>>::SCHEMA, 0x54c4e663_297dd1f9_6af09989_64f1a477);
    assert_hash(<Frames<[u8; 3], 100, 7, f64>>::SCHEMA, 0x2f275671_7bb1ccf5_d4c9df24_2886838b);
    assert_hash(ACCOUNT, 0x0f796fc7_1587eb93_cee257af_af8c1230);
}
