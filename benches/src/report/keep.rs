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
    /// Write a page there, with JSON beside it. A run without --quick and --only writes docs/benchmarks.md.
    #[arg(long, value_name = "PAGE", conflicts_with = "quick")]
    write: Option<PathBuf>,
    /// Write no page.
    #[arg(long, conflicts_with = "write")]
    no_write: bool,
    /// Write the figures there, in JSON: `report FILE` makes a page of them.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// A page to be made again.
#[derive(Debug, Clone, Args)]
pub struct Again {
    /// The figures of a run, in JSON.
    #[arg(default_value_os_t = page_of_the_project().with_extension("json"), hide_default_value = true)]
    file: PathBuf,
    /// The page. By default it is beside the figures.
    #[arg(long, value_name = "PAGE")]
    write: Option<PathBuf>,
}

impl Keep {
    /// Writes the files of a run. A whole run has all rows, in full length.
    pub fn keep(&self, report: &Report, is_whole: bool) -> Result<(), Failure> {
        if let Some(file) = &self.json {
            put(file, &json(report)?)?;
        }
        self.page(is_whole).map_or(Ok(()), |page| write(report, &page))
    }

    /// Checks before the run that its files can be written.
    pub fn check(&self, is_whole: bool) -> Result<(), Failure> {
        let page = self.page(is_whole);
        if let Some(page) = &page {
            notes()?;
            if page.extension().is_none() {
                return Err(format!("{}: the name of a page ends with `.md`", page.display()).into());
            }
        }
        let figures = page.as_ref().map(|page| page.with_extension("json"));
        [&self.json, &page, &figures].into_iter().flatten().try_for_each(|file| check(file))
    }

    fn page(&self, is_whole: bool) -> Option<PathBuf> {
        self.write.clone().or_else(|| (is_whole && !self.no_write).then(page_of_the_project))
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

fn page_of_the_project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("docs").join("benchmarks.md")
}

fn notes() -> Result<Notes, Failure> {
    Ok(page::notes(&get(&Path::new(env!("CARGO_MANIFEST_DIR")).join("notes.md"))?))
}

/// Writes the page and its figures.
fn write(report: &Report, page: &Path) -> Result<(), Failure> {
    let notes = notes()?;
    for gap in page::gaps(report, &notes) {
        eprintln!("note: {gap}");
    }
    put(page, &page::page(report, &notes))?;
    put(&page.with_extension("json"), &json(report)?)
}

fn json(report: &Report) -> Result<String, Failure> {
    Ok(serde_json::to_string_pretty(report)? + "\n")
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
        let there = |name: &str| Some(place.path().join(name));
        let keep = |json, write| Keep { json, write, no_write: false };
        assert!(keep(there("run.json"), there("page.md")).check(false).is_ok());
        assert_eq!(fs::read_dir(place.path()).expect("a directory").count(), 0, "nothing is written yet");
        for bad in
            [keep(there("absent/run.json"), None), keep(None, there("absent/page.md")), keep(None, there("page"))]
        {
            assert!(bad.check(false).is_err(), "{bad:?}");
        }
        let error = keep(Some(place.path().to_owned()), None).check(false).expect_err("it is a directory").to_string();
        assert!(error.contains(&*place.path().to_string_lossy()), "{error}");
    }
}
