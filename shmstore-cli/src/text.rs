//! Text of other programs, made fit for a terminal.

use std::path::Path;

/// Returns `true` for a control character, on which a terminal acts, and for a mark of direction, which reorders text.
fn acts(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Escapes control characters and marks of direction.
#[must_use]
pub fn shown(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, letter| {
        if acts(letter) {
            shown.extend(letter.escape_default())
        } else {
            shown.push(letter)
        }
        shown
    })
}

/// Returns a path as text. Bytes that are not UTF-8 become `\xff`, so that two paths do not look alike.
#[must_use]
pub fn exact(path: &Path) -> String {
    let chunks = path.as_os_str().as_encoded_bytes().utf8_chunks();
    chunks.fold(String::new(), |mut text, chunk| {
        text.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
        text
    })
}

/// Returns the same text of a path, fit for a terminal.
#[must_use]
pub fn shown_path(path: &Path) -> String {
    shown(&exact(path))
}

/// Escapes each line of a text.
#[must_use]
pub fn shown_lines(text: &str) -> String {
    text.split('\n').map(shown).collect::<Vec<_>>().join("\n")
}

/// Escapes JSON without a change of its meaning: such characters occur only in its strings.
#[must_use]
pub fn shown_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for letter in json.chars() {
        if acts(letter) && letter != '\n' {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Shortens a text to a number of characters. The last one is then `…`.
#[must_use]
pub fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_marks_of_direction_are_escaped() {
        assert_eq!(shown("a\u{1b}[2Jb\u{202e}c é\n"), "a\\u{1b}[2Jb\\u{202e}c é\\n");
        assert_eq!(shown_lines("a\u{9b}\nb"), "a\\u{9b}\nb");
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_told_apart() {
        use std::os::unix::ffi::OsStrExt;
        let exact = |bytes: &[u8]| exact(Path::new(std::ffi::OsStr::from_bytes(bytes)));
        assert_eq!([exact(b"/a\xffb\xc3"), exact(b"/a\xfeb")], ["/a\\xffb\\xc3", "/a\\xfeb"]);
        assert_eq!(exact("/ä".as_bytes()), "/ä");
    }

    #[test]
    fn escaped_json_has_the_same_value() {
        let value = serde_json::json!({ "a\u{1b}\u{7f}": "\u{9b}2J\u{202e}é\n" });
        let json = shown_json(&serde_json::to_string_pretty(&value).unwrap());
        assert!(!json.chars().any(|letter| acts(letter) && letter != '\n'), "{json}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap(), value);
    }

    #[test]
    fn long_text_is_shortened_by_characters() {
        assert_eq!(shortened("äöü", 3), "äöü");
        assert_eq!(shortened("äöüß", 3), "äö…");
    }
}
