//! A C program and a Python program copy the newest frame.

use std::fs;
use std::process::Command;

use shmstore::schema::{OwnedKind, OwnedSchema, Primitive};
use shmstore::{Frames, ShmLayout, ShmObject};
use shmstore_cli::export::{c_header, python_module};

use crate::c::compile;
use crate::camera::{Bgr, Camera, Format, Size, camera, info, publish};
use crate::planted;
use crate::python::python;
use crate::rings::{again, peers};
use crate::run;
use crate::scratch::{Scratch, while_busy};

/// All elements and the metadata of frame n are n.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'S')]
struct Shots {
    shots: Frames<u64, 8192, 4, u64>,
}

fn lookers(scratch: &Scratch) -> Vec<Command> {
    peers(scratch, "camera", (&camera(), 'I'), [include_str!("frames.c"), include_str!("frames.py")])
}

#[test]
fn peers_copy_the_newest_frame_with_its_metadata() {
    let scratch = Scratch::new();
    let camera = scratch.own_store().create::<Camera>().expect("created");
    let mut peers = lookers(&scratch);
    let nothing = "images: no frame\npixels: no frame\nsamples: no frame\n";
    for peer in &mut peers {
        assert_eq!(run(peer), nothing, "{peer:?}");
    }
    publish(&camera.images, info(9, 9, 9, Format::Bgr8), &[9; 81]);
    publish(&camera.images, info(3, 2, 4, Format::Gray8), &[0, 1, 2, 255, 10, 11, 12]);
    publish(&camera.pixels, Size { width: 2, height: 1 }, &[Bgr { b: 1, g: 2, r: 3 }, Bgr { b: 4, g: 5, r: 6 }]);
    publish(&camera.samples, (), &[1, 0x1234]);
    let expected = "images: frame 2, 3 x 2, format 0, 7 of 100: 0 1 2 255 10 11 12\n\
                    pixels: frame 1, 2 x 1, 2 of 8: 3 6\nsamples: frame 1, 2 of 9: 1 4660\n";
    for peer in &mut peers {
        assert_eq!(run(peer), expected, "{peer:?}");
    }
}

#[test]
fn peers_copy_whole_frames_while_others_come() {
    let scratch = Scratch::new();
    let object = scratch.own_store().create::<Shots>().expect("created");
    let schema = OwnedSchema::from(Shots::SCHEMA);
    let peers = peers(&scratch, "shots", (&schema, 'S'), [include_str!("shots.c"), include_str!("shots.py")]);
    let publish = |_| {
        let mut frame = object.shots.try_loan().expect("a slot");
        let number = object.shots.newest_number() + 1;
        frame.set_meta(number);
        frame.fill(8192 - (number % 7) as usize, |_, block| block.fill(number)).expect("it fits");
        assert_eq!(frame.publish(), Ok(number));
    };
    for mut peer in peers {
        while_busy(publish, || println!("{}", run(peer.arg("500"))));
    }
}

#[test]
fn peers_are_not_led_astray_by_words_without_meaning() {
    let scratch = Scratch::new();
    let mut peers = lookers(&scratch);
    let schema = camera();
    for (seed, name) in (1_u64..).zip(["a", "b", "c", "d", "e"]) {
        let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < schema.size() {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let word = [random >> 60, 1 << 63 | random >> 60, random][(random % 3) as usize];
            bytes.extend(word.to_le_bytes());
        }
        // The newest frame of the first part is in any slot, and of any length.
        let slot = seed * 3;
        bytes[128..136].copy_from_slice(&(7 << 4 | slot).to_le_bytes());
        if slot < 4 {
            bytes[136 + 8 * slot as usize..][..8].copy_from_slice(&(1 << 63 | 7_u64).to_le_bytes());
        }
        planted::create_in(&scratch.store_at(name), 'I', &schema, &bytes);
        for peer in &mut peers {
            let mut peer = again(peer);
            run(peer.arg(scratch.join(name)).arg("hostile"));
        }
    }
}

#[test]
fn headers_of_frames_compile_together() {
    let frames = |element: OwnedSchema, capacity: u64, slots: u64, meta: OwnedSchema| {
        let align = element.align().max(meta.align()).max(64);
        let pins = (136 + 8 * slots).next_multiple_of(64);
        let elements = (meta.align().max(16) + meta.size() + 15).next_multiple_of(element.align().max(64));
        let stride = (elements + element.size() * capacity + 15).next_multiple_of(align);
        let size = (pins + 512).next_multiple_of(align) + slots * stride;
        let kind = OwnedKind::Frames { capacity, slots, element: Box::new(element), meta: Box::new(meta) };
        planted::part(size, align, kind)
    };
    let number = |of: Primitive| planted::part(of.size() as u64, of.size() as u64, OwnedKind::Primitive(of));
    let array = |len, of: Primitive| {
        let element = Box::new(number(of));
        planted::part(len * of.size() as u64, element.align(), OwnedKind::Array { len, element })
    };
    let unit = || planted::part(0, 1, OwnedKind::Phantom);
    let wide = || planted::structure("Wide", 256, 256, vec![]);
    let schemas = [
        frames(number(Primitive::U8), 1, 3, unit()),
        frames(number(Primitive::U8), 4096, 16, number(Primitive::F64)),
        frames(array(3, Primitive::U8), 7, 4, array(5, Primitive::U16)),
        frames(wide(), 2, 3, planted::pair()),
        frames(number(Primitive::Bool), 2, 3, wide()),
        camera(),
    ];
    let mut headers: Vec<String> = schemas.iter().map(|of| c_header(of, 'F', None).expect("a header")).collect();
    compile(&headers, "");
    headers.reverse();
    compile(&headers, "");
    let Some(python) = python() else { return };
    let scratch = Scratch::new();
    for (at, schema) in schemas.iter().enumerate() {
        let module = python_module(schema, 'F', None).expect("a module");
        fs::write(scratch.join(&format!("m{at}.py")), module).expect("written");
    }
    let program = (0..schemas.len()).map(|at| format!("import m{at}\n")).collect::<String>()
        + "assert m0.DTYPE.fields['frames'][1] == 704 and m0.DTYPE.fields['newest'][1] == 128\n";
    run(Command::new(python).args(["-B", "-c", &program]).current_dir(scratch.path()));
}
