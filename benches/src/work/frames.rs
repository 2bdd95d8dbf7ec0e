//! Large values, which a reader reads where a writer has filled them.

pub(super) mod exchange;
pub(super) mod latency;
