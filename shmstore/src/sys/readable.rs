//! The pages of a segment that may be read during one call. The kernel checks each page once, before its first byte is
//! read.

use std::cell::RefCell;
use std::ops::Range;

use super::process::PAGE;
use super::shm::{Mapping, Unreadable};

/// The pages that were checked.
#[derive(Debug)]
pub(crate) struct ReadablePages<'a> {
    mapping: &'a Mapping,
    /// A bit for each page.
    checked: RefCell<Vec<u64>>,
}

impl<'a> ReadablePages<'a> {
    pub(crate) fn of(mapping: &'a Mapping) -> Self {
        let words = mapping.len().div_ceil(PAGE * u64::BITS as usize);
        Self { mapping, checked: RefCell::new(vec![0; words]) }
    }

    /// Checks the pages of a range that were not checked before. The range is within the mapping.
    pub(crate) fn check(&self, range: &Range<usize>) -> Result<(), Unreadable> {
        let mut checked = self.checked.borrow_mut();
        for page in range.start / PAGE..range.end.div_ceil(PAGE) {
            let (word, bit) = (page / u64::BITS as usize, 1 << (page % u64::BITS as usize));
            if checked[word] & bit == 0 {
                self.mapping.check_readable(&(page * PAGE..(page + 1) * PAGE))?;
                checked[word] |= bit;
            }
        }
        Ok(())
    }
}
