//! Frames in C, and the functions that copy the newest one.

use shmstore::schema::OwnedSchema;

use super::super::error::ExportError;
use super::super::names::comment;
use super::super::parts::{FrameSlots, LOANS_AT, NEWEST_AT, PINS, ROOM_AT, SLOT_WORDS_AT};
use super::open::open_function;
use super::structs::Body;
use super::types::Types;

const WORD: u64 = 8;

/// The suffixes of the functions and types of frames.
const SUFFIXES: [&str; 8] =
    ["_element", "_meta", "_frame", "_frames", "_capacity", "_newest_number", "_newest", "_open"];

impl<'a> Types<'a> {
    pub(super) fn define_frames(
        &mut self,
        schema: &OwnedSchema,
        element: &'a OwnedSchema,
        meta: &'a OwnedSchema,
    ) -> Result<String, ExportError> {
        let name = self.take(schema, &SUFFIXES);
        let element_type = self.argument(&format!("{name}_element"), element)?.of;
        let meta_type = self.argument(&format!("{name}_meta"), meta)?.of;
        // The caller has checked the frames.
        let frames = FrameSlots::of(schema).expect("the frames of format version 1");
        self.define_frame(&name, schema, frames, element, meta);
        self.define_frames_struct(&name, schema, frames);
        self.write(&functions(&name, frames, (&element_type, element), (&meta_type, meta)));
        self.write(&open_function(&name, &[("VALUE", element), ("META", meta)]));
        self.has_frames = true;
        self.values.insert(name.clone(), element_type);
        Ok(name)
    }

    fn define_frame(
        &mut self,
        name: &str,
        schema: &OwnedSchema,
        frames: FrameSlots,
        element: &OwnedSchema,
        meta: &OwnedSchema,
    ) {
        let FrameSlots { capacity, meta_at, elements_at, stride, .. } = frames;
        let owner = format!("{name}_frame");
        let mut body = Body::new(self.member_scope());
        body.add(&owner, (0, WORD), "len", |name| format!("uint64_t {name}"), "the number of elements");
        let words = |bytes: u64| move |name: &str| format!("uint64_t {name}[{}]", bytes / WORD);
        let meta_len = meta.size().next_multiple_of(WORD);
        if meta_len > 0 {
            body.add(&owner, (meta_at, meta_len), "meta", words(meta_len), &meta.to_string());
        }
        // At least 15 bytes follow the metadata and the elements.
        let elements_len = (element.size() * capacity).next_multiple_of(WORD);
        let note = format!("up to {capacity} elements: {element}");
        body.add(&owner, (elements_at, elements_len), "elements", words(elements_len), &note);
        self.write(&body.finish_as(&owner, &format!("a frame of {schema}"), (stride, schema.align())));
    }

    fn define_frames_struct(&mut self, name: &str, schema: &OwnedSchema, frames: FrameSlots) {
        let FrameSlots { pins_at, at, slots, stride, .. } = frames;
        let mut body = Body::new(self.member_scope());
        let mut add = |at: (u64, u64), member: &str, note: &str| {
            body.add(name, at, member, |name| format!("uint{}_t {name}", 8 * at.1), note);
        };
        add((0, 4), "lock", "the token of its holder in bits 0 to 28");
        add((4, 4), "flags", "flags of the lock");
        add((8, 4), "bell", "the bell for readers that wait for a frame");
        add((12, 4), "mark", "the mark of the thread that holds the lock");
        add((ROOM_AT, WORD), "room", "the event word of writers that wait for a slot");
        add((LOANS_AT, 4), "loans", "how many slots were loaned");
        add((NEWEST_AT, WORD), "newest", "the number of the newest frame in bits 4 to 63, its slot in bits 0 to 3");
        let array = |len: u64| move |name: &str| format!("uint64_t {name}[{len}]");
        let note = "2^63 + n: frame n; 2^62 + token: being filled; 0: free";
        body.add(name, (SLOT_WORDS_AT, WORD * slots), "slots", array(slots), note);
        let note = "the token of a reader in bits 0 to 28, and its slot + 1 in bits 32 to 36";
        body.add(name, (pins_at, WORD * PINS), "pins", array(PINS), note);
        let declare = |member: &str| format!("{name}_frame {member}[{slots}]");
        body.add(name, (at, stride * slots), "frames", declare, &format!("{stride} bytes each"));
        self.write(&body.finish(name, schema));
    }
}

fn functions(
    name: &str,
    frames: FrameSlots,
    (element_type, element): (&str, &OwnedSchema),
    (meta_type, meta): (&str, &OwnedSchema),
) -> String {
    let FrameSlots { slots, capacity, meta_at, elements_at, stride, .. } = frames;
    format!(
        "static inline shmstore_frames {name}_frames(const volatile {name} *from)\n{{\n    \
         shmstore_frames frames;\n    \
         frames.newest = &from->newest;\n    \
         frames.slots = from->slots;\n    \
         frames.frames = (const volatile char *)from->frames;\n    \
         frames.slot_count = {slots};\n    \
         frames.capacity = UINT64_C({capacity});\n    \
         frames.stride = {stride};\n    \
         frames.meta_at = {meta_at};\n    \
         frames.meta_len = {meta_len};\n    \
         frames.elements_at = {elements_at};\n    \
         frames.element_len = {element_len};\n    \
         return frames;\n}}\n\
         /* Returns the greatest number of elements of a frame. */\n\
         static inline uint64_t {name}_capacity(const volatile {name} *from)\n{{\n    \
         (void)from;\n    \
         return UINT64_C({capacity});\n}}\n\
         /* Returns the number of the newest frame, or 0 if there is none yet. */\n\
         static inline uint64_t {name}_newest_number(const volatile {name} *from)\n{{\n    \
         return __atomic_load_n(&from->newest, __ATOMIC_ACQUIRE) >> 4;\n}}\n\
         /* Copies the newest frame: up to `most` elements {shown}, and the metadata {shown_meta}. Any pointer after\n \
         * `from` may be NULL. The copy is always of one frame. It pins nothing. Returns\n \
         *  1: `*len` is the number of elements of the frame, of which `most` are copied if there are more;\n \
         *  0: there is no frame yet;\n \
         * -1: writers reused the slot in every attempt, or the words are damaged: errno is EAGAIN. */\n\
         static inline int {name}_newest(const volatile {name} *from, {element_type} *elements, uint64_t most,\n    \
         uint64_t *len, {meta_type} *meta, uint64_t *number)\n{{\n    \
         shmstore_frames frames = {name}_frames(from);\n    \
         return shmstore_frames_newest(&frames, elements, most, len, meta, number);\n}}\n\n",
        meta_len = meta.size(),
        element_len = element.size(),
        shown = comment(&element.to_string()),
        shown_meta = comment(&meta.to_string()),
    )
}
