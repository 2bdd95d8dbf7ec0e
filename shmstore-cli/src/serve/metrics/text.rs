//! The text of a scrape. The samples of a family stand together.

use std::fmt::{self, Write};

use shmstore::inspect::Value;

use super::Format;
use super::families::{FAMILIES, Family};

/// The most bytes of a scrape, about. The samples after them are left out and counted.
const MOST_BYTES: usize = 64 << 20;

/// Samples, by their families.
pub(super) struct Text {
    families: Vec<String>,
    left: usize,
    /// The bytes of all samples that count.
    bytes: usize,
    /// How many samples were left out.
    pub(super) omitted: u64,
}

impl Text {
    /// A text of at most `most` samples. `sizes` are those of the last scrape, which is mostly like the next one.
    pub(super) fn of(most: usize, sizes: &[usize]) -> Self {
        let size = |family: usize| sizes.get(family).map_or(0, |size| size + size / 16);
        let families = (0..FAMILIES.len()).map(|family| String::with_capacity(size(family))).collect();
        Self { families, left: most, bytes: 0, omitted: 0 }
    }

    /// Returns the number of bytes of each family.
    pub(super) fn sizes(&self) -> Vec<usize> {
        self.families.iter().map(String::len).collect()
    }

    /// Adds a sample. `labels` are written already, and `more` are not.
    pub(super) fn sample(&mut self, family: Family, labels: &str, more: &[(&str, &str)], value: impl fmt::Display) {
        match self.left.checked_sub(1).filter(|_| self.bytes < MOST_BYTES) {
            Some(left) => self.left = left,
            None => return self.omitted += 1,
        }
        let before = self.families[family as usize].len();
        self.sample_always(family, labels, more, value);
        self.bytes += self.families[family as usize].len() - before;
    }

    /// Adds a sample that does not count.
    pub(super) fn sample_always(
        &mut self,
        family: Family,
        labels: &str,
        more: &[(&str, &str)],
        value: impl fmt::Display,
    ) {
        let text = &mut self.families[family as usize];
        let (_, name, kind, _) = FAMILIES[family as usize];
        text.push_str(name);
        text.push_str(kind.suffix());
        let mut open = '{';
        if !labels.is_empty() {
            text.push(open);
            text.push_str(labels);
            open = ',';
        }
        for (name, value) in more {
            text.push(open);
            push_label(text, name, value);
            open = ',';
        }
        if open == ',' {
            text.push('}');
        }
        writeln!(text, " {value}").expect("a string takes everything");
    }

    /// Returns the whole text.
    pub(super) fn finish(self, format: Format) -> String {
        const HEAD: usize = 160;
        let len = self.families.iter().map(|text| text.len() + HEAD).sum();
        let mut all = String::with_capacity(len);
        for ((_, name, kind, help), samples) in FAMILIES.iter().zip(&self.families) {
            if samples.is_empty() {
                continue;
            }
            let (suffix, type_name) = match format {
                Format::OpenMetrics => ("", kind.name()),
                Format::Prometheus => (kind.suffix(), kind.older_name()),
            };
            writeln!(all, "# HELP {name}{suffix} {help}\n# TYPE {name}{suffix} {type_name}")
                .expect("a string takes everything");
            all.push_str(samples);
        }
        if format == Format::OpenMetrics {
            all.push_str("# EOF\n");
        }
        all
    }
}

/// Adds a label. Its value may have any characters.
pub(super) fn push_label(text: &mut String, name: &str, value: &str) {
    text.push_str(name);
    text.push_str("=\"");
    if value.contains(['\\', '"', '\n']) {
        for letter in value.chars() {
            match letter {
                '\\' => text.push_str("\\\\"),
                '"' => text.push_str("\\\""),
                '\n' => text.push_str("\\n"),
                other => text.push(other),
            }
        }
    } else {
        text.push_str(value);
    }
    text.push('"');
}

/// A number as the formats have it. Integers are exact.
pub(super) struct Number<'a>(pub(super) &'a Value);

impl fmt::Display for Number<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Unsigned(number) => write!(f, "{number}"),
            Value::Signed(number) => write!(f, "{number}"),
            Value::Bool(flag) => f.write_str(if *flag { "1" } else { "0" }),
            Value::F32(number) if number.is_finite() => write!(f, "{number:?}"),
            Value::F64(number) if number.is_finite() => write!(f, "{number:?}"),
            other => f.write_str(match other.as_f64() {
                Some(number) if number == f64::INFINITY => "+Inf",
                Some(number) if number == f64::NEG_INFINITY => "-Inf",
                _ => "NaN",
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_and_the_others_have_their_names() {
        let shown = |value: Value| Number(&value).to_string();
        assert_eq!(shown(Value::Unsigned(u64::MAX)), "18446744073709551615");
        assert_eq!(shown(Value::Signed(-7)), "-7");
        assert_eq!([shown(Value::F32(0.1)), shown(Value::F64(1e300)), shown(Value::Bool(true))], ["0.1", "1e300", "1"]);
        let others = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(|number| shown(Value::F64(number)));
        assert_eq!(others, ["NaN", "+Inf", "-Inf"]);
    }

    #[test]
    fn samples_beyond_the_most_are_counted() {
        let mut text = Text::of(1, &[]);
        text.sample(Family::Value, "path=\"/p\"", &[("field", "a\n")], 1);
        text.sample(Family::Value, "", &[], 2);
        assert_eq!(text.omitted, 1);
        let all = text.finish(Format::OpenMetrics);
        assert!(all.ends_with("gauge\nshmstore_value{path=\"/p\",field=\"a\\n\"} 1\n# EOF\n"), "{all}");
    }
}
