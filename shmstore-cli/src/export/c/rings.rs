//! Queues and broadcasts in C, and the functions that look into them.

use shmstore::schema::OwnedSchema;

use super::super::error::ExportError;
use super::super::names::comment;
use super::super::parts::{CONSUMERS_AT, Ring};
use super::open::open_function;
use super::structs::Body;
use super::types::Types;

const WORD: u64 = 8;

/// The suffixes of the functions that queues and broadcasts share.
const SUFFIXES: [&str; 4] = ["_value", "_ring", "_capacity", "_open"];

impl<'a> Types<'a> {
    pub(super) fn define_queue(&mut self, schema: &OwnedSchema, value: &'a OwnedSchema) -> Result<String, ExportError> {
        let own = ["_len", "_outstanding", "_positions", "_look"];
        let (name, of, ring) = self.begin_ring(schema, value, &own)?;
        let mut body = Body::new(self.member_scope());
        add_lock(&mut body, &name, 0, ["producers", "items"]);
        add_word(&mut body, &name, (16, WORD), "tail", "the next position to fill");
        add_lock(&mut body, &name, CONSUMERS_AT, ["consumers", "slots"]);
        add_word(&mut body, &name, (CONSUMERS_AT + 16, 4), "returned", "how many items were returned");
        add_word(&mut body, &name, (CONSUMERS_AT + 20, 4), "scanned", "`returned` at the last search that found none");
        add_word(&mut body, &name, (CONSUMERS_AT + 24, WORD), "cursor", "the next position to deliver");
        add_word(&mut body, &name, (CONSUMERS_AT + 32, WORD), "head", "all items before it are finished");
        self.finish_ring(body, &name, schema, ring, value);
        self.write(&queue_functions(&name));
        if let Some(of) = of {
            self.write(&look_function(&name, &of, value));
            self.values.insert(name.clone(), of);
        }
        self.write(&open_function(&name, &[("VALUE", value)]));
        Ok(name)
    }

    pub(super) fn define_broadcast(
        &mut self,
        schema: &OwnedSchema,
        value: &'a OwnedSchema,
    ) -> Result<String, ExportError> {
        let (name, of, ring) = self.begin_ring(schema, value, &["_sent", "_oldest", "_receive"])?;
        let mut body = Body::new(self.member_scope());
        add_lock(&mut body, &name, 0, ["", ""]);
        add_word(&mut body, &name, (16, WORD), "tail", "the next position to send, or an earlier one");
        self.finish_ring(body, &name, schema, ring, value);
        self.write(&broadcast_functions(&name));
        if let Some(of) = of {
            self.write(&receive_function(&name, &of, value));
            self.values.insert(name.clone(), of);
        }
        self.write(&open_function(&name, &[("VALUE", value)]));
        Ok(name)
    }

    /// Takes the names of a queue or broadcast, and defines the type of its values.
    fn begin_ring(
        &mut self,
        schema: &OwnedSchema,
        value: &'a OwnedSchema,
        own: &[&str],
    ) -> Result<(String, Option<String>, Ring), ExportError> {
        let name = self.take(schema, &[&SUFFIXES, own].concat());
        let of = if value.size() > 0 { Some(self.value_type(&name, value)?) } else { None };
        // The caller has checked the slots.
        let ring = Ring::of(schema).expect("the slots of format version 1");
        Ok((name, of, ring))
    }

    /// Adds the slots, and writes the struct, with the functions that queues and broadcasts share.
    fn finish_ring(&mut self, mut body: Body, name: &str, schema: &OwnedSchema, ring: Ring, value: &OwnedSchema) {
        let declare = |name: &str| format!("uint64_t {name}[{}][{}]", ring.capacity, ring.stride / WORD);
        let note = format!("a word, and from {} on the value: {value}", ring.value_at);
        body.add(name, (ring.at, ring.stride * ring.capacity), "slots", declare, &note);
        self.write(&body.finish(name, schema));
        self.write(&format!(
            "static inline shmstore_ring {name}_ring(const volatile {name} *from)\n{{\n    \
             shmstore_ring ring;\n    \
             ring.slots = from->slots[0];\n    \
             ring.capacity = UINT64_C({capacity});\n    \
             ring.tail = &from->tail;\n    \
             ring.slot_words = {words};\n    \
             ring.value_at = {value_at};\n    \
             ring.value_len = {len};\n    \
             return ring;\n}}\n\
             static inline uint64_t {name}_capacity(const volatile {name} *from)\n{{\n    \
             (void)from;\n    \
             return UINT64_C({capacity});\n}}\n",
            capacity = ring.capacity,
            words = ring.stride / WORD,
            value_at = ring.value_at / WORD,
            len = value.size(),
        ));
    }
}

