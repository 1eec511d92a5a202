//! `[report]`: settings of the report as a whole.

use custometer_core::time::Last;
use custometer_core::{Calendar, Grain, Period};
use jiff::civil::{Date, Weekday};
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use toml::Spanned;
use toml::de::DeTable;
use url::Url;

use crate::check::earlier::CompareConfig;
use crate::check::rates::RatesConfig;
use crate::config::diagnostics::Collector;
use crate::config::values::{Day, ZoneName};
use crate::report::ids::IdHasher;
use crate::report::{MultipleComparisons, Restated};
use crate::result::locale::Locale;

/// Settings of the report as a whole.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ReportConfig {
    /// The version of the config's language that the report is written in. 1 unless said: there is no other yet.
    #[schemars(with = "Option<Version>")]
    pub version: Version,
    /// A heading.
    pub title: Option<String>,
    /// Where the report is published, as `https://…`: messages of alerts and mails lead there.
    #[schemars(with = "Option<String>")]
    pub link: Option<Spanned<String>>,
    /// The language of the HTML report. English unless said.
    #[schemars(with = "Option<Locale>")]
    pub locale: Locale,
    /// With how many decimals people are shown values, from 0 to 6: percentages, points, scores, ratios, days, months, years, and durations below 100 s. As
    /// their units are shown unless said. JSON, CSV and Parquet have all digits.
    #[schemars(with = "Option<u8>")]
    pub digits: Option<Digits>,
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
    #[schemars(with = "Grain", extend("default" = "total"))]
    pub grain: Option<Spanned<Grain>>,
    /// Whether buckets that the period cuts, or that the data do not cover yet, are left out. Totals never are.
    pub complete_periods_only: bool,
    /// What amounts of money are converted to: the code of a currency, such as `EUR`. They stay as they are unless said.
    #[schemars(with = "Option<String>")]
    pub currency: Option<Spanned<String>>,
    /// By which rates they are converted.
    #[schemars(with = "Option<RatesConfig>")]
    pub rates: Option<Spanned<RatesConfig>>,
    /// What values are compared with.
    #[schemars(with = "Vec<CompareConfig>", extend("default" = []))]
    pub compare: Vec<Spanned<CompareConfig>>,
    /// How p-values of changes are corrected for there being many of them. Not at all unless said.
    pub multiple_comparisons: MultipleComparisons,
    /// The day that weeks start on. Monday unless said.
    pub week_start: FirstWeekday,
    /// The month that years, and quarters, start with. January unless said.
    pub fiscal_year_start: FirstMonth,
    /// The data are known up to the start of this date, which may lie after the period; buckets that end later are partial, and later rows are
    /// left out. Without it, the data are known as far as they reach. `--as-of` overrides it.
    pub as_of: Option<Day>,
    /// How many of a table's rows may be rejected, in percent, before the run ends with the exit code 4. 0 unless said.
    #[schemars(with = "Option<f64>")]
    pub max_rejected_percent: Percent,
    /// The folder of the report's own packs, relative to its own. `packs` unless said.
    #[schemars(with = "Option<String>")]
    pub packs: Option<Spanned<String>>,
    /// Whether all rejected rows are written to a file beside the results, and not only the first of each reason shown.
    pub rejected_rows: bool,
    /// The confidence of intervals, between 0 and 1; changes are significant at one less it. 0.95 unless said.
    #[schemars(with = "Option<f64>")]
    pub confidence: Confidence,
    /// What becomes of a run with `--state` in which values of buckets that were over are not what they were. It says so unless said.
    pub restated: Restated,
    /// Groups of fewer observations are not shown, nor what would tell of them.
    pub min_group_size: Option<u64>,
    /// The name of an environment variable with a secret. Ids are replaced by hashes keyed with it in everything that leaves: columns that
    /// a metric reads as ids, that are called `id` or `…_id`, or that are derived from one of these.
    #[schemars(with = "Option<String>")]
    pub hash_ids: Option<Spanned<String>>,
}

impl ReportConfig {
    /// The grain of requests that name none.
    pub(crate) fn grain(&self) -> Grain {
        self.grain.as_ref().map(|grain| *grain.get_ref()).unwrap_or_default()
    }
}

/// The version of the config's language that this program reads: it becomes another one where a report of before would no longer run, or
/// would mean something else.
pub(crate) const CONFIG_VERSION: u32 = 1;

