use std::borrow::Cow;

use shmstore::FixedString;

fn main() {
    let _: FixedString<12> = FixedString::new("rover");
    let _: FixedString<12> = FixedString::from("rover");
    let _: FixedString<12> = FixedString::from(String::from("rover"));
    let _: FixedString<12> = FixedString::from(Cow::from("rover"));
    let _: FixedString<12> = "rover".into();
}
