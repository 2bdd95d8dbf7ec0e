//! Plays every role that tests give to another process: `actor ROLE …`. `shmstore_tests::peer` starts it, and says how it
//! listens and answers.

mod bystander;
mod fleet;
mod frame_relay;
mod framer;
mod grip;
mod hammer;
mod holder;
mod look;
mod map_relay;
mod mapper;
mod mirror;
mod mover;
mod obey;
mod peer;
mod plugins;
mod reader;
mod relay;
mod rover;
mod sandboxed;
mod storer;
mod stream_relay;
mod streamer;
mod turns;
mod twins;
mod untyped;
mod vandal;
mod victim;
mod waits;

fn main() {
    shmstore_tests::sandbox::enter();
    let role = std::env::args().nth(1).expect("a role");
    let play = match role.as_str() {
        "bystander" => bystander::play,
        "fleet" => fleet::play,
        "frame_relay" => frame_relay::play,
        "framer" => framer::play,
        "grip" => grip::play,
        "hammer" => hammer::play,
        "holder" => holder::play,
        "look" => look::play,
        "map_relay" => map_relay::play,
        "mapper" => mapper::play,
        "mirror" => mirror::play,
        "mover" => mover::play,
        "peer" => peer::play,
        "plugins" => plugins::play,
        "reader" => reader::play,
        "relay" => relay::play,
        "rover" => rover::play,
        "sandboxed" => sandboxed::play,
        "storer" => storer::play,
        "stream_relay" => stream_relay::play,
        "streamer" => streamer::play,
        "twins" => twins::play,
        "untyped" => untyped::play,
        "vandal" => vandal::play,
        "victim" => victim::play,
        other => panic!("there is no role `{other}`"),
    };
    play();
}

/// Returns the arguments after the role.
fn args() -> std::iter::Skip<std::env::Args> {
    std::env::args().skip(2)
}

/// Returns the first of them, the path of the store.
fn path() -> std::path::PathBuf {
    args().next().expect("the path of a store").into()
}
