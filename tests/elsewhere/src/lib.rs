//! A type of another crate, which knows shmstore under another name.

/// The same layout as `base::T` of `identity.rs`.
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
