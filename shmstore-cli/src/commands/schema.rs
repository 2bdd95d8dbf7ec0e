//! `shmstore schema`: the layout of an object.

use clap::ArgGroup;

use crate::export;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::target::Target;
use crate::text::{shown_json, shown_lines};

/// Show the layout of an object: as a picture, as JSON, for C or for Python
///
/// What --json prints is the schema as it stands in the segment: `shmstore diff` reads it from a file whose name ends with `.json`.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("form"), group = ArgGroup::new("language"))]
pub struct Args {
    #[command(flatten)]
    target: Target,
    /// The schema as JSON
    #[arg(long, group = "form")]
    json: bool,
    /// A C header
    #[arg(long, groups = ["form", "language"])]
    c: bool,
    /// A Python module
    #[arg(long, groups = ["form", "language"])]
    python: bool,
    /// The name of the object in C or Python, in place of the name of its type
    ///
    /// In C, `--name FrontRover` gives the type `shm_front_rover` and the function `shm_front_rover_attach`. A C program needs
    /// this if it includes the headers of two objects whose types have the same name.
    #[arg(long, value_name = "NAME", requires = "language", value_parser = export::check_name)]
    name: Option<String>,
}

/// Prints the layout.
///
/// # Errors
///
/// No such object; a layout that cannot be told to the other language.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let object = args.target.object()?;
    let schema = object.schema();
    let id = object.segment().description.as_ref().map_or('?', |of| of.id);
    let name = args.name.as_deref();
    let other = |error: export::ExportError| Failure::Other(error.to_string());
    let text = if args.json {
        shown_json(&format!("{}\n", schema.to_json()))
    } else if args.c {
        shown_lines(&export::c_header(schema, id, name).map_err(other)?)
    } else if args.python {
        shown_lines(&export::python_module(schema, id, name).map_err(other)?)
    } else {
        shown_lines(&export::picture(schema, width()))
    };
    let mut output = Output::standard();
    output.text(&text)?;
    output.finish()?;
    Ok(Outcome::Done)
}

/// The terminal's, or that of a page where there is none.
fn width() -> usize {
    const PAGE: usize = 100;
    terminal_size::terminal_size_of(std::io::stdout()).map_or(PAGE, |(width, _)| width.0.into())
}
