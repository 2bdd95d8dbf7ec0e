//! Frames as the standard message `sensor_msgs/Image`.

use shmstore::schema::{OwnedField, OwnedKind, OwnedSchema, OwnedVariant, Primitive};

use super::body::{first_time, time_at};

/// The name of the message, and its definition with those of the messages in it.
pub(super) const NAME: &str = "sensor_msgs/msg/Image";
pub(super) const TEXT: &str = "\
std_msgs/Header header
uint32 height
uint32 width
string encoding
uint8 is_bigendian
uint32 step
uint8[] data
================================================================================
MSG: std_msgs/Header
builtin_interfaces/Time stamp
string frame_id
================================================================================
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
";

/// Where the fields of the message are in the metadata of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image {
    time: Option<usize>,
    height: Number,
    width: Number,
    step: Number,
    is_bigendian: Option<Number>,
    encoding: Text,
    frame_id: Option<Text>,
}

/// An integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Number {
    at: usize,
    size: usize,
}

/// A text, or an enum whose variants are texts.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Text {
    Fixed { at: usize, capacity: usize },
    Variants { of: Number, variants: Vec<(i128, String)> },
}

impl Image {
    /// The places in the metadata. An error says what is missing.
    pub(super) fn of(meta: &OwnedSchema, element: &OwnedSchema) -> Result<Self, String> {
        let OwnedKind::Struct { fields, .. } = meta.kind() else {
            return Err(format!("its metadata is `{meta}`, and no struct with height, width, encoding and step"));
        };
        if !is_plain(element) {
            return Err(format!("its elements are `{element}`, which have other bytes than numbers"));
        }
        let find = |name: &str| fields.iter().find(|field| field.name == name);
        let missing = |name: &str, is: &str| format!("its metadata `{meta}` has no field `{name}` that is {is}");
        let number = |name| find(name).and_then(number).ok_or_else(|| missing(name, "an integer"));
        Ok(Self {
            time: first_time(meta),
            height: number("height")?,
            width: number("width")?,
            step: number("step")?,
            is_bigendian: number("is_bigendian").ok(),
            encoding: find("encoding").and_then(text).ok_or_else(|| missing("encoding", "a text or an enum"))?,
            frame_id: find("frame_id").and_then(text),
        })
    }

    /// The time in the metadata, in nanoseconds since 1970.
    pub(super) fn time(&self, meta: &[u8]) -> Option<u64> {
        time_at(meta, self.time?)
    }

    pub(super) fn encode(&self, meta: &[u8], elements: &[u8], time: u64, to: &mut Vec<u8>) {
        to.extend_from_slice(&[0, 1, 0, 0]);
        let mut writer = Writer { origin: to.len(), to };
        writer.u32(u32::try_from(time / 1_000_000_000).unwrap_or(u32::MAX));
        writer.u32((time % 1_000_000_000) as u32);
        writer.text(&self.frame_id.as_ref().map_or(String::new(), |of| of.read(meta)));
        writer.u32(self.height.read(meta) as u32);
        writer.u32(self.width.read(meta) as u32);
        writer.text(&self.encoding.read(meta));
        writer.to.push(u8::from(self.is_bigendian.is_some_and(|of| of.read(meta) != 0)));
        writer.u32(self.step.read(meta) as u32);
        writer.u32(elements.len() as u32);
        writer.to.extend_from_slice(elements);
    }
}

struct Writer<'a> {
    origin: usize,
    to: &'a mut Vec<u8>,
}

impl Writer<'_> {
    fn u32(&mut self, number: u32) {
        let position = self.to.len() - self.origin;
        self.to.resize(self.origin + position.next_multiple_of(4), 0);
        self.to.extend_from_slice(&number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.u32(text.len() as u32 + 1);
        self.to.extend_from_slice(text.as_bytes());
        self.to.push(0);
    }
}

impl Number {
    fn read(self, meta: &[u8]) -> i128 {
        let mut bytes = [0; 16];
        let of = meta.get(self.at..self.at + self.size).unwrap_or(&[]);
        bytes[..of.len()].copy_from_slice(of);
        i128::from_le_bytes(bytes)
    }
}

