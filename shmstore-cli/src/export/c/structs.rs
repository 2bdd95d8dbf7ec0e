//! Structs and enums in C. Every byte has a member, and every offset has an assertion.

use shmstore::schema::{OwnedField, OwnedSchema, OwnedVariant, Primitive};

use super::super::error::ExportError;
use super::super::names::{Scope, comment, identifier, snake};
use super::types::{Types, number};
use super::{LANGUAGE, names};

/// The body of a struct.
pub(super) struct Body {
    members: Scope,
    lines: String,
    asserts: String,
    end: u64,
}

impl Body {
    pub(super) fn new(members: Scope) -> Self {
        Self { members, lines: String::new(), asserts: String::new(), end: 0 }
    }

    /// Adds a member at an offset, with padding before it.
    pub(super) fn add(
        &mut self,
        owner: &str,
        at: (u64, u64),
        name: &str,
        declare: impl FnOnce(&str) -> String,
        note: &str,
    ) {
        let (offset, size) = at;
        self.fill(offset);
        let name = self.members.take(name);
        self.lines.push_str(&format!("    {}; /* {offset}: {} */\n", declare(&name), comment(note)));
        self.asserts.push_str(&format!("SHMSTORE_ASSERT(offsetof({owner}, {name}) == {offset});\n"));
        self.end = offset + size;
    }

    /// Adds padding up to an offset.
    pub(super) fn fill(&mut self, to: u64) {
        if self.end < to {
            let name = self.members.take(&format!("pad_at_{}", self.end));
            self.lines.push_str(&format!("    unsigned char {name}[{}];\n", to - self.end));
            self.end = to;
        }
    }

    /// Returns the definition of the struct.
    pub(super) fn finish(self, name: &str, schema: &OwnedSchema) -> String {
        self.finish_as(name, &schema.to_string(), (schema.size(), schema.align()))
    }

    /// Returns the definition of a struct that has no schema of its own.
    pub(super) fn finish_as(mut self, name: &str, what: &str, (size, align): (u64, u64)) -> String {
        self.fill(size);
        format!(
            "/* {shown}: {size} bytes */\ntypedef struct {name} {{\n{lines}}} __attribute__((aligned({align}))) {name};\n\
             SHMSTORE_ASSERT(sizeof({name}) == {size} && SHMSTORE_ALIGNOF({name}) == {align});\n{asserts}\n",
            shown = comment(what),
            lines = self.lines,
            asserts = self.asserts,
        )
    }
}

impl<'a> Types<'a> {
    pub(super) fn define_struct(
        &mut self,
        name: &str,
        schema: &'a OwnedSchema,
        fields: &'a [OwnedField],
    ) -> Result<(), ExportError> {
        let mut body = Body::new(self.member_scope());
        let mut in_order: Vec<&OwnedField> = fields.iter().filter(|field| field.schema.size() > 0).collect();
        in_order.sort_by_key(|field| field.offset);
        for field in in_order {
            if field.offset < body.end {
                let problem = format!("it begins at {}, but the field before it ends at {}", field.offset, body.end);
                return Err(ExportError::part(LANGUAGE, problem).below(&field.name));
            }
            let kind = self.of(&field.schema).map_err(|error| error.below(&field.name))?;
            let at = (field.offset, field.schema.size());
            let note = format!("{}: {}", field.name, field.schema);
            let mut member = String::new();
            let declare = |name: &str| {
                member.push_str(name);
                kind.declare(name)
            };
            body.add(name, at, &names::member(&field.name), declare, &note);
            self.take_example(name, &member, &kind, &field.schema);
        }
        self.write(&body.finish(name, schema));
        Ok(())
    }

    /// Defines a struct with one member.
    pub(super) fn define_wrapper(
        &mut self,
        name: &str,
        member: &str,
        schema: &'a OwnedSchema,
        inner: &'a OwnedSchema,
    ) -> Result<(), ExportError> {
        let mut body = Body::new(self.member_scope());
        if inner.size() > 0 {
            let kind = self.of(inner)?;
            body.add(name, (0, inner.size()), member, |name| kind.declare(name), &inner.to_string());
            self.take_example(name, member, &kind, inner);
        }
        self.write(&body.finish(name, schema));
        Ok(())
    }

    /// Defines an enum as an integer, with a macro for each variant. An `enum` of C may have another size.
    pub(super) fn define_enum(
        &mut self,
        schema: &OwnedSchema,
        repr: Primitive,
        variants: &[OwnedVariant],
    ) -> Result<String, ExportError> {
        let integer = number(repr)?;
        let name = self.take(schema, &[]);
        let shown = comment(&schema.to_string());
        let mut text = format!("/* {shown}: a field may hold other numbers, too */\ntypedef {integer} {name};\n");
        for variant in variants {
            let base = format!("{name}_{}", snake(&identifier(&variant.name))).to_uppercase();
            let (constant, value) = (self.take_macro(&base), literal(variant.discriminant));
            text.push_str(&format!("#define {constant} (({name}){value}) /* {} */\n", comment(&variant.name)));
        }
        text.push('\n');
        self.write(&text);
        Ok(name)
    }
}

/// Returns a number in C. The smallest one has no literal.
fn literal(number: i128) -> String {
    if number == i64::MIN.into() {
        "(-INT64_C(9223372036854775807) - 1)".to_owned()
    } else if number < 0 {
        format!("INT64_C({number})")
    } else {
        format!("UINT64_C({number})")
    }
}
