//! What a run comes to: tidy rows, the rejected rows by reason, and the manifest that says how they were made.

pub mod harmless;
pub mod locale;
pub(crate) mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use custometer_core::statistics::RunRule;
use custometer_core::time::Name;
use custometer_core::value::Parts;
use custometer_core::{About, Baseline, CurrencyCode, DimensionValue, Direction, Grain, Period, Picture, Unit};
use jiff::Zoned;
use polars::prelude::DataFrame;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::result::locale::Locale;

/// The version of the result's schema, as JSON and Parquet carry it. It changes when a reader has to.
pub const SCHEMA_VERSION: u32 = 2;

/// A finished run.
#[derive(Debug, Clone)]
pub struct RunResult {
    /// How the results were made.
    pub manifest: Manifest,
    /// One row per request × breakdown × bucket × group, in the order of the report, then time, then groups.
    pub results: Vec<ResultRow>,
    /// What each group adds to the changes of totals, where the report asks for it: in the order of the report, then time.
    pub contributions: Vec<Contributions>,
    /// The alerts that fired, in the order of the report and of the results.
    pub alerts: Vec<Alert>,
    /// Rows that were not used, by table and reason.
    pub rejected: Vec<Rejection>,
    /// Every rejected row with its place and reason, where the report wants them.
    pub rejected_rows: Option<DataFrame>,
    /// Detail tables of the requests that asked for them.
    pub details: Vec<Detail>,
    /// What was asked for, in the order of the report.
    pub requests: Vec<Asked>,
    /// What a reader must know of tables: the rows of the requests have it as their note, too.
    pub notes: Vec<Note>,
    /// The language of what people read.
    pub locale: Locale,
    /// With how many decimals people are shown values; as their units are shown where that is not said.
    pub digits: Option<u8>,
}

/// Something that a reader must know of a table's rows, such as that none of them has a word that the report names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// The table.
    pub table: String,
    /// The requests that it concerns.
    pub requests: Vec<String>,
    /// What it is.
    pub text: String,
}

impl RunResult {
    /// What was asked for under a name.
    pub fn asked(&self, request: &str) -> Option<&Asked> {
        self.requests.iter().find(|asked| asked.name == request)
    }

    /// The tables with more than `percent` of their rows rejected for some request: the most rows that were rejected, and the rows
    /// that there were.
    pub fn rejected_beyond(&self, percent: f64) -> BTreeMap<&str, (u64, RowCount)> {
        let mut beyond = BTreeMap::new();
        for table in &self.manifest.tables {
            let worst = table.uses.iter().map(|used| used.rows_rejected).max().unwrap_or(0);
            let all = table.rows_made.unwrap_or(table.rows_read);
            if 100.0 * worst as f64 > percent * all.rows() as f64 {
                beyond.insert(table.table.as_str(), (worst, all));
            }
        }
        beyond
    }

    /// The results that decide whether their request's target is met, and have this status.
    pub fn decided(&self, status: Status) -> impl Iterator<Item = &ResultRow> {
        self.results.iter().filter(move |row| row.target.as_ref().is_some_and(|target| target.decides && target.status == status))
    }
}

/// A request as a reader must know it: what the metric means, and how it is best shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Its name in the results.
    pub name: String,
    /// The documentation of its metric.
    pub about: &'static About,
    /// How the metric says that it is best shown.
    pub picture: Option<Picture>,
}

