//! `shmstore create`: creating an object from its layout.

use std::path::PathBuf;

use shmstore::dynamic::{self, DynamicError, Options};

use super::migrate::room;
use crate::about::{bytes, called};
use crate::destination::{Destination, Making, octal};
use crate::failure::{Failure, Outcome};
use crate::layouts;
use crate::output::Output;
use crate::text::shown_path;

/// Create an object from the layout of its type, all zero
///
///   shmstore schema --json ./rover > telemetry.json
///   shmstore create ./spare telemetry.json --id T
///
/// A program that is built with a type can attach the object if the type has this layout
/// and this id. `shmstore schema --json` prints the layout of an object. A program that has
/// the type prints `Telemetry::SCHEMA.to_json()`. A layout that no type has is refused.
///
/// If PATH does not exist, create makes a directory of mode 0700. The parent must exist. In
/// a directory that holds objects or names, use --named or create the directory first.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The anchor of the new object: a directory or file, or `DIR/NAME` for a name that exists or --named
    #[arg(value_name = "PATH[/NAME]")]
    path: PathBuf,
    /// The layout: a file of `shmstore schema --json`, a saved object, or the path of another object
    #[arg(value_name = "SCHEMA.json")]
    schema: PathBuf,
    /// The letter of the type, which the layout of a type does not have; the default is that of the saved object, or of
    /// the other object
    #[arg(long, value_name = "C")]
    id: Option<char>,
    /// The bytes to which the object can grow, with K, M, G or T for powers of 1024; without it, it cannot grow
    #[arg(long, value_name = "N", value_parser = room)]
    room: Option<u64>,
    /// PATH is DIR/NAME: create the name if it does not exist
    #[arg(long)]
    named: bool,
    /// The permission bits of the object and of a new PATH; the default is 600
    #[arg(long, value_name = "MODE", value_parser = octal)]
    mode: Option<u32>,
    /// How many processes can have the object attached for writing; the default is 128
    #[arg(long, value_name = "N")]
    max_processes: Option<u32>,
}

/// Creates the object.
///
/// # Errors
///
/// The layout does not exist or no type has it; [`Failure::Create`] if an object exists; an error of the store.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let (schema, id) = layouts::with_id(&args.schema, None)?;
    let no_id = || {
        let file = shown_path(&args.schema);
        Failure::Other(format!("{file} has the layout of a type, which does not say its letter: give it with --id"))
    };
    let id = args.id.or(id).ok_or_else(no_id)?;
    // Before a directory is created.
    schema.is_an_object().map_err(DynamicError::Schema)?;
    let destination = Destination::of(&args.path, args.named, id)?;
    let made = destination.store(&Making { mode: args.mode, max_processes: args.max_processes }, None);
    let made = made.and_then(|store| Ok(dynamic::create(&store, &schema, Options { id, room: args.room })?));
    let object = made.inspect_err(|_| destination.clear())?;
    let mut output = Output::standard();
    if destination.is_new() {
        output.line(&destination.made())?;
    }
    let room = args.room.map(|room| format!(", with room for {}", bytes(room))).unwrap_or_default();
    output.line(&format!("created {}, {}{room}", called(object.segment()), bytes(schema.size())))?;
    output.finish()
}
