//! A C program and a Python program look into a queue, and receive a broadcast.

use std::fs;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use shmstore::broadcast::Sender;
use shmstore::schema::{OwnedSchema, Primitive};
use shmstore::{Broadcast, ShmLayout, ShmObject, ShmValue};
use shmstore_cli::export::{c_header, python_module};

use crate::planted::{self, Feeds, Pair, Planted, broadcast, feeds, pair, queue};
use crate::python::python;
use crate::run;
use crate::scratch::Scratch;
use crate::{c::compile, hostile};

/// An object for a busy sender. All words of block k are k.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'B')]
struct Blocks {
    blocks: Broadcast<Block, 2>,
}

#[derive(Clone, Copy, Debug, ShmValue)]
#[repr(C)]
struct Block {
    words: [u64; 8192],
}

/// A C program, as C and as C++, and a Python program, with an anchor for an argument.
pub(crate) fn peers(
    scratch: &Scratch,
    name: &str,
    (schema, id): (&OwnedSchema, char),
    [c, python]: [&str; 2],
) -> Vec<Command> {
    let write = |name: &str, text: &str| fs::write(scratch.join(name), text).expect("written");
    write(&format!("{name}.h"), &c_header(schema, id, None).expect("a header"));
    write("peer.c", c);
    write(&format!("{name}.py"), &python_module(schema, id, None).expect("a module"));
    write("peer.py", python);
    let mut peers = Vec::new();
    for (compiler, language, standard) in [("gcc", "c", "-std=gnu11"), ("g++", "c++", "-std=c++17")] {
        let program = scratch.join(language);
        let mut command = Command::new(compiler);
        command.args([standard, "-O2", "-Wall", "-Wextra", "-Werror", "-x", language, "-o"]).arg(&program);
        run(command.arg(scratch.join("peer.c")));
        peers.push(Command::new(program));
    }
    peers.extend(self::python().map(|python| {
        let mut command = Command::new(python);
        command.arg("-B").arg(scratch.join("peer.py"));
        command
    }));
    for peer in &mut peers {
        peer.arg(scratch.path());
    }
    peers
}

fn lookers(scratch: &Scratch) -> Vec<Command> {
    peers(scratch, "feeds", (&feeds(), 'F'), [include_str!("rings.c"), include_str!("rings.py")])
}

#[test]
fn the_planted_object_is_that_of_the_type() {
    assert_eq!(OwnedSchema::from(Feeds::SCHEMA), feeds());
}

#[test]
fn peers_look_into_a_live_queue() {
    let scratch = Scratch::new();
    let feeds = scratch.own_store().create::<Feeds>().expect("created");
    feeds.jobs.push_many(&[7, 8, 9, 10].map(Pair::of)).expect("room");
    let taken = [feeds.jobs.take(), feeds.jobs.take()].map(|job| job.expect("an item"));
    let [first, second] = taken;
    drop(first); // It comes back.
    feeds.quotes.send_many(&[0, 1, 2].map(Pair::of));
    let expected = "3 of 4, 1 outstanding: 7 9 10\nsent 3 of 8, from 0: 0 1 2, then none\nfrom 0: 0\nfrom 12: none\nfrom 18446744073709551615: none\n";
    for mut peer in lookers(&scratch) {
        assert_eq!(run(peer.arg("look")), expected, "{peer:?}");
    }
    second.done().expect("it is ours");
}

#[test]
fn peers_receive_a_busy_broadcast_whole_and_know_what_they_missed() {
    let scratch = Scratch::new();
    let object = scratch.own_store().create::<Blocks>().expect("created");
    let schema = OwnedSchema::from(Blocks::SCHEMA);
    let peers = peers(&scratch, "blocks", (&schema, 'B'), [include_str!("blocks.c"), include_str!("blocks.py")]);
    let mut blocks = vec![Block { words: [0; 8192] }; 16];
    // A burst overtakes every reader, also in the middle of a copy. While the next one is made, a reader catches up.
    let mut burst = |sender: &mut Sender<'_, Block, 2>, first: u64| {
        for (block, number) in blocks.iter_mut().zip(first..) {
            block.words.fill(number);
        }
        assert_eq!(sender.send_many(&blocks), first..first + 16);
    };
    for mut peer in peers {
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                let (mut sender, first) = (object.blocks.sender(), object.blocks.sent());
                let firsts = (first..).step_by(16).take_while(|_| !is_over.load(Relaxed));
                firsts.for_each(|first| burst(&mut sender, first));
            });
            let output = peer.arg("5000").output();
            is_over.store(true, Relaxed);
            let output = output.expect("it runs");
            println!("{peer:?}: {}", String::from_utf8_lossy(&output.stdout));
            assert!(output.status.success(), "{peer:?}: {output:?}");
        });
    }
}

