//! The report config as it is written: its shape, its documentation, and how it is read without stopping at the first mistake.

pub(crate) mod diagnostics;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use custometer_core::suggest::nearest;
use custometer_core::time::{AmbiguousTimes, Last, NonexistentTimes};
use custometer_core::{Baseline, Grain, Registry};
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value as Json};
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::check::define::DefineConfig;
use crate::check::derived::DerivedConfig;
use crate::config::diagnostics::{Collector, Text};
use crate::read::number::Thousands;
use crate::read::text::{Delimiter, Encoding, ShortRows};
use crate::result::locale::Locale;
use crate::result::{Severity, Status};

/// A report: what to read and what to compute of it.
#[derive(Debug, JsonSchema)]
pub(crate) struct Config {
    /// Settings of the report as a whole.
    pub report: ReportConfig,
    /// Opening hours, by the names that durations are counted on.
    #[schemars(default)]
    pub calendars: BTreeMap<String, CalendarConfig>,
    /// The tables, by the names that requests use.
    pub tables: BTreeMap<String, TableConfig>,
    /// Metrics of the report's own, by their ids.
    #[schemars(default, with = "BTreeMap<String, DefineConfig>")]
    pub define: Named<DefineConfig>,
    /// Results that are calculated from those of requests, by their names.
    #[schemars(default, with = "BTreeMap<String, DerivedConfig>")]
    pub derived: Named<DerivedConfig>,
    /// The requests, in the order of their results.
    pub metrics: Vec<MetricConfig>,
    /// What to say when a result is such or such.
    #[schemars(default)]
    pub alerts: Vec<AlertConfig>,
    /// Whom alerts are sent to, by the names that they use.
    #[schemars(default, with = "BTreeMap<String, WebhookConfig>")]
    pub webhooks: BTreeMap<String, Spanned<WebhookConfig>>,
}

/// Sections by name, in the order of the config; none for one that can't be read.
pub(crate) type Named<T> = Vec<(Spanned<String>, Option<T>)>;

/// Settings of the report as a whole.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ReportConfig {
    /// A heading.
    pub title: Option<String>,
    /// The language of the HTML report. English unless said.
    #[schemars(with = "Option<Locale>")]
    pub locale: Locale,
    /// IANA time zone that days, weeks and months are local to, and that times without an offset are read in. UTC unless said.
    #[schemars(with = "Option<String>")]
    pub timezone: ZoneName,
    /// First day of the period. Without a period the report takes all the data there are.
    #[schemars(with = "Option<Day>")]
    pub from: Option<Spanned<Day>>,
    /// The day after the last day of the period.
    #[schemars(with = "Option<Day>")]
    pub until: Option<Spanned<Day>>,
    /// Instead of `from` and `until`: so many units, such as `12 months`, that end with the as-of date.
    #[schemars(with = "Option<Last>")]
    pub last: Option<Spanned<Last>>,
    /// The length of the buckets the period is cut into.
    pub grain: Grain,
    /// Whether buckets that the period cuts, or that the data do not cover yet, are left out. Totals never are.
    pub complete_periods_only: bool,
    /// What values are compared with.
    #[schemars(with = "Vec<Baseline>")]
    pub compare: Vec<Spanned<Baseline>>,
    /// How p-values of changes are corrected for there being many of them. Not at all unless said.
    pub multiple_comparisons: MultipleComparisons,
    /// The day that weeks start on. Monday unless said.
    pub week_start: FirstWeekday,
    /// The month that years, and quarters, start with. January unless said.
    pub fiscal_year_start: FirstMonth,
    /// The data are known up to the start of this date; buckets that end later are partial. `--as-of` overrides it.
    pub as_of: Option<Day>,
    /// How many of a table's rows may be rejected, in percent, before the run ends with the exit code 4. 0 unless said.
    #[schemars(with = "Option<f64>")]
    pub max_rejected_percent: Percent,
    /// Whether all rejected rows are written to a file beside the results, and not only the first of each reason shown.
    pub rejected_rows: bool,
    /// The confidence of intervals, between 0 and 1; changes are significant at one less it. 0.95 unless said.
    #[schemars(with = "Option<f64>")]
    pub confidence: Confidence,
    /// Groups of fewer observations are not shown, nor what would tell of them.
    pub min_group_size: Option<u64>,
    /// The name of an environment variable with a secret. Ids are replaced by hashes keyed with it in everything that leaves: columns that
    /// a metric reads as ids, that are called `id` or `…_id`, or that are derived from one of these.
    #[schemars(with = "Option<String>")]
    pub hash_ids: Option<Spanned<String>>,
}

/// When somebody is there to answer: the hours that business durations count.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CalendarConfig {
    /// IANA time zone of the hours. The report's unless said.
    #[schemars(with = "Option<String>")]
    pub timezone: Option<ZoneName>,
    /// For a weekday or several, the hours: `{ mon-thu = ["08:00-16:00"], fri = ["08:00-12:00", "12:30-15:00"] }`. Days that are not named
    /// are closed.
    #[schemars(with = "BTreeMap<String, Vec<String>>")]
    pub hours: BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
    /// Days that are closed, whatever their weekday.
    #[serde(default)]
    pub holidays: Vec<Day>,
}

