//! The runtime may be reached by another path: re-exported, or renamed in Cargo.toml.
mod vendored {
    pub mod deep {
        pub use ::shmstore as store;
    }
}

use vendored::deep::store;

#[derive(Clone, Copy, store::ShmValue)]
#[repr(C)]
#[shm(crate = "crate::derives::crate_attribute::vendored::deep::store", id = 'V')]
struct Value {
    number: u64,
}

#[derive(store::ShmObject)]
#[repr(C)]
#[shm(crate = "store")]
struct Object {
    of: store::Versioned<Value>,
}

#[test]
fn the_runtime_is_reached_by_another_path() {
    assert_eq!(<Object as store::ShmLayout>::SCHEMA.size(), size_of::<Object>());
}
