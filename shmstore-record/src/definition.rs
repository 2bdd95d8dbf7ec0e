//! Definitions of messages, as text in `ros2msg`.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::iter;

use shmstore::schema::{OwnedKind, OwnedSchema, OwnedVariant, Primitive};

use crate::cdr::{Unfit, is_time};
use crate::names::{camel, constant, package, snake};

/// The line between two definitions in one text.
const LINE: &str = "================================================================================";

/// The field of messages that have none, as the tools of ROS 2 name it.
const NOTHING: &str = "structure_needs_at_least_one_member";

/// The definition of `builtin_interfaces/Time`.
const TIME: &str = "int32 sec\nuint32 nanosec\n";

/// The message of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Its name, such as `rover/msg/Position`.
    pub name: String,
    /// Its definition, followed by those of the messages in it, each after a line of `=` and a line `MSG: …`.
    pub text: String,
}

/// The definitions of one file. One name has one definition: a second type of this name gets another one.
#[derive(Debug, Clone)]
pub struct Definitions {
    package: String,
    /// The body of each message, and the names of the messages in it.
    known: HashMap<String, (String, Vec<String>)>,
}

impl Definitions {
    /// An empty list, for messages of a package. Most often it is the name of the type of an object.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { package: package(name), known: HashMap::new() }
    }

    /// The message of a type. A type that is no struct gets a message with one field, `value`.
    ///
    /// # Errors
    ///
    /// [`Unfit`] if the type is an object or a part.
    pub fn define(&mut self, schema: &OwnedSchema) -> Result<Definition, Unfit> {
        let name = match schema.kind() {
            OwnedKind::Struct { name, .. } if !is_time(schema) => self.message(schema, name)?,
            _ => {
                let mut body = Body::default();
                self.field(schema, "value", &mut body)?;
                let plain = schema.to_string();
                self.add(&format!("{}Value", camel(&plain)), body, schema)
            }
        };
        Ok(Definition { text: self.whole(&name), name: name.replacen('/', "/msg/", 1) })
    }

    /// Defines a struct, and returns its name.
    fn message(&mut self, schema: &OwnedSchema, name: &str) -> Result<String, Unfit> {
        let OwnedKind::Struct { fields, .. } = schema.kind() else { unreachable!("only structs are passed") };
        let mut body = Body::default();
        for field in fields {
            self.field(&field.schema, &snake(&field.name), &mut body)?;
        }
        Ok(self.add(&camel(name), body, schema))
    }

    /// Keeps a message, under another name if there is another one of this name.
    fn add(&mut self, name: &str, mut body: Body, schema: &OwnedSchema) -> String {
        if body.text.is_empty() {
            body.text = format!("uint8 {NOTHING}\n");
        }
        let plain = format!("{}/{name}", self.package);
        let hashed = || format!("{plain}{}", &schema.hash().to_string()[..8]);
        let numbered = (2_u32..).map(|number| format!("{}N{number}", hashed()));
        let name = iter::once(plain.clone())
            .chain(iter::once_with(hashed))
            .chain(numbered)
            .find(|name| self.known.get(name).is_none_or(|(text, _)| *text == body.text))
            .expect("one of any number of names is free");
        self.known.entry(name.clone()).or_insert((body.text, body.uses));
        name
    }

    /// Writes the line of a field.
    fn field(&mut self, schema: &OwnedSchema, name: &str, body: &mut Body) -> Result<(), Unfit> {
        let Some(Type { name: of, note }) = self.type_of(schema, body)? else { return Ok(()) };
        if let Some((repr, variants)) = enum_in(schema) {
            body.constants(ros_name(repr), name, variants);
        }
        let name = body.unique(name);
        writeln!(body.text, "{of} {name}{note}").expect("a text has room");
        Ok(())
    }

    /// The type of a field. `None` if it has no bytes in a message.
    fn type_of(&mut self, schema: &OwnedSchema, body: &mut Body) -> Result<Option<Type>, Unfit> {
        Ok(Some(match schema.kind() {
            OwnedKind::Primitive(Primitive::Char) => {
                Type { name: "uint32".into(), note: "  # a Unicode scalar".into() }
            }
            OwnedKind::Primitive(of) | OwnedKind::Enum { repr: of, .. } => Type::plain(ros_name(*of)),
            _ if is_time(schema) => Type::plain(body.uses("builtin_interfaces/Time")),
            _ if is_nothing(schema) => return Ok(None),
            OwnedKind::Struct { name, .. } => {
                let name = self.message(schema, name)?;
                Type::plain(body.uses(&name))
            }
            OwnedKind::Array { .. } => {
                let (mut element, mut dimensions) = (schema, Vec::new());
                while let OwnedKind::Array { len, element: inner } = element.kind() {
                    dimensions.push(*len);
                    element = inner;
                }
                let Some(of) = self.element(element, body)? else { return Ok(None) };
                let note = if dimensions.len() > 1 { format!("  # dimensions {dimensions:?}") } else { of.note };
                Type { name: format!("{}[{}]", of.name, dimensions.iter().product::<u64>()), note }
            }
            OwnedKind::FixedString { capacity } => Type::plain(format!("string<={capacity}")),
            OwnedKind::FixedVec { capacity, element } => match self.element(element, body)? {
                Some(of) => Type { name: format!("{}[<={capacity}]", of.name), note: of.note },
                // No element has a byte.
                None => Type { name: "uint32".into(), note: "  # the length of a list of nothing".into() },
            },
            _ => return Err(Unfit { type_name: schema.to_string() }),
        }))
    }

    /// The type of the elements of an array or a list. One within the other needs a message of its own.
    fn element(&mut self, schema: &OwnedSchema, body: &mut Body) -> Result<Option<Type>, Unfit> {
        let is_list = matches!(schema.kind(), OwnedKind::FixedVec { .. } | OwnedKind::Array { .. });
        if !is_list || is_nothing(schema) {
            return self.type_of(schema, body);
        }
        let mut inner = Body::default();
        self.field(schema, "values", &mut inner)?;
        let name = format!("List{}", &schema.hash().to_string()[..8]);
        let name = self.add(&name, inner, schema);
        Ok(Some(Type::plain(body.uses(&name))))
    }

    /// The text of a message and of all in it.
    fn whole(&self, name: &str) -> String {
        let (mut order, mut seen) = (vec![name], HashSet::from([name]));
        let mut next = 0;
        while next < order.len() {
            let uses = self.known.get(order[next]).map_or(&[][..], |(_, uses)| uses);
            order.extend(uses.iter().map(String::as_str).filter(|used| seen.insert(used)));
            next += 1;
        }
        let body = |name: &str| self.known.get(name).map_or(TIME, |(text, _)| text);
        let mut text = body(name).to_owned();
        for used in &order[1..] {
            write!(text, "{LINE}\nMSG: {used}\n{}", body(used)).expect("a text has room");
        }
        text
    }
}