/// A table: one or several files of one shape.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TableConfig {
    /// A file, or several by `*` and `**`, relative to the report's own folder.
    #[schemars(with = "String")]
    pub path: Spanned<String>,
    /// The format of the files; their name decides unless said.
    pub format: Option<FileFormat>,
    /// Names that metrics use, each with the file's own name for it.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub columns: BTreeMap<Spanned<String>, Spanned<String>>,
    /// What stands between two values of a text file: one character, or `spaces` for any number of them. A comma unless said.
    #[schemars(with = "Option<String>")]
    pub delimiter: Option<Spanned<DelimiterName>>,
    /// What encloses values that hold the delimiter; empty where quotes are characters like any other. `"` unless said.
    #[schemars(with = "Option<String>")]
    pub quote: Option<Spanned<QuoteCharacter>>,
    /// How a text file writes characters as bytes. UTF-8 unless said.
    #[schemars(with = "Option<Encoding>")]
    pub encoding: Option<Spanned<Encoding>>,
    /// How many lines stand before the header of a text file.
    #[schemars(with = "Option<u64>")]
    pub skip_lines: Option<Spanned<u64>>,
    /// The columns of a text file without a header line, in their order.
    #[schemars(with = "Option<Vec<String>>")]
    pub column_names: Option<Spanned<Vec<String>>>,
    /// What a row of a text file with fewer values than the header is.
    #[schemars(with = "Option<ShortRows>")]
    pub short_rows: Option<Spanned<ShortRows>>,
    /// Whether numbers are written as text with a comma before their fraction: `1,5`.
    #[serde(default)]
    pub decimal_comma: bool,
    /// What stands between groups of three digits: `.`, `,`, `'` or a space. Nothing unless said.
    #[schemars(with = "Option<String>")]
    pub thousands: Option<Thousands>,
    /// Texts that mean a missing value, in every column.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub null_values: Vec<Plain>,
    /// For single columns, values that mean a missing one: `{ score = [11] }`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Vec<serde_json::Value>>")]
    pub blank: BTreeMap<Spanned<String>, Vec<Plain>>,
    /// For single columns, how times are written: a pattern such as `%d-%m-%Y %H:%M`, `epoch_seconds` or `epoch_milliseconds`.
    /// ISO 8601 unless said.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub time_formats: BTreeMap<Spanned<String>, Spanned<String>>,
    /// IANA time zone of times without an offset. The report's unless said.
    #[schemars(with = "Option<String>")]
    pub timezone: Option<ZoneName>,
    /// Which instant a local time is that clocks showed twice.
    #[serde(default)]
    pub ambiguous_times: AmbiguousTimes,
    /// What a local time is that clocks never showed.
    #[serde(default)]
    pub nonexistent_times: NonexistentTimes,
    /// Columns that no two rows share: of those that do, one is kept. A row without one of them is no duplicate.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub deduplicate: Vec<Spanned<String>>,
    /// Which of the rows that share the columns of `deduplicate` is kept, in the order of files and rows.
    #[serde(default)]
    pub keep: Keep,
    /// New columns, each an SQL expression over the row.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub derive: BTreeMap<Spanned<String>, Spanned<String>>,
    /// An SQL condition: other rows are left out.
    #[serde(rename = "where")]
    #[schemars(with = "Option<String>")]
    pub condition: Option<Spanned<String>>,
    /// Parameters of all metrics of the table that have them, unless a request gives its own.
    #[serde(skip)]
    pub params: Params,
}

/// A request: one metric of one table, in one or several breakdowns.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MetricConfig {
    /// The metric's id.
    #[schemars(with = "String")]
    pub metric: Spanned<String>,
    /// The table it is computed from.
    #[schemars(with = "String")]
    pub table: Spanned<String>,
    /// The name of the request in the results; the metric's id unless said.
    #[schemars(with = "Option<String>")]
    pub name: Option<Spanned<String>>,
    /// Names that the metric uses, each with the table's own name for it, where this request differs from its table.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub columns: BTreeMap<Spanned<String>, Spanned<String>>,
    /// Breakdowns: each a list of columns, the empty one for the total. The total alone unless said.
    #[schemars(with = "Option<Vec<Vec<String>>>")]
    pub by: Option<Vec<Breakdown>>,
    /// A grain of its own.
    pub grain: Option<Grain>,
    /// What its values are compared with, where that differs from the report's.
    #[schemars(with = "Option<Vec<Baseline>>")]
    pub compare: Option<Vec<Spanned<Baseline>>>,
    /// Whether the metric's table per customer is written too.
    #[serde(default)]
    #[schemars(with = "bool")]
    pub detail: Option<Spanned<bool>>,
    /// What its values are to be.
    #[schemars(with = "Option<TargetConfig>")]
    pub target: Option<Spanned<TargetConfig>>,
    /// A value from elsewhere that its values are compared with.
    pub benchmark: Option<BenchmarkConfig>,
    /// The metric's own parameters, read apart.
    #[serde(skip)]
    pub params: Params,
}

