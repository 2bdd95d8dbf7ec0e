//! The state of a list on the screen: selection, filter, pause, help.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key asks of the program, beyond the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Nothing.
    Nothing,
    /// End the program.
    Quit,
    /// Show the next object.
    Next,
    /// Show the previous object.
    Previous,
}

/// The state of a list.
#[derive(Debug, Clone, Default)]
pub(super) struct List {
    /// The selected row, among the rows that match the filter.
    pub(super) selected: usize,
    /// A text that the name of a row must contain. Case does not matter.
    pub(super) filter: String,
    /// While the user types the filter: the filter before.
    pub(super) typing: Option<String>,
    /// Whether news is ignored.
    pub(super) paused: bool,
    /// Whether the keys are explained.
    pub(super) help: bool,
}

/// The greatest number of bytes in a filter.
const LONGEST_FILTER: usize = 200;

impl List {
    /// Handles a key. `count` rows match the filter, and `page` rows fit on the screen.
    pub(super) fn key(&mut self, key: KeyEvent, count: usize, page: usize) -> Asked {
        if key.modifiers.contains(KeyModifiers::CONTROL) && matches!(key.code, KeyCode::Char('c' | 'C')) {
            return Asked::Quit;
        }
        // These keys have no meaning here, and are not text.
        if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
            return Asked::Nothing;
        }
        if self.typing.is_some() {
            self.typed(key.code);
            return Asked::Nothing;
        }
        let (page, last) = (page.max(1), count.saturating_sub(1));
        match key.code {
            KeyCode::Char('q' | 'Q') => return Asked::Quit,
            // Esc leaves the help, then the filter, then the program.
            KeyCode::Esc if self.help => self.help = false,
            KeyCode::Esc if !self.filter.is_empty() => self.filter.clear(),
            KeyCode::Esc => return Asked::Quit,
            KeyCode::Tab | KeyCode::Right => return Asked::Next,
            KeyCode::BackTab | KeyCode::Left => return Asked::Previous,
            KeyCode::Char(' ') => self.paused = !self.paused,
            KeyCode::Char('?') => self.help = !self.help,
            KeyCode::Char('/') => self.typing = Some(self.filter.clone()),
            KeyCode::Up => self.selected = self.selected.saturating_sub(1),
            KeyCode::Down => self.selected = self.selected.saturating_add(1),
            KeyCode::PageUp => self.selected = self.selected.saturating_sub(page),
            KeyCode::PageDown => self.selected = self.selected.saturating_add(page),
            KeyCode::Home => self.selected = 0,
            KeyCode::End => self.selected = last,
            _ => {}
        }
        self.selected = self.selected.min(last);
        Asked::Nothing
    }

    fn typed(&mut self, code: KeyCode) {
        match code {
            KeyCode::Enter => self.typing = None,
            KeyCode::Esc => self.filter = self.typing.take().unwrap_or_default(),
            KeyCode::Backspace => drop(self.filter.pop()),
            KeyCode::Char(letter) if self.filter.len() < LONGEST_FILTER && !letter.is_control() => {
                self.filter.push(letter);
            }
            _ => {}
        }
        self.selected = 0;
    }

    /// Returns `true` if a name matches the filter.
    pub(super) fn matches(&self, name: &str) -> bool {
        self.filter.is_empty() || name.to_lowercase().contains(&self.filter.to_lowercase())
    }

    /// Returns the first row of the page with the selected row.
    pub(super) fn first_row(&self, count: usize, page: usize) -> usize {
        let selected = self.selected.min(count.saturating_sub(1));
        let page = page.max(1);
        // Pages are fixed, so that rows do not scroll while the selection moves.
        selected / page * page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(list: &mut List, code: KeyCode) -> Asked {
        list.key(KeyEvent::new(code, KeyModifiers::NONE), 100, 10)
    }

    #[test]
    fn the_selection_moves_and_stays_within_the_list() {
        let mut list = List::default();
        for (code, selected) in [
            (KeyCode::Up, 0),
            (KeyCode::Down, 1),
            (KeyCode::PageDown, 11),
            (KeyCode::PageUp, 1),
            (KeyCode::End, 99),
            (KeyCode::Down, 99),
            (KeyCode::PageDown, 99),
            (KeyCode::Home, 0),
        ] {
            assert_eq!(press(&mut list, code), Asked::Nothing);
            assert_eq!(list.selected, selected, "{code:?}");
        }
        list.key(KeyEvent::new(KeyCode::End, KeyModifiers::NONE), 0, 0);
        assert_eq!(list.selected, 0);
    }

    #[test]
    fn a_page_with_the_selection_is_shown() {
        let mut list = List::default();
        for (selected, first) in [(0, 0), (9, 0), (10, 10), (99, 90)] {
            list.selected = selected;
            assert_eq!(list.first_row(100, 10), first);
        }
        assert_eq!((list.first_row(5, 10), list.first_row(0, 0)), (0, 0), "the list has shrunk");
    }

    #[test]
    fn letters_are_text_while_a_filter_is_typed() {
        let mut list = List::default();
        for code in [KeyCode::Char('/'), KeyCode::Char('q'), KeyCode::Char('?'), KeyCode::Char('x'), KeyCode::Backspace]
        {
            assert_eq!(press(&mut list, code), Asked::Nothing);
        }
        assert_eq!((list.filter.as_str(), list.help), ("q?", false));
        press(&mut list, KeyCode::Enter);
        assert!(list.matches("a.Q?") && !list.matches("a"));
        press(&mut list, KeyCode::Char('/'));
        press(&mut list, KeyCode::Char('z'));
        press(&mut list, KeyCode::Esc);
        assert_eq!(list.filter, "q?", "Esc undoes the typed text");
        assert_eq!(press(&mut list, KeyCode::Esc), Asked::Nothing);
        assert_eq!(list.filter, "", "Esc leaves the filter first");
        assert_eq!(press(&mut list, KeyCode::Esc), Asked::Quit);
    }

    #[test]
    fn control_c_quits_also_while_a_filter_is_typed() {
        let mut list = List::default();
        press(&mut list, KeyCode::Char('/'));
        assert_eq!(list.key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL), 1, 1), Asked::Nothing);
        assert_eq!(list.filter, "", "Ctrl-U is not text");
        assert_eq!(list.key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL), 1, 1), Asked::Quit);
    }
}
