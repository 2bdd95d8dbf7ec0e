//! A frame as a picture: its width, height and format are in its metadata.

use std::io::{self, Write};

use shmstore::inspect::{NewestFrame, Value};
use shmstore::schema::{OwnedKind, OwnedSchema, Primitive};
use thiserror::Error;

use crate::text::shown;

/// Why a frame is no picture.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PictureError {
    /// The metadata lacks a field.
    #[error("its metadata has no field `{0}`, a number of at least 1. Raw bytes need none: use another extension")]
    Missing(&'static str),
    /// A field of the metadata has a value that no picture has.
    #[error("the field `{field}` of its metadata is {found}, and not {expected}")]
    Field {
        /// The name of the field.
        field: &'static str,
        /// Its value.
        found: String,
        /// The values that it may have.
        expected: String,
    },
    /// The elements are no pixels.
    #[error("its elements are `{0}`, and not bytes, or 3 or 4 bytes each")]
    Element(String),
    /// The frame has less elements than the picture.
    #[error("it has {len} elements, and a picture of {width} × {height} needs {needed}")]
    Short {
        /// The elements that there are.
        len: u64,
        /// The width, in pixels.
        width: u64,
        /// The height, in pixels.
        height: u64,
        /// The elements that the picture needs.
        needed: u64,
    },
    /// The number of bytes a pixel is not known.
    #[error(
        "its metadata has no field `format`, and {0} bytes a pixel are none of 1 (gray), 3 (RGB) and 4 (RGBA). Add \
         `format`, or `stride`"
    )]
    Unknown(String),
    /// The file cannot have the format of the pixels.
    #[error("a {file} file cannot have {pixels}: write a .png file")]
    Unfit {
        /// The extension of the file.
        file: &'static str,
        /// What it cannot have.
        pixels: &'static str,
    },
}

/// The formats of pixels. The letters are the bytes of a pixel.
const FORMATS: [(&str, &str); 12] = [
    ("gray8", "Y"),
    ("gray", "Y"),
    ("mono8", "Y"),
    ("l8", "Y"),
    ("rgb8", "RGB"),
    ("rgb", "RGB"),
    ("bgr8", "BGR"),
    ("bgr", "BGR"),
    ("rgba8", "RGBA"),
    ("rgba", "RGBA"),
    ("bgra8", "BGRA"),
    ("bgra", "BGRA"),
];

/// A picture with one, three or four bytes a pixel: gray, RGB or RGBA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// In pixels, at least 1.
    pub width: u32,
    /// In pixels, at least 1.
    pub height: u32,
    /// The bytes of a pixel: 1, 3 or 4.
    pub depth: usize,
    bytes: Vec<u8>,
}

/// The bytes of a pixel in an element, in order: `RGB`. Empty if one element is one byte.
fn order_of(element: &OwnedSchema) -> Option<String> {
    let is_byte = |schema: &OwnedSchema| matches!(schema.kind(), OwnedKind::Primitive(Primitive::U8));
    match element.kind() {
        _ if is_byte(element) => Some(String::new()),
        OwnedKind::Array { len: 3, element } if is_byte(element) => Some("RGB".into()),
        OwnedKind::Array { len: 4, element } if is_byte(element) => Some("RGBA".into()),
        OwnedKind::Struct { fields, .. } => {
            let is_pixel = fields.len() as u64 == element.size() && fields.iter().all(|field| is_byte(&field.schema));
            let initials = fields.iter().filter_map(|field| field.name.chars().next());
            let initials = initials.map(|letter| letter.to_ascii_uppercase()).collect::<String>();
            let plain = match fields.len() {
                3 => "RGB",
                4 => "RGBA",
                _ => return None,
            };
            let is_named = FORMATS.iter().any(|(_, order)| *order == initials);
            is_pixel.then(|| if is_named { initials } else { plain.into() })
        }
        _ => None,
    }
}

