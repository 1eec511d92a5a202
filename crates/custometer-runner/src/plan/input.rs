//! Inputs: the rows of a table that one source can use, and why it can't use the others.
//!
//! Each row meets one fate per group of requests that read the same columns: used, outside the period, without an answer, or rejected for
//! the first reason that holds. Why a row was rejected is found here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use custometer_core::time::{INSTANT, index_between};
use custometer_core::{Buckets, Column, ColumnType, Domain, Measure, NullRule, Source, SqlCondition, Unit};
use polars::prelude::{
    AllowedOptimizations, BooleanChunked, DataFrame, DataType, Expr, LazyFrame, NULL, PolarsResult, SortMultipleOptions, col, lit, when,
};

use crate::plan::axes::{Axes, Axis, edges};
use crate::plan::money::Money;
use crate::plan::names::{AMBIGUOUS, EXAMPLES, FATE, FAULTY, FIRST, LAST, OUTSIDE, PLACE, SKIPPED, ambiguous_name, typed_name};
use crate::plan::typed::typed_column;
use crate::read::currency::RowCurrency;
use crate::read::fault::{Check, Origin, Reason};
use crate::read::lookup::{Found, place_name};
use crate::read::scan::{PART, ROW};
use crate::read::shape::MADE_OF;
use crate::read::table::Table;
use crate::read::union::SOURCE;
use crate::report::Request;

/// The rows of a table that one source can use, and why it can't use the others.
pub(crate) struct InputPlan {
    pub(crate) key: InputKey,
    pub(crate) requests: Vec<usize>,
    /// The reasons, by their number less one.
    pub(crate) reasons: Vec<Reason>,
    /// Counts rows by what became of them.
    pub(crate) fates: LazyFrame,
    /// Rejected rows: the first ones of each reason in every part of the table, or all.
    pub(crate) rejected: LazyFrame,
    pub(crate) usable: LazyFrame,
    /// All rows that the conditions leave, each with its fate.
    judged: LazyFrame,
    /// Counts the rows that the requests' own conditions leave out; none where there are no conditions.
    pub(crate) left_out: Option<LazyFrame>,
    /// The currencies of its amounts, a row each; none where none are summed, or where nobody says in which they are.
    pub(crate) currencies: Option<LazyFrame>,
}

#[derive(Debug, Clone)]
pub(crate) struct InputKey {
    pub(crate) source: Source,
    /// The table's names for the source's columns, where they differ.
    pub(crate) columns: BTreeMap<String, String>,
    pub(crate) timed: bool,
    /// Whether rows outside the period matter, too.
    pub(crate) history: bool,
    /// What is done to its amounts; none where they are taken as they are.
    money: Option<Money>,
    /// The columns that are true of its rows.
    conditions: BTreeSet<String>,
    /// The columns that it reads, breaks down by or picks rows by whose own expressions may fail.
    faulty: BTreeSet<String>,
}

impl InputKey {
    pub(crate) fn of(request: &Request, axes: &Axes, table: &Table, (found, money): (&Found, Option<Money>)) -> Self {
        let definition = &request.definition;
        let timed = definition.source.time.is_some() && Axis::of(request).any(|axis| !axes[&axis].is_timeless());
        let history = !request.is_plain();
        let faulty = BTreeSet::new();
        let conditions: BTreeSet<String> = request.conditions.iter().cloned().collect();
        let (source, columns) = (definition.source.clone(), request.columns.clone());
        let mut key = Self { source, columns, timed, history, money, conditions: conditions.clone(), faulty };
        let reads = key
            .reads()
            .into_iter()
            .map(|(name, ..)| key.actual(name))
            .chain(request.by.iter().flatten().chain(&conditions).map(String::as_str));
        key.faulty = reads.filter(|name| table.may_fail(name, found)).map(str::to_owned).collect();
        key
    }

