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
    let all: &[Cell] = &grid;
    let first = grid[0];
    for cell in &grid {
        println!("{}", cell.height);
    }
    let mut frame = GRIDS.try_loan().unwrap();
    frame[0] = Cell { height: 1, is_free: true };
}
