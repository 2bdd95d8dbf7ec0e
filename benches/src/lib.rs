//! shmstore beside what a user would pick instead: `cargo run --release -p shmstore-bench -- compare`.
//!
//! Absolute figures move from machine to machine: what counts is the ratio in one run. So all systems do the same work in
//! turn, batch by batch, and it is ratios of neighbouring batches that are compared.

// In the order of their layers: each module imports only from those above it.
pub mod payload;
pub mod sysv;
pub mod place;
pub mod interrupt;
pub mod cpu;
pub mod batch;
pub mod row;
pub mod systems;
pub mod partner;
pub mod work;
pub mod report;
pub mod compare;
pub mod instructions;

/// What goes wrong on the way: printed, and the program ends.
pub type Failure = Box<dyn std::error::Error>;
