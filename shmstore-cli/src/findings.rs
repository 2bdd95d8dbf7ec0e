//! What may go wrong on a machine, with advice.

mod anchor;
mod cleaning;
mod logind;
mod machine;
mod migrations;
mod older;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::failure::Failure;

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Everything is in order.
    Ok,
    /// The user may want to know it.
    Note,
    /// Something needs fixing.
    Mend,
}

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The severity.
    pub severity: Severity,
    /// The subject of the check: `shmmni`, `RemoveIPC`, a path.
    pub subject: String,
    /// The result.
    pub found: String,
    /// What to do, if anything.
    pub advice: Option<String>,
}

impl Finding {
    fn ok(subject: &str, found: impl Into<String>) -> Self {
        Self { severity: Severity::Ok, subject: subject.into(), found: found.into(), advice: None }
    }

    pub(crate) fn note(subject: &str, found: impl Into<String>, advice: &str) -> Self {
        Self { severity: Severity::Note, advice: Some(advice.into()), ..Self::ok(subject, found) }
    }

    pub(crate) fn mend(subject: &str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { severity: Severity::Mend, advice: Some(advice.into()), ..Self::ok(subject, found) }
    }
}

/// Returns the `.conf` files in systemd's directories below `root`, sorted by name. Of two files with one name, the
/// first directory wins.
fn drop_ins(root: &Path, directories: &[&str]) -> Vec<PathBuf> {
    let mut drop_ins = BTreeMap::new();
    for directory in directories.iter().rev() {
        let entries = fs::read_dir(root.join(directory)).into_iter().flatten().flatten();
        let files = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|of| of == "conf"));
        drop_ins.extend(files.filter_map(|path| Some((path.file_name()?.to_owned(), path.clone()))));
    }
    drop_ins.into_values().collect()
}

/// Checks the machine, and a path.
///
/// # Errors
///
/// The kernel has no System V shared memory.
pub fn all(path: Option<&Path>) -> Result<Vec<Finding>, Failure> {
    let mut findings = machine::limits()?;
    findings.push(machine::removed_when_unused());
    findings.push(logind::remove_ipc(Path::new("/"), nix::unistd::Uid::effective().as_raw()));
    findings.push(machine::ipc_namespace());
    findings.extend(machine::leftovers()?);
    findings.extend(older::users()?);
    findings.extend(migrations::all()?);
    if let Some(path) = path {
        findings.extend(of_path(path)?);
    }
    Ok(findings)
}

/// Checks only a path.
///
/// # Errors
///
/// As [`all`].
pub fn of_path(path: &Path) -> Result<Vec<Finding>, Failure> {
    anchor::of(path)
}

/// Creates a root directory with systemd, and with these files.
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
