//! A report, checked: every name found, every type fitting, every parameter read. Nothing in it can be wrong but the rows.
//!
//! Plain data: a host may make one without any config.

pub(crate) mod alert_rule;
pub(crate) mod basis;
pub(crate) mod calculated;
pub(crate) mod condition;
pub(crate) mod conversion;
pub(crate) mod formula;
pub(crate) mod goal;
pub(crate) mod ids;
pub(crate) mod judged;
pub(crate) mod mail;
pub(crate) mod named;
pub(crate) mod size;
pub(crate) mod targets;
pub(crate) mod webhook;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use custometer_core::registry::Descriptor;
use custometer_core::time::Window;
use custometer_core::{Baseline, Buckets, Calendar, Definition, Direction, Grain, Measure, Period, Unit};
use jiff::civil::Date;
use polars::prelude::Expr;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::memory::MemoryLimit;
use crate::read::table::Table;
use crate::read::watch::Watch;
use crate::report::alert_rule::{AlertPeriods, AlertRule};
use crate::report::basis::{Basis, GroupSize};
use crate::report::calculated::Calculated;
use crate::report::conversion::Conversion;
use crate::report::goal::Goal;
use crate::report::ids::IdHasher;
use crate::report::judged::Judged;
use crate::report::mail::Mail;
use crate::report::named::NamedTables;
use crate::report::webhook::Webhook;
use crate::result::Benchmark;
use crate::result::locale::Locale;

/// A report that can be run.
#[derive(Clone)]
pub struct Report {
    /// A heading.
    pub title: Option<String>,
    /// Where the report is published: messages lead there.
    pub link: Option<String>,
    /// The language of what people read.
    pub locale: Locale,
    /// With how many decimals people are shown values; as their units are shown where that is not said.
    pub digits: Option<u8>,
    /// How time is counted.
    pub calendar: Calendar,
    /// The times with names that tables have: the calendar gets them when these are read.
    pub(crate) named_tables: NamedTables,
    /// The period; none for all there is.
    pub period: Option<Period>,
    /// The grain of requests that name none.
    pub grain: Grain,
    /// Whether partial buckets are left out.
    pub complete_periods_only: bool,
    /// The date up to which the data are known, which may lie after the period; none where nobody said one, and they are known as far as they
    /// reach.
    pub as_of: Option<Date>,
    /// The date from which on buckets are not over: the as-of date or else today, and no later than the period's end. Partial buckets are
    /// compared with what earlier ones were by then.
    pub over_until: Option<Date>,
    /// What amounts of money are converted to; none where they stay as they are.
    pub(crate) conversion: Option<Conversion>,
    /// The confidence of intervals.
    pub confidence: f64,
    /// How many of a table's rows may be rejected, in percent.
    pub max_rejected_percent: f64,
    /// Whether all rejected rows are wanted.
    pub rejected_rows: bool,
    /// How p-values of changes are corrected.
    pub(crate) multiple_comparisons: MultipleComparisons,
    /// Groups of fewer observations are not shown.
    pub min_group_size: Option<u64>,
    /// What replaces ids, where they are hashed.
    pub id_hasher: Option<IdHasher>,
    /// The tables that requests use, by name.
    pub tables: Vec<Table>,
    /// The metrics that the config defines, by id.
    pub defined: Vec<&'static Descriptor>,
    /// The requests, in the config's order.
    pub requests: Vec<Request>,
    /// What is calculated from their results, in an order in which it can be.
    pub calculated: Vec<Calculated>,
    /// The alerts: when they fire, what they say, and to whom.
    pub(crate) alerts: Vec<AlertRule>,
    /// Whom alerts are sent to, by name.
    pub webhooks: BTreeMap<String, Webhook>,
    /// Whom the report is sent to by e-mail, by name.
    pub mails: BTreeMap<String, Mail>,
    /// BLAKE3 hash of the config with its settings.
    pub config_hash: String,
    /// How much memory a run may take, and where it puts what is beyond.
    pub memory: MemoryLimit,
    /// What counts the rows that a run reads, and stops it.
    pub(crate) watch: Watch,
    /// The settings of the config one by one, by the paths of their keys.
    pub settings: BTreeMap<String, String>,
    /// What becomes of values that were final and are not what they were.
    pub restated: Restated,
}