/// One value with everything that belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultRow {
    /// The name of the request.
    pub request: String,
    /// The metric's id.
    pub metric: &'static str,
    /// The first instant of the bucket; none for a table without time.
    pub start: Option<Zoned>,
    /// The end of the bucket, exclusive.
    pub end: Option<Zoned>,
    /// What the report calls the bucket, where it is one of the report's own periods.
    pub period: Option<Name>,
    /// The first instant of the window that ends with the bucket and that the value is of; none where it is of the bucket.
    pub window_start: Option<Zoned>,
    /// Cut by the period, or not yet covered by the data; of a window, whether the data do not cover it.
    pub partial: bool,
    /// The length of the bucket.
    pub grain: Grain,
    /// The group: breakdown columns, then the metric's own dimensions.
    pub dimensions: Vec<(String, DimensionValue)>,
    /// How many of the dimensions are the breakdown's.
    pub breakdown: usize,
    /// The value, to 12 significant digits; none where the data can't support one.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: Unit,
    /// The currency of an amount of money, where it is known.
    pub currency: Option<CurrencyCode>,
    /// With how many decimals people are shown it; as its unit is shown where that is not said.
    pub digits: Option<u8>,
    /// Which change of it is good news.
    pub direction: Direction,
    /// The lower end of its interval.
    pub low: Option<f64>,
    /// The upper end of its interval.
    pub high: Option<f64>,
    /// The number of observations behind it.
    pub n: Option<f64>,
    /// The measures it is made of, by name.
    pub measures: Vec<(String, Option<f64>)>,
    /// What a reader must know: the definition used, or why there is no value.
    pub note: Option<String>,
    /// Whether the group is too small to be shown, or would tell of one that is. Then there is no value, and no evidence.
    pub suppressed: bool,
    /// The change from each of the report's baselines, in their order.
    pub comparisons: Vec<Comparison>,
    /// How the value stands beside that of another group at the same time, where the request compares groups.
    pub group_comparison: Option<Box<GroupComparison>>,
    /// How the value stands to the request's target, where it has one.
    pub target: Option<Judgement>,
    /// How the value stands to the request's benchmark, where it has one.
    pub benchmark: Option<AgainstBenchmark>,
    /// Between which limits the values of its trend lie; none where that is not known, and of partial values.
    pub process_limits: Option<ProcessLimits>,
    /// What its value and its baselines are made of, where the report takes changes apart. No output shows it.
    pub parts: Option<Box<RowParts>>,
}

/// What a row's value and its baselines are made of, where their changes are taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct RowParts {
    /// Those of the value; none where they may not be known.
    pub now: Option<Parts>,
    /// Those of each comparison's baseline.
    pub before: Vec<Option<Parts>>,
}

/// What each group of a breakdown adds to the change of a total.
#[derive(Debug, Clone, PartialEq)]
pub struct Contributions {
    /// The name of the request.
    pub request: String,
    /// What the total has changed from.
    pub baseline: Baseline,
    /// The first instant of the bucket.
    pub start: Option<Zoned>,
    /// Its end, exclusive.
    pub end: Option<Zoned>,
    /// The columns of the breakdown.
    pub by: Vec<String>,
    /// How the change is taken apart.
    pub method: Method,
    /// The change of the total.
    pub change: f64,
    /// How much of it is by the shares of the groups; none of a sum.
    pub mix: Option<f64>,
    /// How much of it is by the rates of the groups; none of a sum.
    pub rate: Option<f64>,
    /// The groups, the largest contribution first.
    pub groups: Vec<GroupContribution>,
}

/// How a change is taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A sum: each group contributes what it has changed by.
    Difference,
    /// A share, a mean or another quotient: by Kitagawa's method, in which shares and rates are weighed by the means of both times.
    Kitagawa,
}

/// What a group adds to the change of a total.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupContribution {
    /// The group.
    pub dimensions: Vec<(String, DimensionValue)>,
    /// What it adds, in the unit of the value. All groups together come to the change.
    pub contribution: f64,
    /// How much of it is by its share; none of a sum.
    pub mix: Option<f64>,
    /// How much of it is by its own rate; none of a sum.
    pub rate: Option<f64>,
    /// Its value before.
    pub before: Option<f64>,
    /// Its value now.
    pub now: Option<f64>,
    /// Its share of the denominator before, in percent; none of a sum.
    pub share_before: Option<f64>,
    /// Its share now.
    pub share_now: Option<f64>,
}

/// The natural process limits of a value of a trend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProcessLimits {
    /// What is expected: the mean of the trend, with what the season adds to it.
    pub centre: f64,
    /// The lower limit.
    pub lower: f64,
    /// The upper limit.
    pub upper: f64,
    /// Whether each month or quarter has its own expectation, as where there are two years or more.
    pub is_seasonal: bool,
    /// The run rules that the value breaks.
    pub unusual: Vec<RunRule>,
}

/// What a reader may see of a row's value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shown {
    /// The value.
    Value(f64),
    /// Nothing: the data can't support a value.
    Undefined,
    /// Nothing: the group is too small, or would tell of one that is.
    Suppressed,
}

impl ResultRow {
    /// What a reader may see of the value.
    pub fn shown(&self) -> Shown {
        match self.value.filter(|value| value.is_finite()) {
            _ if self.suppressed => Shown::Suppressed,
            Some(value) => Shown::Value(value),
            None => Shown::Undefined,
        }
    }

