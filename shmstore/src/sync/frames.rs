//! `Frames<E, N, K, M>`: large values, filled and read in place.

pub(crate) mod word;
