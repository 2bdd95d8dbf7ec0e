//! Counts as they are kept, compared and shown.

use super::Counts;

/// The total in a file of callgrind's.
pub(super) fn total(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("totals:").or_else(|| line.strip_prefix("summary:")))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Counts that were kept.
pub(super) fn parse(text: &str) -> Counts {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.rsplit_once(':'))
        .filter_map(|(name, count)| Some((name.to_owned(), count.trim().parse().ok()?)))
        .collect()
}

/// As [`parse`] reads it.
pub(super) fn kept(names: &[&str], counts: &Counts, compiler: &str) -> String {
    let mut text =
        "# Instructions of one operation: `cargo run --release -p shmstore-bench -- instructions --write`.\n"
            .to_owned();
    text.push_str(&format!("# {}, {compiler}\n", std::env::consts::ARCH));
    for name in names {
        text.push_str(&format!("{name}: {}\n", shown(counts[*name])));
    }
    text
}

/// Whole numbers, unless rounds differ.
fn shown(count: f64) -> String {
    if count.fract() == 0.0 { format!("{count}") } else { format!("{count:.2}") }
}

/// What was counted, and how much that is more or less than what was kept.
pub(super) fn table(names: &[&str], counts: &Counts, before: &Counts) -> String {
    let mut text = format!("{:<20} {:>12} {:>12}   {}\n", "instructions", "now", "kept", "difference");
    for name in names {
        let now = counts[*name];
        let (kept, difference) = match before.get(*name) {
            None => ("-".to_owned(), String::new()),
            Some(kept) if shown(*kept) == shown(now) => (shown(*kept), "none".to_owned()),
            Some(kept) => (shown(*kept), format!("{:+.2} ({:+.1} %)", now - kept, (now / kept - 1.0) * 100.0)),
        };
        text.push_str(format!("{name:<20} {:>12} {kept:>12}   {difference}", shown(now)).trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(pairs: &[(&str, f64)]) -> Counts {
        pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    }

    #[test]
    fn counts_that_were_kept_are_read_back() {
        let counts = counts(&[("load 64 B", 24.0), ("attach, drop", 9000.5)]);
        let text = kept(&["load 64 B", "attach, drop"], &counts, "rustc 1.85.0");
        assert!(text.ends_with(", rustc 1.85.0\nload 64 B: 24\nattach, drop: 9000.50\n"), "{text}");
        assert_eq!(parse(&text), counts);
    }

    #[test]
    fn a_table_shows_what_has_changed() {
        let (now, before) = (counts(&[("a", 11.0), ("b", 5.0), ("c", 1.0)]), counts(&[("a", 10.0), ("b", 5.0)]));
        let table = table(&["a", "b", "c"], &now, &before);
        let lines: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(
            lines,
            [vec!["a", "11", "10", "+1.00", "(+10.0", "%)"], vec!["b", "5", "5", "none"], vec!["c", "1", "-"]]
        );
    }

    #[test]
    fn the_total_of_callgrind_is_found() {
        assert_eq!(total("events: Ir\nfn=(1) x\n0 12\n\ntotals: 24012\n"), Some(24012));
        assert_eq!(total("events: Ir\n"), None);
    }
}
