//! What the tests share: objects, scratch stores, real processes, and looks at the kernel's segment table.

#![deny(unsafe_code)]

pub mod again;
pub mod documents;
pub mod mutation;
pub mod fuzz;
pub mod holder;
pub mod objects;
pub mod peer;
pub mod privilege;
pub mod random;
pub mod raw;
pub mod sandbox;
pub mod scratch;
pub mod schemas;
pub mod segments;
pub mod vandal;
pub mod victim;
pub mod torture;
pub mod wait;
