//! Keys: equal ones have equal bytes, in whatever way they were made.

use std::marker::PhantomData;

use shmstore::{AnyBits, FixedString, Pad, ShmKey, ShmValue, Timestamp};

use crate::fixed::bytes::{bytes_of, from_bytes};

#[derive(Clone, Copy, Debug, PartialEq, ShmValue, ShmKey)]
#[repr(i16)]
enum Side {
    Bid,
    Ask = -3,
}

#[derive(Clone, Copy, Debug, PartialEq, ShmValue, ShmKey)]
#[repr(C)]
struct Symbol {
    exchange: u16,
    names: [FixedString<3>; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, ShmValue, ShmKey)]
#[repr(C)]
struct Level {
    at: Timestamp,
    price: i64,
    symbol: Symbol,
    _pad: Pad<8>,
    letter: char,
    is_open: bool,
    _end: [Pad<1>; 1],
    side: Side,
}

/// A number that is marked with the type that it stands for.
#[derive(Clone, Copy, ShmValue, ShmKey)]
#[repr(transparent)]
struct Id<Of: Copy + 'static> {
    raw: u64,
    of: PhantomData<fn() -> Of>,
}

#[derive(Clone, Copy, ShmValue, ShmKey)]
#[repr(C)]
struct Pair<A: ShmKey, B, const N: usize>(A, [B; N])
where
    B: ShmKey;

/// The path of the runtime without a derive that finds it.
mod elsewhere {
    pub(super) use ::shmstore as store;
}

#[derive(Clone, Copy, elsewhere::store::ShmValue, elsewhere::store::ShmKey)]
#[repr(C)]
#[shm(crate = "elsewhere::store")]
struct Elsewhere {
    name: FixedString<4>,
}

/// Methods of its own do not come before those of the trait.
impl Elsewhere {
    fn to_key() {}
}

#[derive(Clone, Copy, ShmValue, ShmKey)]
#[repr(C)]
struct Outer {
    inner: Elsewhere,
}

/// Calls a method as a map does, which does not name it otherwise.
fn key_of<K: ShmKey>(key: &K) -> K {
    key.to_key()
}

/// A text as a faulty process, or one of another language, may have left it.
fn dirty<const N: usize>(len: u32, bytes: &[u8]) -> FixedString<N> {
    from_bytes(&[&len.to_le_bytes(), bytes].concat())
}

fn is_same_key<K: ShmKey>(a: &K, b: &K) -> bool {
    bytes_of(&key_of(a)) == bytes_of(&key_of(b))
}

#[test]
fn texts_that_are_equal_are_the_same_key_whatever_follows_them() {
    let clean: FixedString<6> = "ab".try_into().unwrap();
    let (left_over, cut) = (dirty::<6>(2, b"abcdef"), dirty::<6>(2, b"ab\0\0\0x"));
    assert!(clean == left_over && clean == cut && bytes_of(&clean) != bytes_of(&left_over));
    assert_eq!(bytes_of(&key_of(&left_over)), b"\x02\0\0\0ab\0\0\0\0");
    assert!(is_same_key(&clean, &left_over) && is_same_key(&clean, &cut));
    let (full, beyond) = (dirty::<6>(6, b"abcdef"), dirty::<6>(u32::MAX, b"abcdef"));
    assert!(full == beyond && is_same_key(&full, &beyond) && !is_same_key(&full, &clean));
    assert_eq!(bytes_of(&key_of(&beyond)), b"\x06\0\0\0abcdef");
    // Bytes that are not UTF-8 are a key, too.
    assert!(!is_same_key(&dirty::<2>(1, b"\xffa"), &dirty::<2>(1, b"\xfea")));
}

#[test]
fn numbers_are_their_own_keys() {
    fn same<K: ShmKey + PartialEq>(key: K) -> bool {
        key_of(&key) == key
    }
    assert!(same(u8::MAX) && same(u16::MAX) && same(u32::MAX) && same(u64::MAX));
    assert!(same(i8::MIN) && same(i16::MIN) && same(i32::MIN) && same(i64::MIN));
    assert!(same(true) && same('ß') && same([[1_u32, 2], [3, 4]]) && same(Timestamp::MIN) && same(Side::Ask));
    assert!(same(uuid::Uuid::from_u128(u128::MAX)));
}

#[test]
fn equal_structs_of_keys_are_the_same_key_at_any_depth() {
    let clean = Level {
        at: Timestamp::MAX,
        price: -1,
        symbol: Symbol { exchange: 7, names: ["EUR".try_into().unwrap(), "U".try_into().unwrap()] },
        _pad: Pad::new(),
        letter: 'x',
        is_open: true,
        _end: [Pad::new()],
        side: Side::Ask,
    };
    let names = [dirty(u32::MAX, b"EUR"), dirty(1, b"UAB")];
    let used =
        Level { symbol: Symbol { exchange: 7, names }, _pad: from_bytes(&[9; 8]), _end: [from_bytes(&[9])], ..clean };
    assert!(clean == used && bytes_of(&clean) != bytes_of(&used));
    assert_eq!(bytes_of(&key_of(&used)), bytes_of(&clean), "what is clean stays as it is");
    assert_eq!(bytes_of(&key_of(&clean)), bytes_of(&clean));
    for other in [Level { price: 1, ..used }, Level { side: Side::Bid, ..used }, Level { is_open: false, ..used }] {
        assert!(!is_same_key(&clean, &other), "{other:?}");
    }
}

#[test]
fn a_key_may_have_parameters_another_path_and_methods_of_its_own() {
    let pair = Pair(dirty::<4>(1, b"abcd"), [Id::<*const u8> { raw: 3, of: PhantomData }; 2]);
    let key = key_of(&pair);
    assert_eq!((bytes_of(&key.0), key.1[1].raw), (&b"\x01\0\0\0a\0\0\0"[..], 3));
    let () = Elsewhere::to_key();
    assert_eq!(bytes_of(&key_of(&Outer { inner: Elsewhere { name: dirty(1, b"abcd") } })), b"\x01\0\0\0a\0\0\0");
}

/// Short texts are cleaned in another way than long ones.
#[test]
fn texts_of_every_length_are_cleaned() {
    fn check<const N: usize>() {
        let bytes: Vec<u8> = (0..N).map(|at| at as u8 | 1).collect();
        for len in 0..=N {
            let key = key_of(&dirty::<N>(len as u32, &bytes));
            let expected = [&(len as u32).to_le_bytes()[..], &bytes[..len], &vec![0; N - len]].concat();
            assert_eq!(bytes_of(&key), expected, "{len} of {N}");
        }
    }
    check::<1>();
    check::<33>();
    check::<255>();
    check::<256>();
    check::<300>();
}

/// A key of a generic function is also read without a check, if its parameter says so.
#[test]
fn a_bound_of_keys_is_a_bound_of_values() {
    fn load<K: ShmKey + AnyBits>(part: &shmstore::Versioned<K>) -> K {
        part.load()
    }
    assert_eq!(load(&shmstore::Versioned::new(5_u64)), 5);
}
