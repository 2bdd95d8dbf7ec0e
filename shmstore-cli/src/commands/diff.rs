//! `shmstore diff`: the differences between two layouts.

use std::path::PathBuf;

use serde::Serialize;
use shmstore::schema::LayoutDiff;

use crate::failure::{Failure, Outcome};
use crate::growth;
use crate::layouts;
use crate::output::Output;
use crate::text::{shown_lines, shown_path};

/// Show the differences between two layouts
///
/// A and B can each be:
///   an object: PATH, or DIR/NAME
///   a file written by `shmstore save`
///   a file written by `shmstore schema --json`, if its name ends in .json
///
/// The exit code is 1 if the layouts differ. A last line says whether an object grows
/// from one layout to the other, or which field stands in the way.
///
/// --json prints an array of objects with these keys:
///   path          the field
///   change        the kind of difference, in words
///   ours, theirs  the field in A and in B, or null if it does not exist there:
///                 name (only if it differs, else null), type, offset, size,
///                 align. An offset is a text: "8" counts from the start of the
///                 object, "+8" from the start of an element or value.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The first layout
    a: PathBuf,
    /// The second layout
    b: PathBuf,
    /// The name of the type, or its letter, if a path has more than one object
    #[arg(long = "type", value_name = "TYPE")]
    type_name: Option<String>,
    /// Print JSON
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
    /// `None` if both sides have the name in the path.
    name: Option<String>,
    #[serde(rename = "type")]
    type_name: String,
    offset: String,
    size: u64,
    align: u64,
}

/// Compares the layouts.
///
/// # Errors
///
/// One of them does not exist, or is not a layout.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let [a, b] = [&args.a, &args.b].map(|path| layouts::of(path, args.type_name.as_ref()));
    let (a, b) = (a?, b?);
    let diff = LayoutDiff::between(&a.schema, &b.schema);
    let mut output = Output::standard();
    if args.json {
        output.json(&json(&diff))?;
    } else {
        let [name_a, name_b] = [&args.a, &args.b].map(|path| shown_path(path));
        output.line(&shown_lines(&diff.table(&name_a, &name_b).to_string()))?;
        if !diff.is_empty() {
            output.line(&growth::between(a.named(&name_a), b.named(&name_b)))?;
        }
    }
    output.finish()?;
    Ok(if diff.is_empty() { Outcome::Done } else { Outcome::Differs })
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

/// Returns both names of a renamed field or variant, in the form of a path.
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
