//! The system calls, one file for each family, and the failpoints; no other layer makes system calls of its own.
//!
//! Layers it may use: layout.
//!
//! Read first: `shm` (segments), `futex` (sleeping and waking) and `file` (anchors and their locks).

pub(crate) mod clock;
pub(crate) mod failpoint;
pub(crate) mod file;
pub(crate) mod futex;
pub(crate) mod membarrier;
pub(crate) mod process;
pub(crate) mod readable;
pub(crate) mod shm;
pub(crate) mod vantage;
