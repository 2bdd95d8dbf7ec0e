//! A speed on one machine, shown on another one.
//!
//!     cargo run --example speed -- rover /run/rover            # on the machine that drives
//!     cargo run --example speed -- control /run/copies/rover7  # on the machine that watches
//!
//! `shmstore-mirror export` and `shmstore-mirror import` copy the object in between: see the guide's chapter 17.

use std::path::Path;
use std::time::Duration;

use shmstore::{ReadOnly, ShmObject, Store, Versioned};

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'D')]
struct Drive {
    speed: Versioned<f64>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["rover", directory] => drive(directory.as_ref()),
        ["control", directory] => watch(directory.as_ref()),
        _ => Err("usage: speed rover DIRECTORY, or speed control DIRECTORY".into()),
    }
}

/// Drives faster each second.
fn drive(directory: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let store = Store::open_or_create(directory)?.open_or_create_named("drive")?;
    let drive = store.attach_or_create::<Drive>()?;
    for speed in 1.. {
        drive.speed.store(speed.into());
        println!("driving at {speed} m/s");
        std::thread::sleep(Duration::from_secs(1));
    }
    Ok(())
}

/// Shows the speed, and how old it is.
fn watch(directory: &Path) -> Result<(), Box<dyn std::error::Error>> {
    const STALE: Duration = Duration::from_secs(3);
    let minute = Duration::from_secs(60);
    let store = Store::open_or_create(directory)?.open_or_create_named("drive")?;
    let copy: ReadOnly<Drive> = store.attach_view_timeout(minute)?; // until the mirror has made it
    let (mut seen, mut was_stale) = (0, false);
    loop {
        if let Ok((version, speed)) = copy.speed.wait_newer(seen, Duration::from_millis(500)) {
            seen = version;
            println!("the rover drives at {speed} m/s");
        }
        if ReadOnly::is_removed(&copy) {
            return Err("the copy was removed, or made anew: start again".into());
        }
        let copied = ReadOnly::info(&copy).and_then(|info| info.mirrored).ok_or("this is no copy")?;
        let is_stale = copied.heard.is_none_or(|silent| silent > STALE);
        if is_stale && !was_stale {
            println!("no word from {} for 3 s: it drove at {} m/s then", copied.origin, copy.speed.load());
        }
        was_stale = is_stale;
    }
}
