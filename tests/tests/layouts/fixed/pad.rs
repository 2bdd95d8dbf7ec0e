use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use shmstore::schema::Kind;
use shmstore::{AnyBits, Pad, ShmLayout, ShmValue};

use super::bytes::{bytes_of, from_bytes, hash_of};

#[test]
fn pad_is_n_bytes_aligned_to_one() {
    assert_eq!((size_of::<Pad<1>>(), align_of::<Pad<1>>()), (1, 1));
    assert_eq!((size_of::<Pad<7>>(), align_of::<Pad<7>>()), (7, 1));
    assert_eq!((Pad::<7>::SCHEMA.size(), Pad::<7>::SCHEMA.align()), (7, 1));
    assert!(matches!(Pad::<7>::SCHEMA.kind(), Kind::Pad));
    assert_ne!(Pad::<7>::LAYOUT_HASH, Pad::<6>::LAYOUT_HASH);
    assert_ne!(Pad::<7>::LAYOUT_HASH, <[u8; 7]>::LAYOUT_HASH);
}

#[test]
fn pad_is_zero_when_made() {
    for pad in [Pad::<3>::new(), Pad::default(), Pad::zeroed()] {
        assert_eq!(bytes_of(&pad), [0; 3]);
    }
}

#[test]
fn pads_of_any_bytes_are_the_same() {
    fn any_bits<V: AnyBits>() {}
    any_bits::<Pad<3>>();

    let (zero, foreign) = (Pad::<3>::new(), from_bytes::<Pad<3>>(&[1, 2, 3]));
    assert_eq!(zero, foreign);
    assert_eq!(zero.cmp(&foreign), std::cmp::Ordering::Equal);
    assert_eq!(hash_of(&zero), hash_of(&foreign));
    assert_eq!(HashSet::from([zero, foreign]).len(), 1);
}

#[test]
fn pad_debug_names_its_size_only() {
    assert_eq!(format!("{:?}", from_bytes::<Pad<2>>(&[1, 2])), "Pad<2>");
}

#[test]
fn pad_is_a_unit_to_serde_or_not_there() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Sample {
        channel: u8,
        shown: Pad<2>,
        #[serde(skip)]
        hidden: Pad<5>,
    }

    let sample = Sample { channel: 3, shown: from_bytes(&[1, 2]), hidden: Pad::new() };
    let json = serde_json::to_string(&sample).unwrap();
    assert_eq!(json, r#"{"channel":3,"shown":null}"#);
    let read: Sample = serde_json::from_str(&json).unwrap();
    assert_eq!(read, sample);
    assert_eq!(bytes_of(&read.shown), [0; 2]);
}