/// What becomes of a run in which values of buckets that were over are not what they were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Restated {
    /// It says which.
    #[default]
    Note,
    /// It fails, and writes nothing.
    Fail,
}

impl Report {
    /// What a host sees of a run while it reads rows, and stops it by.
    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    /// The instant up to which the data are known, in microseconds since 1970. What was to be known of an earlier time was known when it
    /// ended.
    pub(crate) fn known_until(&self, buckets: &Buckets, baseline: Option<Baseline>) -> Option<i64> {
        match baseline {
            Some(_) => buckets.edges().iter().max().copied(),
            None => self.as_of_instant(),
        }
    }

    /// The first instant of the as-of date, in microseconds since 1970.
    pub(crate) fn as_of_instant(&self) -> Option<i64> {
        self.as_of.and_then(|as_of| self.calendar.start_of_day(as_of).ok()).map(|start| start.timestamp().as_microsecond())
    }

    /// The first instant of the date from which on buckets are not over, in microseconds since 1970.
    pub(crate) fn over_until_instant(&self) -> Option<i64> {
        self.over_until.and_then(|until| self.calendar.start_of_day(until).ok()).map(|start| start.timestamp().as_microsecond())
    }

    /// Where the data begin that have their first row at an instant, both in microseconds since 1970: with the day, week or longer bucket that the
    /// row is in, of which it is the first.
    pub(crate) fn data_begin(&self, first: Option<i64>, grain: Grain) -> Option<i64> {
        let first = jiff::Timestamp::from_microsecond(first?).ok()?.to_zoned(self.calendar.zone.clone());
        let begin = self.calendar.floor(first.date(), grain).and_then(|day| self.calendar.start_of_day(day)).ok()?;
        Some(begin.timestamp().as_microsecond())
    }

    /// Where the data end that have their last row at an instant, both in microseconds since 1970: with the row's local day, or by hours with its
    /// hour. What could have come after the row in that time did not.
    pub(crate) fn reach(&self, last: i64, grain: Grain) -> Option<i64> {
        let last = jiff::Timestamp::from_microsecond(last).ok()?.to_zoned(self.calendar.zone.clone());
        let end = if grain == Grain::Hour {
            let hour = last.with().minute(0).second(0).subsec_nanosecond(0).build().ok()?;
            hour.checked_add(jiff::ToSpan::hour(1)).ok()?
        } else {
            self.calendar.start_of_day(last.date().tomorrow().ok()?).ok()?
        };
        Some(end.timestamp().as_microsecond())
    }

    /// What suppression has to know of a request, by its name. Tables over the same files tell of the same rows.
    pub(crate) fn basis(&self, request: &str) -> Basis {
        let Some(request) = self.requests.iter().find(|known| known.name == request) else {
            return Basis { table: self.tables.len(), size: GroupSize::N, tells_bucket: true };
        };
        Basis::of(self.same_files(request.table), &request.definition)
    }

    /// The position of the first table with the files of another.
    pub(crate) fn same_files(&self, position: usize) -> usize {
        let files = self.tables[position].files();
        self.tables.iter().position(|table| table.files() == files).unwrap_or(position)
    }

    /// The first of the tables that one scan of files has the rows of, this table's among them.
    pub(crate) fn first_of_scan(&self, table: usize) -> usize {
        let is_same = |other: &Table| self.tables[table].opened().zip(other.opened()).is_some_and(|(opened, other)| other.is_same(opened));
        self.tables[..table].iter().position(is_same).unwrap_or(table)
    }

    /// How many files there are, those that several tables are read of once.
    pub(crate) fn files(&self) -> usize {
        let once = self.tables.iter().enumerate().filter(|(table, _)| self.first_of_scan(*table) == *table);
        once.map(|(_, table)| table.own_files().len()).sum()
    }

