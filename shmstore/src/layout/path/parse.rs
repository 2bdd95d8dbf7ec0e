//! Paths as text.

use std::fmt;
use std::str::FromStr;

use serde_json::{Deserializer, Value};

use super::{FieldError, FieldPath, Step, write_path};

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_path(f, &self.steps)
    }
}

impl FromStr for FieldPath {
    type Err = FieldError;

    fn from_str(path: &str) -> Result<Self, FieldError> {
        let refused = |expected| FieldError::Syntax { path: path.to_owned(), expected, instead: None };
        let mut steps = Vec::new();
        let mut rest = if path == "." { "" } else { path };
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('[') {
                let (step, after) = in_brackets(after).map_err(|expected| match unquoted(after) {
                    Some((text, after)) if expected == KEY => {
                        let (before, text) = (&path[..path.len() - rest.len()], Value::from(text));
                        let instead = Some(format!("{before}[{text}]{after}"));
                        FieldError::Syntax { path: path.to_owned(), expected: UNQUOTED, instead }
                    }
                    _ => refused(expected),
                })?;
                steps.push(step);
                rest = after;
            } else {
                let name = if steps.is_empty() {
                    rest
                } else {
                    rest.strip_prefix('.').ok_or_else(|| refused("`.` or `[` comes next"))?
                };
                let end = name.find(['.', '[']).unwrap_or(name.len());
                if end == 0 {
                    return Err(refused("a name comes next"));
                }
                steps.push(Step::Field(name[..end].to_owned()));
                rest = &name[end..];
            }
        }
        Ok(Self { steps })
    }
}

const UNCLOSED: &str = "a `[` needs its `]`";
const KEY: &str = "an index is a number, and a key is JSON";
const UNQUOTED: &str = "an index is a number, and a key of text is written in quotes";

/// Reads the index or key after a `[`, and returns what comes after its `]`.
fn in_brackets(after: &str) -> Result<(Step, &str), &'static str> {
    if let Some((index, after)) = after.split_once(']') {
        if let Ok(index) = index.trim().parse() {
            return Ok((Step::Index(index), after));
        }
    }
    // A text may have brackets and dots in it. So the end of the JSON decides where the key ends.
    let mut values = Deserializer::from_str(after).into_iter::<Value>();
    match values.next() {
        Some(Ok(key)) if key.is_f64() => Err("a number in brackets is a whole one, of 64 bits"),
        Some(Ok(key)) => {
            let rest = after[values.byte_offset()..].trim_start();
            Ok((Step::of_json(&key), rest.strip_prefix(']').ok_or(UNCLOSED)?))
        }
        Some(Err(error)) if error.is_eof() && after.trim_start().starts_with('"') => Err("a text ends with a quote"),
        Some(Err(error)) if !error.is_eof() && after.contains(']') => Err(KEY),
        _ => Err(UNCLOSED),
    }
}

/// Returns the text in brackets if it was probably meant as a key, and what comes after it.
fn unquoted(after: &str) -> Option<(&str, &str)> {
    let (text, after) = after.split_once(']')?;
    let text = text.trim();
    let text = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')).unwrap_or(text);
    let is_json = text.starts_with(['"', '{', '[']);
    (!text.is_empty() && !is_json).then_some((text, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_that_is_parsed_is_shown_as_it_was_written() {
        for path in [
            ".",
            "a",
            "a.b",
            "a[0]",
            "a[12].b.0[3]",
            "[7].x",
            r#"quotes["EURUSD"].bid"#,
            "moves[-3]",
            "flags[true]",
            "cells[[3,4]].x",
            r#"positions[{"account":7,"symbol":"EURUSD"}].net"#,
            r#"a["]"]["."]["\""]["["].b"#,
            r#"a["\u001b\u202e"]"#,
            r#"a["ß → \\"]"#,
            r#"a["\ud83d\ude00" ]"#,
            "nothing[null]",
        ] {
            let parsed: FieldPath = path.parse().unwrap();
            let shown = parsed.to_string();
            assert_eq!(shown.parse(), Ok(parsed), "{shown}");
            assert!(!shown.contains(|letter: char| letter.is_control() || letter == '\u{202e}'), "{shown}");
            if !path.contains("\\ud") {
                assert_eq!(shown, path);
            }
        }
        assert!("".parse::<FieldPath>().unwrap().is_empty());
    }

    #[test]
    fn key_is_the_same_however_its_json_is_written() {
        for (path, same) in [
            ("a[ 3 ]", "a[3]"),
            (r#"a[ "x" ]"#, r#"a["x"]"#),
            (r#"a["\u0041"]"#, r#"a["A"]"#),
            (r#"a[ { "b" : 1 , "a" : [ 2 , 3 ] } ]"#, r#"a[{"a":[2,3],"b":1}]"#),
            ("a[18446744073709551615]", "a[18446744073709551615]"),
            (r#"a["😀"]"#, r#"a["\ud83d\ude00"]"#),
        ] {
            assert_eq!(path.parse::<FieldPath>(), same.parse(), "{path}");
        }
        assert_ne!(r#"a["3"]"#.parse::<FieldPath>(), "a[3]".parse());
    }

    #[test]
    fn text_that_is_no_path_is_refused_with_the_rule_that_it_breaks() {
        for (path, expected) in [
            ("a..b", "a name"),
            (".a", "a name"),
            ("a.", "a name"),
            ("a[1", "`]`"),
            ("a[", "`]`"),
            ("a[x", "`]`"),
            (r#"a["x""#, "`]`"),
            (r#"a["x" 3]"#, "`]`"),
            (r#"a["x]"#, "ends with a quote"),
            ("a[]", "an index is a number"),
            ("a[{]", "a key is JSON"),
            (r#"a[{"b":]"#, "a key is JSON"),
            ("a[1]b", "`.` or `[`"),
            ("a[1.5]", "a whole one"),
            ("a[1e3]", "a whole one"),
            ("a[18446744073709551616]", "a whole one"),
        ] {
            let error = path.parse::<FieldPath>().unwrap_err().to_string();
            assert!(error.contains(expected), "{path}: {error}");
        }
    }

    #[test]
    fn key_without_quotes_is_answered_with_the_path_that_was_meant() {
        for (path, meant) in [
            ("quotes[EURUSD]", r#"quotes["EURUSD"]"#),
            ("a.quotes[EURUSD].bid", r#"a.quotes["EURUSD"].bid"#),
            ("quotes['EUR USD'].bid", r#"quotes["EUR USD"].bid"#),
            ("a[017x]", r#"a["017x"]"#),
            (r#"a["x"][y]"#, r#"a["x"]["y"]"#),
        ] {
            let error = path.parse::<FieldPath>().unwrap_err();
            let expected = format!("a key of text is written in quotes: `{meant}`");
            assert!(error.to_string().ends_with(&expected), "{error}");
            assert!(meant.parse::<FieldPath>().is_ok());
        }
    }

    #[test]
    fn json_that_is_nested_too_deep_is_refused() {
        let deep = format!("a[{}{}]", "[".repeat(100_000), "]".repeat(100_000));
        assert!(deep.parse::<FieldPath>().is_err());
    }
}
