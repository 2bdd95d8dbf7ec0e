//! Wrong settings are refused by the program with what to do, and nothing is started.

use std::path::Path;
use std::process::Command;

/// Runs the program, which has to fail, and returns what it says.
fn refused(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_shmstore-mirror")).args(args).output().expect("it runs");
    assert!(!output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).expect("text")
}

fn file(directory: &Path, name: &str, text: &str) -> String {
    let path = directory.join(name);
    std::fs::write(&path, text).expect("a file");
    path.display().to_string()
}

#[test]
fn flags_that_mean_nothing_are_refused() {
    let cases: [(&[&str], &str); 9] = [
        (&["export", "--host", "a", "/x"], "there is no endpoint"),
        (&["export", "--host", "a", "--listen", "tls/127.0.0.1:1", "/x"], "TLS needs"),
        (&["export", "--host", "a", "--listen", "tcp/127.0.0.1:1", "/x"], "begins with `tls/`"),
        (&["export", "--host", "a", "--insecure", "--listen", "tls/127.0.0.1:1", "/x"], "begins with `tcp/`"),
        (
            &["export", "--host", "a", "--insecure", "--listen", "tcp/127.0.0.1:1", "--to", "b", "/x"],
            "`to` has no effect",
        ),
        (&["export", "--host", "a", "--insecure", "--listen", "tcp/127.0.0.1:1"], "nothing is exported"),
        (&["export", "--host", "a/b", "/x"], "is not a name"),
        (&["import", "--host", "a", "--insecure", "--connect", "tcp/127.0.0.1:1"], "nothing is imported"),
        (&["export", "--host", "a", "--name", "x", "--insecure", "--listen", "tcp/127.0.0.1:1"], "<PATHS>"),
    ];
    for (args, expected) in cases {
        let said = refused(args);
        assert!(said.contains(expected), "{args:?} should say {expected:?}: {said}");
    }
    let of_import = ["import", "--host", "a", "--insecure", "--connect", "tcp/127.0.0.1:1", "--directory", "/x"];
    let with = |more: &[&str]| refused(&[&of_import[..], more].concat());
    assert!(with(&["--from", "a", "--name", "*"]).contains("which is this host"));
    assert!(with(&["--from", "b"]).contains("nothing of b is accepted"));
    assert!(with(&["--from", "b", "--name", "*", "--mode", "0700"]).contains("other bits"));
    assert!(with(&["--from", "b", "--name", "*", "--mode", "rw"]).contains("it is octal"));
    assert!(with(&["--from", "b", "--name", "*", "--max-objects", "5000"]).contains("at most 1024"));
}

#[test]
fn files_that_mean_nothing_are_refused_with_their_line() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str, text: &str| file(directory.path(), name, text);
    let said = |text: &str| refused(&["export", "--config", &path("a.toml", text)]);
    assert!(said("host = \"a\"\nhots = 1").contains("line 2"));
    assert!(said("host = \"../a\"").contains("is not a name"));
    assert!(said("").contains("give `host` in the file, or `--host`"));
    let with_key = "host = \"a\"\n[network]\nlisten = [\"tls/127.0.0.1:1\"]\nauthority = \"no.pem\"\n\
                    certificate = \"c.pem\"\nkey = \"k\"\n[export]\nto = [\"b\"]\nobjects = [{ path = \"/x\", as = \"x\" }]";
    let missing = said(with_key);
    assert!(missing.contains("cannot read `authority`") && missing.contains("No such file"), "{missing}");
    path("no.pem", "hello");
    assert!(said(with_key).contains("it is no PEM file"));
    assert!(refused(&["export", "--config", "/nonexistent.toml"]).contains("No such file"));
}

#[test]
fn directory_without_copies_has_no_status() {
    let directory = tempfile::tempdir().expect("a directory");
    let said = refused(&["status", &directory.path().display().to_string()]);
    assert!(said.contains("has no copies: no importer has used it"), "{said}");
}
