//! What the parcels of a scan depend on beside its rows: how the plans are laid out, and where in time the rows are placed.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::PathBuf;

use custometer_core::Registry;
use polars::prelude::PolarsResult;

use crate::plan::TablePlan;
use crate::plan::axes::Axes;
use crate::report::Report;

/// From when until when the rows of a scan are, in microseconds since 1970; none where no row has a time.
pub(super) type Range = Option<(i64, i64)>;

/// A hash of everything that is the same for all files: the program, its metrics, the config, the plans, and `more`.
pub(super) fn layout(report: &Report, plans: &[TablePlan], parts: u32, more: &str) -> PolarsResult<String> {
    // A program that was built anew may be another one of the same version.
    let program = code().and_then(std::fs::metadata).and_then(|program| Ok((program.len(), program.modified()?)));
    let mut text =
        format!("{program:?} {} {parts} {} {:?} {}\n", env!("CARGO_PKG_VERSION"), report.config_hash, report.as_of, report.rejected_rows);
    for metric in Registry::linked().iter().flat_map(Registry::iter) {
        let _ = writeln!(text, "{} {} {}", metric.about.id, metric.krate, metric.version);
    }
    for plan in plans {
        describe(plan, &mut text)?;
    }
    text.push_str(more);
    Ok(blake3::hash(without_addresses(&text).as_bytes()).to_hex().to_string())
}

/// The file that this code is in: a program, or where the system tells it the library that a host has loaded, such as a team's own wheel.
fn code() -> io::Result<PathBuf> {
    let here = code as fn() -> io::Result<PathBuf> as usize;
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let has_it = |line: &&str| {
        let (start, end) = line.split(' ').next()?.split_once('-')?;
        let number = |digits: &str| usize::from_str_radix(digits, 16).ok();
        (number(start)?..number(end)?).contains(&here).then_some(())
    };
    let line = maps.lines().find(|line| has_it(line).is_some());
    match line.and_then(|line| Some(&line[line.find('/')?..])) {
        Some(path) => Ok(path.into()),
        None => std::env::current_exe(),
    }
}

/// A text without the addresses of functions, which are others in each process. What the functions do is told by the program.
fn without_addresses(text: &str) -> String {
    let mut parts = text.split("0x");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        kept.push_str("0x");
        kept.push_str(part.trim_start_matches(|character: char| character.is_ascii_hexdigit()));
    }
    kept
}

/// What parcels name by numbers, in the order of these.
fn describe(plan: &TablePlan, text: &mut String) -> PolarsResult<()> {
    let _ = writeln!(text, "table {}", plan.table);
    for input in &plan.inputs {
        let _ = writeln!(text, "input {:?} {:?}", input.key, input.requests);
        for reason in &input.reasons {
            let _ = writeln!(text, "reason {} {:?}", reason.text, reason.lookup);
        }
        let _ = writeln!(text, "{:?}", input.usable.clone().collect_schema()?);
    }
    for node in &plan.nodes {
        let key = &node.key;
        let _ = writeln!(text, "node {} {:?} {} {} {:?} {:?}", node.input, key.axis, key.line, key.stocks, key.derivation, key.group);
        let _ = writeln!(text, "{:?} {:?}", node.dimensions, node.own);
        for grouping in &node.groupings {
            let _ = writeln!(text, "grouping {:?} {:?}", grouping.keys, grouping.measures);
        }
    }
    for part in &plan.parts {
        let _ = writeln!(text, "part {} {:?} {:?} {}", part.request, part.baseline, part.breakdown, part.node());
    }
    for asked in &plan.words {
        let _ = writeln!(text, "words {:?} {} {} {:?} {}", asked.source, asked.column, asked.of_all, asked.wanted, asked.names_others);
    }
    for shared in &plan.shared {
        let _ = writeln!(text, "shared {} {} {}", shared.request, shared.input, shared.entity);
    }
    Ok(())
}

/// Where rows within a range of time are placed: what is equal for two lists of buckets, where these rows have the same places in both. Money that
/// is converted by the edges of buckets depends on all of them.
pub(super) fn placement(axes: &Axes, range: Range, is_converted: bool) -> String {
    let range = if is_converted { Some((i64::MIN, i64::MAX)) } else { range };
    let Some((first, last)) = range else { return String::new() };
    let mut text = String::new();
    for (axis, placed) in axes {
        let _ = writeln!(text, "{axis:?}");
        for line in &placed.lines {
            let (edges, buckets) = (line.buckets.edges(), line.buckets.as_slice());
            let (from, until) = (edges.partition_point(|edge| *edge <= first), edges.partition_point(|edge| *edge <= last));
            let reported: Vec<bool> = buckets.iter().take(until).skip(from.saturating_sub(1)).map(|bucket| bucket.reported).collect();
            let _ = writeln!(text, "{from} {:?} {} {reported:?}", &edges[from..until], until == edges.len());
        }
    }
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_a_program_is_in_the_program() {
        assert_eq!(code().unwrap().canonicalize().unwrap(), std::env::current_exe().unwrap().canonicalize().unwrap());
    }

    #[test]
    fn the_addresses_of_functions_do_not_matter() {
        assert_eq!(without_addresses("a 0x55f2, 0xAb }, 0x"), "a 0x, 0x }, 0x");
        assert_eq!(without_addresses("0 x10"), "0 x10");
    }
}
