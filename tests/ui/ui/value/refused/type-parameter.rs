//! A type parameter has a bound: by where it stands, the derive says which.
use shmstore::ShmValue;
use std::marker::PhantomData;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Pair<T, U> {
    first: T,
    second: U,
}

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Length<Unit> {
    value: f64,
    unit: PhantomData<fn() -> Unit>,
}

/// With a bound that is not enough, rustc says which is.
#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Copied<T: Copy> {
    value: T,
}

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Bounded<T: ShmValue>
where
    Self: Sized,
{
    value: T,
}

fn main() {}
