//! The pages of a segment that may be read during one call. The kernel checks each page once, before its first byte is
//! read. A page that no process has written yet is told apart, as a read would have the kernel allocate it.

use std::cell::{Cell, OnceCell, RefCell};
use std::ops::Range;

use super::process::{PAGE, ordinary_page_size};
use super::shm::{Mapping, Unreadable, nothing_is_swapped};

/// The pages of a word of the bit set.
const BITS: usize = u64::BITS as usize;

/// The most pages that one call of the kernel is about.
const MOST_AHEAD: usize = 64;

/// The pages that were checked.
#[derive(Debug)]
pub(crate) struct ReadablePages<'a> {
    mapping: &'a Mapping,
    /// A bit for each page.
    checked: RefCell<Vec<u64>>,
    /// A bit for each page that was found to be in memory. Empty until there is one.
    in_memory: RefCell<Vec<u64>>,
    /// The page behind those that were asked about last, and their number. A caller that asks about one page after the
    /// other has the kernel asked about ever more pages at once.
    ahead: Cell<(usize, usize)>,
    /// Whether the kernel's word is enough that a page was never written: it says the same of a page in swap space.
    nothing_is_swapped: OnceCell<bool>,
}

impl<'a> ReadablePages<'a> {
    pub(crate) fn of(mapping: &'a Mapping) -> Self {
        let checked = RefCell::new(vec![0; words(mapping)]);
        Self {
            mapping,
            checked,
            in_memory: RefCell::default(),
            ahead: Cell::default(),
            nothing_is_swapped: OnceCell::new(),
        }
    }

    /// Checks the pages of a range that were not checked before. The range is within the mapping.
    #[inline]
    pub(crate) fn check(&self, range: &Range<usize>) -> Result<(), Unreadable> {
        let (first, end) = (range.start / PAGE, range.end.div_ceil(PAGE));
        // A reader that polls many words asks for the same page again and again.
        if end == first + 1 && is_set(&self.checked.borrow(), first) {
            return Ok(());
        }
        self.check_unknown(range)
    }

    fn check_unknown(&self, range: &Range<usize>) -> Result<(), Unreadable> {
        let mut checked = self.checked.borrow_mut();
        let pages = range.start / PAGE..range.end.div_ceil(PAGE);
        let mut next = pages.start;
        while let Some(first) = (next..pages.end).find(|page| !is_set(&checked, *page)) {
            // Pages that follow each other take one call.
            next = (first..pages.end).find(|page| is_set(&checked, *page)).unwrap_or(pages.end);
            let in_memory = self.in_memory.borrow();
            let is_next = |page: &usize| is_known(&in_memory, *page) && !is_set(&checked, *page);
            let more = (next..first + MOST_AHEAD).take_while(is_next).count();
            if more > 0 && self.mapping.check_readable(&(first * PAGE..(next + more) * PAGE)).is_ok() {
                next += more;
            } else {
                // A page that no caller asked for is no reason to fail.
                self.mapping.check_readable(&(first * PAGE..next * PAGE))?;
            }
            for (word, bit) in (first..next).map(place) {
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

    /// The answer is not kept. A process may write the page next, and a reader that takes new words of one page and
    /// old zeros for another would take a state that never was.
    fn is_unwritten(&self, page: usize) -> bool {
        // The swap space is asked about after the page, which was not in it then when it was not in memory.
        !is_set(&self.checked.borrow(), page)
            && !self.is_in_memory(page)
            && *self.nothing_is_swapped.get_or_init(nothing_is_swapped)
    }

    fn is_in_memory(&self, page: usize) -> bool {
        let mut in_memory = self.in_memory.borrow_mut();
        if is_known(&in_memory, page) {
            return true;
        }
        let size = ordinary_page_size();
        if size != PAGE {
            let start = page * PAGE / size * size;
            return self.mapping.has_in_memory(&(start..start + 1));
        }
        let (next, before) = self.ahead.get();
        let count = if next == page { (2 * before).clamp(1, MOST_AHEAD) } else { 1 };
        let end = (page + count).min(self.mapping.len().div_ceil(PAGE));
        self.ahead.set((end, count));
        in_memory.resize(words(self.mapping), 0);
        let mut found = [0; MOST_AHEAD];
        self.mapping.in_memory(page * PAGE, &mut found[..end - page]);
        for (word, bit) in (page..end).zip(&found).filter(|(_, found)| *found & 1 != 0).map(|(page, _)| place(page)) {
            in_memory[word] |= bit;
        }
        found[0] & 1 != 0
    }
}

/// As [`is_set`], of bits that may be absent.
fn is_known(pages: &[u64], page: usize) -> bool {
    let (word, bit) = place(page);
    pages.get(word).is_some_and(|known| known & bit != 0)
}

fn words(mapping: &Mapping) -> usize {
    mapping.len().div_ceil(PAGE * BITS)
}

fn place(page: usize) -> (usize, u64) {
    (page / BITS, 1 << (page % BITS))
}

fn is_set(pages: &[u64], page: usize) -> bool {
    let (word, bit) = place(page);
    pages[word] & bit != 0
}
