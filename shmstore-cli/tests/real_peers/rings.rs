//! A C program and a Python program look into a queue, and receive a broadcast.

use std::fs;
use std::process::Command;

use shmstore::schema::Primitive;
use shmstore_cli::export::{c_header, python_module};

use crate::planted::{self, Planted, broadcast, feeds, pair, queue};
use crate::python::python;
use crate::run;
use crate::scratch::Scratch;
use crate::{c::compile, hostile};

/// The C program, as C and as C++, and the Python program, with an anchor for an argument.
fn peers(scratch: &Scratch) -> Vec<Command> {
    let write = |name: &str, text: &str| fs::write(scratch.join(name), text).expect("written");
    write("feeds.h", &c_header(&feeds(), 'F', None).expect("a header"));
    write("rings.c", include_str!("rings.c"));
    write("feeds.py", &python_module(&feeds(), 'F', None).expect("a module"));
    write("rings.py", include_str!("rings.py"));
    let mut peers = Vec::new();
    for (compiler, language, standard) in [("gcc", "c", "-std=gnu11"), ("g++", "c++", "-std=c++17")] {
        let program = scratch.join(language);
        let mut command = Command::new(compiler);
        command.args([standard, "-O2", "-Wall", "-Wextra", "-Werror", "-x", language, "-o"]).arg(&program);
        run(command.arg(scratch.join("rings.c")));
        peers.push(Command::new(program));
    }
    peers.extend(python().map(|python| {
        let mut command = Command::new(python);
        command.arg("-B").arg(scratch.join("rings.py"));
        command
    }));
    for peer in &mut peers {
        peer.arg(scratch.path());
    }
    peers
}

#[track_caller]
fn all_say(planted: &Planted, expected: &str) {
    let scratch = Scratch::new();
    planted.create_in(&scratch.own_store());
    for mut peer in peers(&scratch) {
        assert_eq!(run(peer.arg("look")), expected, "{peer:?}");
    }
}

#[test]
fn peers_see_the_items_that_are_there() {
    let expected = "2 of 4, 1 outstanding: 104 105 106\nsent 11 of 8, from 3: 3 4 5 6 7 8 9 10, then none\n\
                    from 0: missed 5, then 5\nfrom 12: none\n";
    all_say(&planted::filled(), expected);
}

#[test]
fn peers_see_that_nothing_is_there() {
    let expected = "0 of 4, 0 outstanding:\nsent 0 of 8, from 0:, then none\nfrom 0: none\nfrom 12: none\n";
    all_say(&Planted::empty(), expected);
}

#[test]
fn peers_see_that_an_item_is_being_written() {
    let mut planted = planted::filled();
    planted.sequence(11, 23);
    let expected = "2 of 4, 1 outstanding: 104 105 106\nsent 11 of 8, from 4: 4 5 6 7 8 9 10, then none\n\
                    from 0: missed 5, then 5\nfrom 12: none\n";
    all_say(&planted, expected);
}

#[test]
fn peers_are_not_led_astray_by_bytes_without_meaning() {
    let scratch = Scratch::new();
    let mut peers = peers(&scratch);
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
fn again(peer: &Command) -> Command {
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
