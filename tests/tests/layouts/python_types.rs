//! Types of Python have the schemas and the hashes of Rust's. `shmstore-python/tests/types.txt` is compared with the
//! derives here, and with the same types in Python by `shmstore-python/tests/test_define.py`.

use std::fs;
use std::path::Path;

use shmstore_tests::python_types::ALL;

#[test]
fn types_of_the_python_package_are_those_of_the_derives() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shmstore-python/tests/types.txt");
    let lines = ALL.map(|(name, schema)| format!("{name} {} {}\n", schema.hash(), schema.to_json()));
    if std::env::var_os("SHMSTORE_WRITE_GOLDEN").is_some() {
        fs::write(&path, lines.concat()).expect("the file of the types");
    }
    let found = fs::read_to_string(&path).expect("shmstore-python/tests/types.txt");
    assert!(
        found == lines.concat(),
        "write it anew with SHMSTORE_WRITE_GOLDEN=1, if the types were changed on purpose"
    );
}