impl Picture {
    /// Makes a picture of a frame.
    ///
    /// # Errors
    ///
    /// [`PictureError`] if the metadata does not say what is needed, or if the elements are no pixels.
    pub fn of(frame: &NewestFrame) -> Result<Self, PictureError> {
        let in_element = order_of(&frame.element).ok_or_else(|| PictureError::Element(frame.element.to_string()))?;
        let number = |field: &'static str| match frame.meta.field(field).map(Value::settled) {
            None => Ok(None),
            Some(Value::Unsigned(number)) if *number > 0 => Ok(Some(*number)),
            Some(Value::Signed(number)) if *number > 0 => Ok(Some(number.unsigned_abs())),
            Some(other) => {
                let (found, expected) = (shown(&other.to_string()), "a number of at least 1".into());
                Err(PictureError::Field { field, found, expected })
            }
        };
        let width = number("width")?.ok_or(PictureError::Missing("width"))?;
        let height = number("height")?.ok_or(PictureError::Missing("height"))?;
        let (len, stride) = (frame.bytes.len() as u64 / frame.element.size(), number("stride")?);
        let order = match (order_of_format(&frame.meta)?, in_element.is_empty()) {
            (Some(order), true) => order.to_owned(),
            (Some(order), false) if order.len() == in_element.len() => order.to_owned(),
            (Some(order), false) => {
                let (found, expected) = (order.into(), format!("a format of {} bytes a pixel", in_element.len()));
                return Err(PictureError::Field { field: "format", found, expected });
            }
            (None, false) => in_element.clone(),
            (None, true) => {
                let in_row = stride.unwrap_or(len / height);
                match (in_row / width, in_row % width) {
                    (1, 0) => "Y".into(),
                    (3, 0) => "RGB".into(),
                    (4, 0) => "RGBA".into(),
                    _ => return Err(PictureError::Unknown(format!("{:.2}", in_row as f64 / width as f64))),
                }
            }
        };
        let depth = order.len();
        // The elements of a pixel.
        let elements = if in_element.is_empty() { depth as u64 } else { 1 };
        let in_row = width.saturating_mul(elements);
        let stride = stride.unwrap_or(in_row);
        if stride < in_row {
            let expected = format!("at least {in_row} elements, for {width} pixels");
            return Err(PictureError::Field { field: "stride", found: stride.to_string(), expected });
        }
        let needed = stride.saturating_mul(height - 1).saturating_add(in_row);
        if len < needed {
            return Err(PictureError::Short { len, width, height, needed });
        }
        // No side is larger than the number of bytes in memory. PNG has less than 2^31 of them.
        let side = |field: &'static str, number: u64| {
            let expected = "less than 2147483648".into();
            let side = u32::try_from(number).ok().filter(|side| *side < 1 << 31);
            side.ok_or(PictureError::Field { field, found: number.to_string(), expected })
        };
        let (width, height) = (side("width", width)?, side("height", height)?);
        let of_element = frame.element.size() as usize;
        let rows = frame.bytes.chunks(stride.min(len) as usize * of_element).take(height as usize);
        let mut bytes: Vec<u8> = rows.flat_map(|row| &row[..in_row as usize * of_element]).copied().collect();
        if order.starts_with('B') {
            bytes.chunks_exact_mut(depth).for_each(|pixel| pixel.swap(0, 2));
        }
        Ok(Self { width, height, depth, bytes })
    }

    /// Writes a PNG file.
    ///
    /// # Errors
    ///
    /// The errors of `to`.
    pub fn write_png(&self, to: impl Write) -> io::Result<()> {
        let mut encoder = png::Encoder::new(to, self.width, self.height);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_color(match self.depth {
            1 => png::ColorType::Grayscale,
            3 => png::ColorType::Rgb,
            _ => png::ColorType::Rgba,
        });
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.bytes)?;
        Ok(writer.finish()?)
    }

    /// Checks that a file of this extension, `pgm`, `ppm` or `pnm`, can have these pixels.
    ///
    /// # Errors
    ///
    /// [`PictureError::Unfit`] if it cannot.
    pub fn must_fit_pnm(&self, extension: &str) -> Result<(), PictureError> {
        match (extension, self.depth) {
            (_, 4) => Err(PictureError::Unfit { file: ".ppm", pixels: "transparent pixels" }),
            ("pgm", 3) => Err(PictureError::Unfit { file: ".pgm", pixels: "colors" }),
            _ => Ok(()),
        }
    }

    /// Writes a PGM file if the picture is gray, and a PPM file otherwise.
    ///
    /// # Errors
    ///
    /// The errors of `to`.
    pub fn write_pnm(&self, mut to: impl Write) -> io::Result<()> {
        // A gray picture has one kind of PNM file, a colored one another.
        let magic = if self.depth == 1 { "P5" } else { "P6" };
        write!(to, "{magic}\n{} {}\n255\n", self.width, self.height)?;
        to.write_all(&self.bytes)
    }
}

/// Returns the bytes of a pixel by the field `format` of the metadata: the name of a variant, or a text.
fn order_of_format(meta: &Value) -> Result<Option<&'static str>, PictureError> {
    let Some(value) = meta.field("format").map(Value::settled) else { return Ok(None) };
    let name = match value {
        Value::Variant { name, .. } => name.clone(),
        Value::Text(text) => text.clone(),
        other => other.to_string(),
    };
    let plain = name.to_lowercase().replace(['_', '-', ' '], "");
    let found = FORMATS.iter().find(|(known, _)| *known == plain);
    let known = || ["Gray8", "Rgb8", "Bgr8", "Rgba8", "Bgra8"].map(|name| format!("`{name}`")).join(", ");
    let unknown =
        || PictureError::Field { field: "format", found: shown(&name), expected: format!("one of {}", known()) };
    found.map(|(_, order)| Some(*order)).ok_or_else(unknown)
}
