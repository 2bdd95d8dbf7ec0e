//! 
#[test]
fn dump() {
    let scratch = crate::installed::Scratch::new();
    crate::objects::write_header(&scratch);
    std::fs::copy(scratch.path().join("all.h"), "/tmp/s18/all.h").unwrap();
    println!("{:?}", crate::installed::flags(&["--cflags", "--libs"]));
}