    /// The names of tables, as messages have them between backticks.
    pub(crate) fn names(&self, tables: &[usize]) -> String {
        tables.iter().map(|table| self.tables[*table].name.as_str()).collect::<Vec<_>>().join("`, `")
    }

    /// Whether no table has anything to say of it.
    pub(crate) fn is_whole(&self) -> bool {
        let has_targets = self.requests.iter().filter_map(|request| request.target.as_ref()).any(|goal| goal.table.is_some());
        self.named_tables.is_empty() && !has_targets
    }

    /// The position of a table.
    pub(crate) fn position(&self, table: &str) -> Option<usize> {
        self.tables.iter().position(|known| known.name == table)
    }

    /// An id of a single row as it may be shown: hashed where the report says so, and not at all where groups are hidden.
    pub(crate) fn shown_id(&self, id: &str) -> Option<String> {
        let is_hidden = self.min_group_size.is_some_and(|least| least > 1);
        (!is_hidden).then(|| self.id_hasher.as_ref().map_or_else(|| id.to_owned(), |hasher| hasher.hash(id)))
    }

    /// Everything that has results: the requests, then what is derived from them.
    pub(crate) fn judged(&self) -> impl Iterator<Item = Judged<'_>> {
        judged(&self.requests, &self.calculated)
    }

    /// How many targets there are.
    pub fn targets(&self) -> usize {
        self.judged().filter(|judged| judged.target.is_some()).count()
    }

    /// How many alerts may fire.
    pub fn alerts(&self) -> usize {
        self.alerts.len()
    }

    /// Whether an alert looks at all buckets, by its name.
    pub fn alert_is_of_each_bucket(&self, alert: &str) -> bool {
        self.alerts.iter().any(|rule| rule.name == alert && rule.periods == AlertPeriods::All)
    }

    /// After how many days an alert that is still on is told again, by its name; never where it is none.
    pub fn remind_after_days(&self, alert: &str) -> Option<i64> {
        self.alerts.iter().find(|rule| rule.name == alert)?.remind_after_days
    }

    /// The mail that tells an alert, by its name.
    pub fn mail_of_alert(&self, alert: &str) -> Option<&str> {
        self.alerts.iter().find(|rule| rule.name == alert)?.mail.as_deref()
    }

    /// Everything that any request is compared with, in the order of the report.
    pub fn baselines(&self) -> Vec<Baseline> {
        let mut baselines = Vec::new();
        for baseline in self.requests.iter().flat_map(|request| &request.compare) {
            if !baselines.contains(baseline) {
                baselines.push(*baseline);
            }
        }
        baselines
    }
}

/// A request of a report.
#[derive(Clone)]
pub struct Request {
    /// Its name in the results.
    pub name: String,
    /// The metric.
    pub metric: &'static Descriptor,
    /// The metric with its parameters.
    pub definition: Definition,
    /// The position of its table in the report.
    pub table: usize,
    /// The table's names for the metric's columns, where they differ.
    pub columns: BTreeMap<String, String>,
    /// The columns that hold ids, by the table's names and the metric's: see [`ids`].
    pub(crate) id_columns: BTreeSet<String>,
    /// Its breakdowns.
    pub by: Vec<Vec<String>>,
    /// The columns of its table that are true of the rows that it is computed from; all rows where there are none.
    pub(crate) conditions: Vec<String>,
    /// Its grain.
    pub grain: Grain,
    /// What its values are over; none where it is the buckets of its grain.
    pub window: Option<Window>,
    /// What its values are compared with.
    pub compare: Vec<Baseline>,
    /// Which groups are compared with which.
    pub(crate) compare_groups: Option<ComparedGroups>,
    /// Whether changes of its total are taken apart, by the groups of its breakdowns.
    pub contributions: bool,
    /// Whether its detail table is wanted.
    pub detail: bool,
    /// What its values are to be.
    pub(crate) target: Option<Goal>,
    /// What they are compared with from elsewhere.
    pub benchmark: Option<Arc<Benchmark>>,
}

/// Which groups of a request are compared with which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ComparedGroups {
    /// The column that tells them apart.
    pub(crate) by: String,
    /// The value in it of the group that the others are compared with, as text.
    pub(crate) with: String,
}

