//! A process that stores a number in each part of [`Many`], whenever it is told one.

use std::io::{self, BufRead};

use shmstore::{Shared, Store};
use shmstore_tests::objects::Many;

pub(crate) fn play() {
    let many: Shared<Many> = Store::open(super::path()).expect("a store").attach_or_create().expect("an object");
    println!("ok ready");
    for line in io::stdin().lock().lines() {
        let number = line.expect("text").parse().expect("a number");
        many.parts.iter().for_each(|part| _ = part.store(number));
        println!("ok ");
    }
}
