//! `shmstore diff`: what differs between two layouts.

use std::path::{Path, PathBuf};

use serde::Serialize;
use shmstore::schema::{LayoutDiff, OwnedSchema};

use crate::anchors::Anchors;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::saved;
use crate::target::Target;
use crate::text::{shown_lines, shown_path};

/// Show what differs between two layouts
///
/// Each of A and B is an object (PATH or DIR/NAME), a file of `shmstore save`, or a file of `shmstore schema --json` whose name ends with
/// `.json`. Exit code 1 if they differ. With --json an array of objects with the keys path, ours and theirs, each of the latter with
/// name (of what is renamed, else null), type, offset (as text; `+8` from the start of an element or value), size and align, or null where
/// there is none, and change, in words.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The one
    a: PathBuf,
    /// The other
    b: PathBuf,
    /// The type, or its letter, where more than one object stands at a path
    #[arg(long = "type", value_name = "TYPE")]
    type_name: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Difference {
    path: String,
    change: String,
    ours: Option<Side>,
    theirs: Option<Side>,
}

#[derive(Serialize)]
struct Side {
    /// Of what has two: `None` where the name is the path's.
    name: Option<String>,
    #[serde(rename = "type")]
    type_name: String,
    offset: String,
    size: u64,
    align: u64,
}

/// Compares.
///
/// # Errors
///
/// One of the two is not there, or no layout.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let [a, b] = [layout(&args.a, args)?, layout(&args.b, args)?];
    let diff = LayoutDiff::between(&a, &b);
    let mut output = Output::standard();
    if args.json {
        output.json(&json(&diff))?;
    } else {
        let [a, b] = [&args.a, &args.b].map(|path| shown_path(path));
        output.line(&shown_lines(&diff.table(&a, &b).to_string()))?;
    }
    output.finish()?;
    Ok(if diff.is_empty() { Outcome::Done } else { Outcome::Differs })
}

fn layout(path: &Path, args: &Args) -> Result<OwnedSchema, Failure> {
    if path.extension().is_some_and(|extension| extension == "json") {
        let json = saved::read_json(path)?;
        let refused = |error| Failure::Other(format!("{}: {error}", shown_path(path)));
        return OwnedSchema::from_json(json).map_err(refused);
    }
    if let Some(saved) = saved::read_if_saved(path)? {
        return Ok(saved.schema().clone());
    }
    let target = Target { path: path.into(), type_name: args.type_name.clone() };
    if path.is_file() && Anchors::of(path).segments()?.is_empty() {
        let path = shown_path(path);
        let why = "neither an object, nor a file of `save` or of `schema --json` (named `….json`)";
        return Err(Failure::NotFound(format!("{path}: {why}")));
    }
    Ok(target.object()?.schema().clone())
}

fn json(diff: &LayoutDiff) -> Vec<Difference> {
    let side = |side: &shmstore::schema::Side, name: Option<&String>| Side {
        name: name.cloned(),
        type_name: side.type_name.clone(),
        offset: side.offset.to_string(),
        size: side.size,
        align: side.align,
    };
    let difference = |of: &shmstore::schema::Difference| {
        let names = names(of);
        let [our_name, their_name] = [names.as_ref().map(|names| &names[0]), names.as_ref().map(|names| &names[1])];
        Difference {
            path: of.path(),
            change: words(of.change()).into(),
            ours: of.ours().map(|ours| side(ours, our_name)),
            theirs: of.theirs().map(|theirs| side(theirs, their_name)),
        }
    };
    diff.differences().map(difference).collect()
}

/// Our name and theirs, as paths show them, of a field or variant that has two.
fn names(of: &shmstore::schema::Difference) -> Option<[String; 2]> {
    use shmstore::schema::Change::{Renamed, VariantRenamed};
    let (Renamed { theirs } | VariantRenamed { theirs, .. }) = of.change() else { return None };
    let path = of.path();
    let ours = path.rsplit(['.', ':']).next().unwrap_or_default().to_owned();
    Some([ours, theirs.escape_debug().to_string()])
}

fn words(change: &shmstore::schema::Change) -> &'static str {
    use shmstore::schema::Change;
    match change {
        Change::Added => "added",
        Change::Removed => "removed",
        Change::Moved => "moved",
        Change::Retyped => "type",
        Change::Renamed { .. } => "name",
        Change::TypeRenamed => "type name",
        Change::ConstArgs { .. } => "const arguments",
        Change::Size { .. } => "size",
        Change::Align { .. } => "alignment",
        Change::ArrayLength => "array length",
        Change::Capacity => "capacity",
        Change::FieldOrder => "order of fields",
        Change::Repr { .. } => "repr",
        Change::VariantAdded { .. } => "variant added",
        Change::VariantRemoved { .. } => "variant removed",
        Change::VariantRenamed { .. } => "variant name",
        Change::VariantRenumbered { .. } => "variant number",
        Change::VariantOrder => "order of variants",
        _ => "other",
    }
}
