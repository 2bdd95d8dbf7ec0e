//! Makes an object with a small picture, as a camera for `sensor_msgs/Image` has it: `picture DIRECTORY`.

use std::env;
use std::error::Error;

use shmstore::{FixedString, Frames, ShmObject, ShmValue, Store, Timestamp};

const WIDTH: u32 = 4;
const HEIGHT: u32 = 3;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Info {
    taken_at: Timestamp,
    height: u32,
    width: u32,
    step: u32,
    encoding: FixedString<8>,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'P')]
struct Picture {
    images: Frames<u8, { (WIDTH * HEIGHT) as usize }, 3, Info>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let directory = env::args().nth(1).ok_or("usage: picture DIRECTORY")?;
    let picture = Store::open_or_create(directory)?.attach_or_create::<Picture>()?;
    let mut image = picture.images.try_loan()?;
    let encoding = "mono8".try_into()?;
    image.set_meta(Info { taken_at: Timestamp::now(), height: HEIGHT, width: WIDTH, step: WIDTH, encoding });
    image.copy_from(&(0..(WIDTH * HEIGHT) as u8).collect::<Vec<u8>>())?;
    image.publish()?;
    Ok(())
}
