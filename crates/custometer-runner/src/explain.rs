//! What a run will do, in words, and how often Polars will go through each table.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use custometer_core::Aggregate;

use crate::collect::indices::indices;
use crate::collect::lookups::{Prepared, level, prepare};
use crate::collect::period::{needs_period_of_data, period};
use crate::collect::said::with_read_tables;
use crate::collect::whole::Reading;
use crate::collect::words::listed;
use crate::error::RunError;
use crate::memory::Memory;
use crate::plan::axes::axes;
use crate::plan::rates::Rates;
use crate::plan::{TablePlan, plan};
use crate::read::lookup::Lookup;
use crate::read::table::{Keep, Table};
use crate::report::Report;
use crate::result::words::in_words;

/// The plan of a report for people: scans, shared steps and what is rolled up from what.
///
/// With `physical`, Polars' optimised plan of each table follows.
pub fn explain(report: &Report, physical: bool) -> Result<String, RunError> {
    let planned = explained(report)?;
    let mut text = String::new();
    for (plan, scan) in &planned {
        let kept = plan.kept_of_rows(report).map_err(|source| RunError::Table { table: report.tables[plan.table].name.clone(), source })?;
        // Writing to a string does not fail.
        let _ = describe(&mut text, report, plan, (scan, &kept));
        if let Scan::Own { polars, .. } = scan
            && physical
        {
            let _ = writeln!(text, "\n{}", polars.trim_end());
        }
    }
    for calculated in &report.calculated {
        let _ = writeln!(text, "derived `{}`: {}", calculated.name, calculated.written);
    }
    // As above.
    let _ = describe_judgement(&mut text, report);
    Ok(text)
}

/// What the results will be judged by, and who is told.
fn describe_judgement(text: &mut String, report: &Report) -> std::fmt::Result {
    let goals: Vec<_> = report.judged().filter_map(|judged| Some((judged.target?, judged))).collect();
    if !goals.is_empty() {
        writeln!(text, "targets, decided by the last complete bucket")?;
    }
    for (goal, judged) in goals {
        let has_total = judged.by.iter().any(Vec::is_empty);
        let rows = if goal.groups {
            "the total and each group"
        } else if has_total {
            "the total"
        } else {
            "each group"
        };
        let words = goal.table.as_ref().map_or_else(|| in_words(&goal.target, judged.unit), |(of, _)| format!("those of `{}`", of.table));
        writeln!(text, "  `{}`: {words}, for {rows}", judged.name)?;
    }
    if !report.alerts.is_empty() {
        writeln!(text, "alerts")?;
    }
    for alert in &report.alerts {
        let requests: Vec<&str> = alert.requests.iter().map(String::as_str).collect();
        let webhook = alert.webhook.as_ref().and_then(|name| Some((name, report.webhooks.get(name)?)));
        let told = webhook.map(|(name, webhook)| format!(", posted to `{name}` ({})", webhook.host)).unwrap_or_default();
        let mailed = alert.mail.as_ref().and_then(|name| Some((name, report.mails.get(name)?)));
        let mailed = mailed.map(|(name, mail)| format!(", mailed to `{name}` ({})", mail.host)).unwrap_or_default();
        writeln!(text, "  `{}` ({}): {}, of {}{told}{mailed}", alert.name, alert.severity.as_str(), alert.condition, list(&requests))?;
    }
    Ok(())
}

/// How often a plan goes through files.
fn scans(polars: &str) -> usize {
    polars.lines().filter(|line| line.contains(" SCAN [") || line.trim_start().starts_with("SCAN [")).count()
}

