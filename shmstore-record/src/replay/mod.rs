//! Replaying a recording: its objects are made, and its messages stored, in their order and at their times.
//!
//! Read first: [`Replay`]. It stores with the same protocols as any other writer of an object, so that readers and
//! waiters see no difference.

mod error;
mod only;
mod pace;
mod place;
mod report;
mod run;
mod writer;

pub use error::ReplayError;
pub use only::Only;
pub use place::{Opened, Place, open, places};
pub use report::{Counts, Lateness, Report};
pub use run::{Replay, Settings};