    /// The group's value in a dimension; none where the breakdown leaves the dimension out.
    pub fn dimension(&self, name: &str) -> Option<&DimensionValue> {
        self.dimensions.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// The comparison with a baseline.
    pub fn comparison(&self, baseline: Baseline) -> Option<&Comparison> {
        self.comparisons.iter().find(|comparison| comparison.baseline == baseline)
    }

    /// Whether a change of the value is good news; none where there is no change, where it is not known, or where neither direction is good
    /// news.
    pub fn is_better(&self, change: Option<f64>) -> Option<bool> {
        let change = change.filter(|change| *change != 0.0)?;
        match self.direction {
            Direction::HigherIsBetter => Some(change > 0.0),
            Direction::LowerIsBetter => Some(change < 0.0),
            Direction::Neutral => None,
        }
    }
}

/// What a request's values are to be, in the unit of its metric.
///
/// A target between two values has both ends.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Target {
    /// The least value that meets it.
    pub at_least: Option<f64>,
    /// The greatest value that meets it.
    pub at_most: Option<f64>,
    /// A value below `at_least` is at risk down to here, and missed below.
    pub warn_below: Option<f64>,
    /// A value above `at_most` is at risk up to here, and missed above.
    pub warn_above: Option<f64>,
    /// The value that progress is counted from.
    pub start: Option<f64>,
    /// Whether a value that meets it is at risk where its interval does not.
    pub by_interval: bool,
    /// Of a goal that is true or false: the condition, in words.
    pub holds: Option<String>,
}

impl Target {
    /// The goal in words, such as `at least 40`, with numbers as `show` writes them.
    pub fn in_words(&self, show: impl Fn(f64) -> String) -> String {
        match (self.at_least, self.at_most, &self.holds) {
            (Some(low), Some(high), _) => format!("between {} and {}", show(low), show(high)),
            (Some(low), None, _) => format!("at least {}", show(low)),
            (None, Some(high), _) => format!("at most {}", show(high)),
            (None, None, holds) => holds.clone().unwrap_or_default(),
        }
    }
}

/// How a value stands to a target.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The target of the request.
    pub target: Arc<Target>,
    /// Whether the value meets it.
    pub status: Status,
    /// How much of the way from the target's `start` is done, in percent: below 0 where the value went the other way, above 100 beyond the
    /// target. For a goal that is true or false, 100 or 0. None without a start, and where there is no value.
    pub progress: Option<f64>,
    /// Whether this row is one of those that decide the exit code: of the last complete bucket, and of the total unless the target is for
    /// groups.
    pub decides: bool,
}

/// Whether a target is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is.
    Met,
    /// It is not, by less than the target's warning; or it is, and the interval leaves it open.
    AtRisk,
    /// It is not.
    Missed,
    /// There is no value, or none that is shown.
    Unknown,
}

impl Status {
    /// The name in configs and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::AtRisk => "at_risk",
            Self::Missed => "missed",
            Self::Unknown => "unknown",
        }
    }
}

/// A value from elsewhere, to compare with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Benchmark {
    /// The value, in the unit of the metric.
    pub value: f64,
    /// Where it is from.
    pub source: String,
}

/// How a value stands to a benchmark.
#[derive(Debug, Clone, PartialEq)]
pub struct AgainstBenchmark {
    /// The benchmark of the request.
    pub benchmark: Arc<Benchmark>,
    /// The value less that of the benchmark; none where there is no value.
    pub change: Option<f64>,
    /// The same in percent of the benchmark's value; none for values without a natural zero.
    pub relative_change: Option<f64>,
}

/// An alert that fired on one result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Its name in the config.
    pub name: String,
    /// How grave it is.
    pub severity: Severity,
    /// What it says.
    pub message: String,
    /// The position in [`RunResult::results`] of the row it fired on. No row that is suppressed has an alert.
    pub row: usize,
    /// The name of the webhook that is told.
    pub webhook: Option<String>,
}

/// How grave an alert is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// To be looked at.
    #[default]
    Warning,
    /// To be acted on.
    Critical,
}

impl Severity {
    /// The name in configs and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// The change of a value from a baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What the value is compared with.
    pub baseline: Baseline,
    /// The first instant of the baseline's bucket; none where the data begin after it.
    pub start: Option<Zoned>,
    /// The end of the bucket, exclusive.
    pub end: Option<Zoned>,
    /// The value there; none where the data can't support one.
    pub value: Option<f64>,
    /// How many observations the baseline's group has, counted as suppression counts them. No output shows it: it
    /// decides whether the baseline may be shown.
    pub n: Option<f64>,
    /// The value less that of the baseline, in the metric's unit.
    pub change: Option<f64>,
    /// The change in percent of the baseline's value; none for values without a natural zero.
    pub relative_change: Option<f64>,
    /// The two-sided p-value of no change, corrected for many comparisons where the report asks for it; none where no test applies.
    pub p_value: Option<f64>,
    /// Whether the p-value is below one less the report's confidence.
    pub significant: Option<bool>,
}

