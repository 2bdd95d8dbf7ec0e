//! Colors, closed pipes, wrong usage.

use std::process::Stdio;

use super::support::*;

fn listed(set: &[(&str, &str)]) -> String {
    let mut ls = program();
    ls.arg("ls");
    ls.envs(set.iter().copied());
    on_terminal(ls, "").with(0).out
}

#[test]
fn colors_are_for_terminals_and_no_color_turns_them_off() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Counter>().unwrap());
    assert!(listed(&[]).contains("\u{1b}[1mPATH\u{1b}[0m"));
    assert!(!listed(&[("NO_COLOR", "1")]).contains('\u{1b}'));
    assert!(listed(&[("NO_COLOR", "")]).contains('\u{1b}'), "an empty variable counts as not set");
    assert!(!listed(&[("TERM", "dumb")]).contains('\u{1b}'));
    assert!(!run(["ls"]).with(0).out.contains('\u{1b}'));
}

#[test]
fn closed_pipe_ends_the_program_without_an_error() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Rover>().unwrap());
    let path = scratch.join("rover");
    for args in [&["ls"][..], &["show", path.to_str().unwrap()], &["man"], &["completions", "zsh"], &["doctor"]] {
        let (reader, writer) = nix::unistd::pipe().unwrap();
        drop(reader);
        let output = program().args(args).stdout(Stdio::from(writer)).stderr(Stdio::piped()).output().unwrap();
        let ended = ended(output).with(0);
        assert!(ended.err.is_empty(), "{args:?}: {ended:?}");
    }
}

#[test]
fn wrong_usage_is_exit_code_2() {
    assert!(run(["nonsense"]).with(2).err.contains("Usage"));
    run(["rm"]).with(2);
    run(["--help"]).with(0);
    run(["--version"]).with(0);
}

#[test]
fn help_that_cannot_be_written_is_exit_code_1() {
    for arg in ["--help", "--version"] {
        let full = std::fs::File::create("/dev/full").unwrap();
        let output = program().arg(arg).stdout(full).stderr(Stdio::piped()).output().unwrap();
        assert!(ended(output).with(1).err.contains("No space left"));
    }
}
