//! Types with type parameters: what a library publishes for the types of its users.

use std::marker::PhantomData;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use shmstore::schema::{Any, Checked, Kind, Validity};
use shmstore::{AnyBits, AtomicValue, CacheAligned, FixedVec, ShmId, ShmLayout, ShmObject, ShmValue, Store, Versioned};

#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(C)]
struct Pair<A: ShmValue, B>
where
    B: ShmValue,
{
    first: A,
    second: [B; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(transparent)]
struct Unit<T: Copy + 'static, const SCALE: u32> {
    value: f64,
    unit: PhantomData<fn() -> T>,
}

#[derive(Debug, ShmObject)]
#[repr(C)]
#[shm(id = 'R')]
struct Ring<T: ShmValue, const N: usize> {
    written: CacheAligned<AtomicU64>,
    slots: [Versioned<T>; N],
    newest: AtomicValue<u32>,
}

impl<T: AnyBits, const N: usize> Ring<T, N> {
    fn push(&self, value: T) {
        let at = self.written.fetch_add(1, Relaxed);
        self.slots[at as usize % N].store(value);
    }

    fn newest(&self) -> T {
        self.slots[(self.written.load(Relaxed) as usize + N - 1) % N].load()
    }
}

#[derive(Debug, ShmObject)]
#[repr(C)]
struct Both<O: ShmObject, P = AtomicU64>
where
    P: ShmObject + Send,
{
    own: O,
    others: [P; 2],
    padded: CacheAligned<P>,
}

/// Types and modules are in the way of nothing that has their name.
#[allow(dead_code)]
struct Len;
#[allow(dead_code)]
mod width {}

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
#[allow(non_upper_case_globals)]
struct Sized<const Len: usize> {
    bytes: [u8; Len],
}

#[derive(ShmObject)]
#[repr(C)]
#[allow(non_upper_case_globals)]
struct Rows<const width: usize, const Len: usize>
where
    AtomicU64: Send,
{
    rows: [[AtomicU64; width]; Len],
}

#[test]
fn const_parameters_may_have_the_name_of_a_type_or_module() {
    assert_eq!((Sized::<3>::SCHEMA.size(), Rows::<2, 3>::SCHEMA.size()), (3, 48));
    let _ = |sized: Sized<1>, rows: &Rows<1, 1>| (sized.bytes, rows.rows.len());
}

fn any_bits<V: ShmValue>() -> bool {
    <V::Validity as Validity>::ANY
}

/// Generic code has `load()` of what is bound by `AnyBits`, also within other types.
fn sum<T: AnyBits + Into<f64>>(part: &Versioned<[Pair<T, T>; 2]>) -> f64 {
    part.load().iter().map(|pair| pair.first.into() + pair.second[0].into()).sum()
}

#[test]
fn a_generic_value_is_as_valid_as_its_arguments() {
    assert!(any_bits::<Pair<u64, u32>>() && !any_bits::<Pair<u64, [bool; 4]>>() && !any_bits::<Pair<bool, bool>>());
    fn same<A: 'static, B: 'static>() -> bool {
        std::any::TypeId::of::<A>() == std::any::TypeId::of::<B>()
    }
    assert!(
        same::<<Pair<u8, i8> as ShmValue>::Validity, Any>()
            && same::<<Pair<u8, bool> as ShmValue>::Validity, Checked>()
    );
    assert_eq!(
        Pair::<u8, bool>::check_bits(&[9, 1, 2]).unwrap_err().to_string(),
        "`second[1]` is not a valid bool: found 2"
    );
    let part = Versioned::<[Pair<f32, f32>; 2]>::default();
    part.store([Pair { first: 1.0, second: [2.0, 3.0] }; 2]);
    assert_eq!(sum(&part), 6.0);
}

#[test]
fn arguments_count_in_a_layout_through_the_fields_that_have_them() {
    let Kind::Struct { name, const_args, fields } = Pair::<u8, u8>::SCHEMA.kind() else { panic!("not a struct") };
    assert_eq!((*name, const_args.len(), fields.len()), ("Pair", 0, 2));
    assert_ne!(Pair::<u8, u8>::LAYOUT_HASH, Pair::<u8, i8>::LAYOUT_HASH);
    assert_eq!(Unit::<char, 3>::LAYOUT_HASH, Unit::<&'static str, 3>::LAYOUT_HASH);
    assert_ne!(Unit::<char, 3>::LAYOUT_HASH, Unit::<char, 4>::LAYOUT_HASH);
    assert_ne!(Ring::<u64, 2>::LAYOUT_HASH, Ring::<i64, 2>::LAYOUT_HASH);
    assert_eq!(Both::<AtomicU64>::LAYOUT_HASH, Both::<AtomicU64, AtomicU64>::LAYOUT_HASH);
}

#[test]
fn a_generic_object_is_shared_like_any_other() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let ring = store.create::<Ring<Pair<u32, u16>, 4>>().unwrap();
    assert_eq!(Ring::<u8, 1>::ID, 'R');
    (0..6).for_each(|at| ring.push(Pair { first: at, second: [at as u16; 2] }));
    let seen = store.attach_read_only::<Ring<Pair<u32, u16>, 4>>().unwrap();
    assert_eq!(seen.slots[5 % 4].load(), Pair { first: 5, second: [5; 2] });
    assert_eq!(ring.newest().first, 5);
    let error = store.attach::<Ring<Pair<u32, i16>, 4>>().unwrap_err().to_string();
    assert!(error.contains("second"), "{error}");
    store.remove::<Ring<u8, 1>>().unwrap();
}

#[test]
fn parts_nest_in_parameters() {
    type Deep = Both<Ring<FixedVec<Pair<u16, u16>, 3>, 2>, Both<Versioned<u8>>>;
    let deep = shmstore::Shared::<Deep>::new_private().unwrap();
    deep.own.slots[1].update(|list| list.push(Pair { first: 1, second: [2, 3] }).unwrap());
    assert_eq!(deep.own.slots[1].load().len(), 1);
    assert_eq!(Deep::SCHEMA.size(), size_of::<Deep>());
    assert_eq!(size_of::<<Deep as ShmObject>::View>(), size_of::<Deep>());
    assert!(format!("{deep:?}").contains("others"));
}
