//! A type parameter has a bound: by where it stands, the derive says which.
use shmstore::{CacheAligned, ShmObject, Versioned};
use std::marker::PhantomData;
use std::sync::atomic::AtomicU64;

#[derive(ShmObject)]
#[repr(C)]
struct Pair<O, P, V> {
    first: [O; 2],
    second: CacheAligned<P>,
    third: Versioned<V>,
}

#[derive(ShmObject)]
#[repr(C)]
struct Tagged<T> {
    value: AtomicU64,
    tag: PhantomData<T>,
}

fn main() {}
