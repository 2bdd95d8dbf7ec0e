//! Frames in the output of each command.

use std::fs;

use serde_json::json;
use shmstore::inspect::{Limits, Object};
use shmstore::{AtomicValue, Frames, Shared, ShmObject, ShmValue};
use shmstore_cli::picture::Picture;

use super::camera::*;
use super::files::run_in;
use super::support::*;

/// A camera with two images, and its path.
fn filmed() -> (Scratch, String, Shared<Camera>) {
    let scratch = Scratch::new();
    let camera = scratch.store().create::<Camera>().unwrap();
    publish(&camera.images, info(1, 1, 1, Format::Gray8), &[9]);
    publish(&camera.images, info(3, 2, 4, Format::Gray8), &[0, 1, 2, 255, 10, 11, 12]);
    let path = scratch.text("rover");
    (scratch, path, camera)
}

/// The lines of the fields, with one blank between columns.
fn fields(shown: &Ended) -> Vec<String> {
    let (_, fields) = shown.out.split_once("fields\n").expect("fields");
    fields.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn show_has_the_newest_frame_and_the_processes_that_use_slots() {
    let (_scratch, path, camera) = filmed();
    let of_images = |note: &str| {
        let mut lines = vec![format!("images frame 2 0/s, 7 of 100 elements, 4 slots{note}")];
        let below = ["meta", "width 3", "height 2", "stride 4", "format Gray8", "elements [0, 1, 2, 255, 10, 11, 12]"];
        lines.extend(below.map(str::to_owned));
        lines.extend(
            ["pixels no frame 0 of 8 elements, 3 slots", "plain no frame 0 of 48 elements, 3 slots"].map(Into::into),
        );
        lines.push("samples no frame 0 of 9 elements, 3 slots".into());
        lines
    };
    assert_eq!(fields(&run(["show", &path]).with(0)), of_images(""));
    let pins = [camera.images.pin(1).unwrap(), camera.images.pin_newest().unwrap()];
    let loan = camera.images.try_loan().unwrap();
    let pid = std::process::id();
    let shown = run(["show", &path]).with(0);
    assert_eq!(fields(&shown), of_images(&format!(", 1 filled by pid {pid}, 2 pins by pid {pid}")));
    let holds = format!("holds images (slot {}), images (frame 1), images (frame 2)", 2);
    assert!(shown.out.contains(&holds), "{shown:?}");
    drop((pins, loan));
    assert_eq!(fields(&run(["show", &path]).with(0)), of_images(""));
}

#[test]
fn show_measures_how_many_frames_come_in_a_second() {
    let (_scratch, path, camera) = filmed();
    let publish = |number: u64| {
        publish(&camera.samples, (), &[number as u16]);
        std::thread::sleep(std::time::Duration::from_millis(1));
    };
    let shown = while_busy(publish, || run(["show", &path]).with(0));
    let line = fields(&shown).into_iter().find(|line| line.starts_with("samples frame ")).expect("frames");
    let rate = line.split(' ').find_map(|word| word.strip_suffix("/s,")).expect("a rate");
    assert!(rate.parse::<f64>().unwrap() > 0.0, "{line}");
}

#[test]
fn json_and_get_have_the_newest_frame_and_the_counts() {
    let (_scratch, path, camera) = filmed();
    let pin = camera.images.pin_newest().unwrap();
    let meta = json!({ "width": 3, "height": 2, "stride": 4, "format": "Gray8" });
    let first = [0, 1, 2, 255, 10, 11, 12];
    let expected = json!({
        "newest": 2, "capacity": 100, "slots": 4, "pins": 1, "loans": 0, "len": 7, "meta": meta, "first": first
    });
    assert_eq!(run(["show", "--json", &path]).with(0).json()["value"]["images"], expected);
    assert_eq!(run(["get", "--json", &path, "images"]).with(0).json(), expected);
    for (field, value) in [
        ("images[4]", "10"),
        ("images.meta.width", "3"),
        ("images.meta", "{ width: 3, height: 2, stride: 4, format: Gray8 }"),
        ("images.newest", "2"),
        ("images.pins", "1"),
        ("images.len", "7"),
        ("samples", "no frame"),
        ("samples.newest", "0"),
    ] {
        assert_eq!(run(["get", &path, field]).with(0).out, format!("{value}\n"), "{field}");
    }
    for (field, says) in [
        ("images[7]", "`images` has 7 elements: the last is [6]"),
        ("samples[0]", "`samples` has no frame yet"),
        ("pixels.meta.width", "`pixels` has no frame yet"),
        (
            "samples.meta",
            "no field `meta` in `samples`, a `Frames<u16, 9, 3>`: there are `newest`, `capacity`, `slots`",
        ),
    ] {
        let ended = run(["get", &path, field]).with(3);
        assert!(ended.err.contains(says), "{ended:?}");
    }
    drop(pin);
}

#[test]
fn watch_has_a_line_for_each_frame() {
    let (_scratch, path, camera) = filmed();
    let shown = run_in(r#"timeout 20 "$0" "$@" | head -4"#, &["watch", &path, "--field", "images"]).with(0).out;
    let lines: Vec<&str> = shown.lines().map(|line| line.split_once(' ').unwrap().1).collect();
    let expected = ["images 7 of 100 elements", "images.newest 2", "images.pins 0", "images.loans 0"];
    assert_eq!(lines, expected);
    drop(camera);
}

#[test]
fn frame_writes_the_bytes_as_they_are() {
    let (scratch, path, camera) = filmed();
    publish(&camera.samples, (), &[1, 2, 0x1234]);
    let file = scratch.text("samples.bin");
    let ended = run(["frame", &path, "samples", "-o", &file]).with(0);
    assert_eq!(ended.out, format!("wrote frame 1 to {file}, 6\n"));
    assert_eq!(fs::read(&file).unwrap(), [1, 0, 2, 0, 0x34, 0x12]);
    let ended = run_in(r#""$0" "$@" | od -An -tx1"#, &["frame", &path, "samples", "-o", "-"]).with(0);
    assert_eq!((ended.out.trim(), ended.err.trim()), ("01 00 02 00 34 12", "note: frame 1, 6"));
    // An existing file is replaced.
    run(["frame", &path, "images", "--output", &file]).with(0);
    assert_eq!(fs::read(&file).unwrap(), [0, 1, 2, 255, 10, 11, 12]);
}

/// Decodes a PNG file.
fn png(file: &str) -> (u32, u32, png::ColorType, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::BufReader::new(fs::File::open(file).unwrap())).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    (info.width, info.height, info.color_type, pixels)
}

#[test]
fn frame_writes_pictures_by_the_metadata() {
    let (scratch, path, camera) = filmed();
    let file = scratch.text("image.png");
    let written = |field: &str| {
        run(["frame", &path, field, "-o", &file]).with(0);
        png(&file)
    };
    assert_eq!(written("images"), (3, 2, png::ColorType::Grayscale, vec![0, 1, 2, 10, 11, 12]));
    publish(&camera.images, info(2, 1, 6, Format::Bgr8), &[1, 2, 3, 4, 5, 6]);
    assert_eq!(written("images"), (2, 1, png::ColorType::Rgb, vec![3, 2, 1, 6, 5, 4]));
    // The names of the fields tell the order of the bytes.
    publish(&camera.pixels, Size { width: 1, height: 2 }, &[Bgr { b: 1, g: 2, r: 3 }, Bgr { b: 4, g: 5, r: 6 }]);
    assert_eq!(written("pixels"), (1, 2, png::ColorType::Rgb, vec![3, 2, 1, 6, 5, 4]));
    // The bytes a pixel follow from the number of elements.
    for (bytes, color) in [(1, png::ColorType::Grayscale), (3, png::ColorType::Rgb), (4, png::ColorType::Rgba)] {
        let elements: Vec<u8> = (0..6 * bytes).collect();
        publish(&camera.plain, Size { width: 3, height: 2 }, &elements);
        assert_eq!(written("plain"), (3, 2, color, elements));
    }
    let pnm = |field: &str, name: &str| {
        run(["frame", &path, field, "-o", &scratch.text(name)]).with(0);
        fs::read(scratch.join(name)).unwrap()
    };
    assert_eq!(pnm("pixels", "image.ppm"), b"P6\n1 2\n255\n\x03\x02\x01\x06\x05\x04");
    publish(&camera.plain, Size { width: 2, height: 1 }, &[7, 8]);
    assert_eq!(pnm("plain", "image.pgm"), b"P5\n2 1\n255\n\x07\x08");
    assert_eq!(pnm("plain", "IMAGE.PNM"), b"P5\n2 1\n255\n\x07\x08");
}

/// Frames whose metadata is no size.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'N')]
struct Noise {
    level: AtomicValue<f32>,
    loud: Frames<u8, 4, 3, u32>,
}

#[test]
fn frame_that_is_no_picture_is_refused_with_the_reason() {
    let (scratch, path, camera) = filmed();
    let file = scratch.text("image.png");
    let refused = |field: &str, file: &str, code: i32| run(["frame", &path, field, "-o", file]).with(code).err;
    let of_images = |meta: Info, elements: &[u8]| {
        publish(&camera.images, meta, elements);
        refused("images", &file, 1)
    };
    let says = |error: String, why: &str| assert!(error.contains(why), "{error}");
    says(of_images(info(3, 0, 3, Format::Gray8), &[0; 9]), "the field `height` of its metadata is 0, and not a number");
    says(
        of_images(info(3, 3, 2, Format::Gray8), &[0; 9]),
        "`stride` of its metadata is 2, and not at least 3 elements",
    );
    says(of_images(info(3, 3, 3, Format::Gray8), &[0; 8]), "it has 8 elements, and a picture of 3 × 3 needs 9");
    says(of_images(info(1, 1, 3, Format::Yuyv), &[0; 8]), "is Yuyv, and not one of `Gray8`, `Rgb8`, `Bgr8`");
    says(of_images(info(u32::MAX, u32::MAX, u32::MAX, Format::Gray8), &[0; 8]), "a picture of 4294967295 × 4294967295");
    publish(&camera.plain, Size { width: 2, height: 2 }, &[0; 8]);
    says(refused("plain", &file, 1), "no field `format`, and 2.00 bytes a pixel are none of 1 (gray)");
    publish(&camera.samples, (), &[1]);
    says(refused("samples", &file, 1), "frame 1 of `samples` is no picture: its elements are `u16`, and not bytes");
    publish(&camera.plain, Size { width: 1, height: 1 }, &[0; 4]);
    says(refused("plain", &scratch.text("image.ppm"), 1), "a .ppm file cannot have transparent pixels");
    publish(&camera.plain, Size { width: 1, height: 1 }, &[0; 3]);
    says(refused("plain", &scratch.text("image.pgm"), 1), "a .pgm file cannot have colors: write a .png file");
    assert!(!scratch.join("image.png").exists());

    says(refused("pixels", &file, 3), "`pixels` has no frame yet");
    says(refused("images.meta", &file, 3), "`images.meta` is an `Info`, which has no frames");
    says(refused("images[0]", &file, 3), "`images[0]` is a `u8`, which has no frames");
    says(refused("nothing", &file, 3), "no field `nothing`");
    let anchor = scratch.text("rover");
    says(refused("images", &anchor, 4), "choose another file");
    let noise = scratch.store_at("noise").create::<Noise>().unwrap();
    publish(&noise.loud, 7, &[1]);
    let ended = run(["frame", &scratch.text("noise"), "loud", "-o", &file]).with(1);
    assert!(ended.err.contains("its metadata has no field `width`"), "{ended:?}");
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ShmValue)]
#[repr(C)]
struct Extent {
    width: u64,
    height: i64,
    stride: u64,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'X')]
