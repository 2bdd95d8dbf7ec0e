//! Whatever tests have done by another process, one role each: `actor ROLE …`. See `shmstore_tests::peer` for how it is
//! started, and for how it listens and answers.

mod bystander;
mod grip;
mod hammer;
mod holder;
mod look;
mod obey;
mod peer;
mod plugins;
mod reader;
mod relay;
mod sandboxed;
mod twins;
mod vandal;
mod victim;

fn main() {
    shmstore_tests::sandbox::enter();
    let role = std::env::args().nth(1).expect("a role");
    let play = match role.as_str() {
        "bystander" => bystander::play,
        "grip" => grip::play,
        "hammer" => hammer::play,
        "holder" => holder::play,
        "look" => look::play,
        "peer" => peer::play,
        "plugins" => plugins::play,
        "reader" => reader::play,
        "relay" => relay::play,
        "sandboxed" => sandboxed::play,
        "twins" => twins::play,
        "vandal" => vandal::play,
        "victim" => victim::play,
        other => panic!("there is no role `{other}`"),
    };
    play();
}

/// What stands after the role.
fn args() -> std::iter::Skip<std::env::Args> {
    std::env::args().skip(2)
}

/// The path of the store, which is the first of them.
fn path() -> std::path::PathBuf {
    args().next().expect("the path of a store").into()
}
