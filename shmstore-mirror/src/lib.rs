//! Copies the shared objects of one machine to others, over [zenoh](https://zenoh.io).
//!
//! An *exporter* sends the changes of objects of its host. An *importer* keeps copies of them on another host, which
//! programs there attach by `attach_view`. A copy has the layout of its origin, so the importer needs no type.
//!
//! Read first: [`Settings`], and the guide's chapter on more than one machine.
//!
//! ```no_run
//! use shmstore_mirror::{Report, Settings, export};
//! use std::sync::atomic::AtomicBool;
//!
//! let settings = Settings::read("mirror.toml".as_ref())?;
//! export::run(&settings, &Report::default(), &AtomicBool::new(false))?;
//! # Ok::<(), shmstore_mirror::MirrorError>(())
//! ```

mod error;
pub mod export;
pub mod import;
mod lock;
mod name;
mod parts;
mod report;
mod session;
mod settings;
pub mod status;
mod wire;

pub use error::MirrorError;
pub use name::{Name, NotAName, Pattern};
pub use report::Report;
pub use settings::{Export, Exported, Import, Network, Role, Settings, mode_of};
