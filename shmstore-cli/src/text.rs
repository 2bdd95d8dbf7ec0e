//! Text that somebody else has written, made fit for a terminal.

/// Escapes what a terminal would act upon, or show in the wrong order: control characters and marks of direction.
#[must_use]
pub fn shown(text: &str) -> String {
    let acts = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().fold(String::with_capacity(text.len()), |mut shown, letter| {
        if acts(letter) {
            shown.extend(letter.escape_default())
        } else {
            shown.push(letter)
        }
        shown
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_acts_upon_is_escaped() {
        assert_eq!(shown("a\u{1b}[2Jb\u{202e}c é\n"), "a\\u{1b}[2Jb\\u{202e}c é\\n");
    }
}