    /// One key for both, where they reject the same rows: then they differ at most in columns that reject none.
    pub(crate) fn joined(&self, other: &Self) -> Option<Self> {
        let rejects = |column: &&Column| {
            let any_text = matches!(column.kind, ColumnType::Text | ColumnType::Identifier) && column.domain == Domain::Any;
            let any_value = any_text || SqlCondition::written(column.name).is_some();
            column.nulls != NullRule::Keep || !any_value
        };
        let same = |one: &Column, another: &Column| one == another && self.actual(one.name) == other.actual(another.name);
        let (mine, theirs) = (self.source.columns.iter().filter(rejects), other.source.columns.iter().filter(rejects));
        let alike = mine.clone().count() == theirs.clone().count() && mine.zip(theirs).all(|(one, another)| same(one, another));
        let time = |key: &Self| key.time().map(str::to_owned);
        if !alike
            || time(self) != time(other)
            || self.source.time_domain != other.source.time_domain
            || self.history != other.history
            || self.money != other.money
            || self.conditions != other.conditions
            || self.faulty != other.faulty
            || self.source.rules != other.source.rules
            || self.source.all_or_none != other.source.all_or_none
            || self.source.absent != other.source.absent
            || self.source.doubts != other.source.doubts
        {
            return None;
        }
        let mut both = self.clone();
        for column in other.source.columns.iter().filter(|column| !rejects(column)) {
            match self.source.columns.iter().find(|known| known.name == column.name) {
                Some(known) if same(known, column) => {}
                Some(_) => return None,
                None => {
                    both.source.columns.push(column.clone());
                    both.columns.extend(other.columns.get_key_value(column.name).map(|(name, actual)| (name.clone(), actual.clone())));
                }
            }
        }
        Some(both)
    }

    /// The table's name for one of the source's columns.
    pub(crate) fn actual<'a>(&'a self, logical: &'a str) -> &'a str {
        self.columns.get(logical).map_or(logical, String::as_str)
    }

    /// The column that places rows by time, where they are.
    pub(crate) fn time(&self) -> Option<&str> {
        self.source.time.filter(|_| self.timed).map(|time| self.actual(time))
    }

    /// The columns that are read, each once, with their types and rules: the time first.
    pub(crate) fn reads(&self) -> Vec<(&'static str, ColumnType, NullRule, Domain)> {
        let is_dated = self.money.as_ref().is_some_and(|money| money.time().is_some());
        let time = self.source.time.filter(|_| self.timed || is_dated);
        let time = time.map(|time| (time, ColumnType::Time, NullRule::Reject, self.source.time_domain));
        let columns = self.source.columns.iter().map(|column| (column.name, column.kind, column.nulls, column.domain));
        let mut seen = BTreeSet::new();
        time.into_iter().chain(columns).filter(|(name, ..)| seen.insert(*name)).collect()
    }
}

impl InputKey {
    /// The column that has the values of one of the source's columns, typed: amounts as the report has them.
    fn held(&self, name: &str, kind: ColumnType) -> String {
        let actual = self.actual(name);
        let column = self.source.columns.iter().find(|column| column.name == name);
        let amount = self.money.as_ref().zip(column).and_then(|(money, column)| money.held(column, actual));
        amount.unwrap_or_else(|| typed_name(actual, kind))
    }
}

/// What a source asks of a row: the reasons to reject it, each with when it holds.
#[derive(Default)]
pub(super) struct Checks {
    pub(super) reasons: Vec<Reason>,
    fails: Vec<(i32, Expr)>,
}

impl Checks {
    pub(super) fn add(&mut self, text: String, column: Option<&str>, fails: Expr) {
        self.add_check(Check { reason: Reason::new(text, column.map(Origin::itself)), fails });
    }

    /// Adds a check; one that says the same as another has its number, so that one cause is one reason.
    pub(super) fn add_check(&mut self, Check { reason, fails }: Check) {
        let same = |known: &Reason| known.text == reason.text && known.origin.is_some() && known.origin == reason.origin;
        let position = self.reasons.iter().position(same).unwrap_or_else(|| {
            self.reasons.push(reason);
            self.reasons.len() - 1
        });
        self.fails.push((i32::try_from(position + 1).unwrap_or(i32::MAX), fails.fill_null(lit(false))));
    }

    /// The number of the first reason so far that holds, or `otherwise`. Reasons that are added later are asked for apart.
    pub(super) fn first(&mut self, otherwise: Expr) -> Expr {
        self.fails.drain(..).rev().fold(otherwise, |later, (number, fails)| when(fails).then(lit(number)).otherwise(later))
    }
}

