//! The only system calls of the crate, a file a family. Everything above is written in their terms.

pub(crate) mod file;
pub(crate) mod futex;
pub(crate) mod membarrier;
pub(crate) mod process;
pub(crate) mod readable;
pub(crate) mod shm;
pub(crate) mod vantage;