fn describe(text: &mut String, report: &Report, plan: &TablePlan, (scan, kept): (&Scan, &[Kept])) -> std::fmt::Result {
    let (table, of) = (&report.tables[plan.table].name, &report.tables[plan.table]);
    let plural = |n: usize| if n == 1 { "" } else { "s" };
    match scan {
        Scan::Own { polars, others } => {
            let scans = scans(polars);
            let shared = if others.is_empty() { String::new() } else { format!(", shared with {}", list(others)) };
            writeln!(text, "table `{table}`: {scans} scan{} of {}{shared}", plural(scans), files(of))?;
        }
        Scan::Of(other) => writeln!(text, "table `{table}`: no scan of its own, but that of `{other}`")?,
    }
    for source in of.sources() {
        let steps = steps(&source.table);
        let steps = if steps.is_empty() { String::new() } else { format!(", each row of which meets {}", steps.join(", ")) };
        writeln!(text, "  has the rows of `{}`: {}{steps}", source.table.name, files(&source.table))?;
    }
    let mut gone_through = Vec::new();
    for lookup in
        report.tables[plan.table].columns.lookups.iter().filter(|lookup| plan.counts.misses.iter().any(|used| used.lookup == lookup.name))
    {
        describe_lookup(text, report, lookup, &mut gone_through)?;
    }
    let steps = steps(&report.tables[plan.table]);
    if !steps.is_empty() {
        writeln!(text, "  each row meets, in this order: {}, the rules of each metric", steps.join(", "))?;
    }
    for (number, input) in plan.inputs.iter().enumerate() {
        writeln!(text, "  rows with {}", list(&input.columns()))?;
        let conditions: Vec<&str> = input.conditions().collect();
        if !conditions.is_empty() {
            writeln!(text, "    where {}", list(&conditions))?;
        }
        if let Some(money) = input.money() {
            writeln!(text, "    amounts are {}", money.steps())?;
        }
        for (_, entity, bytes) in kept.iter().filter(|(input, ..)| *input == number) {
            writeln!(text, "    {bytes} bytes of each row are kept until all of its `{entity}` are there{}", on_disk(report, *bytes))?;
        }
        for node in plan.nodes.iter().filter(|node| node.input() == number) {
            let grain = node.buckets().grain().as_str();
            let mut indent = "    ";
            if let Some((derivation, group)) = node.derivation() {
                let group = group.map(|by| format!(", per group of {}", by_list(by))).unwrap_or_default();
                writeln!(text, "    derived once: {derivation}{group}")?;
                indent = "      ";
            }
            for grouping in &node.groupings {
                let keys = grouping.shown_keys();
                let own = keys.iter().filter(|key| key.starts_with("__")).count();
                let named: Vec<&str> = keys.iter().copied().filter(|key| !key.starts_with("__")).collect();
                let mut shown = named.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>();
                shown.extend((own > 0).then(|| format!("{own} dimension{} of the metric's own", plural(own))));
                shown.extend(grouping.is_by_bucket().then(|| grain.to_owned()));
                shown.rotate_right(usize::from(grouping.is_by_bucket()));
                let by = if shown.is_empty() { "nothing".to_owned() } else { shown.join(", ") };
                let kinds: Vec<String> =
                    grouping.measures().iter().map(|measure| format!("{} {}", kind(&measure.aggregate), measure.name)).collect();
                writeln!(text, "{indent}by {by}: {}", kinds.join(", "))?;
                let rolled = grouping.rolled_up();
                if rolled > 0 {
                    writeln!(text, "{indent}  {rolled} smaller breakdown{} rolled up from it", plural(rolled))?;
                }
            }
        }
        for compared in input.requests.iter().filter_map(|&request| report.requests[request].compare_groups.as_ref()) {
            writeln!(text, "    groups of `{}` compared with `{}`", compared.by, compared.with)?;
        }
        let requests: Vec<&str> = input.requests.iter().map(|&request| report.requests[request].name.as_str()).collect();
        writeln!(text, "    for {}", list(&requests))?;
    }
    Ok(())
}

/// From how many rows on they are not kept in memory, where it is said how much there is.
fn on_disk(report: &Report, bytes: usize) -> String {
    let most = |limit| Memory::held(limit) / bytes.max(1) as u64;
    report.memory.bytes.map_or_else(String::new, |limit| format!(", beyond some {} million rows on disk", most(limit) / 1_000_000))
}

/// What a table's rows find in another table, which is gone through beforehand, unless it is among those that are `gone_through` already.
fn describe_lookup(text: &mut String, report: &Report, lookup: &Lookup, gone_through: &mut Vec<usize>) -> std::fmt::Result {
    let columns: Vec<String> = lookup.columns.iter().map(|column| renamed(&column.name, &column.column)).collect();
    let by: Vec<String> = lookup.on.iter().map(|(here, there)| renamed(here, there)).collect();
    let then = lookup.validity.as_ref().map(|validity| {
        let from = validity.from.as_ref().map(|from| format!(" from `{from}`"));
        let until = validity.until.as_ref().map(|until| format!(" until `{until}`"));
        format!(", the row that holds{}{} at `{}`", from.unwrap_or_default(), until.unwrap_or_default(), validity.at)
    });
    writeln!(text, "  looks up {} in `{}` by {}{}", columns.join(", "), lookup.table, by.join(", "), then.unwrap_or_default())?;
    if let Some(position) = report.position(&lookup.table).filter(|position| !gone_through.contains(position)) {
        let other = &report.tables[position];
        let pass = |table: usize| (report.first_of_scan(table), level(report, table));
        let with = gone_through.iter().copied().find(|table| pass(*table) == pass(position));
        gone_through.push(position);
        if let Some(with) = with.map(|with| &report.tables[with].name) {
            return writeln!(text, "    `{}` is gone through with `{with}`, in one scan", other.name);
        }
        writeln!(
            text,
            "    `{}` is gone through once beforehand: {}; its keys, and what is read of these columns, are held",
            other.name,
            files(other)
        )?;
    }
    Ok(())
}

/// How many files a table has, by format.
fn files(table: &Table) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for (opened, _) in table.opened_files() {
        let format = opened.format.as_str();
        match counts.iter_mut().find(|(known, _)| *known == format) {
            Some((_, count)) => *count += 1,
            None => counts.push((format, 1)),
        }
    }
    let counts: Vec<String> =
        counts.iter().map(|(format, count)| format!("{count} {format} file{}", if *count == 1 { "" } else { "s" })).collect();
    listed(&counts, "and")
}

