//! The pages of a segment that may be read during one call. The kernel checks each page once, before its first byte is
//! read. A page that no process has written yet is told apart, as a read would have the kernel allocate it.

use std::cell::{OnceCell, RefCell};
use std::ops::Range;

use super::process::{PAGE, ordinary_page_size};
use super::shm::{Mapping, Unreadable, nothing_is_swapped};

/// The pages that were checked.
#[derive(Debug)]
pub(crate) struct ReadablePages<'a> {
    mapping: &'a Mapping,
    /// A bit for each page.
    checked: RefCell<Vec<u64>>,
    /// A bit for each page that was found to be unwritten. Empty until there is one.
    unwritten: RefCell<Vec<u64>>,
    /// Whether the kernel's word is enough that a page was never written: it says the same of a page in swap space.
    nothing_is_swapped: OnceCell<bool>,
}

impl<'a> ReadablePages<'a> {
    pub(crate) fn of(mapping: &'a Mapping) -> Self {
        let checked = RefCell::new(vec![0; words(mapping)]);
        Self { mapping, checked, unwritten: RefCell::default(), nothing_is_swapped: OnceCell::new() }
    }

    /// Checks the pages of a range that were not checked before. The range is within the mapping.
    pub(crate) fn check(&self, range: &Range<usize>) -> Result<(), Unreadable> {
        let mut checked = self.checked.borrow_mut();
        for page in range.start / PAGE..range.end.div_ceil(PAGE) {
            let (word, bit) = place(page);
            if checked[word] & bit == 0 {
                self.mapping.check_readable(&(page * PAGE..(page + 1) * PAGE))?;
                checked[word] |= bit;
            }
        }
        Ok(())
    }

    /// Returns `true` if all pages of a range of few bytes are known to be zeros that no process has written, at some
    /// moment of this call. The range is within the mapping.
    pub(crate) fn are_unwritten(&self, range: &Range<usize>) -> bool {
        (range.start / PAGE..range.end.div_ceil(PAGE)).all(|page| self.is_unwritten(page))
    }

    fn is_unwritten(&self, page: usize) -> bool {
        let (word, bit) = place(page);
        if self.checked.borrow()[word] & bit != 0 {
            return false;
        }
        if self.unwritten.borrow().get(word).is_some_and(|known| known & bit != 0) {
            return true;
        }
        let start = page * PAGE / ordinary_page_size() * ordinary_page_size();
        if self.mapping.has_in_memory(&(start..start + 1)) {
            return false;
        }
        // Asked after the page, so that the page was not in swap space when it was not in memory.
        if !*self.nothing_is_swapped.get_or_init(nothing_is_swapped) {
            return false;
        }
        let mut unwritten = self.unwritten.borrow_mut();
        unwritten.resize(words(self.mapping), 0);
        unwritten[word] |= bit;
        true
    }
}

fn words(mapping: &Mapping) -> usize {
    mapping.len().div_ceil(PAGE * u64::BITS as usize)
}

fn place(page: usize) -> (usize, u64) {
    (page / u64::BITS as usize, 1 << (page % u64::BITS as usize))
}
