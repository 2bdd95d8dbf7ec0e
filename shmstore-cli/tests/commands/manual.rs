//! `shmstore completions` and `shmstore man`.

use super::support::*;

const COMMANDS: [&str; 27] = [
    "ls",
    "show",
    "get",
    "watch",
    "tail",
    "wait",
    "set",
    "put",
    "del",
    "push",
    "pop",
    "send",
    "notify",
    "create",
    "schema",
    "diff",
    "rm",
    "gc",
    "doctor",
    "save",
    "load",
    "migrate",
    "record",
    "replay",
    "mirror",
    "completions",
    "man",
];

#[test]
fn every_shell_completes_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(["completions", shell]).with(0).out;
        for command in COMMANDS {
            assert!(script.contains(command), "{shell} does not know {command}");
        }
    }
    let script = run(["completions", "bash"]).with(0).out;
    let checked = std::process::Command::new("bash").args(["-n", "-c", &script]).status().unwrap();
    assert!(checked.success());
}

#[test]
fn manual_has_a_page_for_every_command_and_the_exit_codes() {
    let page = run(["man"]).with(0).out;
    assert!(page.contains(".TH shmstore 1") && page.contains(".SH \"EXIT STATUS\"\n.TP\n0\nsuccess"), "{page}");
    let scratch = Scratch::new();
    let none = scratch.join("none");
    assert!(run(["man", "--dir", none.to_str().unwrap()]).with(3).err.contains("does not exist"));
    run(["man", "--dir", scratch.path().to_str().unwrap()]).with(0);
    assert_eq!(std::fs::read_to_string(scratch.join("shmstore.1")).unwrap(), page);
    for command in COMMANDS {
        let page = std::fs::read_to_string(scratch.join(&format!("shmstore-{command}.1"))).unwrap();
        assert!(page.contains(".SH DESCRIPTION"), "{page}");
    }
}
