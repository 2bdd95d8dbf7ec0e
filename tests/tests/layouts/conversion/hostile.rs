//! Types that no program has.

use std::time::{Duration, Instant};

use shmstore::schema::{OwnedKind, OwnedSchema, Primitive};
use shmstore_tests::images::saved_bytes;
use shmstore_tests::schemas::{array, build, phantom, primitive, struct_of};

/// A `Versioned` array of bytes, each with many texts of no bytes. Only the name of a field without meaning differs.
fn of_texts(elements: u64, texts: usize, nothing: &str) -> OwnedSchema {
    let text = build(0, 1, OwnedKind::FixedString { capacity: 0 });
    let texts = (0..texts).map(|at| (format!("t{at}"), text.clone()));
    let fields = [("byte".into(), primitive(Primitive::U8)), (nothing.into(), phantom())].into_iter().chain(texts);
    let value = Box::new(array(struct_of("S", vec![], fields, 1), elements));
    // Two lines of words, and two slots.
    build(128 + 2 * elements, 64, OwnedKind::Versioned { value })
}

#[test]
fn conversion_of_parts_without_bytes_takes_no_time() {
    let (old, new) = (of_texts(1 << 14, 9000, "a"), of_texts(1 << 14, 9000, "b"));
    let saved = saved_bytes(&old, &vec![0; old.size() as usize]);
    let started = Instant::now();
    let refused = saved.convert_to(&new).map(|(_, migration)| migration).expect_err("it has too many parts");
    assert!(refused.why.contains("more parts than bytes"), "{refused}");
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
}