impl Comparison {
    /// No comparison: there is no such time, or nothing is known of it.
    pub fn unknown(baseline: Baseline) -> Self {
        Self {
            baseline,
            start: None,
            end: None,
            value: None,
            n: None,
            change: None,
            relative_change: None,
            p_value: None,
            significant: None,
        }
    }
}

/// The value of a group beside that of another group at the same time.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupComparison {
    /// The dimension that tells the groups apart.
    pub by: String,
    /// The other group's value in it.
    pub with: DimensionValue,
    /// The other group's value; none where the data can't support one.
    pub value: Option<f64>,
    /// The value less that of the other group, in the metric's unit.
    pub difference: Option<f64>,
    /// The lower end of the difference's interval; none where a value has none.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// The difference in percent of the other group's value; none for values without a natural zero.
    pub relative_difference: Option<f64>,
    /// The two-sided p-value of no difference, corrected for many comparisons where the report asks for it; none where no test applies.
    pub p_value: Option<f64>,
    /// Whether the p-value is below one less the report's confidence.
    pub significant: Option<bool>,
}

/// Rows of a table that a group of requests could not use, for one reason.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rejection {
    /// The table, as the config calls it.
    pub table: String,
    /// What was wrong with them.
    pub reason: String,
    /// How many there were.
    pub rows: u64,
    /// The requests that could not use them.
    pub requests: Vec<String>,
    /// The first of them, by file and row.
    pub examples: Vec<RejectedRow>,
}

/// One row that was rejected.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RejectedRow {
    /// Its file, relative to the config where it lies below it.
    pub file: String,
    /// Its number among the file's rows, from 1. The header does not count.
    pub row: u64,
    /// The column that is at fault, where it is one.
    pub column: Option<String>,
    /// What stands there; none where there is nothing.
    pub value: Option<String>,
    /// The row of another table that it is looked up in, where it is.
    pub looked_up_in: Option<LookedUpIn>,
}

/// A row that another one looked up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookedUpIn {
    /// Its file, relative to the config where it lies below it.
    pub file: String,
    /// Its number among the file's rows, from 1.
    pub row: u64,
}

/// One row per entity, behind a request's values.
#[derive(Debug, Clone)]
pub struct Detail {
    /// The name of the request.
    pub request: String,
    /// The table.
    pub frame: DataFrame,
}

/// How the results were made, so that they can be made again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The report's title.
    pub title: Option<String>,
    /// The engine's version.
    pub version: String,
    /// BLAKE3 hash of the config, with the settings made on the command line.
    pub config_hash: String,
    /// IANA name of the time zone.
    pub timezone: String,
    /// The period, as local dates; none when the report takes all there is.
    pub period: Option<Period>,
    /// The grain of requests that name none.
    pub grain: Grain,
    /// The month that years and quarters start with, 1 for January.
    pub fiscal_year_start: i8,
    /// The date up to which the data are known, where one was given.
    pub as_of: Option<jiff::civil::Date>,
    /// Confidence of the intervals, and one less the level of significance.
    pub confidence: f64,
    /// What values are compared with.
    pub compare: Vec<Baseline>,
    /// Groups of fewer observations are not shown.
    pub min_group_size: Option<u64>,
    /// The tables, in the config's order.
    pub tables: Vec<TableManifest>,
}

/// What was read of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableManifest {
    /// Its name in the config.
    pub table: String,
    /// Its files, in order.
    pub files: Vec<FileManifest>,
    /// Rows read from them.
    pub rows_read: RowCount,
    /// Those of them that are not data.
    pub rows_no_data: RowsNoData,
    /// Rows that `unpivot` and `explode` made of the others; none where nothing is made of them.
    pub rows_made: Option<RowCount>,
    /// Rows that `where` left out.
    pub rows_filtered: u64,
    /// Rows that repeat another's key, and were left out.
    pub rows_deduplicated: u64,
    /// Changes that begin no span: those after which somebody is gone, and those that another one at the same instant takes the place of.
    pub rows_without_span: u64,
    /// What became of the other rows, for each group of requests that uses the table alike.
    pub uses: Vec<TableUse>,
    /// What its rows looked up in other tables.
    pub lookups: Vec<LookupManifest>,
    /// What is worth a look in its rows.
    pub notes: Vec<String>,
    /// Of a union, the same of each table that it is made of: what that gave, and what became of it here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<TableManifest>,
}

