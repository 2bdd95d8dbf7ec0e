//! Two hosts on this machine: network namespaces with IPC, mount and PID namespaces of their own.

mod board;
mod certificates;
mod copies;
mod failures;
mod support;

/// The program that the tests run on their hosts.
#[test]
#[ignore = "the other tests run it as a process of its own"]
fn actor() {
    if let Some(directory) = std::env::var_os(board::ACTOR) {
        board::act(directory.into());
    }
}
