//! `load()` is for values of any bits, whatever the type with the `bool` is called.
use shmstore::{ShmValue, Versioned};

trait Switch {
    type Out;
}

#[allow(non_camel_case_types)]
struct __Validity1;

impl Switch for __Validity1 {
    type Out = bool;
}

impl<T: shmstore::schema::Validity> Switch for T {
    type Out = u8;
}

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Evil<const N: usize> {
    flag: <__Validity1 as Switch>::Out,
    rest: [u8; N],
}

fn main() {
    Versioned::<Evil<1>>::default().load();
}
