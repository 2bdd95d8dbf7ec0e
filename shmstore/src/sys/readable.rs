//! The pages of a segment that may be read during one call. The kernel checks each page once, before its first byte is
//! read.

use std::cell::RefCell;
use std::ops::Range;

use super::process::PAGE;
use super::shm::{Mapping, Unreadable};

/// The pages of a word of the bit set.
const BITS: usize = u64::BITS as usize;

/// The pages that were checked.
#[derive(Debug)]
pub(crate) struct ReadablePages<'a> {
    mapping: &'a Mapping,
    /// A bit for each page.
    checked: RefCell<Vec<u64>>,
}

impl<'a> ReadablePages<'a> {
    pub(crate) fn of(mapping: &'a Mapping) -> Self {
        let words = mapping.len().div_ceil(PAGE * BITS);
        Self { mapping, checked: RefCell::new(vec![0; words]) }
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
            self.mapping.check_readable(&(first * PAGE..next * PAGE))?;
            (first..next).for_each(|page| checked[page / BITS] |= 1 << (page % BITS));
        }
        Ok(())
    }
}

fn is_set(checked: &[u64], page: usize) -> bool {
    checked[page / BITS] & 1 << (page % BITS) != 0
}
