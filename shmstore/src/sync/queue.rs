//! `Queue<V, N>`: each item goes to one consumer.

pub(crate) mod word;
