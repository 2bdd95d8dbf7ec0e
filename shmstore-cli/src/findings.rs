//! What may go wrong on a machine, and what to do about it.

mod cleaning;
mod logind;
mod machine;
mod place;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::failure::Failure;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Note,
    /// Something needs mending.
    Mend,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What was looked at: `shmmni`, `RemoveIPC`, a path.
    pub subject: String,
    /// What was found.
    pub found: String,
    /// What to do, if anything.
    pub advice: Option<String>,
}

impl Finding {
    fn ok(subject: &str, found: impl Into<String>) -> Self {
        Self { severity: Severity::Ok, subject: subject.into(), found: found.into(), advice: None }
    }

    fn note(subject: &str, found: impl Into<String>, advice: &str) -> Self {
        Self { severity: Severity::Note, advice: Some(advice.into()), ..Self::ok(subject, found) }
    }

    fn mend(subject: &str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { severity: Severity::Mend, advice: Some(advice.into()), ..Self::ok(subject, found) }
    }
}

/// The `.conf` files in systemd's directories below `root`, by name: of one name, that in the first directory.
fn drop_ins(root: &Path, directories: &[&str]) -> Vec<PathBuf> {
    let mut drop_ins = BTreeMap::new();
    for directory in directories.iter().rev() {
        let entries = fs::read_dir(root.join(directory)).into_iter().flatten().flatten();
        let files = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|of| of == "conf"));
        drop_ins.extend(files.filter_map(|path| Some((path.file_name()?.to_owned(), path.clone()))));
    }
    drop_ins.into_values().collect()
}

/// Looks at the machine, and at a path.
///
/// # Errors
///
/// Where there is no System V shared memory.
pub fn all(path: Option<&Path>) -> Result<Vec<Finding>, Failure> {
    let mut findings = machine::limits()?;
    findings.push(machine::removed_when_unused());
    findings.push(logind::remove_ipc(Path::new("/"), nix::unistd::Uid::effective().as_raw()));
    findings.push(machine::ipc_namespace());
    findings.extend(machine::leftovers()?);
    if let Some(path) = path {
        findings.extend(place::of(path)?);
    }
    Ok(findings)
}

/// A root directory with systemd, and with these files.
#[cfg(test)]
fn root_with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(root.path().join("run/systemd/system")).unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    root
}
