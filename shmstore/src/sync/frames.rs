//! `Frames<E, N, K, M>`: large values, filled and read in place.

mod elements;
pub(crate) mod word;

pub use elements::Racy;
