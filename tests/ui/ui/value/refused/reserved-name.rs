//! A name in generated code may not be meant by a field: this `bool` would pass for a type of any bits.
use shmstore::ShmValue;

trait Switch {
    type Out;
}

#[allow(non_camel_case_types)]
struct __ShmValidity0;

impl Switch for __ShmValidity0 {
    type Out = bool;
}

impl<T: shmstore::schema::Validity> Switch for T {
    type Out = u8;
}

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Evil<const N: usize> {
    flag: <__ShmValidity0 as Switch>::Out,
    rest: [u8; N],
}

#[derive(Clone, Copy, ShmValue)]
#[shm(crate = "::shmstore::__SHM_PATH")]
#[repr(C)]
struct Named {
    r#__shm_field: u8,
}

fn main() {}
