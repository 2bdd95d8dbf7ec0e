//! Services that delete an anchor while it is in use: systemd-tmpfiles by age, logind with the last session of a user.

use std::fs;
use std::path::Path;

use super::{Finding, drop_ins};
use crate::text::shown_path;

/// The directories of systemd-tmpfiles, in order of precedence.
const DIRECTORIES: [&str; 4] = ["etc/tmpfiles.d", "run/tmpfiles.d", "usr/local/lib/tmpfiles.d", "usr/lib/tmpfiles.d"];

/// A line of a configuration: what happens to a path, and the age at which its contents are removed.
struct Line {
    kind: String,
    path: String,
    age: Option<String>,
}

/// Checks the configuration below `root` for an anchor whose path has no symbolic links.
pub(super) fn of(root: &Path, anchor: &Path) -> Option<Finding> {
    let subject = shown_path(anchor);
    if !root.join("run/systemd/system").is_dir() {
        return None;
    }
    if let Some(directory) = anchor.ancestors().find(|above| above.parent() == Some(Path::new("/run/user"))) {
        let found = format!(
            "logind removes {} with the last session of its user: then new processes cannot find the objects",
            shown_path(directory)
        );
        return Some(Finding::note(
            &subject,
            found,
            "nothing to do if the objects need not live longer; otherwise run `loginctl enable-linger USER`",
        ));
    }
    let files = drop_ins(root, &DIRECTORIES);
    let lines: Vec<Line> =
        files.iter().filter_map(|file| fs::read_to_string(file).ok()).flat_map(|text| lines(&text)).collect();
    let of =
        |kind: &str, path: &Path| lines.iter().any(|line| line.kind.starts_with(kind) && Path::new(&line.path) == path);
    if anchor.ancestors().any(|path| of("x", path)) {
        return None;
    }
    let ages = anchor.ancestors().skip(1).filter_map(|above| {
        let of_above = lines.iter().filter(|line| Path::new(&line.path) == above);
        Some((above, of_above.filter_map(|line| line.age.as_ref()).next_back()?))
    });
    let (directory, age) = { ages }.next()?;
    let found = format!(
        "systemd-tmpfiles removes files of age {age} below {}, also while a store uses them: then new processes \
         cannot find the objects",
        shown_path(directory)
    );
    let advice = format!(
        "use a directory below /run or $XDG_RUNTIME_DIR, or write `x {subject}` to /etc/tmpfiles.d/shmstore.conf"
    );
    Some(Finding::note(&subject, found, &advice))
}

fn lines(text: &str) -> Vec<Line> {
    let line = |line: &str| {
        let mut columns = line.split_ascii_whitespace().map(|column| column.trim_matches('"').to_owned());
        let (kind, path) = (columns.next().filter(|kind| !kind.starts_with('#'))?, columns.next()?);
        let age = columns.nth(3).filter(|age| age != "-");
        Some(Line { kind, path, age })
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::super::root_with;
    use super::*;

    const USUAL: &str =
        "# See tmpfiles.d(5)\nq /tmp 1777 root root 10d\nq /var/tmp 1777 root root 30d\nd /run/lock 0755 root root -\n";

    fn found(files: &[(&str, &str)], anchor: &str) -> Option<String> {
        of(root_with(files).path(), Path::new(anchor)).map(|finding| finding.found)
    }

    #[test]
    fn anchor_is_removed_at_the_age_of_the_nearest_directory() {
        let usual = ("usr/lib/tmpfiles.d/tmp.conf", USUAL);
        let age = |anchor| found(&[usual], anchor).map(|found| found.split(' ').nth(5).unwrap().to_owned());
        assert_eq!(age("/tmp/rover").as_deref(), Some("10d"));
        assert_eq!(age("/var/tmp/a/rover.shm").as_deref(), Some("30d"));
        for anchor in ["/tmp", "/run/lock/rover", "/srv/tmp/rover", "/tmpfiles/rover"] {
            assert_eq!(age(anchor), None, "{anchor}");
        }
    }

    #[test]
    fn excluded_and_overridden_paths_are_not_reported() {
        let usual = ("usr/lib/tmpfiles.d/tmp.conf", USUAL);
        for other in [("etc/tmpfiles.d/tmp.conf", ""), ("etc/tmpfiles.d/rover.conf", "x /tmp/rover\n")] {
            assert_eq!(found(&[usual, other], "/tmp/rover/left.shm"), None, "{other:?}");
        }
        assert_eq!(of(tempfile::tempdir().unwrap().path(), Path::new("/tmp/rover")), None);
    }

    #[test]
    fn logind_removes_the_directory_of_a_user() {
        assert!(found(&[], "/run/user/1000/rover").unwrap().starts_with("logind removes /run/user/1000 with "));
    }
}
