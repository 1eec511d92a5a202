//! The text of a first report.

use std::fmt::Write as _;

use custometer_core::dimension::DimensionValue;
use custometer_core::{Direction, Registry};
use jiff::civil::Date;

use super::drafted::Drafted;
use super::requests::Request;
use crate::inspect::{InspectedColumn, LooksLike};

/// The settings that stand above what is tried, with what is left to say as comments.
const HEAD: &str = "# What `custometer init` found. Everything here is yours to change; `custometer validate` says what does not fit.\n\
    [report]\n\
    title = \"First report\"\n\
    timezone = \"UTC\"   # days, weeks and months are local to it: say yours, such as \"Europe/Copenhagen\"\n";
const MORE: &str = "# max_rejected_percent = 1   # so many rows may not fit; with more, a run ends with exit code 4\n\
    # min_group_size = 5   # smaller groups are not shown\n";
/// A period is worth naming that is at least this part of all the times there are.
const LEAST: i32 = 3;

/// The days of a table's rows, the first and the last.
type Days = (Date, Date);

/// The settings of the report that the tables' times decide: the grain that shows a trend, and the period in which all tables have rows where
/// some begin much earlier.
pub(super) fn times<'a>(tables: impl Iterator<Item = &'a Drafted>) -> String {
    let days: Vec<Days> = tables.filter_map(days).collect();
    let ends = days.iter().copied().reduce(|(first, last), (other, until)| (first.min(other), last.max(until)));
    let length = |(first, last): Days| first.until(last).map_or(0, |span| span.get_days());
    let all = days.iter().map(|(first, _)| *first).max().zip(ends.map(|(_, last)| last)).filter(|(first, last)| first < last);
    let period = all.zip(ends).filter(|(all, ends)| all.0 > ends.0 && length(*all) * LEAST >= length(*ends)).map(|(all, _)| all);
    let grain = match period.or(ends).map(length) {
        Some(0..14) => "day",
        Some(14..62) => "week",
        Some(1_100..) => "quarter",
        _ => "month",
    };
    let from = period.map(|(first, _)| if grain == "month" { first.first_of_month() } else { first });
    let until = period.and_then(|(_, last)| last.tomorrow().ok());
    match from.zip(until) {
        Some((from, until)) => {
            format!(
                "from = {from}   # since then all tables have rows; without a period, the report is on all there are\nuntil = {until}\ngrain = \"{grain}\"\n"
            )
        }
        None => {
            format!("# from = 2025-01-01   # the period; all the data there are, unless said\n# until = 2026-01-01\ngrain = \"{grain}\"\n")
        }
    }
}

/// The days of a table's rows, by the times that metrics read.
fn days(table: &Drafted) -> Option<Days> {
    let day = |end: &Option<DimensionValue>| -> Option<Date> { end.as_ref()?.to_string().get(..10)?.parse().ok() };
    let mapped: Vec<&str> = match &table.pack {
        Some((_, is)) => {
            is.reads.as_ref()?;
            let columns = is.settings.get("columns").and_then(toml::Value::as_table);
            columns.into_iter().flat_map(|columns| columns.values().filter_map(toml::Value::as_str)).collect()
        }
        None => table.looked.best()?.columns.iter().map(|of| of.column.as_str()).collect(),
    };
    let is_time = |column: &&InspectedColumn| {
        let is_settled = column.rival_time_formats.is_empty();
        is_settled && matches!(column.looks_like, LooksLike::Date | LooksLike::Time) && mapped.contains(&column.name.as_str())
    };
    let ends = table.looked.columns().iter().filter(is_time).filter_map(|column| Some((day(&column.min)?, day(&column.max)?)));
    ends.reduce(|(first, last), (other, until)| (first.min(other), last.max(until)))
}

/// The report.
pub(super) fn report(
    head: &str,
    tables: &[(&Drafted, String)],
    requests: &[(Request, bool)],
    left_out: &[String],
    registry: &Registry,
) -> String {
    let mut text = format!("{HEAD}{head}{MORE}");
    for (table, block) in tables {
        // Writing to a string does not fail.
        let _ = writeln!(text);
        if let Some((pack, is)) = &table.pack {
            let _ = writeln!(text, "# {}: `custometer packs describe {pack}` says how it is read.", sentence(&is.row));
            for note in &is.notes {
                let _ = writeln!(text, "# {note}");
            }
        }
        text.push_str(block);
    }
    for (request, _) in requests {
        let _ = writeln!(text);
        let says = format!("{}{}", request.says(), target(&request.metric, registry));
        match &request.comment {
            None => text.push_str(&says),
            Some(comment) => {
                let _ = writeln!(text, "# {}:", sentence(comment));
                for line in says.lines() {
                    let _ = writeln!(text, "# {}", line.strip_prefix("# ").unwrap_or(line));
                }
            }
        }
    }
    if !left_out.is_empty() {
        let _ = writeln!(text, "\n# Left out:");
        for reason in left_out {
            let _ = writeln!(text, "# - {}", reason.replace('\n', " "));
        }
    }
    text
}

/// The target that is left to say, as a comment.
fn target(metric: &str, registry: &Registry) -> String {
    match registry.get(metric).map(|metric| metric.about.direction) {
        Some(Direction::HigherIsBetter) => "# target = { at_least = 0 }   # say yours\n".to_owned(),
        Some(Direction::LowerIsBetter) => "# target = { at_most = 0 }   # say yours\n".to_owned(),
        _ => String::new(),
    }
}

/// A sentence begins with a capital.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
