//! `RemoveIPC` of systemd-logind, which removes the objects of a user who has logged out.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Finding, drop_ins};

/// The directories of the main file, in order of precedence.
const DIRECTORIES: [&str; 4] = ["etc/systemd", "run/systemd", "usr/local/lib/systemd", "usr/lib/systemd"];
/// The directories of files that override it, in order of precedence.
const DROP_INS: [&str; 4] = [
    "etc/systemd/logind.conf.d",
    "run/systemd/logind.conf.d",
    "usr/local/lib/systemd/logind.conf.d",
    "usr/lib/systemd/logind.conf.d",
];
const ADVICE: &str = "write `[Login]` and `RemoveIPC=no` to /etc/systemd/logind.conf.d/shmstore.conf and restart \
                      systemd-logind; or run `loginctl enable-linger USER`; or use a system user";

/// Checks the configuration below `root` for a user.
pub(super) fn remove_ipc(root: &Path, uid: u32) -> Finding {
    const NAME: &str = "RemoveIPC";
    let files = files(root);
    let set = files.iter().filter_map(|file| Some((setting(&fs::read_to_string(file).ok()?)?, file))).next_back();
    let (removes, whence) = match set {
        Some((removes, file)) => (removes, format!("set in /{}", file.strip_prefix(root).unwrap_or(file).display())),
        None => (true, "systemd's default".into()),
    };
    if !root.join("run/systemd/system").is_dir() {
        return Finding::ok(NAME, "systemd does not run here, so objects outlive the session of their user");
    }
    if !removes {
        return Finding::ok(NAME, format!("no ({whence}): objects outlive the session of their user"));
    }
    let found = format!("yes ({whence}): the objects of an ordinary user are removed when the user logs out");
    if is_system_user(root, uid) {
        Finding::note(NAME, format!("{found}. User {uid} is a system user, whose objects stay"), ADVICE)
    } else {
        Finding::mend(NAME, found, ADVICE)
    }
}

/// Returns the files that count. A later file overrides an earlier one: first the main file, then the drop-ins by name.
fn files(root: &Path) -> Vec<PathBuf> {
    let main =
        DIRECTORIES.map(|directory| root.join(directory).join("logind.conf")).into_iter().find(|file| file.exists());
    main.into_iter().chain(drop_ins(root, &DROP_INS)).collect()
}

/// Returns the setting in a file.
fn setting(text: &str) -> Option<bool> {
    let mut section = "";
    let mut set = None;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
        }
        let Some((name, value)) = line.split_once('=') else { continue };
        if section == "[Login]" && name.trim() == "RemoveIPC" {
            set = match value.trim().to_ascii_lowercase().as_str() {
                "1" | "yes" | "y" | "true" | "t" | "on" => Some(true),
                "0" | "no" | "n" | "false" | "f" | "off" => Some(false),
                // systemd ignores a value that it does not understand.
                _ => set,
            };
        }
    }
    set
}

/// Returns `true` if logind never removes the objects of this user.
fn is_system_user(root: &Path, uid: u32) -> bool {
    const USUAL: u32 = 999;
    let defs = fs::read_to_string(root.join("etc/login.defs")).unwrap_or_default();
    let set = defs.lines().find_map(|line| line.trim().strip_prefix("SYS_UID_MAX")?.trim().parse().ok());
    uid <= set.unwrap_or(USUAL)
}

#[cfg(test)]
mod tests {
    use super::super::{Severity, root_with};
    use super::*;

    fn severity(files: &[(&str, &str)], uid: u32) -> Severity {
        remove_ipc(root_with(files).path(), uid).severity
    }

    #[test]
    fn default_concerns_ordinary_users_only() {
        assert_eq!(severity(&[], 1000), Severity::Mend);
        assert_eq!(severity(&[], 999), Severity::Note);
        assert_eq!(severity(&[], 0), Severity::Note);
        assert_eq!(severity(&[("etc/login.defs", "SYS_UID_MAX 499\n")], 999), Severity::Mend);
    }

    #[test]
    fn drop_ins_override_the_main_file_by_their_names() {
        let main = ("etc/systemd/logind.conf", "[Login]\n#RemoveIPC=yes\nRemoveIPC=no\n");
        let other_section = ("etc/systemd/logind.conf", "[Other]\nRemoveIPC=no\n");
        let yes = ("usr/lib/systemd/logind.conf.d/50-a.conf", "[Login]\nRemoveIPC = yes\n");
        let no = ("run/systemd/logind.conf.d/60-b.conf", "[Login]\nRemoveIPC=0\n");
        let hides = ("etc/systemd/logind.conf.d/50-a.conf", "# nothing\n");
        assert_eq!(severity(&[main], 1000), Severity::Ok);
        assert_eq!(severity(&[other_section], 1000), Severity::Mend);
        assert_eq!(severity(&[main, yes], 1000), Severity::Mend);
        assert_eq!(severity(&[main, yes, no], 1000), Severity::Ok);
        assert_eq!(severity(&[main, yes, hides], 1000), Severity::Ok);
    }

    #[test]
    fn nothing_is_removed_where_systemd_does_not_run() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(remove_ipc(root.path(), 1000).severity, Severity::Ok);
    }
}
