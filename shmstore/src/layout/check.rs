//! The checks of the derives at compile time, on the type as the compiler sees it.
//!
//! A derive sees tokens, and another macro may change the struct afterwards. So safety rests on no token: offsets,
//! sizes, alignments and types are checked here, on the finished type. A check that fails panics at compile time. It is
//! `#[track_caller]`, so that the message is shown at the user's field.

mod enums;

use crate::layout::ShmObject;
use crate::layout::schema::{Field, Kind, has_refused};
use crate::layout::text::Text;

pub use enums::{has_zero, is_stored_as};

/// Checks that a value and each of its fields have bytes, that the fields are aligned, and that there is no padding.
///
/// The fields numbered in `but_fields` and the gaps numbered in `but_gaps` are left out, because the derive checks them
/// one by one. Both lists ascend. A gap has the number of the field after it. The gap at the end has the number of
/// fields.
///
/// Nothing is checked after a derive has refused the type of a field, because the layout changes with the cure.
///
/// # Panics
///
/// Panics if a check fails.
#[track_caller]
pub const fn is_value<T>(fields: &[Field], but_fields: &[usize], but_gaps: &[usize]) {
    if has_refused(fields) {
        return;
    }
    is_not_empty::<T>(fields, but_fields);
    is_aligned::<T>(fields);
    let (mut at, mut skipped) = (1, if let [0, ..] = but_gaps { 1 } else { 0 });
    while at <= fields.len() {
        if skipped < but_gaps.len() && but_gaps[skipped] == at {
            skipped += 1;
        } else if at < fields.len() {
            no_gap_before(fields, at, Padding::Fixed(""));
        } else {
            no_gap_after::<T>(fields, Padding::Fixed(""));
        }
        at += 1;
    }
}

/// Checks that an object and each of its fields have bytes, that it has no `impl Drop`, and that C's rules lay it out.
///
/// The fields numbered in `but_fields`, which ascends, are left out, because the derive checks them one by one. The
/// view is laid out by C's rules, because no other macro can change it. So the object has the same layout.
///
/// # Panics
///
/// Panics if a check fails.
#[track_caller]
pub const fn is_object<T>(fields: &[Field], but_fields: &[usize], min_align: usize) {
    if has_refused(fields) {
        return;
    }
    is_not_empty::<T>(fields, but_fields);
    has_no_drop::<T>();
    is_c_struct::<T>(fields, min_align);
}

/// The cure for a gap.
#[derive(Clone, Copy, Debug)]
pub enum Padding {
    /// A `Pad` of the gap's size, after the visibility and the name that its field needs: `pub _pad: `.
    Fixed(&'static str),
    /// No single `Pad`, because the gap's size depends on the arguments of the type.
    Varies,
}

/// Checks that a field of a value starts where the one before it ends.
///
/// # Panics
///
/// Panics if there is padding before the field, or the fields are not in the order in which they are declared.
#[track_caller]
pub const fn no_gap_before(fields: &[Field], at: usize, padding: Padding) {
    if has_refused(fields) {
        return;
    }
    let (end_of_previous, start) = (end(&fields[at - 1]), fields[at].offset);
    assert!(
        end_of_previous <= start,
        "the fields are not in the order in which they are declared: another macro has changed the struct after this derive; put the derive below that macro"
    );
    if end_of_previous < start {
        let bytes = start - end_of_previous;
        let text = gap(bytes, end_of_previous).str(", before `").str(fields[at].name).str("`");
        let gap = Gap { bytes, previous: &fields[at - 1], align: fields[at].schema.align() };
        panic!("{}", cure(text, padding, gap, " here, or put larger fields first").as_str());
    }
}

/// Checks that the last field of a value ends where the value ends.
///
/// # Panics
///
/// Panics if there is padding after the field.
#[track_caller]
pub const fn no_gap_after<T>(fields: &[Field], padding: Padding) {
    if has_refused(fields) {
        return;
    }
    let (last, size) = (&fields[fields.len() - 1], size_of::<T>());
    let end = end(last);
    if end < size {
        let text = gap(size - end, end).str(", after `").str(last.name).str("`");
        let gap = Gap { bytes: size - end, previous: last, align: align_of::<T>() };
        panic!("{}", cure(text, padding, gap, " after it").as_str());
    }
}

/// A gap after a field.
struct Gap<'a> {
    bytes: usize,
    previous: &'a Field,
    /// The alignment that causes the gap.
    align: usize,
}

/// Returns the offset at which a field ends.
const fn end(field: &Field) -> usize {
    field.offset + field.schema.size()
}

const fn gap(bytes: usize, offset: usize) -> Text {
    let unit = if bytes == 1 { " byte" } else { " bytes" };
    Text::new().number(bytes).str(unit).str(" of padding at offset ").number(offset)
}

/// Adds what to write instead. A new `Pad` belongs at `position`.
const fn cure(text: Text, padding: Padding, gap: Gap<'_>, position: &str) -> Text {
    let Padding::Fixed(start) = padding else {
        return text.str(
            " with these arguments: no `Pad` of fixed size closes it for all arguments. Use arguments that leave no \
             gap, or add a const parameter `P` and a field `Pad<P>`",
        );
    };
    let Gap { bytes, previous, align } = gap;
    if let Kind::Pad = previous.schema.kind() {
        let text =
            text.str(": make `").str(previous.name).str("` a `Pad<").number(previous.schema.size() + bytes).str(">`");
        // Without it, the gap would not exist either.
        let is_superfluous = previous.offset > 0 && previous.offset % align == 0;
        return if is_superfluous { text.str(", or remove it") } else { text };
    }
    let text = text.str(": add `").str(start).str("Pad<").number(bytes).str(">`").str(position);
    let Kind::FixedString { capacity } = *previous.schema.kind() else { return text };
    let text = text
        .str(". A `FixedString<N>` has N + 4 bytes, so `")
        .str(previous.name)
        .str("` could also be a `FixedString<");
    text.number(capacity + bytes).str(">`")
}

