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
        let page = self.write.clone().or_else(|| (is_whole && !self.no_write).then(page_of_the_project));
        page.map_or(Ok(()), |page| write(report, &page))
    }
}

/// Makes a page of the figures of a run.
pub fn again(again: &Again) -> Result<(), Failure> {
    let text = fs::read_to_string(&again.file).map_err(|error| format!("{}: {error}", again.file.display()))?;
    let report = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", again.file.display()))?;
    write(&report, &again.write.clone().unwrap_or_else(|| again.file.with_extension("md")))
}

fn project() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn page_of_the_project() -> PathBuf {
    project().join("docs/benchmarks.md")
}

/// The page, its figures, and its charts in a directory of its name.
fn write(report: &Report, page: &Path) -> Result<(), Failure> {
    let notes = Notes::parse(&fs::read_to_string(project().join("benches/notes.md"))?);
    for row in report.rows.iter().filter(|row| row.is_missed() && notes.of(&row.name).is_none()) {
        eprintln!("note: `{}` misses what is asked, and benches/notes.md does not say why", row.name);
    }
    let rows: Vec<&str> = report.rows.iter().map(|row| row.name.as_str()).collect();
    for name in notes.without(&rows) {
        eprintln!("note: benches/notes.md has a section `{name}`, which is no row of this run");
    }
    let charts = page.with_extension("");
    let directory = charts.file_name().ok_or("the page needs a name")?.to_string_lossy().into_owned();
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
