//! Where a run is kept: its page, its charts, its figures.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::Failure;
use crate::report::notes::Notes;
use crate::report::{Report, chart, page};

/// Where to keep what was measured.
#[derive(Debug, Clone, Args)]
pub struct Keep {
    /// Write a page there, with charts and JSON beside it. A run without --quick and --only writes docs/benchmarks.md.
    #[arg(long, value_name = "PAGE", conflicts_with = "quick")]
    write: Option<PathBuf>,
    /// Write no page.
    #[arg(long, conflicts_with = "write")]
    no_write: bool,
    /// Keep the figures there, in JSON: `report FILE` makes a page of them.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// A page to be made again.
#[derive(Debug, Clone, Args)]
pub struct Again {
    /// The figures of a run, in JSON.
    #[arg(default_value_os_t = page_of_the_project().with_extension("json"), hide_default_value = true)]
    file: PathBuf,
    /// The page. If it is not named, it is beside the figures.
    #[arg(long, value_name = "PAGE")]
    write: Option<PathBuf>,
}

impl Keep {
    /// Keeps a run; `is_whole` if all was measured, as long as it takes.
    pub fn keep(&self, report: &Report, is_whole: bool) -> Result<(), Failure> {
        if let Some(file) = &self.json {
            put(file, &json(report)?)?;
        }
        self.page(is_whole).map_or(Ok(()), |page| write(report, &page))
    }

    /// Looks whether a run can be kept, before it is made.
    pub fn check(&self, is_whole: bool) -> Result<(), Failure> {
        let page = self.page(is_whole);
        if let Some(page) = &page {
            Notes::read()?;
            charts(page)?;
        }
        let figures = page.as_ref().map(|page| page.with_extension("json"));
        [&self.json, &page, &figures].into_iter().flatten().try_for_each(|file| check(file))
    }

    fn page(&self, is_whole: bool) -> Option<PathBuf> {
        self.write.clone().or_else(|| (is_whole && !self.no_write).then(page_of_the_project))
    }
}

/// Opens a file to write to it. One that was not there is not there afterwards.
fn check(file: &Path) -> Result<(), Failure> {
    let is_new = !file.exists();
    let opened = fs::File::options().create(true).append(true).open(file);
    opened.map_err(|error| format!("{}: {error}", file.display()))?;
    if is_new {
        fs::remove_file(file)?;
    }
    Ok(())
}

/// The directory of a page's charts, and its name.
fn charts(page: &Path) -> Result<(PathBuf, String), Failure> {
    let charts = page.with_extension("");
    if charts == page {
        return Err(format!("{}: a page needs a name that ends with `.md`", page.display()).into());
    }
    let name = charts.file_name().ok_or("the page needs a name")?.to_string_lossy().into_owned();
    Ok((charts, name))
}

/// Makes a page of the figures of a run.
pub fn again(again: &Again) -> Result<(), Failure> {
    let text = fs::read_to_string(&again.file).map_err(|error| format!("{}: {error}", again.file.display()))?;
    let report = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", again.file.display()))?;
    write(&report, &again.write.clone().unwrap_or_else(|| again.file.with_extension("md")))
}

fn page_of_the_project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("docs").join("benchmarks.md")
}

/// The page, its figures, and its charts in a directory of its name.
fn write(report: &Report, page: &Path) -> Result<(), Failure> {
    let notes = Notes::read()?;
    for row in report.rows.iter().filter(|row| row.is_missed() && notes.of(&row.name).is_none()) {
        eprintln!("note: `{}` misses what is asked, and benches/notes.md does not say why", row.name);
    }
    let rows: Vec<&str> = report.rows.iter().map(|row| row.name.as_str()).collect();
    for name in notes.without(&rows) {
        eprintln!("note: benches/notes.md has a section `{name}`, which is no row of this run");
    }
    let (charts, directory) = charts(page)?;
    put(page, &page::page(report, &notes, &directory))?;
    put(&page.with_extension("json"), &json(report)?)?;
    clear(&charts)?;
    for (name, svg) in chart::all(report)? {
        put(&charts.join(format!("{name}.svg")), &svg)?;
    }
    Ok(())
}

/// Charts of rows that are no more go.
fn clear(directory: &Path) -> Result<(), Failure> {
    fs::create_dir_all(directory)?;
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "svg") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn json(report: &Report) -> Result<String, Failure> {
    Ok(serde_json::to_string_pretty(report)? + "\n")
}

fn put(path: &Path, text: &str) -> Result<(), Failure> {
    Ok(fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_written_is_told_before_anything_is_measured() {
        let place = tempfile::tempdir().expect("a directory");
        let there = |name: &str| Some(place.path().join(name));
        let keep = |json, write| Keep { json, write, no_write: false };
        assert!(keep(there("run.json"), there("page.md")).check(false).is_ok());
        assert_eq!(fs::read_dir(place.path()).expect("our own").count(), 0, "nothing is written yet");
        for bad in
            [keep(there("absent/run.json"), None), keep(None, there("absent/page.md")), keep(None, there("page"))]
        {
            assert!(bad.check(false).is_err(), "{bad:?}");
        }
        let told = keep(Some(place.path().to_owned()), None).check(false).expect_err("it is a directory").to_string();
        assert!(told.contains(&*place.path().to_string_lossy()), "{told}");
    }
}
