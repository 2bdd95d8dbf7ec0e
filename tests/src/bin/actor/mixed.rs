//! Works on the object of workers in several languages: `mixed <kind> <path> <place> <seed>`.

use shmstore_tests::torture::work_mixed;

pub(crate) fn play() {
    let arguments: Vec<String> = super::args().collect();
    let [kind, path, place, seed] = &arguments[..] else { panic!("a kind, a path, a place, a seed") };
    work_mixed(kind, path.as_ref(), place.parse().expect("a place"), seed.parse().expect("a number"));
}