/// Checks that a field has bytes, or is `PhantomData`.
///
/// # Panics
///
/// Panics if it has no bytes and is not `PhantomData`.
#[track_caller]
pub const fn has_bytes(fields: &[Field], at: usize) {
    assert!(
        fields[at].schema.size() > 0 || fields[at].schema.is_phantom(),
        "a field in shared memory has at least one byte: remove it, or make the array longer"
    );
}

#[track_caller]
const fn is_not_empty<T>(fields: &[Field], but_fields: &[usize]) {
    assert!(size_of::<T>() > 0, "there is nothing to share in a struct without bytes: add a field");
    let (mut at, mut skipped) = (0, 0);
    while at < fields.len() {
        if skipped < but_fields.len() && but_fields[skipped] == at {
            skipped += 1;
        } else {
            has_bytes(fields, at);
        }
        at += 1;
    }
}

/// Checks that every field of a value is at a multiple of its own alignment.
#[track_caller]
const fn is_aligned<T>(fields: &[Field]) {
    let mut at = 0;
    while at < fields.len() {
        let own = fields[at].schema.align();
        assert!(
            fields[at].offset % own == 0 && own <= align_of::<T>(),
            "a field is not aligned as its type is: this struct is packed; remove `packed`, or put the derive below \
             the macro that adds it"
        );
        at += 1;
    }
}

/// Checks that `T` has no `impl Drop`, because no process ever drops an object.
///
/// A field that needs dropping is not an object, and is refused for that.
#[track_caller]
const fn has_no_drop<T>() {
    assert!(
        !std::mem::needs_drop::<T>(),
        "an object outlives every process and is never dropped: remove `impl Drop`, and clean up in a type that holds \
         the `Shared` object"
    );
}

/// Checks that a view has the size and the alignment of its object. The view of a type that a derive has refused is a
/// stub, which is not checked.
///
/// # Panics
///
/// Panics if one of them differs.
pub(crate) const fn view_is_alike<O: ShmObject>() {
    let is_stub = O::SCHEMA.align() == 0;
    assert!(
        is_stub || size_of::<O>() == size_of::<O::View>() && align_of::<O>() == align_of::<O::View>(),
        "the view of this type has another size or alignment than the type: correct its `unsafe impl ShmObject`"
    );
}

/// Checks that `T` is laid out by C's rules.
///
/// Each field is at the first offset after the field before it that its alignment allows. The struct is aligned to
/// `min_align` and to the greatest alignment of its fields, and its size is a multiple of that.
#[track_caller]
const fn is_c_struct<T>(fields: &[Field], min_align: usize) {
    let mut at = 0;
    let mut end_of_previous = 0;
    let mut align = min_align;
    let mut alike = true;
    while at < fields.len() {
        let field = &fields[at];
        let own = field.schema.align();
        alike = alike && field.offset == usize::next_multiple_of(end_of_previous, own);
        end_of_previous = end(field);
        align = if own > align { own } else { align };
        at += 1;
    }
    assert!(
        alike && align_of::<T>() == align && size_of::<T>() == end_of_previous.next_multiple_of(align),
        "this struct is not laid out as its `#[repr]` says: another macro has changed it after this derive; put the \
         derive below that macro"
    );
}

/// The greatest room of an object, in bytes.
const MAX_ROOM: usize = 1 << 40;

/// Checks that an object fits into the room that its type gives to new objects, in bytes.
///
/// # Panics
///
/// Panics if it does not fit, or if the room is not 1 byte to 1 TiB.
#[track_caller]
pub const fn fits_room<T>(fields: &[Field], room: usize) {
    if has_refused(fields) {
        return;
    }
    assert!(room > 0, "an object needs room for its own bytes at least: write `room = 4096`, or remove `room`");
    assert!(room <= MAX_ROOM, "the room of an object is at most 1 TiB, which is 1 << 40 bytes: write a smaller number");
    let size = size_of::<T>();
    if size > room {
        let text = Text::new().str("this struct has ").number(size).str(" bytes, and its room is ").number(room);
        let text = text.str(": write `room = ").number((size + 1).next_power_of_two());
        let text = text.str("` or more, because fields that are appended later need room, too");
        panic!("{}", text.as_str());
    }
}

/// Compiles only if the field pointed to is of type `T`, which is the type that the derive saw.
pub const fn is_of_type<T>(_: *const T) {}

/// Compiles only if the fields pointed to are of one type.
pub const fn is_alike<T>(_: *const T, _: *const T) {}

/// A type that a derive accepts for const parameters, because its values fit a [`ConstArg`](crate::schema::ConstArg).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a type for the const parameters of a shared type",
    label = "use an integer of up to 64 bits, `bool` or `char`, because the arguments are part of the layout and are stored in its schema"
)]
pub trait ConstParam: Copy {}

macro_rules! const_params {
    ($($type:ty)*) => {$(impl ConstParam for $type {})*};
}

const_params! { u8 u16 u32 u64 usize i8 i16 i32 i64 isize bool char }

/// Returns the value of a const argument of type `T`. It compiles only if the type is accepted.
#[must_use]
pub const fn const_arg<T: ConstParam>(value: i128) -> i128 {
    value
}
