//! The versions of many parts, which a reader that polls compares all at once.

use std::sync::atomic::Ordering::Acquire;

use super::part::Part;
use super::reading::Reading;

/// The parts that a reader polls, and what it has seen of them. [`Reading::changed`] compares them.
///
/// It lets a reader look at some thousand parts each millisecond. A look at a part that has not changed takes a few
/// nanoseconds.
#[derive(Debug, Clone, Default)]
pub struct Versions {
    words: Vec<Word>,
}

#[derive(Debug, Clone, Copy)]
struct Word {
    /// The offset of the version. The greatest number stands for none.
    at: usize,
    /// What was there. The greatest number was never seen, as no part is stored so often.
    seen: u64,
}

impl Word {
    fn of(part: &Part) -> Self {
        Self { at: part.version_at().unwrap_or(usize::MAX), seen: u64::MAX }
    }
}

impl Versions {
    /// Adds a part, whose index is the number of those before it. A part that is no `Versioned` always counts as
    /// changed.
    pub fn push(&mut self, part: &Part) {
        self.words.push(Word::of(part));
    }

    /// Replaces the part at an index, as if it had never been seen. An index beyond the parts is ignored.
    pub fn replace(&mut self, index: usize, part: &Part) {
        if let Some(word) = self.words.get_mut(index) {
            *word = Word::of(part);
        }
    }
}

impl Reading<'_> {
    /// Calls `each` with the index of every part that may have changed since `each` has returned `true` for it.
    ///
    /// It may be called for a part that has not changed, and [`Reading::changes`] says so then. It is also called for
    /// a part that cannot be read. If it returns `false`, the next look calls it again.
    ///
    /// ```
    /// use shmstore::inspect::{Limits, Object, Versions};
    /// use shmstore::{ShmObject, Store, Versioned};
    ///
    /// #[derive(ShmObject)]
    /// #[repr(C)]
    /// #[shm(id = 'W')]
    /// struct Words { words: [Versioned<u64>; 3] }
    ///
    /// # let dir = tempfile::tempdir()?;
    /// let store = Store::open(dir.path())?;
    /// let words = store.create::<Words>()?;
    /// let object = Object::find(dir.path(), Some('W'))?;
    /// let (limits, mut versions) = (Limits::default(), Versions::default());
    /// object.parts()?.iter().for_each(|part| versions.push(part));
    /// let mut changed = || {
    ///     let mut found = Vec::new();
    ///     object.reading(&limits).changed(&mut versions, |index| {
    ///         found.push(index);
    ///         true
    ///     });
    ///     found
    /// };
    /// assert_eq!(changed(), [0, 1, 2]); // none was seen before
    /// words.words[1].store(7);
    /// assert_eq!(changed(), [1]);
    /// # store.remove::<Words>()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn changed(&self, versions: &mut Versions, mut each: impl FnMut(usize) -> bool) {
        let (live, mut page) = (self.live(), None);
        for (index, word) in versions.words.iter_mut().enumerate() {
            let now = live.next_word(word.at, &mut page).map_or(u64::MAX, |found| found.load(Acquire));
            if (now != word.seen || now == u64::MAX) && each(index) {
                word.seen = now;
            }
        }
    }
}