/// What values are to be, in their unit. One of `at_least`, `at_most`, `between` and `holds`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TargetConfig {
    /// The least value that meets it.
    #[schemars(with = "Option<f64>")]
    pub at_least: Option<Spanned<Finite>>,
    /// The greatest value that meets it.
    #[schemars(with = "Option<f64>")]
    pub at_most: Option<Spanned<Finite>>,
    /// The least and the greatest value that meet it.
    #[schemars(with = "Option<[f64; 2]>")]
    pub between: Option<Spanned<Vec<Finite>>>,
    /// A goal that is true or false: met where all of these hold.
    #[schemars(with = "Option<ConditionConfig>")]
    pub holds: Option<Spanned<ConditionConfig>>,
    /// Down to here, a value below the target is at risk and not yet missed.
    #[schemars(with = "Option<f64>")]
    pub warn_below: Option<Spanned<Finite>>,
    /// Up to here, a value above the target is at risk and not yet missed.
    #[schemars(with = "Option<f64>")]
    pub warn_above: Option<Spanned<Finite>>,
    /// The value that progress is counted from: 0 % there, 100 % at the target.
    #[schemars(with = "Option<f64>")]
    pub start: Option<Spanned<Finite>>,
    /// Whether a value that meets the target is at risk where its interval reaches beyond it.
    #[serde(default)]
    #[schemars(with = "bool")]
    pub by_interval: Option<Spanned<bool>>,
    /// Whether each group decides whether the target is missed, and not the total alone.
    #[serde(default)]
    #[schemars(with = "bool")]
    pub groups: Option<Spanned<bool>>,
}

/// A value from elsewhere.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BenchmarkConfig {
    /// The value, in the unit of those that are compared with it.
    #[schemars(with = "f64")]
    pub value: Finite,
    /// Where it is from, such as a study and its year.
    pub source: String,
}

/// What is asked of a result. All of it has to hold; what can't be known does not.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ConditionConfig {
    /// The value is below this.
    #[schemars(with = "Option<f64>")]
    pub value_below: Option<Spanned<Finite>>,
    /// The value is above this.
    #[schemars(with = "Option<f64>")]
    pub value_above: Option<Spanned<Finite>>,
    /// The whole interval is below this.
    #[schemars(with = "Option<f64>")]
    pub high_below: Option<Spanned<Finite>>,
    /// The whole interval is above this.
    #[schemars(with = "Option<f64>")]
    pub low_above: Option<Spanned<Finite>>,
    /// Fewer observations than these are behind the value.
    #[schemars(with = "Option<f64>")]
    pub n_below: Option<Spanned<Finite>>,
    /// More observations than these are behind the value.
    #[schemars(with = "Option<f64>")]
    pub n_above: Option<Spanned<Finite>>,
    /// The change, in the unit of the metric, is below this.
    #[schemars(with = "Option<f64>")]
    pub change_below: Option<Spanned<Finite>>,
    /// The change, in the unit of the metric, is above this.
    #[schemars(with = "Option<f64>")]
    pub change_above: Option<Spanned<Finite>>,
    /// The change in percent is below this.
    #[schemars(with = "Option<f64>")]
    pub relative_change_below: Option<Spanned<Finite>>,
    /// The change in percent is above this.
    #[schemars(with = "Option<f64>")]
    pub relative_change_above: Option<Spanned<Finite>>,
    /// The change is for the better or for the worse, by the metric's direction.
    #[schemars(with = "Option<Verdict>")]
    pub change_is: Option<Spanned<Verdict>>,
    /// The change is significant, or not.
    #[schemars(with = "Option<bool>")]
    pub significant: Option<Spanned<bool>>,
    /// What the change is from; the first that the request is compared with unless said.
    #[schemars(with = "Option<Baseline>")]
    pub compared_with: Option<Spanned<Baseline>>,
    /// The value is better or worse than the benchmark, by the metric's direction.
    #[schemars(with = "Option<Verdict>")]
    pub benchmark_is: Option<Spanned<Verdict>>,
    /// The target's status is one of these.
    #[schemars(with = "Option<Vec<Status>>")]
    pub status: Option<Spanned<Vec<Status>>>,
    /// The progress towards the target, in percent, is below this.
    #[schemars(with = "Option<f64>")]
    pub progress_below: Option<Spanned<Finite>>,
    /// The progress towards the target, in percent, is above this.
    #[schemars(with = "Option<f64>")]
    pub progress_above: Option<Spanned<Finite>>,
    /// There is no value, or there is one. Suppressed results are neither.
    #[schemars(with = "Option<bool>")]
    pub undefined: Option<Spanned<bool>>,
}

/// Better or worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// Good news.
    Better,
    /// Bad news.
    Worse,
}

