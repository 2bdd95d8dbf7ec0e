//! The programs of the guide that receive a broadcast or look keys up, and what it shows of
//! `shmstore tail` and of maps.

use std::fs;
use std::path::Path;
use std::process::Command;

use shmstore::schema::OwnedSchema;
use shmstore::{Broadcast, FixedString, Frames, Map, Shared, ShmLayout, ShmObject, ShmValue};
use shmstore_cli::export::{c_header, python_module};

use crate::camera::publish;
use crate::python::python;
use crate::run;
use crate::scratch::Scratch;

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'M')]
struct Market {
    ticks: Broadcast<Tick, 64>,
}

#[derive(Clone, Copy, Debug, ShmValue)]
#[repr(C)]
struct Tick {
    bid: f64,
    ask: f64,
}

#[derive(Clone, Copy, Debug, ShmValue)]
#[repr(C)]
struct Quote {
    bid: f64,
    ask: f64,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'X')]
struct Exchange {
    quotes: Map<FixedString<12>, Quote, 64>,
}

#[derive(Clone, Copy, Debug, ShmValue)]
#[repr(C)]
struct Info {
    width: u32,
    height: u32,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'I')]
struct Camera {
    images: Frames<u8, 64, 4, Info>,
}

/// A chapter of the guide. `None` in a published package, which has none.
fn chapter(name: &str) -> Option<String> {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide").join(name)).ok()
}

/// The block of a language with a text in it.
fn block<'a>(chapter: &'a str, language: &str, text: &str) -> &'a str {
    let blocks = chapter.split(language).skip(1).filter_map(|rest| rest.split("```").next());
    blocks.into_iter().find(|block| block.contains(text)).expect("a block")
}

/// A market at `market`, whose oldest tick has this number.
fn market(scratch: &Scratch, oldest: usize) -> Shared<Market> {
    let market = scratch.store_at("market").create::<Market>().expect("created");
    let mut ticks = vec![Tick { bid: 0.0, ask: 0.0 }; oldest + 64];
    ticks[oldest..].fill(Tick { bid: 1.07, ask: 1.09 });
    for different in [oldest, oldest + 16] {
        ticks[different].bid = 1.08;
    }
    market.ticks.send_many(&ticks);
    market
}

/// An exchange at `exchange`, with two quotes.
fn exchange(scratch: &Scratch) -> Shared<Exchange> {
    let exchange = scratch.store_at("exchange").create::<Exchange>().expect("created");
    for (symbol, bid) in [("EURUSD", 1.08), ("USDJPY", 150.5)] {
        let symbol = symbol.try_into().expect("it fits");
        exchange.quotes.insert_from(&symbol, &Quote { bid, ask: bid + 0.01 }).expect("room");
    }
    exchange
}

#[test]
fn the_programs_of_the_guide_receive_a_broadcast() {
    let Some(chapter) = chapter("12-queues-and-maps-in-c-and-python.md") else { return println!("skipped: no guide") };
    let scratch = Scratch::new();
    let _market = market(&scratch, 100);
    let same = |count| "1.07 1.09\n".repeat(count);
    let expected = format!("1.08 1.09\n{}1.08 1.09\n{}", same(15), same(47));
    programs_say(&scratch, &chapter, "market", (&OwnedSchema::from(Market::SCHEMA), 'M'), &expected);
}

#[test]
fn the_programs_of_the_guide_look_keys_up() {
    let Some(chapter) = chapter("12-queues-and-maps-in-c-and-python.md") else { return println!("skipped: no guide") };
    let scratch = Scratch::new();
    let _exchange = exchange(&scratch);
    let expected = "EURUSD 1.08 1.09\nEURUSD\nUSDJPY\n";
    programs_say(&scratch, &chapter, "exchange", (&OwnedSchema::from(Exchange::SCHEMA), 'X'), expected);
}

#[test]
fn the_programs_of_the_guide_copy_the_newest_frame() {
    let Some(chapter) = chapter("8-c-and-python.md") else { return println!("skipped: no guide") };
    let scratch = Scratch::new();
    let camera = scratch.store_at("camera").create::<Camera>().expect("created");
    publish(&camera.images, Info { width: 5, height: 4 }, &[7; 20]);
    let schema = OwnedSchema::from(Camera::SCHEMA);
    programs_say(&scratch, &chapter, "camera", (&schema, 'I'), "frame 1: 5 x 4, 20 bytes\n");
}

/// Runs the programs of a chapter with this header and module.
#[track_caller]
fn programs_say(scratch: &Scratch, chapter: &str, name: &str, (schema, id): (&OwnedSchema, char), expected: &str) {
    let write = |name: &str, text: &str| fs::write(scratch.join(name), text).expect("written");
    let [header, module] = ["h", "py"].map(|end| format!("{name}.{end}"));
    write(&header, &c_header(schema, id, None).expect("a header"));
    write("peer.c", block(chapter, "```c\n", &header));
    write(&module, &python_module(schema, id, None).expect("a module"));
    write("peer.py", block(chapter, "```python\n", &format!("from {name} import")));
    let mut gcc = Command::new("gcc");
    gcc.args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-o"]).arg(scratch.join("peer"));
    run(gcc.arg(scratch.join("peer.c")));
    assert_eq!(run(Command::new(scratch.join("peer")).current_dir(scratch.path())), expected);
    let Some(python) = python() else { return };
    assert_eq!(run(Command::new(python).args(["-B", "peer.py"]).current_dir(scratch.path())), expected);
}

#[test]
fn the_lines_of_tail_in_the_guide_are_those_of_the_program() {
    let Some(chapter) = chapter("7-command-line.md") else { return println!("skipped: no guide") };
    let shown = block(&chapter, "```text\n", "$ shmstore tail");
    let (command, expected) = shown.split_once('\n').expect("lines");
    let args = command.strip_prefix("$ shmstore ").expect("a command").split(' ');
    let scratch = Scratch::new();
    let mut tail = Command::new(env!("CARGO_BIN_EXE_shmstore"));
    let market = market(&scratch, 7);
    tail.args(args).current_dir(scratch.path());
    assert_eq!(run(&mut tail), expected);
    drop(market);
}

#[test]
fn the_lines_of_maps_in_the_guide_are_those_of_the_program() {
    let Some(chapter) = chapter("11-maps.md") else { return println!("skipped: no guide") };
    session_says(block(&chapter, "```text\n", "$ shmstore get ./exchange"));
}

#[test]
fn the_lines_of_writing_in_the_guide_are_those_of_the_program() {
    let Some(chapter) = chapter("7-command-line.md") else { return println!("skipped: no guide") };
    session_says(block(&chapter, "```text\n", "$ shmstore put ./exchange"));
}

/// Runs the commands of a session at the exchange, and compares what they print.
fn session_says(shown: &str) {
    let scratch = Scratch::new();
    let _exchange = exchange(&scratch);
    for example in shown.split("$ shmstore ").skip(1) {
        let (args, expected) = example.split_once('\n').expect("lines");
        let mut program = Command::new("sh");
        program.args(["-c", &format!("exec {} {args}", env!("CARGO_BIN_EXE_shmstore"))]).current_dir(scratch.path());
        assert_eq!(run(&mut program), expected, "{args}");
    }
}
