//! `shmstore ls --watch`.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use crate::failure::{Failure, Outcome};
use crate::watch;

/// Shows all objects live.
#[derive(Debug, Clone, ClapArgs)]
pub struct Args {
    /// Only those below this path
    path: Option<PathBuf>,
    /// Live
    #[arg(long, required = true)]
    watch: bool,
    /// How often to look, in times a second: 0.1 to 60
    #[arg(long, default_value_t = watch::DEFAULT_HZ, value_parser = watch::hz)]
    hz: f64,
    /// Lines of JSON
    #[arg(long)]
    json: bool,
}

/// Watches them.
///
/// # Errors
///
/// [`Failure`] if segments can not be listed.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    watch::objects(args.path.as_deref(), args.hz, args.json)
}
