//! `shmstore watch PATH [TYPE]`: the contents of an object, live.

use clap::Args as ClapArgs;

use shmstore::inspect::{FieldError, Limits};

use crate::failure::{Failure, Outcome, in_single_quotes};
use crate::target::{self, Target};
use crate::text::shown_path;
use crate::watch;

/// Show an object live: full screen on a terminal, otherwise one line for each change
///
/// The object is read HZ times a second, and never changed. Changes between two
/// reads are missed. Reading takes at most half of one CPU, even if that means fewer
/// reads. If the object is removed, watch waits for the next one at its anchor.
///
/// On a terminal, changed fields are highlighted and marked. The rate of a number is
/// its change in a second. The rate of another field is how often it is stored in a
/// second. A Queue has the rows pushed, delivered and outstanding (taken, not done). The
/// rates of pushed and delivered are items in a second. A Broadcast shows its newest
/// item, and has the row sent. A Map has rows for its first eight keys, and the row
/// changes, whose rate is insertions and removals in a second. Frames have the rows newest
/// (the number of the newest frame, whose rate is frames in a second), pins and loans
/// (slots that are being filled), and rows for the metadata of the newest frame. Rates are
/// in k, M, G, T of 1000, sizes in K, M, G of 1024. Press:
///   q, Esc, Ctrl-C     quit
///   space              pause, continue
///   /                  filter by path: Enter keeps the filter, Esc undoes it
///   ↑ ↓ PgUp PgDn Home End
///                      move
///   Tab ← →            other objects at the path, also named ones
///   ?                  explain the keys
///
/// Without a terminal, watch writes `TIMESTAMP FIELD VALUE` for each field, and again
/// for each change. It shows 4,000 fields, and says once on the standard error how
/// many it leaves out. An array or list has a line with its length, and lines for its
/// first eight elements. A Map has lines for its first eight keys. `--field readings[9]`
/// shows any other element, and `--field 'quotes["EURUSD"]'` any other key: the single
/// quotes keep the others from the shell. While the key is not in the map, it is shown
/// as absent. watch ends when the reader closes the output. With --json, the keys of a
/// line are:
///   for a change       at (a time in UTC), field, value (as in `shmstore show
///                      --json`; only the len of a list, the len and capacity of a
///                      Queue, a Map or the newest frame, the newest item of a
///                      Broadcast), and version in a Versioned, of a key or a frame
///   for a missing key  at, event ("absent"), field
///   for a removal      at, event ("removed"), segment
///
/// watch restores the terminal when it ends, and while SIGTSTP stops it. It cannot do
/// so on SIGKILL, SIGSTOP, a crash such as SIGSEGV, and the unusual signals SIGIO,
/// SIGPWR, SIGSTKFLT and real-time signals. Then run `reset`.
#[derive(Debug, Clone, ClapArgs)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(flatten)]
    target: Target,
    /// Show only this field and its parts, as in `accounts[3].value` or 'quotes["EURUSD"]'; can be repeated
    #[arg(long = "field", value_name = "FIELD")]
    fields: Vec<String>,
    /// How many times a second to read, from 0.1 to 60
    #[arg(long, default_value_t = watch::DEFAULT_HZ, value_parser = watch::hz)]
    hz: f64,
    /// Write one JSON object a line, also on a terminal
    #[arg(long)]
    json: bool,
}

/// Watches the object.
///
/// # Errors
///
/// The object or a field does not exist, or the output cannot be written.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    for field in &args.fields {
        target::field_path(field, args.target.type_name.as_ref())?;
    }
    watch::object(&args.target, &args.fields, args.hz, args.json).map_err(|failure| match failure {
        Failure::NotFound(why) => Failure::NotFound(why + &field_in_place_of_type(&args.target)),
        other => other,
    })
}

/// Says how to watch a field, if the last argument is a field and no type.
fn field_in_place_of_type(target: &Target) -> String {
    let field = target.type_name.as_ref().and_then(|last| {
        let object = Target { type_name: None, ..target.clone() }.object().ok()?;
        let found = target::field_path(last, None).map(|field| object.read_at(&field, &Limits::default()));
        match found {
            Ok(Ok(_) | Err(FieldError::NoKey { .. })) => Some(last.clone()),
            Err(Failure::Field(FieldError::Syntax { instead, .. })) => instead,
            Ok(Err(_)) | Err(_) => None,
        }
    });
    field.map_or_else(String::new, |field| {
        let path = shown_path(&target.path);
        format!(". A field has an option: `shmstore watch {path} --field {}`", in_single_quotes(&field))
    })
}