/// A version that is known.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Version;

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let version = u32::deserialize(deserializer)?;
        if (1..=CONFIG_VERSION).contains(&version) {
            return Ok(Self);
        }
        Err(D::Error::custom(format!("there is no version {version}: write `version = {CONFIG_VERSION}`, or leave it out")))
    }
}

impl JsonSchema for Version {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Version".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": 1, "maximum": CONFIG_VERSION })
    }
}

/// Says so where a report is written in a version that this program does not know. What else it seems to have wrong is then not worth a word.
pub(crate) fn is_newer(root: &DeTable<'_>, problems: &mut Collector) -> bool {
    let Some(version) = root.get("report").and_then(|report| report.get_ref().get("version")) else { return false };
    let Some(number) = version.get_ref().as_integer() else { return false };
    let is_newer = u64::from_str_radix(number.as_str(), number.radix()).is_ok_and(|number| number > u64::from(CONFIG_VERSION));
    if is_newer {
        problems
            .report(
                version.span(),
                format!("the report is written in version {number} of its language, and this program knows version {CONFIG_VERSION}"),
            )
            .label("newer than this program")
            .help(format!("this is custometer {}: install a newer one", env!("CARGO_PKG_VERSION")));
    }
    is_newer
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

/// How many decimals a value is shown with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Digits(pub(crate) u8);

/// More decimals than these are shown of no value.
const MOST_DIGITS: u8 = 6;

impl<'de> Deserialize<'de> for Digits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = i64::deserialize(deserializer)?;
        match u8::try_from(digits) {
            Ok(digits) if digits <= MOST_DIGITS => Ok(Self(digits)),
            _ => Err(D::Error::custom(format!("values are shown with 0 to {MOST_DIGITS} decimals, not {digits}"))),
        }
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

/// Where the report is published.
pub(crate) fn link(config: &ReportConfig, problems: &mut Collector) -> Option<String> {
    let written = config.link.as_ref()?;
    let url = Url::parse(written.get_ref()).ok().filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
    if url.is_none() {
        problems.report(written.span(), "this is not an address of a page").help("write it as `https://host/path`");
    }
    url.map(Into::into)
}

/// What replaces ids, where the report says so.
pub(crate) fn id_hasher(config: &ReportConfig, environment: &dyn Fn(&str) -> Option<String>, problems: &mut Collector) -> Option<IdHasher> {
    let variable = config.hash_ids.as_ref()?;
    let Some(secret) = environment(variable.get_ref()) else {
        problems
            .report(variable.span(), format!("the environment variable `{}` is not set", variable.get_ref()))
            .help("set it to a secret text; the same secret gives the same hashes");
        return None;
    };
    IdHasher::new(secret.as_bytes())
        .map_err(|error| problems.report(variable.span(), format!("`{}` is not a key: {error}", variable.get_ref())))
        .ok()
}

pub(crate) fn period(config: &ReportConfig, as_of: Option<Date>, calendar: &Calendar, problems: &mut Collector) -> Option<Period> {
    if let Some(last) = &config.last {
        if let Some(edge) = config.from.as_ref().or(config.until.as_ref()) {
            problems.report(edge.span(), "the period is said twice: by `last`, and by this").help("leave one of them out");
            return None;
        }
        let Some(as_of) = as_of else {
            problems.report(last.span(), "`last` counts back from a date").help("add `as_of`, the day after the last one that is known");
            return None;
        };
        return Period::last(*last.get_ref(), as_of, calendar, config.complete_periods_only)
            .map_err(|error| problems.report(last.span(), format!("there is no such period: {error}")))
            .ok();
    }
    match (&config.from, &config.until) {
        (Some(from), Some(until)) => {
            if from.get_ref().0 >= until.get_ref().0 {
                problems
                    .report(until.span(), "the period is empty: `until` is not after `from`")
                    .help("`until` is the day after the last one of the period");
            }
            Some(Period { from: from.get_ref().0, until: until.get_ref().0 })
        }
        (Some(only), None) => {
            problems.report(only.span(), "a period needs an end").help("add `until`, the day after its last one");
            None
        }
        (None, Some(only)) => {
            problems.report(only.span(), "a period needs a start").help("add `from`, its first day");
            None
        }
        (None, None) => None,
    }
}