impl InputPlan {
    pub(crate) fn new(
        key: InputKey,
        requests: Vec<usize>,
        table: &Table,
        base: &LazyFrame,
        axes: &[&Arc<Buckets>],
        (as_of, all_rejected, sums_money): (Option<i64>, bool, bool),
    ) -> PolarsResult<Self> {
        let (base, left_out) = picked(&key, table, base);
        let mut checks = Checks::default();
        for check in table.checks.iter().cloned().chain(key.faulty.iter().flat_map(|name| table.faults_of(name))) {
            checks.add_check(check);
        }
        let of_table = std::mem::take(&mut checks.fails);
        let reads = key.reads();
        let skips = column_checks(&key, table, &mut checks)?;
        let typed: BTreeMap<&str, String> = reads.iter().map(|&(name, kind, ..)| (name, key.held(name, kind))).collect();
        rule_checks(&key, &typed, &of_table, &skips, &mut checks)?;
        // A survey without an answer is not an observation, whatever else it lacks; but a damaged row may have had one.
        let fate = checks.first(lit(0_i32));
        let fate = skips.into_iter().fold(fate, |fate, skip| when(skip).then(lit(SKIPPED)).otherwise(fate));
        checks.fails = of_table;
        let mut fate = checks.first(fate);
        let reasons = checks.reasons;
        let time = key.time().map(|time| col(typed_name(time, ColumnType::Time)));
        if let Some(time) = time.clone().filter(|_| !key.history) {
            // A row outside the period concerns another report, good or bad. A row without a possible time may concern this one.
            let possible = match key.source.time_domain {
                Domain::Years { from, until } => in_years(time.clone(), from, until),
                _ => lit(true),
            };
            let outside = (index_between(time, Arc::new(edges(axes))) % lit(2)).neq(lit(0)).and(possible).fill_null(lit(false));
            fate = when(outside).then(lit(OUTSIDE)).otherwise(fate);
        }
        if let Some((time, as_of)) = time.clone().zip(as_of) {
            // Of what came later nothing is known yet.
            fate = when(time.cast(DataType::Int64).gt_eq(lit(as_of))).then(lit(OUTSIDE)).otherwise(fate);
        }
        let judged = base.with_column(fate.alias(FATE)).cache();
        let by = [FATE].into_iter().chain((!table.sources().is_empty()).then_some(SOURCE));
        let fates = judged.clone().group_by(by.map(col).collect::<Vec<_>>()).agg(sums_of_fates(&key, table, time));

        let rejected = rejected(table, &judged, &reasons, all_rejected);
        // What had not happened by the as-of date is not known yet.
        let is_latest = |name: &str| key.source.columns.iter().any(|column| column.name == name && column.is_latest);
        let known = |name: &str, kind: ColumnType, nulls: NullRule| {
            let value = || col(typed[name].as_str());
            match as_of {
                Some(as_of) if kind == ColumnType::Time && nulls == NullRule::Keep && !is_latest(name) => {
                    when(value().cast(DataType::Int64).lt(lit(as_of))).then(value()).otherwise(lit(NULL))
                }
                _ => value(),
            }
        };
        let names: Vec<Expr> = reads.iter().map(|&(name, kind, nulls, _)| known(name, kind, nulls).alias(name)).collect();
        let absent = key.source.absent.iter().map(|column| lit(NULL).cast(stored_as(column.kind)).alias(column.name));
        let usable = judged.clone().filter(col(FATE).eq(lit(0))).with_columns(names.into_iter().chain(absent).collect::<Vec<_>>()).cache();
        let is_converted = key.money.as_ref().is_some_and(Money::is_converted);
        let currency = table.currency.as_ref().and_then(RowCurrency::column).filter(|_| sums_money && !is_converted);
        let currencies = currency.map(|column| currencies(&key.source, column, usable.clone()));
        Ok(Self { key, requests, reasons, fates, rejected, usable, judged, left_out, currencies })
    }

    /// Counts the rows that lie between the report's own periods which a request is by; none where it is by others, or of more than its buckets.
    /// Nothing is known from `as_of` on, in microseconds since 1970.
    pub(crate) fn between_periods(&self, request: &Request, buckets: &Arc<Buckets>, as_of: Option<i64>) -> Option<LazyFrame> {
        let is_of_buckets = request.window.is_none() && !request.definition.measures.iter().any(Measure::is_stock);
        let (from, until) = buckets.ends_of_period().filter(|_| request.grain.is_named() && is_of_buckets)?;
        let time = || col(typed_name(self.key.time().unwrap_or_default(), ColumnType::Time));
        self.key.time()?;
        let instant = time().cast(DataType::Int64);
        let is_possible = col(FATE).eq(lit(0)).or(col(FATE).eq(lit(OUTSIDE)));
        let is_within = instant.clone().gt_eq(lit(from)).and(instant.lt(lit(as_of.map_or(until, |as_of| as_of.min(until)))));
        let is_between = (index_between(time(), Arc::new(edges(&[buckets]))) % lit(2)).neq(lit(0));
        let counted = is_possible.and(is_within).and(is_between).fill_null(lit(false));
        Some(self.judged.clone().select([counted.cast(DataType::UInt64).sum()]))
    }