/// An alert: when results are such, what is said, and to whom.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlertConfig {
    /// Its name.
    #[schemars(with = "String")]
    pub name: Spanned<String>,
    /// The requests and derived results that it looks at, by name. All that can be asked its condition unless said.
    #[schemars(with = "Option<Vec<String>>")]
    pub metrics: Option<Vec<Spanned<String>>>,
    /// When it fires: all of this holds.
    #[schemars(with = "ConditionConfig")]
    pub when: Spanned<ConditionConfig>,
    /// The rows that it looks at. The total unless said, or the groups of a request that has no total.
    #[serde(default)]
    pub on: AlertRows,
    /// The buckets that it looks at. The last complete one unless said.
    #[serde(default)]
    pub periods: AlertPeriods,
    /// How grave it is. A warning unless said.
    #[serde(default)]
    pub severity: Severity,
    /// What it says, as a Jinja template: `{{ request }} fell to {{ shown }}`. What is the case unless said.
    #[schemars(with = "Option<String>")]
    pub message: Option<Spanned<String>>,
    /// The webhook that is told.
    #[schemars(with = "Option<String>")]
    pub webhook: Option<Spanned<String>>,
}

/// The rows of a bucket that an alert looks at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AlertRows {
    /// The total.
    #[default]
    Total,
    /// The groups of all breakdowns.
    Groups,
    /// Both.
    All,
}

/// The buckets that an alert looks at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AlertPeriods {
    /// The last complete one; where none is complete, the last one.
    #[default]
    Latest,
    /// Every one.
    All,
}

/// Where alerts are sent: each as JSON in a POST request.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookConfig {
    /// The address: `https://…`, or `http://` of this machine.
    #[schemars(with = "Option<String>")]
    pub url: Option<Spanned<String>>,
    /// Instead of `url`: the environment variable with the address, where it is a secret.
    #[schemars(with = "Option<String>")]
    pub url_env: Option<Spanned<String>>,
    /// The environment variable with the secret that messages are signed with. They are not signed unless said.
    #[schemars(with = "Option<String>")]
    pub secret_env: Option<Spanned<String>>,
    /// How long one attempt may take. 10 seconds unless said.
    #[schemars(with = "Option<f64>")]
    pub timeout_seconds: Option<Spanned<Finite>>,
    /// How often a delivery that failed is tried again. 3 times unless said.
    #[schemars(with = "Option<u32>")]
    pub retries: Option<Spanned<u32>>,
}

/// A number that is one: TOML has `nan` and `inf` too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Finite(pub f64);

impl<'de> Deserialize<'de> for Finite {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?;
        if value.is_finite() {
            Ok(Self(value))
        } else {
            Err(D::Error::custom(format!("{value} is no number that a value can be compared with")))
        }
    }
}

/// The columns of a breakdown.
#[derive(Debug, Clone)]
pub(crate) struct Breakdown(pub Vec<Spanned<String>>);

impl<'de> Deserialize<'de> for Breakdown {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let columns = Vec::deserialize(deserializer).map_err(|_| D::Error::custom(NO_BREAKDOWN))?;
        Ok(Self(columns))
    }
}

const NO_BREAKDOWN: &str = "a breakdown is a list of columns: write it in brackets of its own, such as `by = [[], [\"region\"]]`";

/// A format that tables are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum FileFormat {
    /// Values separated by a delimiter, one row per line.
    Csv,
    /// The same, separated by tabs.
    Tsv,
    /// One JSON object per line.
    Ndjson,
    /// Apache Parquet.
    Parquet,
    /// Apache Arrow's file format.
    Arrow,
}

impl FileFormat {
    /// The name in configs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Ndjson => "ndjson",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
        }
    }

    /// Whether its values are text, in a dialect that a config may describe.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Csv | Self::Tsv)
    }
}

/// The name of a delimiter in a config.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DelimiterName(pub Delimiter);

impl<'de> Deserialize<'de> for DelimiterName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_bytes() {
            b"spaces" => Ok(Self(Delimiter::Spaces)),
            [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && *byte != b'\n' => Ok(Self(Delimiter::Byte(*byte))),
            _ => Err(D::Error::custom(format!("`{text}` is no delimiter: write it as one character, such as \";\", or \"spaces\""))),
        }
    }
}

/// The character that encloses values; none for the empty text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QuoteCharacter(pub Option<u8>);

impl<'de> Deserialize<'de> for QuoteCharacter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_bytes() {
            [] => Ok(Self(None)),
            [byte] if byte.is_ascii_punctuation() => Ok(Self(Some(*byte))),
            _ => Err(D::Error::custom(format!("`{text}` is no quote: write it as one character, or \"\" for none"))),
        }
    }
}

/// A value as text, however the config writes it: 11 and "11" are the same.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plain(pub String);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyValue;
        impl serde::de::Visitor<'_> for AnyValue {
            type Value = Plain;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a number")
            }
            fn visit_str<E>(self, text: &str) -> Result<Plain, E> {
                Ok(Plain(text.to_owned()))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Plain, E> {
                Ok(Plain(number.to_string()))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Plain, E> {
                Ok(Plain(number.to_string()))
            }
            fn visit_bool<E>(self, value: bool) -> Result<Plain, E> {
                Ok(Plain(value.to_string()))
            }
        }
        deserializer.deserialize_any(AnyValue)
    }
}

/// Which of several rows with the same key is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Keep {
    /// The first one.
    #[default]
    First,
    /// The last one.
    Last,
    /// None: that there are several is an error, and the run fails.
    Error,
}

