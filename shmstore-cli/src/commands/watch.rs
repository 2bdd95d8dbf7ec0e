//! `shmstore watch PATH [TYPE]`: an object, live.

use clap::Args as ClapArgs;

use crate::failure::{Failure, Outcome};
use crate::target::Target;
use crate::watch;

/// Show an object live: full screen on a terminal, otherwise a line a change
///
/// On a terminal, fields that change are highlighted and marked; numbers have the change a second and their history, other fields how often
/// they are stored a second. Rates are in k, M, G, T of 1000; sizes in K, M, G of 1024. Keys: q, Esc or Ctrl-C quit, space pauses, / filters
/// by path (Enter keeps the filter, Esc takes it back), arrows, PgUp, PgDn, Home and End move, Tab, ← and → go to the other objects at the
/// path, those with names included, ? explains the keys. If the object is removed, the next one of its place is shown as soon as it is there.
///
/// If the output is no terminal, `TIMESTAMP FIELD VALUE` is written for each field at first, and then whenever it has changed. Beyond 4,000
/// fields, how many are left out is said once, as an error is. It ends when nobody reads it any more. With --json, the keys of each line are
/// at (a time in UTC), field, value (as in `shmstore show --json`; of a list its len), and version, if it is in a `Versioned`; or at, event
/// (`removed`), segment.
///
/// It looks HZ times a second: what changes in between is not seen, and no look changes anything in the object. Looks take no more than half
/// of one CPU, whatever HZ says. The terminal is given back on every way out, and while SIGTSTP stops it; but not at SIGKILL and SIGSTOP, a
/// fault of the program (SIGSEGV and the like), and signals that nobody sends on purpose (SIGIO, SIGPWR, SIGSTKFLT, real-time ones): `reset`
/// mends it then.
#[derive(Debug, Clone, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    target: Target,
    /// Only this field, and what is in it, as in `accounts[3].value`; can be given several times
    #[arg(long = "field", value_name = "FIELD")]
    fields: Vec<String>,
    /// How often to look, in times a second: 0.1 to 60
    #[arg(long, default_value_t = watch::DEFAULT_HZ, value_parser = watch::hz)]
    hz: f64,
    /// A line of JSON a change, also on a terminal
    #[arg(long)]
    json: bool,
}

/// Watches it.
///
/// # Errors
///
/// [`Failure`] if there is no such object or field, or the terminal or pipe refuses something.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    watch::object(&args.target, &args.fields, args.hz, args.json)
}