    /// The conditions that its rows meet: segments by their names, others as they are written.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = &str> {
        self.key.conditions.iter().map(|column| SqlCondition::written(column).unwrap_or(column))
    }

    /// What becomes of its amounts; none where they are taken as they are.
    pub(crate) fn money(&self) -> Option<&Money> {
        self.key.money.as_ref()
    }

    /// The columns that the source reads.
    pub(crate) fn columns(&self) -> Vec<&str> {
        self.key.reads().iter().map(|&(name, ..)| self.key.actual(name)).collect()
    }
}

/// The rows that a source is to have by its conditions, and a count of the others. A row that a condition can't be told for is not left
/// out by it, but rejected.
fn picked(key: &InputKey, table: &Table, base: &LazyFrame) -> (LazyFrame, Option<LazyFrame>) {
    let conditions = || key.conditions.iter().map(|column| col(column.as_str()));
    let Some(holds) = conditions().reduce(Expr::and) else { return (base.clone(), None) };
    let any = |checks: &mut dyn Iterator<Item = Check>| {
        checks.map(|check| check.fails.fill_null(lit(false))).reduce(Expr::or).unwrap_or_else(|| lit(false))
    };
    let is_damaged = any(&mut table.checks.iter().cloned());
    let fails = any(&mut key.conditions.iter().flat_map(|column| table.faults_of(column)));
    // As in `AND`, one that does not hold decides, whatever becomes of the others.
    let is_possible = conditions().map(|holds| holds.fill_null(lit(true))).reduce(Expr::and).unwrap_or_else(|| lit(true));
    let is_picked = holds.fill_null(lit(false)).or(is_damaged).or(fails.and(is_possible));
    (base.clone().filter(is_picked.clone()), Some(counted(table, &base.clone().filter(is_picked.not()))))
}

/// The rows of `judged` that are rejected, with what is wrong in each as it is written, and the place of the row of another table that is at
/// fault, where it is one: the first ones of each reason in every part, or all.
pub(super) fn rejected(table: &Table, judged: &LazyFrame, reasons: &[Reason], all: bool) -> LazyFrame {
    let of_reasons = |stored: DataType, value: &dyn Fn(&Reason) -> Option<Expr>| {
        let values = reasons.iter().zip(1_i32..).filter_map(|(reason, number)| Some((value(reason)?, number)));
        values.fold(lit(NULL).cast(stored), |others, (value, number)| when(col(FATE).eq(lit(number))).then(value).otherwise(others))
    };
    let faulty = of_reasons(DataType::String, &|reason| Some(col(reason.origin.as_ref()?.written_in.as_str()).cast(DataType::String)));
    let place = of_reasons(DataType::UInt32, &|reason| Some(col(place_name(table.lookup_of(reason)?))));
    let mut shown = vec![col(FATE), col(ROW), faulty.alias(FAULTY), place.alias(PLACE)];
    shown.extend(table.is_made().then(|| col(PART)));
    shown.extend(table.is_unpivoted().then(|| col(MADE_OF)));
    let rejected = judged.clone().filter(col(FATE).gt(lit(0))).select(shown);
    if all { rejected } else { first_of_each(rejected) }
}

