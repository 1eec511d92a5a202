//! `targets` of a request: a table that says what values are to be, by date and by group.

use std::sync::Arc;

use custometer_core::{ColumnType, Grain};
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::check::whole::{Tables, WholeTable};
use crate::config::diagnostics::Collector;
use crate::report::goal::Goal;
use crate::report::judged::Judged;
use crate::report::targets::{Targets, TargetsTable, TimeOf};
use crate::result::Target;

/// The table that has a target for each date and group, a row each. A value has at most one.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TargetsConfig {
    /// The table.
    #[schemars(with = "String")]
    pub table: Spanned<String>,
    /// The column with a day of the bucket that a target is of, such as the first of its month.
    #[schemars(with = "Option<String>")]
    pub date: Option<Spanned<String>>,
    /// Instead: the column with the first day that a target is of. It is of the buckets that lie within its days.
    #[schemars(with = "Option<String>")]
    pub from: Option<Spanned<String>>,
    /// The column with the day after the last one.
    #[schemars(with = "Option<String>")]
    pub until: Option<Spanned<String>>,
    /// The columns with groups, called as the dimensions of the request. A row without a value in any is of the total.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub by: Vec<Spanned<String>>,
    /// The column with the least value that meets a target.
    #[schemars(with = "Option<String>")]
    pub at_least: Option<Spanned<String>>,
    /// The column with the greatest value that meets it.
    #[schemars(with = "Option<String>")]
    pub at_most: Option<Spanned<String>>,
    /// The column that says down to where a value below its target is at risk and not yet missed.
    #[schemars(with = "Option<String>")]
    pub warn_below: Option<Spanned<String>>,
    /// The column that says up to where a value above its target is at risk and not yet missed.
    #[schemars(with = "Option<String>")]
    pub warn_above: Option<Spanned<String>>,
    /// Whether a value that meets its target is at risk where its interval reaches beyond it.
    #[serde(default)]
    pub by_interval: bool,
    /// Whether each group decides whether targets are missed, and not the total alone.
    #[serde(default)]
    pub groups: bool,
}

/// What the targets of a request are, and of which requests they are.
pub(crate) struct Asked<'a> {
    pub(crate) grain: Grain,
    pub(crate) of: &'a Judged<'a>,
    /// Whether a dimension holds ids, which are replaced in results.
    pub(crate) is_hashed: &'a dyn Fn(&str) -> bool,
}

/// Reads the targets of a request. Wrong ones are kept, so that what refers to them is not reported as wrong, too.
pub(crate) fn read(config: &Spanned<TargetsConfig>, asked: &Asked<'_>, tables: &Tables<'_>, problems: &mut Collector) -> Goal {
    let written = config.get_ref();
    check_by(written, asked, problems);
    let time = time(config, asked.grain, problems);
    if written.at_least.is_none() && written.at_most.is_none() {
        problems
            .report(config.span(), "which column has the targets is not said")
            .help("name it: `at_least = \"…\"`, or `at_most = \"…\"` where less is better");
    }
    for (warn, end, key) in [(&written.warn_below, &written.at_least, "at_least"), (&written.warn_above, &written.at_most, "at_most")] {
        if let Some(warn) = warn.as_ref().filter(|_| end.is_none()) {
            problems.report(warn.span(), format!("there is no `{key}` to warn at")).help(format!("add it: `{key} = \"…\"`"));
        }
    }
    let whole = WholeTable::find(&written.table, "target", tables, problems);
    let mut column = |named: Option<&Spanned<String>>, kind: ColumnType| {
        if let (Some(whole), Some(named)) = (&whole, named) {
            whole.column(Some(named), (named.get_ref(), "target"), kind, problems);
        }
        named.map(|named| named.get_ref().clone())
    };
    for named in [&written.date, &written.from, &written.until].into_iter().flatten() {
        column(Some(named), ColumnType::Time);
    }
    for named in &written.by {
        column(Some(named), ColumnType::Text);
    }
    let by_interval = written.by_interval && asked.of.has_interval;
    let table = TargetsTable {
        table: written.table.get_ref().clone(),
        time,
        by: written.by.iter().map(|name| name.get_ref().clone()).collect(),
        at_least: column(written.at_least.as_ref(), ColumnType::Number),
        at_most: column(written.at_most.as_ref(), ColumnType::Number),
        warn_below: column(written.warn_below.as_ref(), ColumnType::Number),
        warn_above: column(written.warn_above.as_ref(), ColumnType::Number),
        by_interval,
    };
    let none = Target { at_least: None, at_most: None, warn_below: None, warn_above: None, start: None, by_interval, holds: None };
    Goal { target: Arc::new(none), holds: None, groups: written.groups, table: Some((Arc::new(table), Arc::new(Targets::default()))) }
}

fn check_by(written: &TargetsConfig, Asked { of, is_hashed, .. }: &Asked<'_>, problems: &mut Collector) {
    let known: Vec<&str> = of.by.iter().flatten().chain(&of.own).map(String::as_str).collect();
    for by in &written.by {
        let name = by.get_ref();
        if !known.contains(&name.as_str()) {
            problems
                .report(by.span(), format!("`{}` is not broken down by `{name}`", of.name))
                .suggest(name, &known, || format!("break it down: `by = [[], [\"{name}\"]]`"));
        } else if is_hashed(name) {
            problems
                .report(by.span(), format!("`{name}` holds ids, which `hash_ids` replaces, and no target is found by what they were"))
                .help("leave it out");
        }
    }
}

fn time(config: &Spanned<TargetsConfig>, grain: Grain, problems: &mut Collector) -> TimeOf {
    let TargetsConfig { date, from, until, .. } = config.get_ref();
    let name = |column: &Spanned<String>| column.get_ref().clone();
    match (date, from, until) {
        (Some(date), None, None) if grain == Grain::Total => {
            problems
                .report(date.span(), "a day is in a bucket, and the request has one for its whole period")
                .help("give the request a `grain`, or say with `from` and `until` which days a target is of");
            TimeOf::Always
        }
        (Some(date), None, None) => TimeOf::Bucket(name(date)),
        (None, Some(from), Some(until)) => TimeOf::Days { from: name(from), until: name(until) },
        (None, None, None) => {
            if grain != Grain::Total {
                problems.report(config.span(), "of which time a target is, is not said").help(
                    "name the column with a day of its bucket: `date = \"…\"`, or those of its days: `from = \"…\"` and `until = \"…\"`",
                );
            }
            TimeOf::Always
        }
        (Some(date), ..) => {
            problems.report(date.span(), "of which time a target is, is said twice").help("keep `date`, or `from` and `until`");
            TimeOf::Always
        }
        (None, Some(only), None) | (None, None, Some(only)) => {
            problems.report(only.span(), "the days of a target have two ends").help("name both: `from = \"…\"` and `until = \"…\"`");
            TimeOf::Always
        }
    }
}
