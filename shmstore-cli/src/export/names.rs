//! Names from a schema, made harmless for a terminal, for a comment, or as an identifier.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// The greatest length of an identifier, without the part that makes it unique.
pub(super) const LONGEST: usize = 80;

/// Escapes a name for a terminal.
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

/// Escapes a name for a comment in any language: ASCII, on one line, without the beginning or the end of a comment or a
/// string.
pub(super) fn comment(name: &str) -> String {
    let escaped: String = name.chars().flat_map(char::escape_default).collect();
    escaped.replace("*/", "* /").replace("/*", "/ *").replace('"', "'").replace('\\', "|")
}

/// Turns a name into an identifier: ASCII letters, digits and `_`, with a letter at the front. It may be a keyword.
pub(super) fn identifier(name: &str) -> String {
    let mut found: String =
        name.chars().take(LONGEST).map(|letter| if is_word(letter) { letter } else { '_' }).collect();
    if !found.starts_with(|first: char| first.is_ascii_alphabetic()) {
        found.insert(0, 'f');
    }
    found
}

/// Turns a name into an identifier in the case of C: `cache_line` for `CacheLine`.
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

/// Returns all words of a text. Names beside this text must differ from them.
pub(super) fn words(text: &str) -> HashSet<String> {
    text.split(|letter| !is_word(letter)).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The unique names of one scope.
#[derive(Debug, Default, Clone)]
pub(super) struct Scope {
    reserved: Rc<HashSet<String>>,
    taken: HashSet<String>,
    /// The next number to try. Without it, thousands of names that become the same identifier would take minutes.
    next: HashMap<String, u64>,
}

impl Scope {
    /// Makes a scope without these words.
    pub(super) fn without(reserved: HashSet<String>) -> Self {
        Self { reserved: Rc::new(reserved), ..Self::default() }
    }

    /// Takes `base`; `base_` if it is reserved; or `base_2`, `base_3` and so on if it is taken.
    pub(super) fn take(&mut self, base: &str) -> String {
        self.take_family(base, &[])
    }

    /// Takes a name, together with the names that it forms with each suffix.
    pub(super) fn take_family(&mut self, base: &str, suffixes: &[&str]) -> String {
        let base = if self.reserved.contains(base) { format!("{base}_") } else { base.to_owned() };
        let mut name = base.clone();
        // This ends, because only a finite number of names is taken.
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
    fn a_name_and_its_suffixed_forms_are_unique() {
        let mut scope = Scope::without(words("int x_load;"));
        assert_eq!(scope.take_family("x", &["_load"]), "x_2");
        assert_eq!(scope.take("x_2_load"), "x_2_load_2");
        assert_eq!(scope.take("int"), "int_");
        assert_eq!(scope.take("int"), "int__2");
    }

    #[test]
    fn a_name_cannot_end_a_comment() {
        assert_eq!(comment("a*/b/*c\"\"\"d\ne\\"), "a* /b/ *c|'|'|'d|ne||");
        assert!(comment("\u{202e}é").is_ascii());
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(printable("a\u{1b}[2J\u{202e}é'\n"), "a\\u{1b}[2J\\u{202e}é'\\n");
    }
}
