//! The files of a run: its page and its figures.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::Failure;
use crate::report::page::Notes;
use crate::report::{Report, page};

/// The files to write.
#[derive(Debug, Clone, Args)]
pub struct Keep {
    /// Write the figures there, in JSON: `report FILE` makes a page of them. Without this, a run without --quick and
    /// --only writes docs/benchmarks.md and docs/benchmarks.json.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// A page to be made again.
#[derive(Debug, Clone, Args)]
pub struct Again {
    /// The figures of a run, in JSON.
    #[arg(default_value_os_t = figures_of_the_project(), hide_default_value = true)]
    file: PathBuf,
    /// The page. By default it is beside the figures.
    #[arg(long, value_name = "PAGE")]
    write: Option<PathBuf>,
}

impl Keep {
    /// The files of the figures and of the page. A whole run has all rows, in full length.
    fn files(&self, is_whole: bool) -> [Option<PathBuf>; 2] {
        let project = (is_whole && self.json.is_none()).then(figures_of_the_project);
        let page = project.as_ref().map(|file| file.with_extension("md"));
        [self.json.clone().or(project), page]
    }

    /// Writes the files of a run.
    pub fn keep(&self, report: &Report, is_whole: bool) -> Result<(), Failure> {
        let [figures, page] = self.files(is_whole);
        if let Some(file) = figures {
            put(&file, &(serde_json::to_string_pretty(report)? + "\n"))?;
        }
        page.map_or(Ok(()), |page| write(report, &page))
    }

    /// Checks before the run that its files can be written.
    pub fn check(&self, is_whole: bool) -> Result<(), Failure> {
        notes()?;
        self.files(is_whole).iter().flatten().try_for_each(|file| check(file))
    }
}

/// Opens a file to write to it. A new file is removed again.
fn check(file: &Path) -> Result<(), Failure> {
    let is_new = !file.exists();
    let opened = fs::File::options().create(true).append(true).open(file);
    opened.map_err(|error| format!("{}: {error}", file.display()))?;
    if is_new {
        fs::remove_file(file)?;
    }
    Ok(())
}

/// Makes a page of the figures of a run.
pub fn again(again: &Again) -> Result<(), Failure> {
    let report =
        serde_json::from_str(&get(&again.file)?).map_err(|error| format!("{}: {error}", again.file.display()))?;
    write(&report, &again.write.clone().unwrap_or_else(|| again.file.with_extension("md")))
}

fn figures_of_the_project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("docs").join("benchmarks.json")
}

fn notes() -> Result<Notes, Failure> {
    Ok(page::notes(&get(&Path::new(env!("CARGO_MANIFEST_DIR")).join("notes.md"))?))
}

fn write(report: &Report, page: &Path) -> Result<(), Failure> {
    let notes = notes()?;
    for gap in page::gaps(report, &notes) {
        eprintln!("note: {gap}");
    }
    put(page, &page::page(report, &notes))
}

fn get(path: &Path) -> Result<String, Failure> {
    Ok(fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?)
}

fn put(path: &Path, text: &str) -> Result<(), Failure> {
    Ok(fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_cannot_be_written_are_reported_before_the_run() {
        let place = tempfile::tempdir().expect("a directory");
        let keep = |path: &str| Keep { json: Some(place.path().join(path)) };
        assert!(keep("run.json").check(false).is_ok());
        assert_eq!(fs::read_dir(place.path()).expect("a directory").count(), 0, "nothing is written yet");
        assert!(keep("absent/run.json").check(false).is_err());
        let error = keep("").check(false).expect_err("it is a directory").to_string();
        assert!(error.contains(&*place.path().to_string_lossy()), "{error}");
    }

    #[test]
    fn only_a_whole_run_without_another_file_changes_the_page_of_the_project() {
        let other = Keep { json: Some("run.json".into()) };
        assert_eq!(other.files(true), [Some("run.json".into()), None]);
        assert_eq!(Keep { json: None }.files(false), [None, None]);
        assert!(
            Keep { json: None }.files(true).iter().all(|file| file.as_ref().is_some_and(|file| !file.is_relative()))
        );
    }
}
