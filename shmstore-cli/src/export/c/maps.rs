//! Maps in C, and the functions that look keys up.

use shmstore::schema::{OwnedKind, OwnedSchema};

use super::super::error::ExportError;
use super::super::names::comment;
use super::super::parts::{ENTRY_WORDS, Entries, HEAD, HEADS_AT, SEED_AT};
use super::open::open_function;
use super::structs::Body;
use super::types::Types;

const WORD: u64 = 8;

/// The suffixes of the functions and types of a map.
const SUFFIXES: [&str; 10] =
    ["_value", "_key", "_entry", "_entries", "_capacity", "_len", "_changes", "_get", "_next", "_open"];

/// The type of a key, a value, an element or metadata in C, as the functions of maps and frames take it.
pub(super) struct Argument {
    pub(super) of: String,
    /// Whether keys of this type are numbers, which are passed by value.
    is_number: bool,
}

impl<'a> Types<'a> {
    pub(super) fn define_map(
        &mut self,
        schema: &OwnedSchema,
        key: &'a OwnedSchema,
        value: &'a OwnedSchema,
    ) -> Result<String, ExportError> {
        let name = self.take(schema, &SUFFIXES);
        let key_type = self.argument(&format!("{name}_key"), key)?;
        let value_type = self.argument(&format!("{name}_value"), value)?;
        self.define_text_makers(key);
        // The caller has checked the entries.
        let entries = Entries::of(schema).expect("the entries of format version 1");
        self.define_entry(&name, schema, entries, key, value);
        self.define_map_struct(&name, schema, entries);
        self.write(&map_function(&name, entries, key, value));
        self.write(&functions(&name, &key_type, &value_type, schema));
        self.write(&open_function(&name, &[("VALUE", value), ("KEY", key)]));
        self.has_maps = true;
        self.values.insert(name.clone(), value_type.of);
        Ok(name)
    }

    /// Returns the type of an argument. An array gets a name, so that functions can take a pointer to it.
    pub(super) fn argument(&mut self, name: &str, schema: &'a OwnedSchema) -> Result<Argument, ExportError> {
        if schema.size() == 0 {
            return Ok(Argument { of: "void".to_owned(), is_number: false });
        }
        let kind = self.of(schema)?;
        let is_number = matches!(schema.kind(), OwnedKind::Primitive(_) | OwnedKind::Enum { .. });
        if kind.dimensions.is_empty() {
            return Ok(Argument { of: kind.base, is_number });
        }
        self.write(&format!("typedef {};\n", kind.declare(name)));
        Ok(Argument { of: name.to_owned(), is_number })
    }

    /// Writes a function for each string in a key, which makes it of a C string.
    fn define_text_makers(&mut self, key: &'a OwnedSchema) {
        match key.kind() {
            OwnedKind::Struct { fields, .. } => fields.iter().for_each(|field| self.define_text_makers(&field.schema)),
            OwnedKind::Array { element, .. } if key.size() > 0 => self.define_text_makers(element),
            OwnedKind::FixedString { capacity } => {
                let Some(name) = self.text_maker(key) else { return };
                self.write(&format!(
                    "/* Makes a key, or a part of one, of a C string: UTF-8 of at most {capacity} bytes. Returns 0, or\n \
                     * -1 with ENAMETOOLONG if it does not fit. */\n\
                     static inline int {name}_from({name} *to, const char *text)\n{{\n    \
                     return shmstore_text_from(to, UINT32_C({capacity}), text, strlen(text));\n}}\n\n"
                ));
            }
            _ => {}
        }
    }

    fn define_entry(
        &mut self,
        name: &str,
        map: &OwnedSchema,
        entries: Entries,
        key: &OwnedSchema,
        value: &OwnedSchema,
    ) {
        let Entries { key_at, slots_at, slot_len, stride, .. } = entries;
        let owner = format!("{name}_entry");
        let mut body = Body::new(self.member_scope());
        body.add(&owner, (0, ENTRY_WORDS), "words", |name| format!("shmstore_entry {name}"), "state, hash and others");
        let key_len = key.size().next_multiple_of(2 * WORD);
        if key_len > 0 {
            let declare = |name: &str| format!("uint64_t {name}[{}]", key_len / WORD);
            body.add(&owner, (key_at, key_len), "key", declare, &key.to_string());
        }
        if slot_len > 0 {
            let declare = |name: &str| format!("uint64_t {name}[2][{}]", slot_len / WORD);
            let note = format!("even versions, odd versions: {value}");
            body.add(&owner, (slots_at, 2 * slot_len), "slots", declare, &note);
        }
        self.write(&body.finish_as(&owner, &format!("an entry of {map}"), (stride, map.align())));
    }