/// A local date.
#[derive(Debug, Clone, Copy, JsonSchema)]
#[schemars(transparent)]
pub(crate) struct Day(#[schemars(with = "String", extend("format" = "date"))] pub Date);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = toml::value::Datetime::deserialize(deserializer)
            .map_err(|_| D::Error::custom("not a date: write it without quotes, such as 2025-01-31"))?;
        match (written.date, written.time) {
            (Some(_), None) => written.to_string().parse().map(Self).map_err(D::Error::custom),
            _ => Err(D::Error::custom(format!("`{written}` is not a date: write it such as 2025-01-31, without a time"))),
        }
    }
}

/// An IANA time zone.
#[derive(Debug, Clone)]
pub(crate) struct ZoneName(pub TimeZone);

impl Default for ZoneName {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl<'de> Deserialize<'de> for ZoneName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        // Both must know it: one makes the buckets, the other reads local times.
        let known_to_polars = polars::prelude::TimeZone::opt_try_new(Some(name.as_str())).is_ok();
        TimeZone::get(&name).ok().filter(|_| known_to_polars).map(Self).ok_or_else(|| {
            let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
            let city = |zone: &str| zone.rsplit('/').next().unwrap_or(zone).to_owned();
            let near = nearest(&name, known.iter().map(String::as_str)).map(str::to_owned).or_else(|| {
                let cities: Vec<String> = known.iter().map(|zone| city(zone)).collect();
                let near = nearest(&city(&name), cities.iter().map(String::as_str))?;
                known.iter().find(|zone| city(zone) == near).cloned()
            });
            D::Error::custom(match near {
                Some(near) => format!("unknown time zone `{name}`, did you mean `{near}`?"),
                None => format!("unknown time zone `{name}`, expected an IANA name such as `Europe/Copenhagen`"),
            })
        })
    }
}

/// A percentage from 0 to 100.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Percent(pub(crate) f64);

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?;
        if (0.0..=100.0).contains(&value) {
            return Ok(Self(value));
        }
        Err(D::Error::custom(format!("{value} is not a percentage from 0 to 100")))
    }
}

/// A confidence between 0 and 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Confidence(pub f64);

impl Default for Confidence {
    fn default() -> Self {
        Self(0.95)
    }
}

impl<'de> Deserialize<'de> for Confidence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?;
        if value > 0.0 && value < 1.0 {
            return Ok(Self(value));
        }
        Err(D::Error::custom(format!("a confidence of {value} is not between 0 and 1, such as 0.95")))
    }
}

/// The day that weeks start on.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FirstWeekday {
    #[default]
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl From<FirstWeekday> for Weekday {
    fn from(day: FirstWeekday) -> Self {
        match day {
            FirstWeekday::Monday => Self::Monday,
            FirstWeekday::Tuesday => Self::Tuesday,
            FirstWeekday::Wednesday => Self::Wednesday,
            FirstWeekday::Thursday => Self::Thursday,
            FirstWeekday::Friday => Self::Friday,
            FirstWeekday::Saturday => Self::Saturday,
            FirstWeekday::Sunday => Self::Sunday,
        }
    }
}

/// The month that years start with.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FirstMonth {
    #[default]
    January = 1,
    February,
    March,
    April,
    May,
    June,
    July,
    August,
    September,
    October,
    November,
    December,
}

/// How p-values are corrected for there being many of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MultipleComparisons {
    /// Not at all: of twenty changes that are none, one is called significant.
    #[default]
    Uncorrected,
    /// So that of all changes of the report that are called significant, only one in twenty is expected to be none.
    BenjaminiHochberg,
}

/// A metric's parameters with the places they stand at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params {
    /// The parameters themselves.
    pub given: Map<String, Json>,
    places: Places,
}

/// Where a value stands, and all that is in it.
#[derive(Debug, Clone, Default)]
struct Places {
    span: Range<usize>,
    /// The entries of a table or an array: name or position, place of the name, and the value.
    entries: Vec<(String, Range<usize>, Places)>,
}

impl Params {
    /// Takes the others that are asked for and not given here.
    fn fill(&mut self, others: &Self, is_asked: impl Fn(&str) -> bool) {
        for (name, value) in others.given.iter().filter(|(name, _)| is_asked(name)) {
            if !self.given.contains_key(name) {
                self.given.insert(name.clone(), value.clone());
                self.places.entries.extend(others.places.entries.iter().filter(|(entry, ..)| entry == name).cloned());
            }
        }
    }

    /// Where the value at a path stands; where the nearest one above it does, when it is missing. `key` asks for the key's own place.
    pub(crate) fn locate(&self, path: &[String], key: bool) -> Range<usize> {
        let mut here = &self.places;
        let mut span = here.span.clone();
        for step in path {
            let step = step.trim_matches(['[', ']']);
            let Some((_, name, value)) = here.entries.iter().find(|(name, ..)| name == step) else { return span };
            span = if key { name.clone() } else { value.span.clone() };
            here = value;
        }
        span
    }
}

