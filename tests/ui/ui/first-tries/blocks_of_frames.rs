use shmstore::{Frames, ShmValue};

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Cell {
    height: u8,
    is_free: bool,
}

static GRIDS: Frames<Cell, 4096, 4> = Frames::new();

fn main() {
    let grid = GRIDS.pin_newest().unwrap().unwrap();
    grid.blocks(|_, cells| println!("{}", cells.len()));
}
