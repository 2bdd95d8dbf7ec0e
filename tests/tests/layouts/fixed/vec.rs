use std::collections::HashMap;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use shmstore::error::CapacityError;
use shmstore::schema::{Kind, Validity};
use shmstore::{AnyBits, FixedVec, ShmLayout, ShmValue};

use super::bytes::{bytes_of, from_bytes, hash_of};
use super::equal;

/// A vector as another process may have left it.
fn foreign<const N: usize>(len: u64, items: [u8; N]) -> FixedVec<u8, N> {
    from_bytes(&[&len.to_le_bytes()[..], &items].concat())
}

fn shape<V: ShmValue, const N: usize>() -> (usize, usize, usize) {
    let vec = FixedVec::<V, N>::new();
    let items_at = vec.as_slice().as_ptr().addr() - std::ptr::from_ref(&vec).addr();
    assert_eq!(
        (FixedVec::<V, N>::SCHEMA.size(), FixedVec::<V, N>::SCHEMA.align()),
        (size_of_val(&vec), align_of_val(&vec))
    );
    (size_of_val(&vec), align_of_val(&vec), items_at)
}

#[test]
fn vec_is_length_then_elements_aligned_as_they_are() {
    assert_eq!(shape::<u8, 1>(), (9, 1, 8));
    assert_eq!(shape::<u8, 24>(), (32, 1, 8));
    assert_eq!(shape::<u16, 3>(), (14, 2, 8));
    assert_eq!(shape::<f32, 5>(), (28, 4, 8));
    assert_eq!(shape::<f64, 4>(), (40, 8, 8));
    assert_eq!(shape::<[bool; 3], 2>(), (14, 1, 8));
    assert_eq!(shape::<FixedVec<u64, 2>, 2>(), (56, 8, 8));
    assert_eq!(shape::<PhantomData<u8>, 2>(), (8, 1, 8));

    let vec = FixedVec::<u16, 3>::from([0x0102, 0x0304]);
    let items: Vec<u8> = [0x0102_u16, 0x0304, 0].iter().flat_map(|item| item.to_ne_bytes()).collect();
    assert_eq!(bytes_of(&vec), [&[2, 0, 0, 0, 0, 0, 0, 0][..], &items].concat());
}

#[test]
fn vec_schema_tells_capacity_and_element() {
    let Kind::FixedVec { capacity: 4, element } = FixedVec::<f64, 4>::SCHEMA.kind() else { panic!("no vec of 4") };
    assert_eq!(element.hash(), f64::LAYOUT_HASH);
    assert_ne!(FixedVec::<f64, 4>::LAYOUT_HASH, FixedVec::<f64, 5>::LAYOUT_HASH);
    assert_ne!(FixedVec::<f64, 4>::LAYOUT_HASH, FixedVec::<u64, 4>::LAYOUT_HASH);
}

#[test]
fn vec_of_zeros_is_empty() {
    for vec in [FixedVec::<u8, 3>::new(), FixedVec::default(), FixedVec::zeroed(), foreign(0, [0; 3])] {
        assert!(vec.is_empty() && !vec.is_full());
        assert_eq!(vec, []);
        assert_eq!(bytes_of(&vec), [0; 11]);
    }
}

#[test]
fn length_beyond_the_capacity_counts_as_the_capacity() {
    for len in [3, 4, 1 << 32, 1 << 63, u64::MAX] {
        let mut vec = foreign(len, [7, 8, 9]);
        assert!(vec.is_full());
        assert_eq!(vec, [7, 8, 9]);
        assert_eq!(vec.as_mut_slice(), [7, 8, 9]);
        assert_eq!(vec.into_iter().count(), 3);
        assert_eq!(vec.push(1).unwrap_err().needed(), 4);
        assert_eq!(vec.pop(), Some(9));
        assert_eq!(bytes_of(&vec), [2, 0, 0, 0, 0, 0, 0, 0, 7, 8, 0]);
    }
}

