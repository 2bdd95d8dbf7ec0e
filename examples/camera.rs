//! A camera, and two programs that use its images: `cargo run --release --example camera`.
//!
//! One process publishes 60 images of 1920 × 1080 pixels a second. Two other processes read them without
//! a copy of the whole. `light` sees each image, and shows the brightness once a second. `record` writes every 30th image to
//! a PNG file.
//!
//! Kill a process (`kill -9 PID`), or stop one (`kill -STOP PID`, `kill -CONT PID`). The others go on: an image that is
//! being read is never overwritten, and an image that was not finished is never seen. A killed process is started again.
//! The example ends after Ctrl-C.

#![forbid(unsafe_code)]

use shmstore::frames::Pinned;
use shmstore::{Frames, Shared, ShmObject, ShmValue, Store, Timestamp};
use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::os::unix::process::parent_id;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::sleep;
use std::time::{Duration, Instant};

const WIDTH: usize = 1920;
const HEIGHT: usize = 1080;
const PIXELS: usize = WIDTH * HEIGHT;

/// Enough for one camera and two readers, each of which may keep two images, and for the newest image.
const SLOTS: usize = 6;

static RUNNING: AtomicBool = AtomicBool::new(true);

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Info {
    width: u32,
    height: u32,
    taken_at: Timestamp,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'C')]
struct Camera {
    images: Frames<u8, PIXELS, SLOTS, Info>,
}

impl Camera {
    /// Publishes images: a gradient that moves.
    fn film(&self, is_wanted: impl Fn() -> bool) -> Result<(), Box<dyn Error>> {
        let gradient: Vec<u8> = (0..256 + WIDTH).map(|at| at as u8).collect();
        let info = Info { width: WIDTH as u32, height: HEIGHT as u32, taken_at: Timestamp::default() };
        let (started, mut taken) = (Instant::now(), 0);
        while is_wanted() {
            let mut image = self.images.loan_timeout(Duration::from_secs(1))?;
            image.set_meta(Info { taken_at: Timestamp::now(), ..info });
            image.fill_rows(WIDTH, WIDTH, HEIGHT, |y, row| {
                row.copy_from_slice(&gradient[(y + taken) % 256..][..WIDTH]);
            })?;
            image.publish()?;
            taken += 1;
            sleep((Duration::from_secs(1) / 60 * taken as u32).saturating_sub(started.elapsed()));
        }
        Ok(())
    }

    /// Counts the pixels of each brightness, in each image.
    fn light(&self, is_wanted: impl Fn() -> bool) -> Result<(), Box<dyn Error>> {
        let (mut images, mut missed, mut next) = (self.images.follow(), 0, 0);
        while let Some(image) = images.next_while(&is_wanted)? {
            let age = image.meta().taken_at.elapsed()?.as_micros();
            let mut pixels = [0_u32; 256];
            image.blocks(|_, block| block.iter().for_each(|&pixel| pixels[usize::from(pixel)] += 1));
            missed += image.missed();
            if image.number() >= next {
                next = image.number() + 60;
                let dark: u32 = pixels[..128].iter().sum();
                let percent = 100 * dark as usize / PIXELS;
                println!("light: image {}: {percent} % dark, {age} µs old, {missed} missed", image.number());
            }
        }
        Ok(())
    }

    /// Writes one of 30 images to a file.
    fn record(&self, is_wanted: impl Fn() -> bool) -> Result<(), Box<dyn Error>> {
        let (mut images, mut next) = (self.images.follow(), 0);
        while let Some(image) = images.next_while(&is_wanted)? {
            if image.number() >= next {
                next = image.number() + 30;
                let name = format!("./camera-images/{}.png", image.number());
                write_png(&image, &format!("{name}.part"))?;
                fs::rename(format!("{name}.part"), &name)?; // so there is no half file, even if this process is killed
                println!("record: {name}");
            }
        }
        Ok(())
    }
}

fn write_png(image: &Pinned<'_, u8, PIXELS, SLOTS, Info>, name: &str) -> Result<(), Box<dyn Error>> {
    let Info { width, height, .. } = *image.meta();
    let mut encoder = png::Encoder::new(BufWriter::new(File::create(name)?), width, height);
    encoder.set_compression(png::Compression::Fast);
    let mut header = encoder.write_header()?; // gray, with 8 bits for each pixel
    let (mut file, mut written) = (header.stream_writer()?, Ok(()));
    image.blocks(|_, block| {
        if written.is_ok() {
            written = file.write_all(block);
        }
    });
    written?;
    Ok(file.finish()?)
}

const ROLES: [&str; 3] = ["film", "light", "record"];

/// Does a part of the work until this process is killed. If its parent is gone, removes the object and ends.
fn work(role: &str) -> Result<(), Box<dyn Error>> {
    let store = Store::open("./camera-images")?;
    let camera = store.attach::<Camera>()?;
    let parent = Shared::info(&camera).and_then(|info| info.creator_pid);
    let is_wanted = || parent == Some(parent_id());
    match role {
        "film" => camera.film(is_wanted)?,
        "light" => camera.light(is_wanted)?,
        _ => camera.record(is_wanted)?,
    }
    let _ = store.remove::<Camera>(); // unless another process was faster
    Ok(())
}

fn start(role: &str) -> Result<Child, Box<dyn Error>> {
    let child = Command::new(std::env::current_exe()?).arg(role).stdin(Stdio::null()).spawn()?;
    println!("{role} has pid {}", child.id());
    Ok(child)
}

/// Starts a process again if it has ended, until Ctrl-C.
fn supervise(children: &mut [Child; 3]) -> Result<(), Box<dyn Error>> {
    while RUNNING.load(Relaxed) {
        for (role, child) in ROLES.iter().zip(&mut *children) {
            if let Some(status) = child.try_wait()? {
                println!("{role} has ended: {status}");
                *child = start(role)?;
            }
        }
        sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(role) = std::env::args().nth(1) {
        return work(&role);
    }
    ctrlc::set_handler(|| RUNNING.store(false, Relaxed))?;
    let store = Store::open_or_create("./camera-images")?;
    let camera = store.replace::<Camera>()?;
    println!("{WIDTH} × {HEIGHT} pixels, in segment {}", Shared::info(&camera).map_or(0, |info| info.shmid));
    let mut children = [start(ROLES[0])?, start(ROLES[1])?, start(ROLES[2])?];
    let supervised = supervise(&mut children);
    for child in &mut children {
        child.kill()?;
        child.wait()?;
    }
    println!("{} images, without a gap in their numbers", camera.images.newest_number());
    store.remove::<Camera>()?;
    supervised
}
