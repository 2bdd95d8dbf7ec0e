//! `shmstore frame`: the newest frame, as a file.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use shmstore::inspect::{FieldError, Limits, NewestFrame};

use crate::about::bytes;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, say};
use crate::picture::Picture;
use crate::saved;
use crate::target;
use crate::text::{shown, shown_path};

/// Write the newest frame of Frames to a file: a picture, or its raw bytes
///
/// The extension of the file decides:
///   .png              a picture, gray, RGB or RGBA
///   .pgm .ppm .pnm    a picture, gray or RGB
///   anything else     the bytes of the elements, as they are
/// `-o -` writes the bytes to the standard output.
///
/// A picture needs elements of one byte, or of 3 or 4 bytes: arrays of `u8`, or structs
/// of `u8` fields, whose names may tell their order, as in { b, g, r }. The metadata is a
/// struct with these fields:
///   width, height     in pixels
///   stride            the elements from one row to the next; may be missing
///   format            the name of a variant, or a text: Gray8, Rgb8, Bgr8, Rgba8, Bgra8;
///                     may be missing. Upper case, `_` and the 8 do not matter.
/// Without format, 1 byte per pixel is gray, 3 are RGB and 4 are RGBA.
///
/// All bytes are of one frame. Nothing is pinned, and no writer waits. If the file exists,
/// it is replaced in one step. Only its owner may read the file.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The anchor of the object: a directory or file, or `DIR/NAME` for a named object
    #[arg(value_name = "PATH[/NAME]")]
    path: PathBuf,
    /// The field with the frames, as in `cameras[3].images`; `.` is the whole object
    #[arg(value_name = "FIELD.PATH", value_parser = target::not_empty)]
    field: String,
    /// The name of the type, or its letter, if the path has more than one object: the last argument
    #[arg(value_name = "TYPE")]
    type_name: Option<String>,
    /// The file to write, or `-` for the standard output; not the anchor of an object
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// Writes the frame.
///
/// # Errors
///
/// The object or the field does not exist, the field has no frames or no frame yet, or the frame is no picture;
/// [`Failure::Refused`] if the file is an anchor; an error of the file system.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let field = target::field_path(&args.field, args.type_name.as_ref())?;
    let object = target::with_field("frame", &args.path, &args.field, args.type_name.as_ref())?;
    let no_frame = || FieldError::NoFrame { path: field.to_string() };
    let frame = object.newest_frame(&field, &Limits::full())?.ok_or_else(no_frame)?;
    if args.output == Path::new("-") {
        return to_stdout(&frame);
    }
    saved::must_be_no_anchor(&args.output)?;
    let no_picture = |cause| {
        let path = shown(&args.field);
        Failure::Other(format!("frame {} of `{path}` is no picture: {cause}", frame.number))
    };
    let picture = || Picture::of(&frame).map_err(no_picture);
    let extension = args.output.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    let (what, len) = match extension.as_deref() {
        Some("png") => {
            let picture = picture()?;
            let len = saved::write(&args.output, |file| picture.write_png(file))?;
            (shape(&picture), len)
        }
        Some(extension @ ("pgm" | "ppm" | "pnm")) => {
            let picture = picture()?;
            picture.must_fit_pnm(extension).map_err(no_picture)?;
            let len = saved::write(&args.output, |file| picture.write_pnm(file))?;
            (shape(&picture), len)
        }
        Some(extension @ ("jpg" | "jpeg" | "bmp" | "gif" | "tif" | "tiff" | "webp")) => {
            let message = format!("a frame is written as .png, .pgm, .ppm or raw bytes, and not as .{extension}");
            return Err(Failure::Refused(message));
        }
        _ => (String::new(), saved::write(&args.output, |file| file.write_all(&frame.bytes))?),
    };
    let mut output = Output::standard();
    output.line(&format!("wrote frame {}{what} to {}, {}", frame.number, shown_path(&args.output), bytes(len)))?;
    output.finish()
}

fn shape(picture: &Picture) -> String {
    let Picture { width, height, depth, .. } = picture;
    let of = ["gray", "RGB", "RGBA"][depth / 2];
    format!(", {width} × {height} {of},")
}

fn to_stdout(frame: &NewestFrame) -> Result<Outcome, Failure> {
    let mut out = io::stdout().lock();
    if out.is_terminal() {
        return Err(Failure::Refused("a frame is not for a terminal: write it to a file or into a pipe".into()));
    }
    out.write_all(&frame.bytes)?;
    out.flush()?;
    say(&format!("note: frame {}, {}", frame.number, bytes(frame.bytes.len() as u64)));
    Ok(Outcome::Done)
}