#[test]
fn elements_after_the_length_do_not_count() {
    let (clean, dirty) = (FixedVec::<u8, 3>::from([7]), foreign(1, [7, 8, 9]));
    assert_eq!(clean, dirty);
    assert_eq!(clean.cmp(&dirty), std::cmp::Ordering::Equal);
    assert_eq!(hash_of(&clean), hash_of(&dirty));
    assert_eq!(format!("{dirty:?}"), "[7]");
}

#[test]
fn vec_is_as_valid_as_its_elements() {
    fn any_bits<V: AnyBits>() {}
    any_bits::<FixedVec<f64, 3>>();
    const { assert!(!<<FixedVec<bool, 3> as ShmValue>::Validity as Validity>::ANY) };

    let length_of_anything = [0xff; 8];
    let check = |flags: [u8; 3]| FixedVec::<bool, 3>::check_bits(&[&length_of_anything[..], &flags].concat());
    assert!(check([0, 1, 1]).is_ok());
    assert_eq!(check([0, 2, 1]).unwrap_err().path(), "[1]");
    assert_eq!(check([0, 2, 1]).unwrap_err().to_string(), "`[1]` is not a valid bool: found 2");
}

#[test]
fn elements_after_the_length_are_checked_too() {
    let mut bytes = [0; 8 + 3];
    assert!(FixedVec::<bool, 3>::check_bits(&bytes).is_ok());
    bytes[8 + 2] = 9;
    assert_eq!(FixedVec::<bool, 3>::check_bits(&bytes).unwrap_err().path(), "[2]");
}

#[test]
fn invalid_element_of_a_nested_vec_is_named_by_its_path() {
    let mut bytes = bytes_of(&FixedVec::<FixedVec<bool, 2>, 3>::new()).to_vec();
    bytes[8 + 2 * 10 + 8 + 1] = 9;
    let invalid = FixedVec::<FixedVec<bool, 2>, 3>::check_bits(&bytes).unwrap_err();
    assert_eq!(invalid.in_field("flags").path(), "flags[2][1]");
}

#[test]
fn what_does_not_fit_is_refused_whole_and_named() {
    let mut vec = FixedVec::<u8, 3>::from([1, 2]);
    assert_eq!(vec.extend_from_slice(&[3, 4]).unwrap_err().needed(), 4);
    assert_eq!(vec, [1, 2]);
    vec.push(3).unwrap();
    assert_eq!(vec.push(4).unwrap_err().capacity(), 3);
    assert!(vec.insert(0, 4).is_err());
    assert_eq!(vec, [1, 2, 3]);

    let error = FixedVec::<u8, 3>::try_from(&[0; 5][..]).unwrap_err();
    let text =
        "cannot put 5 elements into a `FixedVec<_, 3>`: declare it with a capacity of at least 5, or put in fewer";
    assert_eq!(error.to_string(), text);
    assert_eq!(format!("{error:?}"), text);
}

#[test]
fn more_elements_without_bytes_than_can_be_counted_are_refused() {
    let endless = [PhantomData::<u8>; usize::MAX];
    let mut vec = FixedVec::<PhantomData<u8>, 2>::from([PhantomData]);
    assert_eq!(vec.extend_from_slice(&endless).unwrap_err().needed(), usize::MAX);
}

#[test]
fn endless_iterator_is_refused_after_one_too_many() {
    let mut asked = 0;
    let error = FixedVec::<u8, 3>::try_from_iter(std::iter::from_fn(|| {
        asked += 1;
        Some(0)
    }));
    assert_eq!(error.unwrap_err().needed(), 4);
    assert_eq!(asked, 4);
}

#[test]
#[should_panic(expected = "cannot insert at 3: the `FixedVec` has 2 elements")]
fn insert_beyond_the_end_panics() {
    let _ = FixedVec::<u8, 4>::from([1, 2]).insert(3, 0);
}

#[test]
#[should_panic(expected = "cannot remove the element at 2: the `FixedVec` has 2 elements")]
fn remove_beyond_the_end_panics() {
    FixedVec::<u8, 4>::from([1, 2]).remove(2);
}

