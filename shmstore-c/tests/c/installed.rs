//! The library as `install.sh` installs it, and programs that are compiled with it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::{env, fs};

use shmstore::Store;
use tempfile::TempDir;

/// Runs a command, and returns what it prints.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {status}\n{stdout}\n{stderr}");
    stdout.into_owned()
}

/// The prefix below which the library is installed.
pub(crate) fn prefix() -> &'static Path {
    static PREFIX: OnceLock<PathBuf> = OnceLock::new();
    PREFIX.get_or_init(|| {
        let prefix = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shmstore-c");
        // Cargo has built the library beside this program.
        let built = env::current_exe().expect("this program").parent().expect("a directory").to_owned();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("install.sh");
        run(Command::new("sh").arg(script).arg(&prefix).arg(built));
        prefix
    })
}

/// What pkg-config says of the library.
pub(crate) fn flags(options: &[&str]) -> Vec<String> {
    let mut command = Command::new("pkg-config");
    command.env("PKG_CONFIG_PATH", prefix().join("lib/pkgconfig")).args(options).arg("shmstore");
    run(&mut command).split_whitespace().map(str::to_owned).collect()
}

/// A directory with a store, and programs.
pub(crate) struct Scratch(TempDir);

impl Scratch {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).expect("written");
    }

    /// Compiles a file of this directory, by all rules.
    pub(crate) fn compile(&self, source: &str) -> Program {
        let (compiler, standard) = if source.ends_with("pp") { ("c++", "-std=c++17") } else { ("cc", "-std=gnu11") };
        let program = self.path().join(source).with_extension("program");
        let mut command = Command::new(compiler);
        command.args([standard, "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-pthread", "-o"]).arg(&program);
        command.arg(self.path().join(source)).args(flags(&["--cflags", "--libs"]));
        run(&mut command);
        Program(program)
    }
}

/// A compiled program.
pub(crate) struct Program(PathBuf);

impl Program {
    /// The program with these arguments, and with the library.
    pub(crate) fn with(&self, args: &[&OsStr]) -> Command {
        let mut command = Command::new(&self.0);
        command.args(args).env("LD_LIBRARY_PATH", prefix().join("lib")).stdin(Stdio::null());
        command
    }

    /// The program below valgrind, which refuses each wrong access and each leak.
    pub(crate) fn below_valgrind(&self, args: &[&OsStr]) -> Command {
        let mut command = Command::new("valgrind");
        command.args(["-q", "--error-exitcode=77", "--leak-check=full", "--errors-for-leak-kinds=definite", "--"]);
        command.arg(&self.0).args(args).env("LD_LIBRARY_PATH", prefix().join("lib")).stdin(Stdio::null());
        command
    }
}

/// A store whose objects are removed at the end.
pub(crate) struct Objects {
    pub(crate) store: Store,
    pub(crate) path: PathBuf,
    ids: Vec<char>,
}

impl Objects {
    pub(crate) fn new(scratch: &Scratch, ids: &[char]) -> Self {
        Self::at(scratch, "store", ids)
    }

    pub(crate) fn at(scratch: &Scratch, name: &str, ids: &[char]) -> Self {
        let path = scratch.path().join(name);
        Self { store: Store::open_or_create(&path).expect("a store"), path, ids: ids.to_vec() }
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        for id in &self.ids {
            let _ = self.store.remove_id(*id);
        }
    }
}
