use super::*;
use crate::batch::Sample;
use crate::row::Other;

fn series(name: &'static str, times: [f64; 3], partner: Option<f64>) -> Series {
    Series {
        name,
        samples: times.map(|nanoseconds| Sample { nanoseconds, partner, ..Sample::default() }).to_vec(),
        ..Series::default()
    }
}

fn starved(name: &'static str, times: [f64; 3], partner: Option<f64>) -> Series {
    let mut series = series(name, times, partner);
    series.samples.iter_mut().for_each(|sample| (sample.rounds, sample.starved) = (1, 1));
    series
}

/// A run with invented figures.
fn run() -> Report {
    let load = Row {
        name: "load-64".into(),
        work: "load 64 B, idle".into(),
        unit: "ns",
        series: vec![
            series("memcpy", [0.9, 1.0, 1.1], None),
            series("shmstore", [1.9, 2.0, 2.2], None),
            series("ringfire", [3.9, 4.0, 4.4], None),
        ],
        targets: vec![
            Target::new("shmstore", Other::Named("ringfire"), 1.0),
            Target::new("shmstore", Other::Named("memcpy"), 1.5),
            Target::new("shmstore", Other::Named("absent"), 0.25),
        ],
    };
    let mut torn = series("mmap-sync", [8.0, 9.0, 9.0], Some(30.0));
    torn.samples[0].torn = 2;
    torn.samples[1].lost = 1;
    let busy = Row {
        name: "load-64-busy".into(),
        work: "load 64 B, a writer <flat out>".into(),
        unit: "ns",
        series: vec![
            series("shmstore, exclusive writer", [50.0, 60.0, 70.0], Some(2.3)),
            series("Boost", [16_000.0, 17_251.0, 18_000.0], Some(18.7)),
            starved("ringfire", [1e8; 3], Some(9.5)),
            torn,
        ],
        targets: vec![Target::new("shmstore, exclusive writer", Other::BestPeer, 0.5)],
    };
    let pages = Row {
        name: "memory".into(),
        work: "resident memory of a small object".into(),
        unit: "pages",
        series: vec![series("shmstore", [1.0; 3], None)],
        targets: vec![Target::new("shmstore", Other::Figure, 3.0)],
    };
    let facts = [("Processor", "invented"), ("Kernel", "Linux"), ("Command", "compare"), ("shmstore", "0.0.0")];
    let facts = facts.map(|(name, fact)| (name.to_owned(), fact.to_owned())).to_vec();
    Report { machine: Machine { facts }, rows: [load, busy, pages].iter().map(Entry::from).collect() }
}

/// Compares with the file beside the tests, or writes it if `SHMSTORE_BLESS` is set.
fn golden(name: &str, found: &str) {
    let path = format!("{}/src/report/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("SHMSTORE_BLESS").is_some() {
        std::fs::write(&path, found).expect("a directory of the sources");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == found, "{path} differs (SHMSTORE_BLESS=1 writes it):\n{found}");
}

#[test]
fn a_terminal_shows_aligned_tables() {
    golden("terminal.txt", &run().rows.iter().map(Entry::table).collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_page_has_the_results_then_the_method_then_the_targets_and_notes() {
    let notes = "## load-64\n\nTwo more cache lines.\n\n## Load a value\n\nThe value is in the cache.\n";
    golden("page.md", &page::page(&run(), &page::notes(notes)));
}

#[test]
fn a_run_that_is_read_back_gives_the_same_page() {
    let run = run();
    let json = serde_json::to_string(&run).expect("plain data");
    let again: Report = serde_json::from_str(&json).expect("the JSON of a run");
    assert_eq!(page::page(&again, &page::Notes::new()), page::page(&run, &page::Notes::new()));
}

#[test]
fn a_note_is_the_text_below_the_name_of_a_row() {
    let notes =
        page::notes("# Notes\n\nFor writers.\n\n## load-64\n\nOne.\n\nTwo.\n\n## store-64\n\n## attach\nThree.\n");
    assert_eq!(notes.get("load-64").map(String::as_str), Some("One.\n\nTwo."));
    assert_eq!(notes.get("store-64"), None);
    assert_eq!(notes.get("attach").map(String::as_str), Some("Three."));
    let gaps = page::gaps(&run(), &notes);
    assert_eq!(gaps, ["benches/notes.md has a note on `attach`, which has no row"]);
}