/// Adds the words of a lock. The first name is of its holders, the second of what the waiters at its bell wait for.
fn add_lock(body: &mut Body, name: &str, at: u64, [of, waits_for]: [&str; 2]) {
    let (before, bell) = if of.is_empty() {
        (String::new(), "bell".to_owned())
    } else {
        (format!("{of}_"), format!("{waits_for}_bell"))
    };
    add_word(body, name, (at, 4), &format!("{before}lock"), "the token of its holder in bits 0 to 28");
    add_word(body, name, (at + 4, 4), &format!("{before}flags"), "flags of the lock");
    add_word(body, name, (at + 8, 4), &bell, "the bell for waiters");
    add_word(body, name, (at + 12, 4), &format!("{before}mark"), "the mark of the thread that holds it");
}

fn add_word(body: &mut Body, owner: &str, at: (u64, u64), name: &str, note: &str) {
    body.add(owner, at, name, |name| format!("uint{}_t {name}", 8 * at.1), note);
}

fn queue_functions(name: &str) -> String {
    format!(
        "/* Returns the number of items that wait. */\n\
         static inline uint64_t {name}_len(const volatile {name} *from)\n{{\n    \
         uint64_t head = __atomic_load_n(&from->head, __ATOMIC_ACQUIRE);\n    \
         shmstore_ring ring = {name}_ring(from);\n    \
         return shmstore_queue_count(&ring, head, 0);\n}}\n\
         /* Returns the number of items that processes have taken and not finished. */\n\
         static inline uint64_t {name}_outstanding(const volatile {name} *from)\n{{\n    \
         uint64_t head = __atomic_load_n(&from->head, __ATOMIC_ACQUIRE);\n    \
         shmstore_ring ring = {name}_ring(from);\n    \
         return shmstore_queue_count(&ring, head, 1);\n}}\n\
         /* Returns the positions at which items may be: from `*first` to before `*end`, oldest first. */\n\
         static inline void {name}_positions(const volatile {name} *from, uint64_t *first, uint64_t *end)\n{{\n    \
         uint64_t head = __atomic_load_n(&from->head, __ATOMIC_ACQUIRE);\n    \
         shmstore_ring ring = {name}_ring(from);\n    \
         shmstore_queue_positions(&ring, head, first, end);\n}}\n"
    )
}

fn look_function(name: &str, of: &str, value: &OwnedSchema) -> String {
    format!(
        "/* Copies the item {shown} of a position without taking it. Returns 1, or 0 if no item waits there. */\n\
         static inline int {name}_look(const volatile {name} *from, uint64_t position, {of} *value)\n{{\n    \
         shmstore_ring ring = {name}_ring(from);\n    \
         return shmstore_queue_look(&ring, position, value);\n}}\n\n",
        shown = comment(&value.to_string()),
    )
}

fn broadcast_functions(name: &str) -> String {
    format!(
        "/* Returns the number of items that were sent. It is the position of the next item. */\n\
         static inline uint64_t {name}_sent(const volatile {name} *from)\n{{\n    \
         shmstore_ring ring = {name}_ring(from);\n    \
         return shmstore_ring_sent(&ring);\n}}\n\
         /* Returns the position of the oldest item that is still there. */\n\
         static inline uint64_t {name}_oldest(const volatile {name} *from)\n{{\n    \
         shmstore_ring ring = {name}_ring(from);\n    \
         return shmstore_broadcast_oldest(&ring);\n}}\n"
    )
}

fn receive_function(name: &str, of: &str, value: &OwnedSchema) -> String {
    format!(
        "/* Receives the item {shown} of `*position`. It never waits, and the copy is always whole. Returns\n \
         *  1: `*value` is the item, and `*position` is the next one;\n \
         *  0: the item is not there yet;\n \
         * -1: the item was overwritten. `*missed` is the exact number of items that this reader has missed,\n \
         *     and `*position` is the item to go on with. */\n\
         static inline int {name}_receive(const volatile {name} *from, uint64_t *position, {of} *value, \
         uint64_t *missed)\n{{\n    \
         shmstore_ring ring = {name}_ring(from);\n    \
         return shmstore_broadcast_receive(&ring, position, value, missed);\n}}\n\n",
        shown = comment(&value.to_string()),
    )
}