impl Places {
    fn of(value: &Spanned<DeValue<'_>>) -> Self {
        let entries = match value.get_ref() {
            DeValue::Table(table) => table.iter().map(|(name, value)| (name.get_ref().to_string(), name.span(), Self::of(value))).collect(),
            DeValue::Array(items) => {
                items.iter().enumerate().map(|(index, item)| (index.to_string(), item.span(), Self::of(item))).collect()
            }
            _ => Vec::new(),
        };
        Self { span: value.span(), entries }
    }
}

fn to_json(value: &DeValue<'_>) -> Json {
    match value {
        DeValue::String(text) => Json::String(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).map_or(Json::Null, Json::from),
        DeValue::Float(number) => number.as_str().parse::<f64>().map_or(Json::Null, Json::from),
        DeValue::Boolean(value) => Json::Bool(*value),
        DeValue::Datetime(time) => Json::String(time.to_string()),
        DeValue::Array(items) => items.iter().map(|item| to_json(item.get_ref())).collect(),
        DeValue::Table(table) => table.iter().map(|(key, value)| (key.get_ref().to_string(), to_json(value.get_ref()))).collect(),
    }
}

/// Reads a config and reports everything that is wrong with its form. What could be read is returned all the same.
pub(crate) fn read(problems: &mut Collector) -> Config {
    let text = problems.text().clone();
    let file = &text.whole[..text.file_end];
    let (root, errors) = DeTable::parse_recoverable(file);
    for error in errors {
        problems.report(error.span().unwrap_or(0..0), error.message().to_owned()).label("not valid TOML here");
    }
    let mut root = root.into_inner();
    let settings = Setting::all(&text);
    for setting in &settings {
        setting.apply(&mut root, problems);
    }

    let mut config = Config {
        report: ReportConfig::default(),
        calendars: BTreeMap::new(),
        tables: BTreeMap::new(),
        define: Vec::new(),
        derived: Vec::new(),
        metrics: Vec::new(),
        alerts: Vec::new(),
        webhooks: BTreeMap::new(),
    };
    for (key, value) in root {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("report", _) => config.report = section(value, problems).unwrap_or_default(),
            ("calendars", DeValue::Table(calendars)) => config.calendars = sections(calendars, problems),
            ("tables", DeValue::Table(tables)) => {
                for (name, table) in tables.clone() {
                    if let Some(table) = with_params(table, problems, |table: &mut TableConfig, params| table.params = params) {
                        config.tables.insert(name.get_ref().to_string(), table);
                    }
                }
            }
            ("webhooks", DeValue::Table(webhooks)) => config.webhooks = sections(webhooks, problems),
            ("alerts", DeValue::Array(alerts)) => {
                config.alerts.extend(alerts.iter().cloned().filter_map(|alert| section(alert, problems)));
            }
            ("metrics", DeValue::Array(requests)) => {
                config.metrics.extend(requests.iter().cloned().filter_map(|request| metric(request, problems)));
            }
            ("define", DeValue::Table(define)) => config.define = named(define, problems),
            ("define", _) => {
                problems.report(value.span(), "`define` must be tables").help("write `[define.\"domain.name\"]`");
            }
            ("derived", DeValue::Table(derived)) => config.derived = named(derived, problems),
            ("derived", _) => {
                problems.report(value.span(), "`derived` must be tables").help("write `[derived.NAME]`");
            }
            (name @ ("tables" | "calendars" | "webhooks"), _) => {
                problems.report(value.span(), format!("`{name}` must be tables")).help(format!("write `[{name}.NAME]`"));
            }
            (name @ ("metrics" | "alerts"), _) => {
                problems
                    .report(value.span(), format!("`{name}` must be a list of tables"))
                    .help(format!("write `[[{name}]]` above each {}", if name == "metrics" { "request" } else { "alert" }));
            }
            (unknown, _) => {
                let help = did_you_mean(unknown, &["report", "calendars", "tables", "define", "metrics", "derived", "alerts", "webhooks"]);
                problems.report(key.span(), format!("unknown section `{unknown}`")).label("not known").help(help);
            }
        }
    }
    if problems.is_empty() && config.metrics.is_empty() {
        problems
            .report(0..0, "the report asks for no metric")
            .help("add a request: `[[metrics]]` with `metric = \"…\"` and `table = \"…\"`");
    }
    config
}

/// Reads named sections of one kind.
fn sections<T: DeserializeOwned>(named: &DeTable<'_>, problems: &mut Collector) -> BTreeMap<String, T> {
    let mut sections = BTreeMap::new();
    for (name, value) in named.clone() {
        if let Some(read) = section(value, problems) {
            sections.insert(name.get_ref().to_string(), read);
        }
    }
    sections
}

/// Reads sections of one type.
fn named<T: DeserializeOwned>(sections: &DeTable<'_>, problems: &mut Collector) -> Named<T> {
    let mut read = Vec::new();
    for (name, value) in sections {
        read.push((Spanned::new(name.span(), name.get_ref().to_string()), section(value.clone(), problems)));
    }
    read
}

