//! Types of other crates, and the time, are values: they mean the same in every process, and convert without loss.

#![forbid(unsafe_code)]

mod timestamp;
mod values;
