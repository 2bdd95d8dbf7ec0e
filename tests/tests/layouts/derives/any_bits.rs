//! A type of the user's own is never taken for a name in generated code, however it is called.

use std::sync::atomic::AtomicU8;

use shmstore::schema::{Any, Checked, Validity};
use shmstore::{ShmLayout, ShmObject, ShmValue, Versioned};

trait Switch {
    type Out;
}

/// Names like these were once in the generated code, as parameters that stand for what a field's type brings along.
#[allow(non_camel_case_types)]
struct __Validity0;
#[allow(non_camel_case_types)]
struct __Validity1;

impl Switch for __Validity0 {
    type Out = bool;
}

impl Switch for __Validity1 {
    type Out = bool;
}

/// A generated parameter is a [`Validity`]; the types above are none.
impl<T: Validity> Switch for T {
    type Out = u8;
}

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Switched<const N: usize> {
    first: <__Validity0 as Switch>::Out,
    second: <__Validity1 as Switch>::Out,
    rest: [u8; N],
}

fn any_bits<V: ShmValue>() -> bool {
    <V::Validity as Validity>::ANY
}

#[test]
fn a_bool_behind_a_name_of_ones_own_is_checked() {
    assert!(!any_bits::<Switched<1>>());
    assert!(Switched::<1>::check_bits(&[0, 2, 0]).is_err());
    let part = Versioned::<Switched<1>>::default();
    part.store(Switched { first: true, second: false, rest: [7] });
    let found = part.load_checked().expect("what was stored is valid");
    assert_eq!((found.first, found.second, found.rest), (true, false, [7]));
}

trait ViewSwitch {
    type Out;
}

#[allow(non_camel_case_types)]
struct __View1;

impl ViewSwitch for __View1 {
    type Out = shmstore::Lock;
}

impl<T: std::fmt::Debug> ViewSwitch for T {
    type Out = AtomicU8;
}

#[derive(ShmObject)]
#[repr(C)]
struct Mirrored<const N: usize> {
    first: [AtomicU8; N],
    second: <__View1 as ViewSwitch>::Out,
}

#[test]
fn a_view_has_the_layout_of_its_object_whatever_types_are_called() {
    assert_eq!(size_of::<<Mirrored<1> as ShmObject>::View>(), size_of::<Mirrored<1>>());
    assert_eq!(Mirrored::<1>::SCHEMA.size(), 16);
    let _ = |object: &Mirrored<1>| (object.first.len(), format!("{:?}", object.second));
}

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Flags {
    ready: bool,
    done: bool,
}

#[test]
fn validity_is_that_of_the_fields() {
    assert!(any_bits::<[u32; 2]>() && !any_bits::<Flags>() && !any_bits::<[Flags; 2]>());
    assert!(any_bits::<shmstore::FixedVec<u8, 2>>() && !any_bits::<shmstore::FixedVec<Flags, 2>>());
    assert_eq!(std::any::TypeId::of::<<Flags as ShmValue>::Validity>(), std::any::TypeId::of::<Checked>());
    assert_eq!(std::any::TypeId::of::<<u8 as ShmValue>::Validity>(), std::any::TypeId::of::<Any>());
}
