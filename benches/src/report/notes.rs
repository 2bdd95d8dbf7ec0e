//! What people have written about rows: `benches/notes.md`, a section of the row's name each.

use std::collections::BTreeMap;
use std::fs;

use crate::Failure;

/// Texts by the names of rows.
#[derive(Debug, Clone, Default)]
pub struct Notes {
    sections: BTreeMap<String, String>,
}

impl Notes {
    /// Those of the project.
    pub fn read() -> Result<Self, Failure> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/notes.md");
        Ok(Self::parse(&fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?))
    }

    /// Reads the sections of a text in Markdown: what is below `## NAME`. What is above the first is for its writers.
    pub fn parse(text: &str) -> Self {
        let sections = format!("\n{text}");
        let sections = sections.split("\n## ").skip(1).map(|section| {
            let (name, text) = section.split_once('\n').unwrap_or((section, ""));
            (name.trim().to_owned(), text.trim().to_owned())
        });
        Self { sections: sections.filter(|(_, text)| !text.is_empty()).collect() }
    }

    /// What is written about a row.
    pub fn of(&self, name: &str) -> Option<&str> {
        self.sections.get(name).map(String::as_str)
    }

    /// Names that are none of these.
    pub fn without(&self, rows: &[&str]) -> Vec<&str> {
        self.sections.keys().map(String::as_str).filter(|name| !rows.contains(name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Notes;

    #[test]
    fn a_note_is_what_is_below_a_rows_name() {
        let notes =
            Notes::parse("# Notes\n\nFor writers.\n\n## load-64\n\nOne.\n\nTwo.\n\n## store-64\n\n## attach\nThree.\n");
        assert_eq!(notes.of("load-64"), Some("One.\n\nTwo."));
        assert_eq!(notes.of("store-64"), None);
        assert_eq!(notes.of("attach"), Some("Three."));
        assert_eq!(notes.without(&["load-64"]), ["attach"]);
    }
}
