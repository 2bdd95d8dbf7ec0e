//! The structs of the store's own parts in C, and the functions that read them.

use shmstore::schema::OwnedSchema;

use super::super::error::ExportError;
use super::super::names::comment;
use super::super::parts::{ELEMENTS_AT, SEQUENCE_AT, Slots, TEXT_AT};
use super::LANGUAGE;
use super::open::open_function;
use super::structs::Body;
use super::types::Types;

const WORD: u64 = 8;

impl<'a> Types<'a> {
    pub(super) fn define_string(&mut self, schema: &OwnedSchema, capacity: u64) -> String {
        let name = self.take(schema, &["_len", "_from"]);
        let mut body = Body::new(self.member_scope());
        body.add(&name, (0, TEXT_AT), "len", |name| format!("unsigned char {name}[4]"), "length, little-endian");
        if capacity > 0 {
            let declare = |name: &str| format!("char {name}[{capacity}]");
            body.add(&name, (TEXT_AT, capacity), "text", declare, "UTF-8, without a final zero");
        }
        self.write(&body.finish(&name, schema));
        self.write(&format!(
            "/* Returns the number of bytes in a copy of the text. */\nstatic inline uint32_t {name}_len(const {name} *string)\n{{\n    \
             return shmstore_text_len(string, UINT32_C({capacity}));\n}}\n\n"
        ));
        name
    }

    pub(super) fn define_vec(
        &mut self,
        schema: &OwnedSchema,
        capacity: u64,
        element: &'a OwnedSchema,
    ) -> Result<String, ExportError> {
        let elements_len = schema.size() - ELEMENTS_AT;
        let elements = if elements_len > 0 { Some(self.of(element)?) } else { None };
        let name = self.take(schema, &["_len"]);
        let mut body = Body::new(self.member_scope());
        let declare = |name: &str| format!("unsigned char {name}[8]");
        body.add(&name, (0, ELEMENTS_AT), "len", declare, "length, little-endian");
        if let Some(kind) = elements {
            let declare = |name: &str| kind.declare(&format!("{name}[{capacity}]"));
            body.add(&name, (ELEMENTS_AT, elements_len), "elements", declare, &element.to_string());
        }
        self.write(&body.finish(&name, schema));
        self.write(&format!(
            "/* Returns the number of elements in a copy of the list. */\nstatic inline uint64_t {name}_len(const {name} *vec)\n{{\n    \
             return shmstore_vec_len(vec, UINT64_C({capacity}));\n}}\n\n"
        ));
        Ok(name)
    }

    /// Returns the name of a value's type. An array gets a name, too, so that functions can take a pointer to it.
    pub(super) fn value_type(&mut self, name: &str, value: &'a OwnedSchema) -> Result<String, ExportError> {
        let kind = self.of(value)?;
        if kind.dimensions.is_empty() {
            return Ok(kind.base);
        }
        self.write(&format!("typedef {};\n", kind.declare(&format!("{name}_value"))));
        Ok(format!("{name}_value"))
    }

    pub(super) fn define_cell(&mut self, schema: &OwnedSchema, value: &'a OwnedSchema) -> Result<String, ExportError> {
        let name = self.take(schema, &["_value", "_load", "_store", "_open"]);
        let mut body = Body::new(self.member_scope());
        body.add(&name, (0, WORD), "bits", |name| format!("uint64_t {name}"), "the value in its first bytes");
        if value.size() == 0 {
            self.write(&body.finish(&name, schema));
            return Ok(name);
        }
        if value.size() > WORD {
            return Err(ExportError::part(LANGUAGE, "an `AtomicValue` holds at most 8 bytes"));
        }
        let of = self.value_type(&name, value)?;
        self.values.insert(name.clone(), of.clone());
        self.write(&body.finish(&name, schema));
        self.write(&format!(
            "static inline void {name}_load(const volatile {name} *from, {of} *value)\n{{\n    \
             uint64_t bits = __atomic_load_n(&from->bits, __ATOMIC_ACQUIRE);\n    \
             memcpy(value, &bits, {size});\n}}\n\
             static inline void {name}_store(volatile {name} *to, const {of} *value)\n{{\n    \
             uint64_t bits = 0;\n    \
             memcpy(&bits, value, {size});\n    \
             __atomic_store_n(&to->bits, bits, __ATOMIC_RELEASE);\n}}\n\n",
            size = value.size(),
        ));
        self.write(&open_function(&name, &[("VALUE", value)]));
        Ok(name)
    }

    pub(super) fn define_versioned(
        &mut self,
        schema: &OwnedSchema,
        value: &'a OwnedSchema,
    ) -> Result<String, ExportError> {
        let suffixes = ["_value", "_version", "_load", "_try_load", "_open"];
        let name = self.take(schema, &suffixes);
        let of = if value.size() > 0 { Some(self.value_type(&name, value)?) } else { None };
        // The caller has checked the slots.
        let slots = Slots::of(schema.size(), schema.align(), value).expect("the slots of format version 1");
        self.write(&versioned_body(&name, schema, slots, self));
        self.write(&version_function(&name));
        if let Some(of) = of {
            self.values.insert(name.clone(), of.clone());
            self.write(&load_functions(&name, &of, slots, value));
        }
        self.write(&open_function(&name, &[("VALUE", value)]));
        Ok(name)
    }
}

fn versioned_body(name: &str, schema: &OwnedSchema, slots: Slots, types: &Types<'_>) -> String {
    let mut body = Body::new(types.member_scope());
    let word = |name: &str| format!("uint32_t {name}");
    body.add(name, (0, 4), "lock", word, "the lock of the writers");
    body.add(name, (4, 4), "flags", word, "bit 0: starved, bit 1: need fence");
    body.add(name, (8, 4), "bell", word, "the bell for waiters");
    let sequence = |name: &str| format!("uint64_t {name}");
    body.add(name, (SEQUENCE_AT, WORD), "sequence", sequence, "2n: version n; 2n + 1: version n + 1 is being written");
    if slots.len > 0 {
        let declare = |name: &str| format!("uint64_t {name}[2][{}]", slots.len / WORD);
        body.add(name, (slots.at, 2 * slots.len), "slots", declare, "even versions, odd versions");
    }
    body.finish(name, schema)
}

fn version_function(name: &str) -> String {
    format!(
        "/* Returns the number of the newest version. */\nstatic inline uint64_t {name}_version(const volatile {name} *from)\n{{\n    \
         return __atomic_load_n(&from->sequence, __ATOMIC_ACQUIRE) >> 1;\n}}\n"
    )
}

fn load_functions(name: &str, of: &str, slots: Slots, value: &OwnedSchema) -> String {
    let arguments = format!("const volatile {name} *from, {of} *value, uint64_t *version");
    let read = format!(
        "shmstore_read(&from->sequence, from->slots[0], {}, value, {}, version",
        slots.len / WORD,
        value.size()
    );
    format!(
        "/* Copies the newest version of {shown}, and its number if `version` is not NULL. The copy never mixes\n \
         * versions, and never blocks a writer: it is repeated until no writer overtakes it. Returns 0. */\n\
         static inline int {name}_load({arguments})\n{{\n    return {read}, 0);\n}}\n\
         /* Does the same with a limited number of attempts, at least 1. Returns -1 with EAGAIN if all fail. */\n\
         static inline int {name}_try_load({arguments}, uint64_t attempts)\n{{\n    \
         return {read}, attempts ? attempts : 1);\n}}\n\n",
        shown = comment(&value.to_string()),
    )
}