/// What the columns of a source are to hold, as reasons to reject a row; and when a row is left out because it has no answer.
fn column_checks(key: &InputKey, table: &Table, checks: &mut Checks) -> PolarsResult<Vec<Expr>> {
    let mut skips: Vec<Expr> = Vec::new();
    for (name, kind, nulls, domain) in key.reads() {
        let held = key.held(name, kind);
        let name = key.actual(name);
        let typed = typed_column(table, name, kind)?;
        let value = col(typed_name(name, kind));
        // An id that is there can be read.
        let missing = if kind == ColumnType::Identifier { value.clone().is_null() } else { typed.missing };
        match nulls {
            NullRule::Reject => checks.add(format!("`{name}` is missing"), None, missing.clone()),
            NullRule::Skip => skips.push(missing.clone()),
            NullRule::Keep => {}
        }
        let unreadable = missing.not().and(value.clone().is_null());
        checks.add(format!("`{name}` is not {}", typed.expected), Some(name), unreadable);
        if let Some(money) = key.money.as_ref().filter(|_| held != typed_name(name, kind)) {
            money.checks(&value).into_iter().for_each(|check| checks.add_check(check));
        }
        let value = col(held);
        match domain {
            Domain::Years { from, until } => {
                checks.add(format!("`{name}` is not {domain}"), Some(name), in_years(value, from, until).not());
            }
            Domain::Between { min, max } => {
                let outside = value.clone().lt(lit(min)).or(value.gt(lit(max)));
                checks.add(format!("`{name}` is not {domain}"), Some(name), outside);
            }
            Domain::OneOf(words) => {
                // Of an id, `value` is a code.
                let known = words.iter().map(|word| typed.value.clone().eq(lit(*word))).reduce(Expr::or).unwrap_or_else(|| lit(false));
                checks.add(format!("`{name}` is not {domain}"), Some(name), known.not());
            }
            Domain::Whole { min, max } => {
                let whole = value.clone().cast(DataType::Int64).cast(DataType::Float64);
                let broken = value.clone().cast(DataType::Float64).neq(whole);
                let outside = value.clone().lt(lit(min)).or(value.gt(lit(max))).or(broken);
                checks.add(format!("`{name}` is not {domain}"), Some(name), outside);
            }
            _ => {}
        }
    }
    Ok(skips)
}

/// The rules over several columns, which speak of the metric's own names: `typed` are the columns behind them.
fn rule_checks(
    key: &InputKey,
    typed: &BTreeMap<&str, String>,
    of_table: &[(i32, Expr)],
    skips: &[Expr],
    checks: &mut Checks,
) -> PolarsResult<()> {
    for rule in &key.source.rules {
        let sees_others = rule.holds.into_iter().any(|part| matches!(part, Expr::Over { .. }));
        let failed = of_table.iter().chain(&checks.fails).map(|(_, fails)| fails.clone()).chain(skips.iter().cloned());
        let failed = failed.reduce(Expr::or).filter(|_| sees_others && !rule.sees_rejected);
        // A rule speaks of the metric's own names, which the typed columns get only where they are usable.
        let column = |name: &str| {
            let typed = col(typed.get(name)?.as_str());
            // A row that does not belong to its entity says nothing of the others.
            Some(failed.iter().fold(typed, |typed, failed| when(failed.clone()).then(lit(NULL)).otherwise(typed)))
        };
        let origin = rule.column.map(|column| Origin::itself(key.actual(column)));
        let reason = Reason::new(rule.reason.clone(), origin);
        checks.add_check(Check { reason, fails: with_columns(rule.holds.clone(), &column).not() });
    }
    all_or_none(key, typed, of_table, checks)
}

/// Where one row of an id is rejected, so are the others, if the source wants all of them or none.
fn all_or_none(key: &InputKey, typed: &BTreeMap<&str, String>, of_table: &[(i32, Expr)], checks: &mut Checks) -> PolarsResult<()> {
    let Some((id, column)) = key.source.all_or_none.and_then(|id| Some((id, typed.get(id)?))) else { return Ok(()) };
    let fails = of_table.iter().chain(&checks.fails).map(|(_, fails)| fails.clone().fill_null(lit(false))).reduce(Expr::or);
    let Some(fails) = fails else { return Ok(()) };
    let of_id = fails.cast(DataType::Int8).max().over([col(column.as_str())])?;
    let is_other = of_id.eq(lit(1)).and(col(column.as_str()).is_not_null());
    checks.add(Source::another_row(key.actual(id)), None, is_other);
    Ok(())
}

/// The currencies of rows that have an amount.
fn currencies(source: &Source, column: &str, rows: LazyFrame) -> LazyFrame {
    let amounts = source.columns.iter().filter(|column| column.unit == Some(Unit::Currency));
    let has_amount = amounts.map(|column| col(column.name).is_not_null()).reduce(Expr::or).unwrap_or_else(|| lit(true));
    let currency = col(column).cast(DataType::String).str().strip_chars(lit(NULL)).str().to_uppercase();
    rows.filter(has_amount).select([currency.alias("currency")]).group_by([col("currency")]).agg([])
}

