//! Objects that commands write, and the values on their command lines.

use std::path::{Path, PathBuf};

use clap::Args;
use shmstore::dynamic::{DynamicError, Object, Part, from_text};
use shmstore::error::ValueError;
use shmstore::inspect::{self, FieldPath, Segment, SegmentState, Value};
use shmstore::schema::OwnedSchema;
use shmstore::{AttachError, Store};

use crate::about::called;
use crate::anchors::Anchors;
use crate::failure::Failure;
use crate::target::{self, Target};
use crate::text::{shown, shown_path};

/// A field that a command changes by values: `PATH FIELD … --type TYPE`. The type has an option, as the last arguments
/// are values.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// The anchor of the object: a directory or file, or `DIR/NAME` for a named object
    #[arg(value_name = "PATH[/NAME]")]
    pub path: PathBuf,
    /// The field, as in `accounts[3].value`; `.` is the whole object
    #[arg(value_name = "FIELD.PATH", value_parser = target::not_empty)]
    pub field: String,
    /// The name of the type, or its letter, if the path has more than one object
    #[arg(short, long = "type", value_name = "TYPE")]
    pub type_name: Option<String>,
}

impl Place {
    /// Attaches the object for reading and writing.
    ///
    /// # Errors
    ///
    /// As [`Target::object`] and [`attach`].
    pub fn object(&self) -> Result<(Object, FieldPath), Failure> {
        let field = target::field_path(&self.field, None)?;
        let target = Target { path: self.path.clone(), type_name: self.type_name.clone() };
        let object = target.object().map_err(|failure| match failure {
            Failure::Ambiguous(why) => Failure::Ambiguous(format!("{why}. Give the type with --type")),
            other => other,
        })?;
        Ok((attach(&self.path, &object)?, field))
    }

    /// Adds to an error of the library what to do next.
    pub fn refused<'a>(&'a self, object: &'a Object, field: &'a FieldPath) -> impl Fn(DynamicError) -> Failure + 'a {
        move |error| match error {
            DynamicError::Value(error) => misfit(&self.field, *error, &self.path),
            DynamicError::NotAPart { .. } | DynamicError::WrongPart { .. } => {
                let advice = object.part(field).map_or_else(|_| String::new(), |part| by_command(&part));
                Failure::Write { error: error.into(), advice }
            }
            error => error.into(),
        }
    }

    /// Reads a value of the command line.
    ///
    /// # Errors
    ///
    /// [`Failure::Write`] if it is not of the type.
    pub fn value(&self, schema: &OwnedSchema, text: &str) -> Result<Value, Failure> {
        from_text(schema, text).or_else(|error| {
            let inner = in_version(text).and_then(|value| from_text(schema, &value).ok());
            inner.ok_or_else(|| misfit(&self.field, error, &self.path))
        })
    }

    /// Reads a key of a map from the command line.
    ///
    /// # Errors
    ///
    /// [`Failure::Write`] if it is not of the type.
    pub fn key(&self, schema: &OwnedSchema, text: &str) -> Result<Value, Failure> {
        from_text(schema, text).map_err(|error| {
            let what = if error.path.is_empty() { String::new() } else { format!(", in its `{}`,", error.path) };
            Failure::Write {
                error: Box::new(DynamicError::Value(Box::new(ValueError { path: self.field.clone(), ..error }))),
                advice: format!(". It is the key {}{what} that does not fit, and nothing was changed", shown(text)),
            }
        })
    }
}

/// Returns the value in the JSON of a `Versioned` or of a key, as `get --json` prints it.
fn in_version(text: &str) -> Option<String> {
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    let is_it = json.as_object().is_some_and(|json| json.len() == 3 && json.contains_key("version"));
    json.get("value").filter(|_| is_it).map(serde_json::Value::to_string)
}

/// The error for a value of a field. The path in it begins at the object.
fn misfit(field: &str, error: ValueError, path: &Path) -> Failure {
    let dot = if error.path.is_empty() || error.path.starts_with('[') { "" } else { "." };
    let whole = if field == "." { error.path.clone() } else { format!("{field}{dot}{}", error.path) };
    let advice = format!(". Nothing was stored. `shmstore schema {}` shows the types", shown_path(path));
    Failure::Write { error: Box::new(DynamicError::Value(Box::new(ValueError { path: whole, ..error }))), advice }
}

/// Names the command for a part.
fn by_command(part: &Part) -> String {
    let (command, does) = match part {
        Part::Atomic(_) | Part::Versioned(_) => ("set", "stores a value"),
        Part::Event(_) => ("notify", "notifies its waiters"),
        Part::Queue(_) => ("push", "adds items, and `shmstore pop` takes them"),
        Part::Broadcast(_) => ("send", "sends items, and `shmstore tail` prints them"),
        Part::Map(_) => ("put", "stores the value of a key, and `shmstore del` removes a key"),
        Part::Lock(_) => return ". A lock is taken by programs only".into(),
        _ => return ". Its frames are published by programs only".into(),
    };
    format!(". `shmstore {command}` {does}")
}

/// Attaches an object for reading and writing, as a process that is built with its type does.
///
/// # Errors
///
/// - [`Failure::Refused`]: the object has lost its anchor, or is the journal of a migration.
/// - [`Failure::Write`]: this user has no permission, or another reason of the library.
pub fn attach(path: &Path, object: &inspect::Object) -> Result<Object, Failure> {
    let segment = object.segment();
    if segment.state == SegmentState::Journal {
        let path = shown_path(path);
        return Err(Failure::Refused(format!(
            "{} cannot be written: a migration was interrupted. `shmstore migrate {path} --to FILE` finishes it, and \
             so does the next program that attaches the object",
            called(segment)
        )));
    }
    let id = segment.description.as_ref().map_or('?', |of| of.id);
    Object::attach(&store(path, segment, "written")?, id).map_err(|error| match error {
        DynamicError::Attach(AttachError::AccessDenied { readable, .. }) => {
            let advice =
                if readable { ". `shmstore get` and `shmstore wait` need only the permission to read" } else { "" };
            Failure::Write { error: error.into(), advice: advice.into() }
        }
        DynamicError::Attach(AttachError::Untrusted { untrusted, .. }) => {
            let advice = format!(". This command can be run by user {untrusted}: `sudo -u '#{untrusted}' shmstore …`");
            Failure::Write { error: error.into(), advice }
        }
        DynamicError::Attach(AttachError::Mirrored { .. }) => {
            let advice = ". `shmstore get`, `shmstore watch` and `shmstore wait` read it".into();
            Failure::Write { error: error.into(), advice }
        }
        error => error.into(),
    })
}

/// Opens the store at the anchor of a segment.
///
/// # Errors
///
/// [`Failure::Refused`] if its anchor no longer exists, which says that the object cannot be `done`.
pub fn store(path: &Path, segment: &Segment, done: &str) -> Result<Store, Failure> {
    let anchors = Anchors::of(path);
    let lost = || {
        let why = "its anchor no longer exists, so no program could find the object: save and load it instead";
        Failure::Refused(format!("{} cannot be {done}: {why}", called(segment)))
    };
    let anchor = &anchors.of_segment(segment).ok_or_else(lost)?.path;
    // Errors name the path without a `/` at its end.
    Ok(Store::open(anchor.components().collect::<PathBuf>())?)
}
