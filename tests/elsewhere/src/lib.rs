//! A type of another crate, which knows shmstore under another name.

/// The same layout as `base::T` of `layouts/identity.rs`.
#[derive(Clone, Copy, Debug, renamed::ShmValue)]
#[repr(C)]
#[shm(crate = "renamed")]
pub struct T {
    /// A field.
    pub x: f64,
    /// A field.
    pub y: f64,
    /// A field.
    pub n: u32,
    /// A field.
    pub m: u32,
}

pub use renamed;

/// A value that users of this crate declare, who need not depend on shmstore themselves.
#[macro_export]
macro_rules! point {
    ($name:ident, $number:ty) => {
        #[derive(Clone, Copy, Debug, $crate::renamed::ShmValue)]
        #[repr(C)]
        #[shm(crate = $crate::renamed)]
        struct $name {
            at: [$number; 2],
            of: $crate::T,
        }
    };
}
