//! The derives, beside the traits of the same names.

pub use shmstore_derive::ShmObject;
pub use shmstore_derive::ShmValue;