struct Extremes {
    bytes: Frames<u8, 12, 3, Extent>,
    pixels: Frames<[u8; 4], 12, 3, Extent>,
}

#[test]
fn metadata_with_any_numbers_makes_a_whole_picture_or_none() {
    let scratch = Scratch::new();
    let extremes = scratch.store().create::<Extremes>().unwrap();
    let object = Object::find(std::path::Path::new(&scratch.text("rover")), Some('X')).unwrap();
    let ends = [0, 1, 2, 3, 4, 12, 13, 1 << 31, u64::MAX / 4 + 1, u64::MAX / 3, i64::MAX as u64, 1 << 63, u64::MAX];
    let mut pictures = 0;
    for at in 0..ends.len().pow(3) {
        let [width, height, stride] = [1, ends.len(), ends.len().pow(2)].map(|place| ends[at / place % ends.len()]);
        let extent = Extent { width, height: height as i64, stride };
        publish(&extremes.bytes, extent, &[7; 12][..at % 13]);
        publish(&extremes.pixels, extent, &[[7; 4]; 12][..at % 13]);
        for field in ["bytes", "pixels"] {
            let frame = object.newest_frame(&field.parse().unwrap(), &Limits::full()).unwrap().unwrap();
            if let Ok(picture) = Picture::of(&frame) {
                picture.write_png(std::io::sink()).unwrap();
                assert!(picture.depth as u64 * width * height <= 48, "{extent:?}");
                pictures += 1;
            }
        }
    }
    assert!(pictures > 9, "{pictures}");
}