impl Request {
    /// Whether amounts are summed or compared in it, which have to be of one currency then.
    pub(crate) fn sums_money(&self) -> bool {
        sums_money(&self.definition, self.metric)
    }

    /// Whether its values are of the rows of their bucket, and of nothing else.
    pub(crate) fn is_plain(&self) -> bool {
        self.definition.derivation.is_none() && !self.definition.measures.iter().any(Measure::is_stock)
    }

    /// Whether rows are placed in time only where the report says from when to when, or by which grain.
    pub(crate) fn is_timeless_without_period(&self) -> bool {
        self.grain == Grain::Total && !self.is_always_timed()
    }

    /// Whether rows are placed in time even where the report has neither period nor grain.
    pub(crate) fn is_always_timed(&self) -> bool {
        self.definition.source.is_always_timed || self.window.is_some()
    }

    /// Whether a column, by the table's name or the metric's, holds ids.
    pub(crate) fn is_id(&self, column: &str) -> bool {
        self.id_columns.contains(column) || self.id_columns.contains(self.column(column))
    }

    /// Which of the metric's own dimensions show ids. What a value makes of several is taken to show those of any.
    pub(crate) fn own_ids(&self) -> Vec<bool> {
        let shows = |value: &Expr| value.clone().meta().root_names().iter().any(|column| self.is_id(column));
        let own: BTreeMap<&str, bool> = self.definition.own_dimensions.iter().map(|own| (own.name.as_str(), shows(&own.value))).collect();
        let any = own.values().any(|shows| *shows);
        self.definition.dimensions().iter().map(|name| own.get(name.as_str()).copied().unwrap_or(any)).collect()
    }

    /// The unit of its values.
    pub fn unit(&self) -> Unit {
        self.definition.unit.unwrap_or(self.metric.about.unit)
    }

    /// What judging must know of it.
    pub(crate) fn judged(&self) -> Judged<'_> {
        Judged {
            name: &self.name,
            unit: self.unit(),
            direction: self.direction(),
            by: &self.by,
            own: self.definition.dimensions(),
            compare: &self.compare,
            target: self.target.as_ref(),
            benchmark: self.benchmark.as_ref(),
            is_calculated: false,
            no_limits: self.no_limits(),
            has_interval: true,
        }
    }

    /// Why its values have no process limits, if they have none: limits are of values that have nothing in common.
    pub(crate) fn no_limits(&self) -> Option<&'static str> {
        if self.grain == Grain::Total {
            return Some("a total is no trend");
        }
        if self.window.is_some() {
            return Some("its windows overlap");
        }
        if self.grain.is_named() {
            return Some("its periods need not be of one length");
        }
        self.definition.tells_of_ends().then_some("it is of a bucket's end, and much of one is in the next")
    }

    /// Which change of them is good news.
    pub fn direction(&self) -> Direction {
        self.definition.direction.unwrap_or(self.metric.about.direction)
    }

    /// The table's name for one of the metric's columns.
    pub fn column<'a>(&'a self, logical: &'a str) -> &'a str {
        self.columns.get(logical).map_or(logical, String::as_str)
    }
}

/// Whether a metric sums or compares amounts.
pub(crate) fn sums_money(definition: &Definition, metric: &Descriptor) -> bool {
    let reads_money = definition.source.columns.iter().any(|column| !column.is_optional && column.unit == Some(Unit::Currency));
    reads_money || metric.about.unit == Unit::Currency
}

/// How p-values are corrected for there being many of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MultipleComparisons {
    /// Not at all. Of twenty changes that mean nothing, one is called significant.
    #[default]
    Uncorrected,
    /// So that of all changes of the report that are called significant, only one in twenty is expected to mean nothing.
    BenjaminiHochberg,
}

/// All that can be judged: the requests, then what is derived.
pub(crate) fn judged<'a>(requests: &'a [Request], calculated: &'a [Calculated]) -> impl Iterator<Item = Judged<'a>> {
    requests.iter().map(Request::judged).chain(calculated.iter().map(Calculated::judged))
}
