//! A C program and a Python program look keys up while Rust inserts, changes and removes them at full speed.

use std::fs;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use shmstore::schema::OwnedSchema;
use shmstore::{FixedString, Map, Shared, ShmKey, ShmLayout, ShmObject, ShmValue};

use crate::planted_map::shelf;
use crate::python::python;
use crate::rings::peers;
use crate::run;
use crate::scratch::Scratch;
use shmstore_cli::export::{c_header, python_module};

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'B')]
struct Busy {
    blocks: Map<FixedString<6>, Block, 16>,
    places: Map<Place, u64, 8>,
}

/// The first word is the number of the key. All others are equal.
#[derive(Clone, Copy, Debug, ShmValue)]
#[repr(C)]
struct Block {
    words: [u64; 64],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ShmValue, ShmKey)]
#[repr(C)]
struct Place {
    account: u32,
    symbol: FixedString<8>,
}

impl Block {
    fn of(key: u64, number: u64) -> Self {
        let mut words = [number; 64];
        words[0] = key;
        Self { words }
    }
}

fn name(key: u64) -> FixedString<6> {
    let name = if key < 4 { format!("s{key}") } else { format!("c{}", key - 4) };
    FixedString::try_from(&*name).expect("it fits")
}

fn place(account: u64) -> Place {
    let symbol = if account % 2 == 1 { "EURUSD" } else { "USDJPY" };
    Place { account: account as u32, symbol: symbol.try_into().expect("it fits") }
}

/// One step of a writer. The first keys stay, the others come and go.
fn change(busy: &Shared<Busy>, number: u64) {
    let key = 4 + (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) % 12;
    match number % 4 {
        0 | 1 => {
            busy.blocks.insert(name(key), Block::of(key, number)).expect("room");
        }
        2 => {
            busy.blocks.remove(&name(key)).expect("a value");
        }
        _ => {
            busy.blocks.insert(name(number / 4 % 4), Block::of(number / 4 % 4, number)).expect("room");
        }
    }
    let account = number / 3 % 7;
    match (number % 3, account) {
        (0, _) | (_, 0) => {
            busy.places.insert(place(account), number << 8 | account).expect("room");
        }
        (1, _) => {
            busy.places.remove(&place(account)).expect("a value");
        }
        _ => {}
    }
}

#[test]
fn peers_look_up_whole_values_of_the_right_keys_in_a_busy_map() {
    let scratch = Scratch::new();
    let busy = scratch.own_store().create::<Busy>().expect("created");
    for key in 0..4 {
        busy.blocks.insert(name(key), Block::of(key, 0)).expect("room");
    }
    busy.places.insert(place(0), 0).expect("room");
    let schema = OwnedSchema::from(Busy::SCHEMA);
    let programs = [include_str!("busy_maps.c"), include_str!("busy_maps.py")];
    for mut peer in peers(&scratch, "busy", (&schema, 'B'), programs) {
        let is_over = AtomicBool::new(false);
        let rounds = if peer.get_args().count() > 1 { "4000" } else { "400000" };
        thread::scope(|scope| {
            scope.spawn(|| (0..).take_while(|_| !is_over.load(Relaxed)).for_each(|number| change(&busy, number)));
            let output = peer.arg(rounds).output();
            is_over.store(true, Relaxed);
            let output = output.expect("it runs");
            println!("{peer:?}: {}", String::from_utf8_lossy(&output.stdout));
            assert!(output.status.success(), "{peer:?}: {output:?}");
        });
    }
}

#[test]
fn the_right_value_is_found_whatever_happens_between_two_loads() {
    let scratch = Scratch::new();
    let write = |name: &str, text: &str| fs::write(scratch.join(name), text).expect("written");
    write("shelf.h", &c_header(&shelf(), 'S', None).expect("a header"));
    write("steps.c", include_str!("steps.c"));
    let program = scratch.join("steps");
    let mut gcc = Command::new("gcc");
    gcc.args(["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-o"]).args([&program, &scratch.join("steps.c")]);
    run(&mut gcc);
    let mut programs = vec![Command::new(program)];
    write("shelf.py", &python_module(&shelf(), 'S', None).expect("a module"));
    write("steps.py", include_str!("steps.py"));
    programs.extend(python().map(|python| {
        let mut command = Command::new(python);
        command.arg("-B").arg(scratch.join("steps.py"));
        command
    }));
    for mut program in programs {
        let steps: u32 = run(&mut program).trim().parse().expect("a number");
        assert!(steps > 150, "{program:?}: {steps} steps");
    }
}
