//! `shmstore doctor`: a check of the machine.

use std::path::PathBuf;

use crate::failure::{Failure, Outcome};
use crate::findings::{self, Finding, Severity};
use crate::output::{Look, Output};

/// Check this machine, and a path, for what may go wrong, and advise what to do
///
/// With a path, it also names the services that delete files there, and the process that has the anchor locked. The
/// exit code is 1 if something needs fixing.
///
/// --json prints an array of objects with the keys severity (ok, note or mend), subject, found, and advice (null if
/// there is nothing to do).
#[derive(Debug, clap::Args)]
pub struct Args {
    /// An anchor, or the directory of one
    path: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints the findings.
///
/// # Errors
///
/// The kernel has no System V shared memory.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let findings = findings::all(args.path.as_deref())?;
    let mut output = Output::standard();
    if args.json {
        output.json(&findings)?;
    } else {
        for finding in &findings {
            tell(finding, &mut output)?;
        }
    }
    output.finish()?;
    let needs_mending = findings.iter().any(|finding| finding.severity == Severity::Mend);
    Ok(if needs_mending { Outcome::Differs } else { Outcome::Done })
}

fn tell(finding: &Finding, output: &mut Output) -> Result<(), Failure> {
    let (mark, look) = match finding.severity {
        Severity::Ok => ("ok  ", Look::Good),
        Severity::Note => ("note", Look::Heading),
        Severity::Mend => ("mend", Look::Bad),
    };
    let mark = output.look(look, mark);
    output.line(&format!("{mark}  {}: {}", finding.subject, finding.found))?;
    if let Some(advice) = &finding.advice {
        output.line(&format!("      → {advice}"))?;
    }
    Ok(())
}
