//! A C program and a Python program look keys up in maps.

use std::fs;
use std::process::Command;

use shmstore::ShmLayout;
use shmstore::schema::{OwnedSchema, Primitive};
use shmstore_cli::export::{c_header, python_module};
use twox_hash::XxHash64;

use crate::c::compile;
use crate::hostile;
use crate::planted_map::{
    self, Book, FREE, LINKED, LIVE, PlantedMap, array, book, create_book, filled, map, number, text, text_bytes,
};
use crate::python::python;
use crate::rings::{again, peers};
use crate::run;
use crate::scratch::Scratch;

fn lookers(scratch: &Scratch) -> Vec<Command> {
    peers(scratch, "book", (&book(), 'M'), [include_str!("maps.c"), include_str!("maps.py")])
}

/// What each peer says of each book: the index of the book, the peer, and the text.
fn said(books: &[Vec<PlantedMap>], doing: &str) -> Vec<(usize, String, String)> {
    let scratch = Scratch::new();
    let peers = lookers(&scratch);
    let mut said = Vec::new();
    for (at, book) in books.iter().enumerate() {
        let name = at.to_string();
        create_book(book, &scratch.store_at(&name));
        for peer in &peers {
            let text = run(again(peer).arg(scratch.join(&name)).arg(doing));
            said.push((at, format!("{peer:?}"), text));
        }
    }
    said
}

#[track_caller]
fn all_say(books: &[Vec<PlantedMap>], doing: &str, expected: &str) {
    for (at, who, text) in said(books, doing) {
        assert_eq!(text, expected, "book {at}: {who}");
    }
}

#[test]
fn peers_count_the_keys_also_after_a_death() {
    // The entries of `filled` are EURUSD, a linked one, USDJPY and another one.
    let cases = [(1, 0, 3, 3), (3, 0, 2, 3), (1, 1, 4, 3), (0, 1, 3, 3), (1, 1, 0, 0), (7, 0, 9, 8), (8, 0, 9, 3)];
    let died = |(index, is_removal, before, _): (u64, u64, u64, u64)| {
        let mut maps = filled();
        maps[0].u64(16, before << 33 | is_removal << 32 | (index + 1));
        maps
    };
    for (at, who, text) in said(&cases.map(died), "others") {
        assert!(text.starts_with(&format!("{} of 8", cases[at].3)), "{:?}: {who} {text}", cases[at]);
    }
}

/// What the peers say of the maps after `quotes`.
const OTHERS: &str = "7 EURUSD: 700\n8 EURUSD: 800\n9 EURUSD: absent\n17: 1 1001\nmost: 1 1002, 0\n\
                      11110: 33 11 22 34\n1: 500, 1\n";

#[test]
fn the_planted_object_is_that_of_the_type() {
    assert_eq!(OwnedSchema::from(Book::SCHEMA), book());
}

#[test]
fn peers_look_keys_of_every_kind_up() {
    let quotes = "3 of 8, 4 changes\nEURUSD: version 3, 1.08 1.09\nUSDJPY: version 4, 150.5 150.75\n\
                  é \"quoted\": version 9, 1 2\nend\nEURUSD: version 3, 1.08 1.09\ngone: absent\n\
                  USDJPY: version 4, 150.5 150.75\nGBPUSD: absent\nEURUS: absent\n: absent\ntwelve bytes: absent\n\
                  thirteen byte: File name too long\n";
    all_say(&[filled()], "look", &format!("{quotes}{OTHERS}"));
}

#[track_caller]
fn all_say_of_quotes(all: impl IntoIterator<Item = PlantedMap>, expected: &str) {
    let book = |quotes| {
        let mut maps = filled();
        maps[0] = quotes;
        maps
    };
    let books: Vec<_> = all.into_iter().map(book).collect();
    let rest = "twelve bytes: absent\nthirteen byte: File name too long\n";
    all_say(&books, "others", &format!("{expected}{rest}{OTHERS}"));
}

#[test]
fn peers_see_that_no_key_was_ever_inserted() {
    let nothing = "0 of 8, 0 changes\nend\nEURUSD: absent\ngone: absent\nUSDJPY: absent\nGBPUSD: absent\n\
                   EURUS: absent\n: absent\n";
    all_say_of_quotes([PlantedMap::empty(&planted_map::maps()[0].1)], nothing);
}

#[test]
fn peers_give_up_at_a_chain_without_an_end() {
    /// Breaks a map, given the offsets of the head and of the only entry.
    type Break = fn(&mut PlantedMap, u64, u64);
    let free: Break = |map, _, at| {
        map.u32(at, 7 << 2 | FREE);
    };
    let of_another_bucket: Break = |map, _, at| {
        map.u32(at, 7 << 2 | LINKED).u32(at + 8, u32::MAX);
    };
    let outside: Break = |map, head, at| {
        map.u32(at, 7 << 2 | LINKED).u32(head, u32::MAX);
    };
    let circle_of_linked_entries: Break = |map, _, at| {
        map.u32(at, 7 << 2 | LINKED).u32(at + 4, 1);
    };
    let circle_of_other_keys: Break = |map, _, at| {
        map.u32(at, 7 << 2 | LINKED).u32(at + 4, 1).u32(at + 52, 0);
    };
    let all = [free, of_another_bucket, outside, circle_of_linked_entries, circle_of_other_keys].map(|break_it| {
        let mut quotes = PlantedMap::empty(&planted_map::maps()[0].1);
        let eurusd = text_bytes("EURUSD", 12);
        let (at, head) = (quotes.add(&eurusd, &[0; 16], LIVE, 3), quotes.head(&eurusd));
        break_it(&mut quotes, head, at);
        quotes
    });
    let expected = "1 of 8, 1 changes\nend\nEURUSD: Resource temporarily unavailable\ngone: absent\nUSDJPY: absent\n\
                    GBPUSD: absent\nEURUS: absent\n: absent\n";
    all_say_of_quotes(all, expected);
}