#[test]
#[should_panic(expected = "cannot remove the element at 0: the `FixedVec` has 0 elements")]
fn swap_remove_beyond_the_end_panics() {
    FixedVec::<u8, 4>::new().swap_remove(0);
}

#[test]
fn retain_that_panics_loses_no_element() {
    let mut vec = FixedVec::<u8, 8>::from([1, 2, 3, 4, 5]);
    let outcome =
        catch_unwind(AssertUnwindSafe(|| vec.retain(|&n| if n == 4 { panic!("at four") } else { n % 2 == 1 })));
    assert!(outcome.is_err());
    vec.sort_unstable();
    assert_eq!(vec, [1, 2, 3, 4, 5]);
}

#[test]
fn vec_compares_with_every_kind_of_slice() {
    let vec = FixedVec::<u8, 4>::from([1, 2]);
    assert!(equal(&vec, &[1, 2][..]));
    assert!(equal(&vec, &&[1, 2][..]));
    assert!(equal(&vec, &[1, 2]));
    assert!(equal(&vec, &&[1, 2]));
    assert!(equal(&vec, &vec![1, 2]));
    for other in [&[][..], &[1], &[1, 3], &[1, 2, 0]] {
        assert!(!equal(&vec, other));
    }
    assert!(vec < FixedVec::from([1, 2, 0]) && vec < FixedVec::from([2]));
    assert_eq!(FixedVec::<f64, 2>::from([f64::NAN]).partial_cmp(&[f64::NAN].into()), None);
}

#[test]
fn vec_is_made_from_every_kind_of_slice() {
    let owned = vec![1_u8, 2];
    for vec in [
        Ok(FixedVec::<u8, 4>::from([1, 2])),
        FixedVec::try_from(&owned[..]),
        FixedVec::try_from(&owned),
        FixedVec::try_from(owned.clone()),
        FixedVec::try_from_iter(owned.iter().copied()),
    ] {
        assert_eq!(vec.unwrap(), [1, 2]);
    }
    assert_eq!(Vec::from(FixedVec::<u8, 4>::from([1, 2])), [1, 2]);
}

#[test]
fn vec_iterates_by_value_by_reference_and_to_change() {
    let mut vec = FixedVec::<u8, 4>::from([1, 2, 3]);
    for n in &mut vec {
        *n *= 2;
    }
    assert_eq!((&vec).into_iter().copied().collect::<Vec<_>>(), [2, 4, 6]);
    assert_eq!(vec.into_iter().rev().collect::<Vec<_>>(), [6, 4, 2]);
    vec.as_mut()[0] = 9;
    assert_eq!(vec.as_ref(), [9, 4, 6]);
}

#[test]
fn map_of_vecs_is_asked_by_slice() {
    let map = HashMap::from([(FixedVec::<u8, 4>::from([1, 2]), "found")]);
    assert_eq!(map.get(&[1, 2][..]), Some(&"found"));
    assert_eq!(map.get(&[1, 2, 0, 0, 0][..]), None);
    assert_eq!(hash_of(&FixedVec::<u16, 4>::from([1, 2])), hash_of(&[1_u16, 2][..]));
}

#[test]
fn vec_is_a_sequence_to_serde() {
    let vec = FixedVec::<u8, 4>::from([1, 2]);
    assert_eq!(serde_json::to_string(&vec).unwrap(), "[1,2]");
    assert_eq!(serde_json::from_str::<FixedVec<u8, 4>>("[1,2]").unwrap(), vec);

    let too_long = serde_json::from_str::<FixedVec<u8, 2>>("[1,2,3]").unwrap_err().to_string();
    let reason: CapacityError = FixedVec::<u8, 2>::try_from(&[1, 2, 3][..]).unwrap_err();
    assert!(too_long.starts_with(&reason.to_string()), "{too_long}");
    let no_sequence = serde_json::from_str::<FixedVec<u8, 2>>("7").unwrap_err().to_string();
    assert!(no_sequence.contains("expected a sequence of at most 2 elements"), "{no_sequence}");
}
