//! The importer: it keeps copies of the objects of other hosts.
//!
//! - A thread for each other host makes and removes copies, and asks for what is missing.
//! - Threads of zenoh apply the updates, as they come.

mod copy;
mod dry_run;
mod layout;
mod noted;
mod origin;
mod target;

use std::borrow::Cow;
use std::sync::atomic::AtomicBool;

use crate::error::MirrorError;
use crate::report::Report;
use crate::session;
use crate::settings::{Role, Settings};
use origin::Origin;
use zenoh::Wait;
use zenoh::bytes::ZBytes;
use zenoh::sample::Sample;

/// Imports until `stop` is set. The copies stay, and become stale.
///
/// # Errors
///
/// [`MirrorError`] if the settings are not complete, if the network cannot be used, or if a directory of copies cannot
/// be used or is used by another importer.
pub fn run(settings: &Settings, report: &Report, stop: &AtomicBool) -> Result<(), MirrorError> {
    settings.check(Role::Import)?;
    let session = session::open(settings, Role::Import)?;
    let origins: Vec<Origin<'_>> = settings
        .import
        .iter()
        .map(|import| Origin::open(&session, settings.own_name(), import, report))
        .collect::<Result<_, _>>()?;
    let ended: Vec<Result<(), MirrorError>> = std::thread::scope(|scope| {
        let threads: Vec<_> = origins.into_iter().map(|origin| scope.spawn(move || origin.run(stop))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    session.close().wait().map_err(MirrorError::network("close the network"))?;
    ended.into_iter().collect()
}

/// Prints what would be copied and what would be refused, and writes nothing.
///
/// # Errors
///
/// [`MirrorError`] if the settings are not complete, or if the network cannot be used.
pub fn dry_run(settings: &Settings, report: &Report) -> Result<(), MirrorError> {
    settings.check(Role::Import)?;
    let session = session::open(settings, Role::Import)?;
    for import in &settings.import {
        dry_run::of_host(&session, import, report)?;
    }
    session.close().wait().map_err(MirrorError::network("close the network"))
}

/// The head and the payload of a message.
fn pieces_of(sample: &Sample) -> (Cow<'_, [u8]>, Cow<'_, [u8]>) {
    (sample.attachment().map_or(Cow::Borrowed(&[]), ZBytes::to_bytes), sample.payload().to_bytes())
}
