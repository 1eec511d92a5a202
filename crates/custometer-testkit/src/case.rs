//! A folder of small files, for reports to run on.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use custometer_core::Registry;
use custometer_output::Format;
use custometer_runner::{GivenRows, Input, MemoryLimit, Problems, Report, RunResult};
use jiff::Timestamp;
use jiff::civil::Date;
use miette::{GraphicalReportHandler, GraphicalTheme};
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::stages::{difference, run_in_stages};

/// The variable of the environment that has each case run a second time, in stages cut by the number that it holds: it must come to the same bytes.
const STAGES: &str = "CUSTOMETER_STAGES";

/// A folder of small files, for reports to run on.
#[derive(Debug)]
pub struct Case {
    folder: TempDir,
    as_of: Option<Date>,
    settings: Vec<String>,
    environment: BTreeMap<String, String>,
    given: BTreeMap<String, Arc<GivenRows>>,
    memory: MemoryLimit,
    registry: Registry,
}

impl Default for Case {
    fn default() -> Self {
        Self::new()
    }
}

impl Case {
    /// An empty folder, for reports with the metrics that are linked.
    ///
    /// # Panics
    /// When the system has no room for temporary files, or two linked metrics have one id.
    pub fn new() -> Self {
        Self::knowing(Registry::linked().expect("metrics with ids of their own"))
    }

    /// An empty folder, for reports with the metrics of a registry.
    ///
    /// # Panics
    /// When the system has no room for temporary files.
    pub fn knowing(registry: Registry) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let (environment, given, memory) = (BTreeMap::new(), BTreeMap::new(), MemoryLimit::default());
        Self { folder, as_of: None, settings: Vec::new(), environment, given, memory, registry }
    }

    /// Adds a file.
    ///
    /// # Panics
    /// When it can't be written.
    #[must_use]
    pub fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        fs::write(self.folder.path().join(name), content).expect("a file in a temporary folder");
        self
    }

    /// Several files that make one table: `t0.csv`, `t1.csv` and so on.
    ///
    /// # Panics
    ///
    /// When they can't be written.
    #[must_use]
    pub fn parts(self, contents: &[String]) -> Self {
        contents.iter().enumerate().fold(self, |case, (number, content)| case.file(&format!("t{number}.csv"), content))
    }

    /// The date up to which the data are known.
    #[must_use]
    pub fn as_of(mut self, date: Date) -> Self {
        self.as_of = Some(date);
        self
    }

    /// A setting over the config, as `--set` gives it.
    #[must_use]
    pub fn set(mut self, setting: &str) -> Self {
        self.settings.push(setting.to_owned());
        self
    }

    /// A variable of the environment, where secrets are.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Rows that a host gives: a table is read of them whose `path` is their name.
    #[must_use]
    pub fn given(mut self, rows: &Arc<GivenRows>) -> Self {
        self.given.insert(rows.name().to_owned(), Arc::clone(rows));
        self
    }

    /// How many bytes of memory a run may take. With none, everything that can be put on disk is put there at once.
    #[must_use]
    pub fn memory(mut self, bytes: u64) -> Self {
        self.memory.bytes = Some(bytes);
        self
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Reads and checks a report; its problems as a reader sees them.
    pub fn load(&self, config: &str) -> Result<Report, String> {
        let (name, folder) = ("report.toml", self.folder.path());
        let environment = |name: &str| self.environment.get(name).cloned();
        let (as_of, settings) = (self.as_of, self.settings.as_slice());
        let input = Input { name, text: config, folder, settings, as_of, today: None, environment: &environment, given: &self.given };
        let mut report = custometer_runner::load(&input, &self.registry).map_err(|problems| shown(&problems))?;
        report.memory = self.memory.clone();
        Ok(report)
    }

    /// Runs a report; its problems, or its failure, as a reader sees them.
    ///
    /// # Panics
    /// When the variable `CUSTOMETER_STAGES` of the environment has a number, and a run in stages comes to other results.
    pub fn run(&self, config: &str) -> Result<RunResult, String> {
        let report = self.load(config)?;
        let run = custometer_runner::run(&report, self.folder.path(), &|_| ()).map_err(|error| failure(&error));
        if let Ok(seed) = std::env::var(STAGES) {
            let seed = seed.parse().expect("a number");
            let staged = run_in_stages(&report, self.folder.path(), seed).map_err(|error| failure(&error));
            match (&run, &staged) {
                (Ok(run), Ok(staged)) => {
                    let difference = difference(run, staged);
                    assert!(difference.is_none(), "in stages: {}\n{config}", difference.unwrap_or_default());
                }
                (Err(one), Err(other)) => assert_eq!(one, other, "{config}"),
                (one, other) => {
                    panic!("one run is well and the other is not: {:?}, {:?}\n{config}", one.as_ref().err(), other.as_ref().err())
                }
            }
        }
        run
    }

    /// Runs a report and parses the JSON it comes to.
    ///
    /// # Panics
    /// When the text is not JSON.
    pub fn json(&self, config: &str) -> Result<Json, String> {
        let json = custometer_output::render(&self.run(config)?, Format::Json, None).map_err(|error| error.to_string())?;
        Ok(serde_json::from_slice(&json).expect("results in JSON"))
    }
}

/// A failure with its causes, as the command line shows it.
fn failure(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.fold(error.to_string(), |text, cause| format!("{text}\n  because: {cause}"))
}

/// Problems as the command line shows them, without colours.
pub fn shown(problems: &Problems) -> String {
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(110);
    match handler.render_report(&mut text, problems) {
        Ok(()) => text,
        Err(_) => problems.to_string(),
    }
}

/// The rows of results, as a run's JSON has them.
///
/// # Panics
///
/// When it has none.
pub fn results(json: &Json) -> &Vec<Json> {
    json["results"].as_array().expect("a run's JSON has results")
}

/// Why rows were rejected, and how many each time.
///
/// # Panics
///
/// When the JSON is not that of a run.
pub fn rejections(json: &Json) -> Vec<(&str, u64)> {
    let rejected = json["rejected"].as_array().expect("a run's JSON says what was rejected");
    rejected.iter().filter_map(|rejected| Some((rejected["reason"].as_str()?, rejected["rows"].as_u64()?))).collect()
}

/// Where the bucket of a row starts or ends.
///
/// # Panics
///
/// When the row has no such instant.
pub fn edge(row: &Json, edge: &str) -> Timestamp {
    row[edge].as_str().and_then(|edge| edge.parse().ok()).unwrap_or_else(|| panic!("no `{edge}` in {row}"))
}

/// Results as sorted lines of text at a fixed precision, for snapshots.
pub fn lines(result: &RunResult) -> String {
    let number = |value: Option<f64>| value.map_or("undefined".to_owned(), |value| format!("{value:.6}"));
    let mut text = String::new();
    for row in &result.results {
        let start = row.start.as_ref().map_or("-".to_owned(), |start| start.datetime().to_string());
        let dimensions: Vec<String> = row.dimensions.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let partial = if row.partial { " partial" } else { "" };
        let interval = row.low.zip(row.high).map(|(low, high)| format!(" [{low:.6}, {high:.6}]")).unwrap_or_default();
        let n = row.n.map(|n| format!(" n={n}")).unwrap_or_default();
        let _ = writeln!(text, "{} {start}{partial} {{{}}} {}{interval}{n}", row.request, dimensions.join(", "), number(row.value));
    }
    for rejection in &result.rejected {
        let _ =
            writeln!(text, "rejected {} of {}: {} ({})", rejection.rows, rejection.table, rejection.reason, rejection.requests.join(", "));
    }
    text
}