#[track_caller]
fn all_say(planted: &Planted, expected: &str) {
    let scratch = Scratch::new();
    planted.create_in(&scratch.own_store());
    for mut peer in lookers(&scratch) {
        assert_eq!(run(peer.arg("look")), expected, "{peer:?}");
    }
}

#[test]
fn peers_see_the_items_that_are_there() {
    let expected = "3 of 4, 1 outstanding: 104 105 106\nsent 11 of 8, from 3: 3 4 5 6 7 8 9 10, then none\n\
                    from 0: missed 5, then 5\nfrom 12: none\nfrom 18446744073709551615: none\n";
    all_say(&planted::filled(), expected);
    // The producer of the last item died before it moved the tail.
    all_say(planted::filled().jobs([6, 5, 3]), expected);
}

#[test]
fn peers_see_that_nothing_is_there() {
    let expected = "0 of 4, 0 outstanding:\nsent 0 of 8, from 0:, then none\nfrom 0: none\nfrom 12: none\nfrom 18446744073709551615: none\n";
    all_say(&Planted::empty(), expected);
}

#[test]
fn peers_see_that_an_item_is_being_written() {
    let mut planted = planted::filled();
    planted.sequence(11, 23);
    let expected = "3 of 4, 1 outstanding: 104 105 106\nsent 11 of 8, from 4: 4 5 6 7 8 9 10, then none\n\
                    from 0: missed 5, then 5\nfrom 12: none\nfrom 18446744073709551615: none\n";
    all_say(&planted, expected);
}

#[test]
fn peers_are_not_led_astray_by_bytes_without_meaning() {
    let scratch = Scratch::new();
    let mut peers = lookers(&scratch);
    for (seed, name) in (1_u64..).zip(["a", "b", "c", "d", "e", "f"]) {
        let mut planted = Planted::empty();
        let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for at in (0..planted::SIZE).step_by(8) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            // Small numbers, great ones, and any.
            let word = [random >> 60, u64::MAX - (random >> 60), random][(random % 3) as usize];
            planted.word(at, word);
        }
        planted.create_in(&scratch.store_at(name));
        for peer in &mut peers {
            let mut peer = again(peer);
            run(peer.arg(scratch.join(name)).arg("hostile"));
        }
    }
}

/// The same program without its arguments for the object.
pub(crate) fn again(peer: &Command) -> Command {
    let mut again = Command::new(peer.get_program());
    let args: Vec<_> = peer.get_args().collect();
    again.args(&args[..args.len() - 1]);
    again
}

#[test]
fn headers_of_queues_and_broadcasts_compile_together() {
    let u8s = |len| hostile::array(len, hostile::number(Primitive::U8));
    let nothing = || hostile::structure("Nothing", 0, 1, vec![]);
    let wide = hostile::structure("Wide", 256, 256, vec![]);
    let schemas = [
        queue(1, pair()),
        broadcast(2, pair()),
        queue(7, u8s(49)),
        broadcast(7, u8s(3)),
        queue(3, nothing()),
        broadcast(3, nothing()),
        queue(2, wide.clone()),
        broadcast(2, wide),
        hostile::array(3, broadcast(3, pair())),
        feeds(),
    ];
    let mut headers: Vec<String> =
        schemas.iter().map(|schema| c_header(schema, 'F', None).expect("a header")).collect();
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
        + "assert m0.DTYPE.fields['slots'][1] == 256 and m1.DTYPE.itemsize == 128 + 2 * 64\n";
    run(Command::new(python).args(["-B", "-c", &program]).current_dir(scratch.path()));
}
