//! `shmstore schema`: the layout of an object.

use clap::ArgGroup;
use shmstore::schema::OwnedSchema;

use crate::export;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::target::Target;
use crate::text::{shown_json, shown_lines};

/// Show the layout of an object as a picture, as JSON, as a C header or as a Python module
///
/// --json prints the schema exactly as the segment holds it. `shmstore diff` reads it from a file with a name that ends
/// in `.json`.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("form"), group = ArgGroup::new("language"))]
pub struct Args {
    #[command(flatten)]
    target: Target,
    /// Print the schema as JSON
    #[arg(long, group = "form")]
    json: bool,
    /// Print a C header
    #[arg(long, groups = ["form", "language"])]
    c: bool,
    /// Print a Python module
    #[arg(long, groups = ["form", "language"])]
    python: bool,
    /// The name of the object in C or Python, instead of the name of its type
    ///
    /// In C, `--name FrontRover` gives the type `shm_front_rover` and the function `shm_front_rover_attach`. Use it if
    /// a C program includes headers of two types with the same name.
    #[arg(long, value_name = "NAME", requires = "language", value_parser = export::check_name)]
    name: Option<String>,
}

/// Prints the layout.
///
/// # Errors
///
/// The object does not exist, or the other language cannot express its layout.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let object = args.target.object()?;
    let schema = object.schema();
    let id = object.segment().description.as_ref().map_or('?', |of| of.id);
    let name = args.name.as_deref();
    let other = |error: export::ExportError| Failure::Other(error.to_string());
    let text = if args.json {
        document(schema)
    } else if args.c {
        shown_lines(&export::c_header(schema, id, name).map_err(other)?)
    } else if args.python {
        shown_lines(&export::python_module(schema, id, name).map_err(other)?)
    } else {
        shown_lines(&export::picture(schema, width()))
    };
    let mut output = Output::standard();
    output.text(&text)?;
    output.finish()
}

/// Returns the layout as JSON.
#[must_use]
pub fn document(schema: &OwnedSchema) -> String {
    shown_json(&format!("{}\n", schema.to_json()))
}

/// Returns the width of the terminal, or of a page if the output is not a terminal.
fn width() -> usize {
    const PAGE: usize = 100;
    terminal_size::terminal_size_of(std::io::stdout()).map_or(PAGE, |(width, _)| width.0.into())
}
