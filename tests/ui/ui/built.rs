//! Has trybuild build the cases beside it.
fn main() {}