    fn define_map_struct(&mut self, name: &str, schema: &OwnedSchema, entries: Entries) {
        let mut body = Body::new(self.member_scope());
        let mut add = |at: (u64, u64), member: &str, note: &str| {
            body.add(name, at, member, |name| format!("uint{}_t {name}", 8 * at.1), note);
        };
        add((0, 4), "lock", "the token of its holder in bits 0 to 28");
        add((4, 4), "flags", "flags of the lock");
        add((8, 4), "bell", "the bell for processes that wait for changes of the keys");
        add((12, 4), "mark", "the mark of the thread that holds the lock");
        add((16, WORD), "intent", "the insertion or removal that is being done");
        add((24, 4), "len", "the number of keys");
        add((28, 4), "high_water", "how many entries were ever used");
        add((32, 4), "free_list", "index + 1 of the first free entry");
        add((40, WORD), "changes", "how often keys were inserted and removed");
        add((48, WORD), "floor", "the greatest version of a removed key");
        add((SEED_AT, WORD), "seed", "the seed of the hash, 0 if no key was ever inserted");
        let heads = 2 * entries.capacity;
        let declare = |name: &str| format!("uint64_t {name}[{heads}]");
        body.add(
            name,
            (HEADS_AT, HEAD * heads),
            "heads",
            declare,
            "index + 1 of the first entry of each bucket in bits 0 to 31, and a filter",
        );
        let declare = |member: &str| format!("{name}_entry {member}[{}]", entries.capacity);
        let note = format!("{} bytes each", entries.stride);
        body.add(name, (entries.at, entries.stride * entries.capacity), "entries", declare, &note);
        self.write(&body.finish(name, schema));
    }
}

fn map_function(name: &str, entries: Entries, key: &OwnedSchema, value: &OwnedSchema) -> String {
    let Entries { capacity, key_at, slots_at, slot_len, stride, .. } = entries;
    format!(
        "static inline shmstore_table {name}_entries(const volatile {name} *from)\n{{\n    \
         shmstore_table map;\n    \
         map.seed = &from->seed;\n    \
         map.intent = &from->intent;\n    \
         map.heads = from->heads;\n    \
         map.len = &from->len;\n    \
         map.high_water = &from->high_water;\n    \
         map.entries = (const volatile char *)from->entries;\n    \
         map.capacity = UINT32_C({capacity});\n    \
         map.stride = {stride};\n    \
         map.key_at = {key_at};\n    \
         map.key_len = {key_len};\n    \
         map.slots_at = {slots_at};\n    \
         map.slot_len = {slot_len};\n    \
         map.value_len = {value_len};\n    \
         return map;\n}}\n\
         static inline uint64_t {name}_capacity(const volatile {name} *from)\n{{\n    \
         (void)from;\n    \
         return UINT64_C({capacity});\n}}\n\
         /* Returns the number of keys. */\n\
         static inline uint64_t {name}_len(const volatile {name} *from)\n{{\n    \
         shmstore_table map = {name}_entries(from);\n    \
         return shmstore_table_len(&map);\n}}\n\
         /* Returns how often keys were inserted and removed so far. */\n\
         static inline uint64_t {name}_changes(const volatile {name} *from)\n{{\n    \
         return __atomic_load_n(&from->changes, __ATOMIC_ACQUIRE);\n}}\n",
        key_len = key.size(),
        value_len = value.size(),
    )
}

fn functions(name: &str, key: &Argument, value: &Argument, schema: &OwnedSchema) -> String {
    let (key_of, value_of) = (&key.of, &value.of);
    let (parameter, address) =
        if key.is_number { (format!("{key_of} key"), "&key") } else { (format!("const {key_of} *key"), "key") };
    format!(
        "/* Looks a key of the {shown} up. It never waits, and the copy is always whole. Returns\n \
         *  1: `*value` is a copy of the value, and `*version` is its number. Both pointers may be NULL;\n \
         *  0: the key is not in the map;\n \
         * -1: writers disturbed every attempt, or the map is damaged: errno is EAGAIN. */\n\
         static inline int {name}_get(const volatile {name} *from, {parameter}, {value_of} *value, \
         uint64_t *version)\n{{\n    \
         shmstore_table map = {name}_entries(from);\n    \
         return shmstore_table_get(&map, {address}, value, version);\n}}\n\
         /* Copies the next entry of a map. Begin with `*cursor` 0. Any pointer after it may be NULL. A key that stays\n \
         * in the map during the whole iteration comes once. Returns\n \
         *  1: the copies are of one entry, and `*cursor` is after it;\n \
         *  0: there is no other entry;\n \
         * -1: writers disturbed every attempt: errno is EAGAIN. Try again, or add 1 to `*cursor`. */\n\
         static inline int {name}_next(const volatile {name} *from, uint64_t *cursor, {key_of} *key, {value_of} *value,\n    \
         uint64_t *version)\n{{\n    \
         shmstore_table map = {name}_entries(from);\n    \
         return shmstore_map_next(&map, cursor, key, value, version);\n}}\n\n",
        shown = comment(&schema.to_string()),
    )
}