impl Text {
    fn read(&self, meta: &[u8]) -> String {
        match self {
            Self::Fixed { at, capacity } => {
                let len = Number { at: *at, size: 4 }.read(meta) as usize;
                let bytes = meta.get(at + 4..at + 4 + len.min(*capacity)).unwrap_or(&[]);
                String::from_utf8_lossy(bytes).into_owned()
            }
            Self::Variants { of, variants } => {
                let number = of.read(meta);
                let found = variants.iter().find(|(variant, _)| *variant & of.mask() == number);
                found.map_or_else(|| number.to_string(), |(_, name)| name.clone())
            }
        }
    }
}

impl Number {
    /// The bits of a number of this size. Numbers are read without their sign.
    fn mask(self) -> i128 {
        (1_i128 << (8 * self.size.min(15))) - 1
    }
}

fn number(field: &OwnedField) -> Option<Number> {
    let OwnedKind::Primitive(of) = field.schema.kind() else { return None };
    let is_integer = !matches!(of, Primitive::F32 | Primitive::F64 | Primitive::Char);
    is_integer.then(|| Number { at: field.offset as usize, size: of.size() })
}

fn text(field: &OwnedField) -> Option<Text> {
    let at = field.offset as usize;
    match field.schema.kind() {
        OwnedKind::FixedString { capacity } => Some(Text::Fixed { at, capacity: *capacity as usize }),
        OwnedKind::Enum { repr, variants, .. } => {
            // `Bgr8` is `bgr8`, as image_encodings has it.
            let of = |variant: &OwnedVariant| (variant.discriminant, variant.name.to_ascii_lowercase());
            Some(Text::Variants { of: Number { at, size: repr.size() }, variants: variants.iter().map(of).collect() })
        }
        _ => None,
    }
}

/// Returns `true` for numbers and structs and arrays of them.
fn is_plain(schema: &OwnedSchema) -> bool {
    match schema.kind() {
        OwnedKind::Primitive(_) => true,
        OwnedKind::Array { element, .. } => is_plain(element),
        OwnedKind::Struct { fields, .. } => fields.iter().all(|field| is_plain(&field.schema)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use shmstore::{FixedString, ShmLayout, ShmValue};

    use super::*;

    #[derive(ShmValue, Clone, Copy)]
    #[repr(C)]
    struct Meta {
        height: u32,
        width: u16,
        step: u16,
        encoding: FixedString<8>,
    }

    #[derive(ShmValue, Clone, Copy)]
    #[repr(u8)]
    enum Pixels {
        Mono8 = 0,
        Bgr8 = 2,
    }

    #[derive(ShmValue, Clone, Copy)]
    #[repr(C)]
    struct Short {
        height: u8,
        width: u8,
        step: u8,
        encoding: Pixels,
    }

    fn schema<T: ShmLayout>() -> OwnedSchema {
        OwnedSchema::from(T::SCHEMA)
    }

    #[test]
    fn image_has_the_fields_of_the_standard_message_in_order() {
        let image = Image::of(&schema::<Meta>(), &schema::<u8>()).unwrap();
        let meta = [&2_u32.to_le_bytes()[..], &[3, 0, 3, 0], &5_u32.to_le_bytes(), b"mono8\0\0\0"].concat();
        let mut message = Vec::new();
        image.encode(&meta, &[1, 2, 3, 4, 5, 6], 7_000_000_009, &mut message);
        let expected = [
            &[0, 1, 0, 0, 7, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0][..],
            &[2, 0, 0, 0, 3, 0, 0, 0, 6, 0, 0, 0],
            b"mono8\0\0\0\x03\0\0\0\x06\0\0\0",
            &[1, 2, 3, 4, 5, 6],
        ];
        assert_eq!(message, expected.concat());
    }

    #[test]
    fn encodings_may_be_variants_and_what_is_no_image_is_refused() {
        let image = Image::of(&schema::<Short>(), &schema::<[u8; 3]>()).unwrap();
        assert_eq!(image.encoding.read(&[1, 1, 3, 2]), "bgr8");
        assert_eq!(image.encoding.read(&[1, 1, 3, 9]), "9");
        assert_eq!(image.encoding.read(&[]), "mono8");
        assert!(Image::of(&schema::<[u32; 2]>(), &schema::<u8>()).unwrap_err().contains("no struct"));
        assert!(Image::of(&schema::<Short>(), &schema::<FixedString<4>>()).unwrap_err().contains("elements"));
    }
}
