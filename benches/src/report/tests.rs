use super::*;
use crate::batch::Sample;
use notes::Notes;

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

fn target(ours: &'static str, other: Other, at_most: f64) -> Target {
    Target::new(ours, other, at_most)
}

/// A run that nobody has made.
fn run() -> Report {
    let load = Row {
        name: "load-64".into(),
        work: "load 64 B, idle".into(),
        unit: Unit::Nanoseconds,
        series: vec![
            series("memcpy", [0.9, 1.0, 1.1], None),
            series("shmstore", [1.9, 2.0, 2.2], None),
            series("ringfire", [3.9, 4.0, 4.4], None),
        ],
        targets: vec![
            target("shmstore", Other::Named("ringfire"), 1.0),
            target("shmstore", Other::Named("memcpy"), 1.5),
            target("shmstore", Other::Named("absent"), 0.25),
        ],
    };
    let busy = Row {
        name: "load-64-busy".into(),
        work: "load 64 B, a writer <flat out>".into(),
        unit: Unit::Nanoseconds,
        series: vec![
            series("shmstore, leased", [50.0, 60.0, 70.0], Some(2.3)),
            series("Boost", [16_000.0, 17_251.0, 18_000.0], Some(18.7)),
            starved("ringfire", [1e8; 3], Some(9.5)),
        ],
        targets: vec![target("shmstore, leased", Other::BestPeer, 0.5)],
    };
    let pages = Row {
        name: "pages".into(),
        work: "resident memory of a small object".into(),
        unit: Unit::Number("pages"),
        series: vec![series("shmstore", [1.0; 3], None)],
        targets: vec![target("shmstore", Other::Figure, 3.0)],
    };
    let facts = vec![("Processor".into(), "made up".into()), ("Command".into(), "compare".into())];
    Report { machine: Machine { facts }, rows: [load, busy, pages].iter().map(Entry::from).collect() }
}

/// Compares with what is kept beside the tests; writes it instead if `SHMSTORE_BLESS` is set.
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
    golden("terminal.txt", &run().rows.iter().map(terminal::table).collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_page_has_the_machine_the_targets_and_every_row_with_its_note() {
    let notes = Notes::parse("## load-64\n\nTwo cache lines more.\n");
    golden("page.md", &page::page(&run(), &notes, "charts"));
}

#[test]
fn charts_are_the_same_for_the_same_figures() {
    for (name, svg) in chart::all(&run()).expect("drawn in memory") {
        golden(&format!("{name}.svg"), &svg);
    }
}

#[test]
fn a_run_read_back_gives_the_same_page_and_charts() {
    let run = run();
    let json = serde_json::to_string(&run).expect("plain data");
    let again: Report = serde_json::from_str(&json).expect("what was just written");
    let notes = Notes::default();
    assert_eq!(page::page(&again, &notes, "charts"), page::page(&run, &notes, "charts"));
    assert_eq!(chart::all(&again).expect("drawn in memory"), chart::all(&run).expect("drawn in memory"));
}

/// The names of what is open at the end, if every tag is closed by its own name.
fn well_formed(svg: &str) -> Result<(), String> {
    let mut open = Vec::new();
    let mut rest = svg;
    while let Some(at) = rest.find('<') {
        let text = &rest[..at];
        let stray = text.contains('>') || text.split('&').skip(1).any(|entity| !entity.contains(';'));
        let end = at + rest[at..].find('>').ok_or("a tag without an end")?;
        let tag = &rest[at + 1..end];
        if stray || tag.split('"').count() & 1 == 0 {
            return Err(format!("near `{tag}`"));
        }
        match tag.strip_prefix('/') {
            Some(name) if open.pop() != Some(name) => return Err(format!("`{name}` was not open")),
            Some(_) => {}
            None if tag.ends_with('/') || tag.starts_with('?') => {}
            None => open.push(tag.split([' ', '\n']).next().unwrap_or(tag)),
        }
        rest = &rest[end + 1..];
    }
    if open.is_empty() { Ok(()) } else { Err(format!("{open:?} are open")) }
}

#[test]
fn charts_are_well_formed() {
    assert!(well_formed("<svg><text a=\"b\">x</svg>").is_err() && well_formed("<svg>&</svg>").is_err());
    for (name, svg) in chart::all(&run()).expect("drawn in memory") {
        assert_eq!(well_formed(&svg), Ok(()), "{name}: {svg}");
    }
}

#[test]
fn nothing_is_drawn_beyond_the_edge() {
    for (name, svg) in chart::all(&run()).expect("drawn in memory") {
        for x in svg.split(" x=\"").skip(1).filter_map(|rest| rest.split('"').next()?.parse::<i32>().ok()) {
            assert!((0..720).contains(&x), "{name} has something at {x}");
        }
    }
}