#[test]
fn a_saved_object_has_the_newest_frame_without_pins_and_loans() {
    let (scratch, path, camera) = filmed();
    publish(&camera.samples, (), &[1, 2]);
    let (pin, loan) = (camera.images.pin_newest().unwrap(), camera.images.try_loan().unwrap());
    let file = scratch.text("camera.saved");
    run(["save", &path, &file]).with(0);
    drop((pin, loan));
    let store = scratch.store_at("other");
    run(["load", &file, &scratch.text("other")]).with(0);
    let loaded = store.attach::<Camera>().unwrap();
    let frame = loaded.images.pin_newest().unwrap().expect("a frame");
    assert_eq!((frame.number(), *frame.meta()), (2, info(3, 2, 4, Format::Gray8)));
    assert_eq!(frame.to_vec(), [0, 1, 2, 255, 10, 11, 12]);
    drop(frame);
    assert_eq!(publish(&loaded.images, info(1, 1, 1, Format::Gray8), &[1]), 3);
    assert_eq!(run(["get", &scratch.text("other"), "images.loans"]).with(0).out, "0\n");
    // All slots can be loaned again.
    let loans: Vec<_> = (0..3).map(|_| loaded.images.try_loan().unwrap()).collect();
    assert!(loaded.images.try_loan().is_err() && loans.len() == 3);
}