/// A column with the other table's name for it.
fn renamed(here: &str, there: &str) -> String {
    if here == there { format!("`{here}`") } else { format!("`{here}` (`{there}` there)") }
}

/// What a row of a table meets before any metric has it.
fn steps(table: &Table) -> Vec<String> {
    let derived: Vec<&str> =
        table.columns.derived.iter().map(|derived| derived.name.as_str()).filter(|name| !name.starts_with("__")).collect();
    let kept = table.repetition.as_ref().map(|repetition| {
        let by = list(&repetition.by.iter().map(String::as_str).collect::<Vec<_>>());
        let keep = match &repetition.keep {
            Keep::First => "the first is kept".to_owned(),
            Keep::Last => "the last is kept".to_owned(),
            Keep::Error => "none may repeat another".to_owned(),
            Keep::Newest(column) => format!("the newest by `{column}` is kept"),
        };
        format!("`deduplicate` (of equal {by} {keep})")
    });
    let condition = table.condition.as_ref().map(|_| "`where`".to_owned());
    let where_first = table.repetition.as_ref().is_some_and(|repetition| repetition.where_first);
    let mut steps: Vec<String> = table.skipped.iter().map(|_| "`skip_rows_where`".to_owned()).collect();
    steps.extend(table.shape.steps());
    let lookups: Vec<&str> = table.columns.lookups.iter().map(|lookup| lookup.name.as_str()).collect();
    steps.extend((!lookups.is_empty()).then(|| format!("`lookup` ({})", list(&lookups))));
    steps.extend((!derived.is_empty()).then(|| format!("`derive` ({})", list(&derived))));
    let spans = table.spans.as_ref().zip(table.shape.end.as_ref()).map(|(spans, end)| {
        let of = list(&spans.of.iter().map(String::as_str).collect::<Vec<_>>());
        format!("`spans` (a row lasts until the next one of equal {of} by `{}`, its `{end}`)", spans.at)
    });
    steps.extend(if where_first { [condition, kept, spans] } else { [kept, spans, condition] }.into_iter().flatten());
    steps
}

fn kind(aggregate: &Aggregate) -> &'static str {
    match aggregate {
        Aggregate::Count => "count",
        Aggregate::Sum(_) => "sum",
        Aggregate::Min(_) => "min",
        Aggregate::Max(_) => "max",
        Aggregate::Mean(_) => "mean",
        Aggregate::Variance(_) => "variance",
        Aggregate::CountDistinct(_) => "distinct",
        Aggregate::Quantile(..) => "quantile",
    }
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn by_list(by: &[String]) -> String {
    if by.is_empty() { "the total".to_owned() } else { list(&by.iter().map(String::as_str).collect::<Vec<_>>()) }
}

/// What is kept of each row of an input: its position, the column of the entity, and the bytes.
type Kept = (usize, &'static str, usize);

/// How a table's rows are come by.
enum Scan<'a> {
    /// By a scan, as Polars will run it, which has the rows of some other tables, too.
    Own { polars: String, others: Vec<&'a str> },
    /// By that of another table.
    Of(&'a str),
}

/// The plans of every table, each with how its rows are come by.
fn explained(report: &Report) -> Result<Vec<(TablePlan, Scan<'_>)>, RunError> {
    // The plan is the same whatever the files hold, unless they say what the period is, or which times have names.
    let (indices, prepared) = if needs_period_of_data(report) || !report.is_whole() {
        let indices = indices(report, Path::new(""), &|_| None)?;
        let prepared = prepare(report, &indices, Path::new(""))?;
        (indices, prepared)
    } else {
        (Vec::new(), Prepared::default())
    };
    let reading = Reading { report, indices: &indices, prepared: &prepared, folder: Path::new("") };
    let (with_times, _) = with_read_tables(reading)?;
    let axes = axes(&with_times, period(report, &indices, &prepared)?)?;
    // Which rates there are does not change what is done with them.
    let rates = report.conversion.as_ref().map(|conversion| Arc::new(Rates::new(report, conversion, [])));
    let plans = plan(&with_times, &axes, &indices, &|table| prepared.known(report, table, &indices), rates.as_ref(), None)
        .map_err(|source| RunError::Table { table: "all".to_owned(), source })?;
    let name = |plan: &TablePlan| report.tables[plan.table].name.as_str();
    let scan_of = |plan: &TablePlan| {
        let together: Vec<&TablePlan> = plans.iter().filter(|other| other.scan == plan.scan).collect();
        if together[0].table != plan.table {
            return Ok(Scan::Of(name(together[0])));
        }
        let others = together.iter().skip(1).map(|other| name(other)).collect();
        let polars = TablePlan::explained(&together, report);
        let polars = polars.map_err(|source| RunError::Table { table: name(plan).to_owned(), source })?;
        Ok(Scan::Own { polars, others })
    };
    let scans = plans.iter().map(scan_of).collect::<Result<Vec<_>, RunError>>()?;
    Ok(plans.into_iter().zip(scans).collect())
}
