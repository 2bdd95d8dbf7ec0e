//! shmstore beside other libraries and the bare machine: `cargo run --release -p shmstore-bench -- compare`.
//!
//! Times differ from machine to machine, so ratios within one run count. All systems do the same work in turn, batch by
//! batch, and a ratio compares neighboring batches.

// In the order of their layers: each module imports only from those above it.
pub mod payload;
pub mod sysv;
pub mod place;
pub mod interrupt;
pub mod batch;
pub mod row;
pub mod systems;
pub mod partner;
pub mod work;
pub mod report;
pub mod compare;
pub mod instructions;
pub mod migration;
pub mod waiting;
pub mod frames;

/// A failure is printed, and ends the program.
pub type Failure = Box<dyn std::error::Error>;