/// A number of rows, which is not shown where it would tell how large a hidden group is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Option<u64>", into = "Option<u64>")]
pub struct RowCount {
    rows: u64,
    is_withheld: bool,
}

impl RowCount {
    /// What may be shown.
    pub fn shown(self) -> Option<u64> {
        (!self.is_withheld).then_some(self.rows)
    }

    /// The same number, not to be shown.
    #[must_use]
    pub fn withheld(self) -> Self {
        Self { is_withheld: true, ..self }
    }

    /// The number, for what is decided here and not shown.
    pub(crate) fn rows(self) -> u64 {
        self.rows
    }
}

impl From<u64> for RowCount {
    fn from(rows: u64) -> Self {
        Self { rows, is_withheld: false }
    }
}

/// What was shown; of what was not, no more is known.
impl From<Option<u64>> for RowCount {
    fn from(shown: Option<u64>) -> Self {
        Self { rows: shown.unwrap_or_default(), is_withheld: shown.is_none() }
    }
}

impl From<RowCount> for Option<u64> {
    fn from(count: RowCount) -> Self {
        count.shown()
    }
}

impl TableManifest {
    /// Withholds the numbers that tell, each or with the others, how many rows were used.
    pub(crate) fn withhold(&mut self) {
        self.rows_read = self.rows_read.withheld();
        self.rows_made = self.rows_made.map(RowCount::withheld);
        self.uses.iter_mut().for_each(|used| used.rows_used = used.rows_used.withheld());
        self.sources.iter_mut().for_each(Self::withhold);
    }
}

/// How many rows of a table found one of another, of those that repeat no others. Not known where groups are hidden: it would tell how large
/// one is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookupManifest {
    /// The lookup's name in the config.
    pub lookup: String,
    /// The table that was looked up.
    pub table: String,
    /// Rows that found one.
    pub rows_found: Option<u64>,
    /// Rows whose key no row there has.
    pub rows_without_match: Option<u64>,
    /// Rows whose key has rows there, but none at the row's time.
    pub rows_not_then: Option<u64>,
    /// Rows without a key.
    pub rows_without_key: Option<u64>,
    /// Rows without a time, where rows there hold for a time.
    pub rows_without_time: Option<u64>,
}

/// Rows of a file that are not data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowsNoData {
    /// Rows of the header beyond its first, and header lines that come again.
    pub headers: u64,
    /// Comments.
    pub comments: u64,
    /// Rows of the footer.
    pub footers: u64,
    /// Rows that `skip_rows_where` says are not data.
    pub skipped: u64,
}

impl RowsNoData {
    /// How many there are.
    pub fn all(&self) -> u64 {
        self.headers + self.comments + self.footers + self.skipped
    }
}

/// What became of a table's rows for requests that read the same columns.
///
/// Nothing is lost: read, or no data + made = no data + filtered + deduplicated + without a span + used + left out + outside the period + without
/// an answer + rejected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableUse {
    /// The requests.
    pub requests: Vec<String>,
    /// Rows that they are made of.
    pub rows_used: RowCount,
    /// Rows that their own `where` or `segment` leaves out.
    pub rows_left_out: u64,
    /// Rows outside the period.
    pub rows_outside_period: u64,
    /// Rows that are not observations, such as a survey sent back without an answer.
    pub rows_without_answer: u64,
    /// Rows that can't be used, for the reasons listed.
    pub rows_rejected: u64,
    /// Local times that clocks showed twice, read by the table's rule.
    pub ambiguous_times: u64,
    /// How far the data reach: the last instant of their rows, as clocks in the report's time zone showed it. None where rows are not placed in
    /// time.
    pub data_until: Option<String>,
}

/// One input file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileManifest {
    /// Its path, relative to the config where it lies below it.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// BLAKE3 hash of its content. Of an object in a store that is read in parts, `etag:` and what the store calls this version of it, where it
    /// names them.
    pub hash: String,
}

/// `value` to 12 significant digits: the digits that do not depend on the order of a sum.
pub fn rounded(value: f64) -> f64 {
    // Negative zero is zero.
    if value == 0.0 {
        return 0.0;
    }
    format!("{value:.11e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    #[expect(clippy::float_cmp, reason = "the digits are meant to be exactly these")]
    fn twelve_significant_digits_are_kept() {
        assert_eq!(rounded(0.1 + 0.2), 0.3);
        assert_eq!(rounded(123_456_789.123_456_79), 123_456_789.123);
        assert_eq!(rounded(-1e-20), -1e-20);
        assert!(rounded(-0.0).is_sign_positive());
    }
}
