//! The program `shmstore-mirror`: see its `--help`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use clap::{Args, Parser, Subcommand};
use nix::sys::signal::{SigSet, Signal};
use shmstore_mirror::{Exported, Import, MirrorError, Name, Pattern, Report, Role, Settings, export, import, mode_of};

mod table;

/// Copies the shared objects of one machine to others.
///
/// `export` runs on the machine with the objects, `import` on each machine that gets copies. Both take their settings
/// from a file, from flags, or from both. SIGINT and SIGTERM end them.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Sends the changes of objects of this host.
    Export {
        #[command(flatten)]
        common: Common,
        /// A host that may copy, by the common name of its certificate. May be repeated.
        #[arg(long, value_name = "HOST")]
        to: Vec<Name>,
        /// A pattern for names in the directories: `*` stands for any characters. May be repeated. All names without it.
        #[arg(long = "name", value_name = "PATTERN", requires = "paths")]
        names: Vec<String>,
        /// The name of a type, or a layout hash. May be repeated. All types without it.
        #[arg(long = "type", value_name = "TYPE", requires = "paths")]
        types: Vec<String>,
        /// The name for the objects of the one PATH itself, which then is not taken for a directory of named objects.
        #[arg(long = "as", value_name = "NAME", conflicts_with = "names", requires = "paths")]
        as_name: Option<Name>,
        /// Directories of named objects, beside those in the file.
        paths: Vec<PathBuf>,
    },
    /// Keeps copies of the objects of another host.
    Import {
        #[command(flatten)]
        common: Common,
        /// The other host, which is the common name of its certificate.
        #[arg(long, value_name = "HOST", requires = "directory")]
        from: Option<Name>,
        /// The directory of the copies.
        #[arg(long, value_name = "DIRECTORY", requires = "from")]
        directory: Option<PathBuf>,
        /// A pattern for names of objects: `*` stands for any characters. May be repeated. Nothing is copied without it.
        #[arg(long = "name", value_name = "PATTERN", requires = "from")]
        names: Vec<String>,
        /// The name of a type, or a layout hash. May be repeated. All types without it.
        #[arg(long = "type", value_name = "TYPE", requires = "from")]
        types: Vec<String>,
        /// The size of the largest object in bytes.
        #[arg(long, value_name = "BYTES", requires = "from", default_value_t = Import::default_max_bytes())]
        max_bytes: u64,
        /// The largest number of copies.
        #[arg(long, value_name = "NUMBER", requires = "from", default_value_t = Import::default_max_objects())]
        max_objects: usize,
        /// The permission bits of the copies, in octal. Without it, only this user reads them.
        #[arg(long, value_name = "MODE", requires = "from", value_parser = mode_of, default_value = "0600")]
        mode: u32,
    },
    /// Shows the copies in a directory.
    Status {
        /// The directory of the copies.
        directory: PathBuf,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
struct Common {
    /// The file of settings, in TOML. Flags add to it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The name of this host.
    #[arg(long, value_name = "NAME", required_unless_present = "config")]
    host: Option<Name>,
    /// An endpoint to listen on, such as tls/0.0.0.0:7447. May be repeated.
    #[arg(long, value_name = "ENDPOINT")]
    listen: Vec<String>,
    /// An endpoint to connect to, such as tls/rover7.example:7447. May be repeated.
    #[arg(long, value_name = "ENDPOINT")]
    connect: Vec<String>,
    /// The certificate of the authority, as PEM.
    #[arg(long, value_name = "FILE")]
    authority: Option<PathBuf>,
    /// The certificate of this host, as PEM.
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// The private key of this host, as PEM.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Uses plain TCP instead of TLS. Then every program that reaches the port can read all exported objects and change
    /// all copies.
    #[arg(long)]
    insecure: bool,
    /// Prints what would be exported or copied, and does nothing else.
    #[arg(long)]
    dry_run: bool,
}

impl Common {
    fn settings(&self) -> Result<Settings, MirrorError> {
        let mut settings = match &self.config {
            Some(path) => Settings::read(path)?,
            None => Settings::of_host(self.host.clone().expect("`clap` requires it without a file")),
        };
        if let Some(host) = &self.host {
            settings.host = Some(host.clone());
        }
        let network = &mut settings.network;
        network.listen.extend(self.listen.iter().cloned());
        network.connect.extend(self.connect.iter().cloned());
        for (flag, setting) in [
            (&self.authority, &mut network.authority),
            (&self.certificate, &mut network.certificate),
            (&self.key, &mut network.key),
        ] {
            if flag.is_some() {
                setting.clone_from(flag);
            }
        }
        network.insecure |= self.insecure;
        Ok(settings)
    }
}

fn patterns(names: Vec<String>) -> Vec<Pattern> {
    names.into_iter().map(Pattern).collect()
}

fn main() -> ExitCode {
    let command = Command::parse();
    zenoh::init_log_from_env_or("off");
    // Before there is any other thread, so that all threads block them.
    let ends = SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM]);
    ends.thread_block().expect("the signals exist");
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    std::thread::spawn(move || {
        let _ = ends.wait();
        flag.store(true, Relaxed);
        // A second signal ends a program that cannot close its connections.
        let _ = ends.wait();
        std::process::exit(1);
    });
    match run(command.action, &stop) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(action: Action, stop: &AtomicBool) -> Result<(), MirrorError> {
    let report = Report::default();
    match action {
        Action::Export { common, to, names, types, as_name, paths } => {
            let mut settings = common.settings()?;
            settings.export.to.extend(to);
            if as_name.is_some() && paths.len() > 1 {
                let why = "`--as` names the objects of one PATH: give one".into();
                return Err(MirrorError::Incomplete { why });
            }
            let names = if names.is_empty() && as_name.is_none() { vec!["*".into()] } else { names };
            settings.export.objects.extend(paths.into_iter().map(|path| Exported {
                path,
                names: patterns(names.clone()),
                as_name: as_name.clone(),
                types: types.clone(),
            }));
            settings.check(Role::Export)?;
            if common.dry_run { export::dry_run(&settings, &report) } else { export::run(&settings, &report, stop) }
        }
        Action::Import { common, from, directory, names, types, max_bytes, max_objects, mode } => {
            let mut settings = common.settings()?;
            if let (Some(from), Some(directory)) = (from, directory) {
                let names = patterns(names);
                settings.import.push(Import { from, directory, names, types, max_bytes, max_objects, mode });
            }
            settings.check(Role::Import)?;
            if common.dry_run { import::dry_run(&settings, &report) } else { import::run(&settings, &report, stop) }
        }
        Action::Status { directory, json } => {
            let shown = table::of(&directory)?;
            report.line(&if json { shown.to_json() } else { shown.to_string() });
            Ok(())
        }
    }
}
