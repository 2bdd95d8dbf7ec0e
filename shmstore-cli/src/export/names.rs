//! Names from a schema, which may hold anything, made harmless: for a terminal, for a comment, as identifiers.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// The longest identifier that is made of a name, without what makes it unique.
pub(super) const LONGEST: usize = 80;

/// The name as a terminal may show it: what could play with it is escaped.
pub(super) fn printable(name: &str) -> String {
    let mut shown = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter {
            '\'' | '"' => shown.push(letter),
            _ => shown.extend(letter.escape_debug()),
        }
    }
    shown
}

/// The name as a comment may hold it, whatever the language: ASCII, on one line, and neither the beginning nor the end of a
/// comment or of a string.
pub(super) fn comment(name: &str) -> String {
    let escaped: String = name.chars().flat_map(char::escape_default).collect();
    escaped.replace("*/", "* /").replace("/*", "/ *").replace('"', "'").replace('\\', "|")
}

/// The name as an identifier, if a language lets it be one: ASCII letters, digits and `_`, beginning with a letter.
pub(super) fn identifier(name: &str) -> String {
    let mut found: String =
        name.chars().take(LONGEST).map(|letter| if is_word(letter) { letter } else { '_' }).collect();
    if !found.starts_with(|first: char| first.is_ascii_alphabetic()) {
        found.insert(0, 'f');
    }
    found
}

/// The identifier in the case of C: `cache_line` for `CacheLine`.
pub(super) fn snake(name: &str) -> String {
    let mut found = String::new();
    let mut may_break = false;
    for letter in identifier(name).chars() {
        if letter.is_ascii_uppercase() && may_break {
            found.push('_');
        }
        may_break = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        found.push(letter.to_ascii_lowercase());
    }
    found
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

/// All words of a text: what names must not be that stand beside it.
pub(super) fn words(text: &str) -> HashSet<String> {
    text.split(|letter| !is_word(letter)).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The names of one scope, each given away once.
#[derive(Debug, Default, Clone)]
pub(super) struct Scope {
    reserved: Rc<HashSet<String>>,
    taken: HashSet<String>,
    /// The number to try next: or a schema of thousands of names that become one would take minutes.
    next: HashMap<String, u64>,
}

impl Scope {
    /// A scope in which nobody can have these words.
    pub(super) fn without(reserved: HashSet<String>) -> Self {
        Self { reserved: Rc::new(reserved), ..Self::default() }
    }

    /// Takes `base`, or `base_` if that is reserved, or if it is taken `base_2`, `base_3`, …
    pub(super) fn take(&mut self, base: &str) -> String {
        self.take_family(base, &[])
    }

    /// Takes a name for which `name` and each `name` + suffix are free, and takes them all.
    pub(super) fn take_family(&mut self, base: &str, suffixes: &[&str]) -> String {
        let base = if self.reserved.contains(base) { format!("{base}_") } else { base.to_owned() };
        let mut name = base.clone();
        // Ends: each number that is taken was taken by somebody.
        while self.is_taken(&name) || suffixes.iter().any(|suffix| self.is_taken(&format!("{name}{suffix}"))) {
            let number = self.next.entry(base.clone()).or_insert(2);
            name = format!("{base}_{number}");
            *number += 1;
        }
        self.taken.extend(suffixes.iter().map(|suffix| format!("{name}{suffix}")));
        self.taken.insert(name.clone());
        name
    }

    fn is_taken(&self, name: &str) -> bool {
        self.reserved.contains(name) || self.taken.contains(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_an_identifier() {
        let cases = [("x", "x"), ("0", "f0"), ("_a", "f_a"), ("a b\n", "a_b_"), ("é", "f_"), ("*/", "f__")];
        for (name, made) in cases {
            assert_eq!(identifier(name), made);
        }
        assert_eq!(snake("CacheLine2D"), "cache_line2_d");
        assert_eq!(snake("HTTPError"), "httperror");
        assert!(identifier(&"n".repeat(255)).len() <= LONGEST + 1);
    }

    #[test]
    fn a_name_is_given_away_once_with_all_that_belongs_to_it() {
        let mut scope = Scope::without(words("int x_load;"));
        assert_eq!(scope.take_family("x", &["_load"]), "x_2");
        assert_eq!(scope.take("x_2_load"), "x_2_load_2");
        assert_eq!(scope.take("int"), "int_");
        assert_eq!(scope.take("int"), "int__2");
    }

    #[test]
    fn a_comment_is_not_ended_by_what_stands_in_it() {
        assert_eq!(comment("a*/b/*c\"\"\"d\ne\\"), "a* /b/ *c|'|'|'d|ne||");
        assert!(comment("\u{202e}é").is_ascii());
    }

    #[test]
    fn a_terminal_is_not_played_with() {
        assert_eq!(printable("a\u{1b}[2J\u{202e}é'\n"), "a\\u{1b}[2J\\u{202e}é'\\n");
    }
}