/// Gives requests the parameters of their tables that their metrics have.
pub(crate) fn share_params(config: &mut Config, registry: &Registry, problems: &mut Collector) {
    let mut known: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for request in &mut config.metrics {
        let Some((table, shared)) = config.tables.get_key_value(request.table.get_ref()) else { continue };
        let Some(metric) = registry.get(request.metric.get_ref()) else { continue };
        let names = metric.param_names();
        request.params.fill(&shared.params, |name| names.iter().any(|known| known == name));
        known.entry(table).or_default().extend(names);
    }
    for (table, shared) in &config.tables {
        // Where nothing is asked of a table, nothing is told of its parameters.
        let Some(known) = known.get(table.as_str()) else { continue };
        for name in shared.params.given.keys().filter(|name| !known.contains(*name)) {
            let near = nearest(name, known.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
            let help = near.unwrap_or_else(|| "the parameters of a table are those of its metrics".to_owned());
            problems
                .report(shared.params.locate(std::slice::from_ref(name), true), format!("no metric of `{table}` has a parameter `{name}`"))
                .help(help);
        }
    }
}

/// Reads one request.
fn metric(request: Spanned<DeValue<'_>>, problems: &mut Collector) -> Option<MetricConfig> {
    let mut metric = with_params(request, problems, |metric: &mut MetricConfig, params| metric.params = params)?;
    // Where there are no parameters, what is missing is missing of the metric.
    if metric.params.places.span.is_empty() {
        metric.params.places.span = metric.metric.span();
    }
    Some(metric)
}

/// Reads a section whose parameters are kept as they stand, for metrics to read.
fn with_params<T: DeserializeOwned>(
    mut section: Spanned<DeValue<'_>>,
    problems: &mut Collector,
    keep: impl FnOnce(&mut T, Params),
) -> Option<T> {
    let mut params = Params::default();
    if let DeValue::Table(table) = section.get_mut() {
        let key = table.keys().find(|key| key.get_ref() == "params").cloned();
        if let Some((key, value)) = key.and_then(|key| table.remove_entry(&key)) {
            if let Json::Object(given) = to_json(value.get_ref()) {
                params = Params { given, places: Places { span: key.span(), ..Places::of(&value) } };
            } else {
                problems.report(value.span(), "`params` must be a table").help("write `params = { name = value }`");
            }
        }
    }
    let mut read = self::section(section, problems)?;
    keep(&mut read, params);
    Some(read)
}

/// Reads a section as a type, and reports every entry of it that does not fit.
///
/// A misspelled key is read as the one that was meant, so that what it says is checked as well; any other entry that does not fit is
/// left out, and the rest read again.
fn section<T: DeserializeOwned>(mut value: Spanned<DeValue<'_>>, problems: &mut Collector) -> Option<T> {
    let mut left_out: Vec<String> = Vec::new();
    loop {
        let error = match T::deserialize(ValueDeserializer::from(value.clone())) {
            Ok(read) => return Some(read),
            Err(error) => error,
        };
        let span = error.span().unwrap_or_else(|| value.span());
        let Worded { message, help, meant } = worded(error.message());
        if let Some(missing) = error.message().strip_prefix("missing field `") {
            // What was left out is not missing for its author.
            if !left_out.iter().any(|key| missing.strip_suffix('`') == Some(key)) {
                problems.report(span, message).maybe_help(help);
            }
            return None;
        }
        problems.report(span.clone(), message).maybe_help(help);
        left_out.push(mend(&mut value, &span, meant.as_deref())?);
    }
}

/// Gives the innermost table entry around `span` the key that was meant, or takes it out. Its key; none when there is no entry.
fn mend(value: &mut Spanned<DeValue<'_>>, span: &Range<usize>, meant: Option<&str>) -> Option<String> {
    let within = |outer: Range<usize>| outer.start <= span.start && span.end <= outer.end;
    match value.get_mut() {
        DeValue::Table(table) => {
            let found = table.iter_mut().find_map(|(key, value)| {
                let inside = if within(value.span()) { mend(value, span, meant) } else { None };
                (inside.is_some() || within(key.span()) || within(value.span())).then(|| (key.clone(), inside))
            });
            let (key, inside) = found?;
            if inside.is_some() {
                return inside;
            }
            let entry = table.remove(&key)?;
            if let Some(meant) = meant.filter(|&meant| within(key.span()) && !table.contains_key(meant)) {
                table.insert(Spanned::new(key.span(), meant.to_owned().into()), entry);
            }
            Some(key.get_ref().to_string())
        }
        DeValue::Array(items) => items.iter_mut().find_map(|item| mend(item, span, meant)),
        _ => None,
    }
}

/// What a message of serde's says, for a reader.
pub(crate) struct Worded {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    /// The known name that an unknown one was probably meant to be.
    pub(crate) meant: Option<String>,
}

/// A reader's words for a message of serde's, with help where the message names what was expected.
pub(crate) fn worded(message: &str) -> Worded {
    let plain = |message: &str, help: Option<String>| Worded { message: message.to_owned(), help, meant: None };
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    for (start, what) in [("unknown field `", "key"), ("unknown variant `", "value")] {
        if let (true, Some((given, expected))) = (message.starts_with(start), quoted.split_first()) {
            let meant = nearest(given, expected.iter().copied()).map(str::to_owned);
            return Worded { message: format!("unknown {what} `{given}`"), help: Some(did_you_mean(given, expected)), meant };
        }
    }
    if message.starts_with("missing field `") {
        return plain(&format!("`{}` is missing", quoted.first().unwrap_or(&"")), None);
    }
    if let Some((found, expected)) = message.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(", expected ")) {
        let expected = match expected {
            "string or map" | "a string" => "text in quotes",
            "a sequence" => "a list",
            "a map" => "a table",
            "a boolean" => "true or false",
            "u64" | "u32" | "i64" | "i32" | "usize" => "a whole number",
            "f64" => "a number",
            other if other.starts_with("tuple struct ") => "a list",
            other => other.strip_prefix("struct ").map_or(other, |_| "a table"),
        };
        let found = found.replace("sequence", "a list").replace("map", "a table");
        return plain(&format!("expected {expected}, found {found}"), None);
    }
    for split in [", did you mean", ": write it"] {
        if let Some((message, help)) = message.split_once(split) {
            return plain(message, Some(format!("{}{help}", split.trim_start_matches([',', ':', ' ']))));
        }
    }
    plain(message, None)
}

