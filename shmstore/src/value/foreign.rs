//! Types of other crates, each crate behind the feature of its name.
//!
//! They are not recommended to rustc, which would else name them first where it names types that are values.

#[cfg(feature = "chrono")]
mod chrono;
#[cfg(feature = "glam")]
mod glam;
#[cfg(feature = "jiff")]
mod jiff;
#[cfg(feature = "uuid")]
mod uuid;