/// What is summed of the rows of one fate: how many they are, how many of their times clocks showed twice, and from when until when they are.
fn sums_of_fates(key: &InputKey, table: &Table, time: Option<Expr>) -> Vec<Expr> {
    let twice = key.time().map(ambiguous_name).filter(|_| key.time().is_some_and(|time| is_ambiguous(table, time)));
    let twice = twice.map_or_else(|| lit(0_u64).first(), |name| col(name).cast(DataType::UInt64).sum());
    let of_group = |end: Option<Expr>| end.unwrap_or_else(|| lit(NULL).first()).cast(DataType::Int64);
    // An end that the next change tells is none that is planned.
    let is_told = |name: &str| table.is_end(key.actual(name));
    let is_planned = |name: &str| key.source.columns.iter().any(|column| column.name == name && column.is_planned) && !is_told(name);
    let reads = key.reads();
    let instants = reads.iter().filter(|(name, kind, ..)| time.is_some() && *kind == ColumnType::Time && !is_planned(name));
    let instants = instants.map(|&(name, kind, ..)| col(typed_name(key.actual(name), kind)));
    let last = instants.reduce(|one, next| when(next.clone().gt(one.clone()).or(one.clone().is_null())).then(next).otherwise(one));
    let (first, last) = (of_group(time.map(Expr::min)), of_group(last.map(Expr::max)));
    vec![count_rows().alias("rows"), twice.alias(AMBIGUOUS), first.alias(FIRST), last.alias(LAST)]
}

/// An expression with other columns in the place of its own, where there are any.
fn with_columns(expression: Expr, column: &dyn Fn(&str) -> Option<Expr>) -> Expr {
    expression.map_expr(|part| match part {
        Expr::Column(name) => column(&name).unwrap_or(Expr::Column(name)),
        // Polars goes into all parts of a window but its order.
        Expr::Over { function, partition_by, order_by: Some((order, options)), mapping } => {
            let order = with_columns((*order).clone(), column);
            Expr::Over { function, partition_by, order_by: Some((Arc::new(order), options)), mapping }
        }
        other => other,
    })
}

/// The type of a column's values in plans.
fn stored_as(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Number => DataType::Float64,
        ColumnType::Boolean => DataType::Boolean,
        ColumnType::Time => INSTANT,
        // Ids are codes.
        ColumnType::Identifier => DataType::UInt32,
        _ => DataType::String,
    }
}

fn is_ambiguous(table: &Table, time: &str) -> bool {
    table.typed(time, ColumnType::Time).is_ok_and(|typed| typed.ambiguous.is_some())
}

/// Counts rows; of a union by source.
pub(crate) fn counted(table: &Table, rows: &LazyFrame) -> LazyFrame {
    let rows = rows.clone();
    if table.sources().is_empty() { rows.select([count_rows()]) } else { rows.group_by([col(SOURCE)]).agg([count_rows()]) }
}

/// How many rows there are. What Polars counts them in holds 32 bits.
pub(crate) fn count_rows() -> Expr {
    col(ROW).is_not_null().cast(DataType::UInt64).sum()
}

/// The first rows of each reason in every batch, by their numbers: few, however many are rejected.
pub(super) fn first_of_each(rejected: LazyFrame) -> LazyFrame {
    rejected.map(|rows| first_rows_of_each(&rows), AllowedOptimizations::STREAMING, None, Some("first of each reason"))
}

/// The first rows of each reason, by their numbers. Of a row of the files, all that are made of it, so that the first ones of several batches are among
/// the first ones of each.
pub(crate) fn first_rows_of_each(rows: &DataFrame) -> PolarsResult<DataFrame> {
    let order = [ROW, PART].into_iter().filter(|column| rows.schema().contains(column)).collect::<Vec<_>>();
    let rows = rows.sort(order, SortMultipleOptions::default())?;
    let mut seen: BTreeMap<Option<i32>, (usize, Option<u64>)> = BTreeMap::new();
    let mut first = |(reason, row): (Option<i32>, Option<u64>)| {
        let (count, last) = seen.entry(reason).or_default();
        if *count == 0 || *last != row {
            (*count, *last) = (*count + 1, row);
        }
        *count <= EXAMPLES
    };
    let kept: BooleanChunked = rows.column(FATE)?.i32()?.iter().zip(rows.column(ROW)?.u64()?.iter()).map(&mut first).collect();
    rows.filter(&kept)
}

/// Whether an instant is of these years, the first and the last included, by UTC.
pub(crate) fn in_years(instant: Expr, from: i16, until: i16) -> Expr {
    let start = |year| jiff::civil::date(year, 1, 1).to_zoned(jiff::tz::TimeZone::UTC).map(|start| start.timestamp().as_microsecond());
    let instant = instant.cast(DataType::Int64);
    instant.clone().gt_eq(lit(start(from).unwrap_or(i64::MIN))).and(instant.lt(lit(start(until + 1).unwrap_or(i64::MAX))))
}