/// The nearest of the expected names, or all of them.
fn did_you_mean(given: &str, expected: &[&str]) -> String {
    match nearest(given, expected.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if expected.is_empty() => "nothing can be set here".to_owned(),
        None => format!("expected {}", Listed(expected)),
    }
}

/// Names in backticks, with commas and an "or".
pub(crate) struct Listed<'a>(pub(crate) &'a [&'a str]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            let before = match index {
                0 => "",
                _ if index + 1 == self.0.len() => " or ",
                _ => ", ",
            };
            write!(f, "{before}`{name}`")?;
        }
        Ok(())
    }
}

/// A setting of the command line, `key.path=value`.
struct Setting {
    /// Where it stands in the whole text.
    place: Range<usize>,
    path: String,
    /// The value as a line of TOML, with blanks before it so that it stands where it does in the whole text; none without a `=`.
    value: Option<String>,
}

/// Makes a value a line of TOML. As long as the shortest path and its `=`.
const KEY: &str = "v=";

impl Setting {
    fn all(text: &Text) -> Vec<Self> {
        let mut start = text.settings_start();
        let mut settings = Vec::new();
        for written in text.whole.get(start..).unwrap_or_default().split('\n').filter(|written| !written.is_empty()) {
            let place = start..start + written.len();
            let (path, value) = written.split_once('=').map_or((written, None), |(path, value)| (path, Some(value)));
            let value = value.map(|value| format!("{}{KEY}{value}", " ".repeat(start + path.len() + 1 - KEY.len())));
            settings.push(Self { place: place.clone(), path: path.to_owned(), value });
            start = place.end + 1;
        }
        settings
    }

    /// Puts the value into the config. What is no TOML is text.
    fn apply<'i>(&'i self, root: &mut DeTable<'i>, problems: &mut Collector) {
        let start = self.place.start;
        let Some(written) = &self.value else {
            problems.report(self.place.clone(), "a setting needs a value").help("write `--set report.grain=week`");
            return;
        };
        let parsed = DeTable::parse(written).ok().and_then(|line| line.into_inner().into_iter().next());
        let text = written.trim_start().trim_start_matches(KEY);
        let value = parsed
            .map_or_else(|| Spanned::new(start + self.path.len() + 1..self.place.end, DeValue::String(text.into())), |(_, value)| value);
        if let Err(message) = set(root, &self.path, start, value) {
            problems
                .report(start..start + self.path.len(), message)
                .help("write `--set SECTION.KEY=VALUE`; requests are counted from 0, such as `metrics.0.grain`");
        }
    }
}

fn set<'i>(table: &mut DeTable<'i>, path: &'i str, start: usize, value: Spanned<DeValue<'i>>) -> Result<(), String> {
    let (step, rest) = path.split_once('.').map_or((path, None), |(step, rest)| (step, Some(rest)));
    let key = Spanned::new(start..start + step.len(), step.into());
    let Some(rest) = rest else {
        // The key's own span must be the setting's, too.
        table.remove(&key);
        table.insert(key, value);
        return Ok(());
    };
    let rest_start = start + step.len() + 1;
    let next = table.entry(key).or_insert_with(|| Spanned::new(start..start + path.len(), DeValue::Table(DeTable::new())));
    match next.get_mut() {
        DeValue::Table(table) => set(table, rest, rest_start, value),
        DeValue::Array(items) => {
            let (index, rest) = rest.split_once('.').ok_or_else(|| format!("`{path}` names no key"))?;
            let count = items.len();
            let position: usize = index.parse().map_err(|_| format!("`{index}` is not a position in `{step}`"))?;
            let item = items.get_mut(position).ok_or_else(|| format!("`{step}` has no entry {position}: there are {count}"))?;
            match item.get_mut() {
                DeValue::Table(table) => set(table, rest, rest_start + index.len() + 1, value),
                _ => Err(format!("`{step}.{index}` has no keys")),
            }
        }
        _ => Err(format!("`{step}` has no keys")),
    }
}