/// The type of a field, and a comment behind its name.
struct Type {
    name: String,
    note: String,
}

impl Type {
    fn plain(name: impl Into<String>) -> Self {
        Self { name: name.into(), note: String::new() }
    }
}

/// The body of a message.
#[derive(Default)]
struct Body {
    text: String,
    uses: Vec<String>,
    /// Each name of a field or a constant, and the number that the next field of this name gets.
    names: HashMap<String, u32>,
}

impl Body {
    fn uses(&mut self, name: &str) -> String {
        self.uses.push(name.to_owned());
        name.to_owned()
    }

    /// A name that no other field or constant has.
    fn unique(&mut self, name: &str) -> String {
        let mut unique = name.to_owned();
        while unique == NOTHING || self.names.contains_key(&unique) {
            let number = self.names.entry(name.to_owned()).or_insert(1);
            *number += 1;
            unique = format!("{name}_{number}");
        }
        self.names.insert(unique.clone(), 1);
        unique
    }

    /// The variants of an enum, in the lines before its field, where viewers look for their names.
    fn constants(&mut self, of: &str, field: &str, variants: &[OwnedVariant]) {
        for variant in variants {
            let name = self.unique(&constant(field, &variant.name));
            writeln!(self.text, "{of} {name}={}", variant.discriminant).expect("a text has room");
        }
    }
}

/// Returns `true` for a type that has no bytes in a message.
fn is_nothing(schema: &OwnedSchema) -> bool {
    match schema.kind() {
        OwnedKind::Pad | OwnedKind::Phantom => true,
        OwnedKind::Array { element, .. } => is_nothing(element),
        OwnedKind::Struct { fields, .. } => fields.iter().all(|field| is_nothing(&field.schema)),
        _ => false,
    }
}

/// The enum of a field that has one, many, or a list of it.
fn enum_in(schema: &OwnedSchema) -> Option<(Primitive, &[OwnedVariant])> {
    match schema.kind() {
        OwnedKind::Enum { repr, variants, .. } => Some((*repr, variants)),
        OwnedKind::Array { element, .. } if !matches!(element.kind(), OwnedKind::FixedVec { .. }) => enum_in(element),
        OwnedKind::FixedVec { element, .. } if matches!(element.kind(), OwnedKind::Enum { .. }) => enum_in(element),
        _ => None,
    }
}

fn ros_name(of: Primitive) -> &'static str {
    match of {
        Primitive::U8 => "uint8",
        Primitive::U16 => "uint16",
        Primitive::U32 | Primitive::Char => "uint32",
        Primitive::U64 => "uint64",
        Primitive::I8 => "int8",
        Primitive::I16 => "int16",
        Primitive::I32 => "int32",
        Primitive::I64 => "int64",
        Primitive::F32 => "float32",
        Primitive::F64 => "float64",
        Primitive::Bool => "bool",
        other => unreachable!("`{}` is no number of this version", other.name()),
    }
}

#[cfg(test)]
mod tests;