#[test]
fn peers_are_not_led_astray_by_maps_of_bytes_without_meaning() {
    let scratch = Scratch::new();
    let mut peers = lookers(&scratch);
    for (seed, name) in (1_u64..).zip(["a", "b", "c", "d", "e", "f"]) {
        create_book(&planted_map::scribbled(seed), &scratch.store_at(name));
        for peer in &mut peers {
            run(again(peer).arg(scratch.join(name)).arg("hostile"));
        }
    }
}

#[test]
fn peers_hash_as_the_crate_does() {
    // By the specification: the sums of nothing, and of one byte.
    assert_eq!(XxHash64::oneshot(0, &[]), 0xef46_db37_51d8_e999);
    assert_eq!(XxHash64::oneshot(0, b"a"), 0xd24e_c4f1_a98c_6e5b);
    assert_eq!(XxHash64::oneshot(0, b"abc"), 0x44bc_2cf5_ad77_0999);
    let bytes: Vec<u8> = (0..=100_u32).map(|at| ((at * 0x9e37) >> 3) as u8).collect();
    let seeds = [0, 1, 0x9e37_79b1, u64::MAX, planted_map::SEED];
    let hashes = |seed| (0..=bytes.len()).map(move |len| (seed, len));
    let expected: String = seeds
        .into_iter()
        .flat_map(hashes)
        .map(|(seed, len)| format!("{:016x}\n", XxHash64::oneshot(seed, &bytes[..len])))
        .collect();
    let scratch = Scratch::new();
    let list = |numbers: &mut dyn Iterator<Item = String>| numbers.collect::<Vec<_>>().join(", ");
    let listed = list(&mut bytes.iter().map(u8::to_string));
    let c = format!(
        "#include \"book.h\"\nint main(void)\n{{\n    static const unsigned char bytes[] = {{{listed}}};\n    \
         static const uint64_t seeds[] = {{{}}};\n    size_t seed, len;\n    \
         for (seed = 0; seed < {}; seed++)\n        for (len = 0; len <= sizeof bytes; len++)\n            \
         printf(\"%016llx\\n\", (unsigned long long)shmstore_xxh64(bytes, len, seeds[seed]));\n    return 0;\n}}\n",
        list(&mut seeds.iter().map(|seed| format!("UINT64_C({seed})"))),
        seeds.len(),
    );
    let python = format!(
        "import book\ndata = bytes([{listed}])\nfor seed in {seeds:?}:\n    \
         for length in range(len(data) + 1):\n        \
         print(f'{{book._xxh64(data[:length], seed):016x}}')\n"
    );
    for mut peer in peers(&scratch, "book", (&book(), 'M'), [&c, &python]) {
        assert_eq!(run(&mut peer), expected, "{peer:?}");
    }
}

#[test]
fn headers_of_maps_compile_together() {
    let bytes = |len| array(len, number(Primitive::U8));
    let nothing = || hostile::structure("Nothing", 0, 1, vec![]);
    let wide = || hostile::structure("Wide", 256, 256, vec![]);
    let keyed =
        hostile::structure("Keyed", 28, 4, vec![("a", 0, array(2, text(8))), ("b", 24, number(Primitive::I32))]);
    let schemas = [
        map(1, number(Primitive::U64), bytes(49)),
        map(2, nothing(), nothing()),
        map(2, wide(), number(Primitive::U8)),
        map(3, bytes(3), wide()),
        array(3, map(3, keyed.clone(), keyed.clone())),
        map(5, array(2, array(3, number(Primitive::Char))), array(2, bytes(2))),
        hostile::structure(
            "Both",
            1024,
            64,
            vec![("a", 0, map(1, keyed, bytes(3))), ("b", 512, map(1, text(8), text(8)))],
        ),
        book(),
    ];
    let mut headers: Vec<String> =
        schemas.iter().map(|schema| c_header(schema, 'M', None).expect("a header")).collect();
    compile(&headers, "");
    headers.reverse();
    compile(&headers, "");
    let without = c_header(&crate::planted::feeds(), 'F', None).expect("a header");
    assert!(!without.contains("xxh64"), "a header without maps has their part");
    let Some(python) = python() else { return };
    let scratch = Scratch::new();
    for (at, schema) in schemas.iter().enumerate() {
        let module = python_module(schema, 'M', None).expect("a module");
        fs::write(scratch.join(&format!("m{at}.py")), module).expect("written");
    }
    let program = (0..schemas.len()).map(|at| format!("import m{at}\n")).collect::<String>()
        + "assert m0.DTYPE.fields['entries'][1] == 320 and m0.DTYPE.itemsize == 320 + 192\n";
    run(Command::new(python).args(["-B", "-c", &program]).current_dir(scratch.path()));
}
