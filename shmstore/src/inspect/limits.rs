//! The limits of one call that decodes values.

use std::time::Duration;

/// The limits of one call that decodes values.
///
/// ```
/// use shmstore::inspect::Limits;
///
/// let mut limits = Limits::default().with_elements(100);
/// limits.nodes = 1000;
/// assert_eq!((limits.elements, limits.bytes), (100, 1 << 30));
/// ```
///
/// # Hostile schemas
///
/// These hold for any schema:
///
/// - At most [`nodes`](Self::nodes) values are made, and fewer if names are very long or types have very many fields.
/// - At most 100,000 values are made, and four more for each byte of the object.
/// - At most eight elements of a list are visited if they have no bytes.
/// - At most as many bytes are copied as the object has.
/// - At most 1,048,576 slots of queues and broadcasts and entries of maps are read, or [`nodes`](Self::nodes) of them
///   if that is more. One of more than 64 bytes counts as several. If a queue has more slots behind its cursor, or a
///   map more entries, some are left out.
/// - A call waits little longer than ten times [`wait`](Self::wait).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The most elements of an array, list or frame, items of a queue or broadcast, and keys of a map, that are decoded.
    /// The others are counted. The default is 8.
    pub elements: u64,
    /// The most values in all, including values within others. The default is 100,000.
    pub nodes: u64,
    /// The longest time to try to copy a value that other processes store all the time. All values of a call together
    /// may take ten times as long. The default is 100 ms.
    pub wait: Duration,
    /// The most bytes that are copied in all, of `Versioned` values, of items, of keys and their values, of frames, and
    /// of text. The default is 1 GiB.
    ///
    /// A value beyond this limit is [`Invalid`](super::Value::Invalid). A `Versioned` still has its version then, but
    /// its value is not touched. Of a frame, the first elements are decoded.
    pub bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { elements: 8, nodes: 100_000, wait: Duration::from_millis(100), bytes: 1 << 30 }
    }
}

impl Limits {
    /// Returns limits of all elements, ten million values, 16 GiB, and the default wait.
    #[must_use]
    pub fn full() -> Self {
        Self { elements: u64::MAX, nodes: 10_000_000, bytes: 16 << 30, ..Self::default() }
    }

    /// Returns the same limits with other [`elements`](Self::elements).
    #[must_use]
    pub fn with_elements(self, elements: u64) -> Self {
        Self { elements, ..self }
    }
}
