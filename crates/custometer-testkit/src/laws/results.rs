//! What results come to, from config to rows: whatever the order, the files and the breakdown, and for hardly any input at all. Some of
//! the made-up rows come twice, so that order matters where it may not.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use custometer_core::{DimensionValue, Domain, NullRule, Registry, Scope, Unit, Value};
use custometer_runner::{ResultRow, RunResult};

use super::law::{Law, Violation};
use super::variant::Variant;
use crate::case::Case;
use crate::input::{GROUP, Input, has_condition};

impl Variant {
    /// The laws of results.
    pub(super) fn results(&self) -> Vec<Violation> {
        let mut violations: Vec<Violation> = self.inputs.iter().flat_map(|input| self.likenesses(&input.clone().in_groups())).collect();
        if let Some(input) = self.inputs.first() {
            violations.extend(self.edges(input));
            violations.extend(self.windows(input));
            violations.extend(self.memory(input));
        }
        violations
    }

    /// A report of one request over each of these tables.
    fn run(&self, report: &str, tables: &[Asked<'_>]) -> Result<RunResult, String> {
        self.run_in(None, report, tables)
    }

    /// The same in so much memory.
    fn run_in(&self, memory: Option<u64>, report: &str, tables: &[Asked<'_>]) -> Result<RunResult, String> {
        let registry = Registry::of([self.metric]).map_err(|error| error.to_string())?;
        let mut case = memory.into_iter().fold(Case::knowing(registry), Case::memory);
        // What an example says of the report may end with sections.
        let (settings, sections) = report.find("\n[").map_or((report, ""), |at| report.split_at(at));
        let mut config = format!("[report]\nmax_rejected_percent = 100\n{settings}\n{sections}\n");
        for Asked { name, parts, by } in tables {
            for (number, part) in parts.iter().enumerate() {
                case = case.file(&format!("{name}-{number}.csv"), part.csv());
            }
            let id = self.metric.about.id;
            // Writing to a string does not fail.
            let _ = write!(
                config,
                "[tables.{name}]\npath = \"{name}-*.csv\"\n[[metrics]]\nname = \"{name}\"\nmetric = \"{id}\"\ntable = \"{name}\"\n\
                 by = {by}\n[metrics.params]\n{}\n",
                self.params
            );
        }
        super::variant::quietly(|| case.run(&config)).unwrap_or_else(|| Err("a panic".to_owned()))
    }

    /// That a value over a window is that of a period as long as it.
    fn windows(&self, input: &Input) -> Option<Violation> {
        if self.definition.no_windows().is_some() {
            return None;
        }
        let input = input.clone().in_groups();
        // As much is known in either; clocks change within the first window.
        let settings = |from: &str, until: &str, grain: &str| {
            format!("timezone = \"Europe/Copenhagen\"\nfrom = {from}\nuntil = {until}\nas_of = 2025-05-01\ngrain = \"{grain}\"")
        };
        let by = format!("[[], [\"{GROUP}\"]]");
        let over_weeks = format!("{by}\nwindow = \"3 weeks\"");
        let asked = |by| [Asked { name: "t", parts: vec![input.clone()], by }];
        let failed = |failure| Some(self.violation(Law::WindowsArePeriods, Some(&input), "results", failure));
        let windows = match self.run(&settings("2025-03-24", "2025-05-01", "week"), &asked(&over_weeks)) {
            Ok(windows) => windows.results,
            Err(failure) => return failed(failure),
        };
        for (from, until) in [("2025-03-17", "2025-04-07"), ("2025-03-24", "2025-04-14")] {
            let period = match self.run(&settings(from, until, "total"), &asked(&by)) {
                Ok(period) => period.results,
                Err(failure) => return failed(failure),
            };
            let ends = |row: &&ResultRow| row.end.as_ref().is_some_and(|end| end.date().to_string() == until);
            for row in &period {
                let same = windows.iter().filter(ends).find(|other| other.dimensions == row.dimensions);
                let of_period = |other: &ResultRow| {
                    let (start, grain, partial, note) = (row.start.clone(), row.grain, row.partial, row.note.clone());
                    ResultRow { start, grain, partial, note, window_start: None, ..other.clone() }
                };
                if same.map(of_period).as_ref() != Some(row) {
                    let expected = format!("{}, from {from} until {until}", shown(row));
                    let found = same.map_or_else(|| "none".to_owned(), shown);
                    return Some(self.violation(
                        Law::WindowsArePeriods,
                        Some(&input),
                        expected,
                        format!("{found}, over the window of these days"),
                    ));
                }
            }
        }
        None
    }

    /// That what is put on disk, because there is no memory, comes to the same.
    fn memory(&self, input: &Input) -> Option<Violation> {
        let input = input.clone().in_groups();
        let parts = || input.rows.chunks(input.rows.len().div_ceil(5).max(1)).map(|rows| input.with(rows.to_vec())).collect();
        let by = format!("[[], [\"{GROUP}\"]]");
        let run = |memory| self.run_in(memory, &input.report, &[Asked { name: "t", parts: parts(), by: &by }]);
        let failed = |failure| Some(self.violation(Law::MemoryIsNothing, Some(&input), "results", failure));
        match (run(None), run(Some(0))) {
            (Ok(expected), Ok(found)) => {
                let (expected, found): (Vec<&ResultRow>, Vec<&ResultRow>) =
                    (expected.results.iter().collect(), found.results.iter().collect());
                let (expected, found) = differ(&expected, &found)?;
                Some(self.violation(Law::MemoryIsNothing, Some(&input), expected, format!("{found}, without memory")))
            }
            (Err(failure), _) | (_, Err(failure)) => failed(failure),
        }
    }

    /// The same rows in another order, in other files, broken down and not.
    fn likenesses(&self, input: &Input) -> Vec<Violation> {
        let mut shuffled = input.rows.clone();
        shuffled.reverse();
        let middle = shuffled.len() / 3;
        shuffled.rotate_left(middle);
        let third = input.rows.len() / 3;
        let split = [&input.rows[..third], &input.rows[third..third], &input.rows[third..]];
        let by = format!("[[], [\"{GROUP}\"]]");
        let asked = |name, parts, by| Asked { name, parts, by };
        let tables = [
            asked("whole", vec![input.clone()], by.as_str()),
            asked("shuffled", vec![input.with(shuffled.clone())], &by),
            asked("split", split.iter().map(|rows| input.with(rows.to_vec())).collect(), &by),
            asked("alone", vec![input.clone()], "[[]]"),
        ];
        let result = match self.run(&input.report, &tables) {
            Ok(result) => result,
            Err(failure) => return vec![self.violation(Law::AlwaysHasAResult, Some(input), "results", failure)],
        };
        let of = |name: &str| -> Vec<&ResultRow> { result.results.iter().filter(|row| row.request == name).collect() };
        let mut violations = Vec::new();
        let mut same = |law: Law, expected: &[&ResultRow], found: &[&ResultRow], how: &str| {
            if let Some((expected, found)) = differ(expected, found) {
                violations.push(self.violation(law, Some(input), expected, format!("{found}, {how}")));
            }
        };
        same(Law::OrderOfRowsIsNothing, &of("whole"), &of("shuffled"), "of the same rows in another order");
        same(Law::SplitOfFilesIsNothing, &of("whole"), &of("split"), "of the same rows in three files");
        let totals: Vec<&ResultRow> = of("whole").into_iter().filter(|row| row.breakdown == 0).collect();
        same(Law::GroupsAddUp, &of("alone"), &totals, "where it is also broken down");
        violations.extend(self.groups_add_up(input, &of("alone"), &of("whole")));
        violations.extend(self.intervals(input, &of("whole")));
        violations
    }

    /// That measures which are said to add up over groups do.
    fn groups_add_up(&self, input: &Input, totals: &[&ResultRow], rows: &[&ResultRow]) -> Option<Violation> {
        if matches!(self.definition.value, Value::Function(_)) {
            // Its evidence need not be its measures.
            return None;
        }
        let additive = self
            .definition
            .measures
            .iter()
            .filter(|measure| self.definition.is_additive_over_dimensions(measure) && measure.scope == Scope::Group);
        for measure in additive {
            let value = |row: &ResultRow| row.measures.iter().find(|(name, _)| *name == measure.name).and_then(|(_, value)| *value);
            let place = |row: &ResultRow| -> Place {
                let own = row.dimensions[row.breakdown..].iter().map(|(_, value)| value.clone());
                (row.start.as_ref().map(jiff::Zoned::timestamp), own.collect())
            };
            let mut sums: BTreeMap<Place, f64> = BTreeMap::new();
            for row in rows.iter().filter(|row| row.breakdown > 0) {
                *sums.entry(place(row)).or_default() += value(row).unwrap_or(0.0);
            }
            for row in totals {
                let (total, sum) = (value(row).unwrap_or(0.0), sums.get(&place(row)).copied().unwrap_or(0.0));
                if (total - sum).abs() > 1e-6 * total.abs().max(1.0) {
                    let expected = format!("`{}` of the groups of `{GROUP}` to add up to {total}", measure.name);
                    return Some(self.violation(Law::GroupsAddUp, Some(input), expected, sum.to_string()));
                }
            }
        }
        None
    }

    fn intervals(&self, input: &Input, rows: &[&ResultRow]) -> Option<Violation> {
        let wrong = rows.iter().find(|row| {
            let (Some(low), Some(high)) = (row.low, row.high) else { return row.low.is_some() || row.high.is_some() };
            // All are rounded to twelve digits.
            let near = 1e-9 * low.abs().max(high.abs()).max(1.0);
            !row.value.is_some_and(|value| low <= value + near && value <= high + near)
        })?;
        Some(self.violation(Law::IntervalsHoldTheirValue, Some(input), "a value between low and high", shown(wrong)))
    }

    /// Hardly any input: none, one row, nothing but missing values, zeros, every row twice.
    fn edges(&self, input: &Input) -> Vec<Violation> {
        let source = &self.definition.source;
        let column = |name: &str| source.columns.iter().find(|column| column.name == name);
        let changed = |change: &dyn Fn(&str, &Option<String>) -> Option<String>| {
            let row = |row: &Vec<Option<String>>| input.header.iter().zip(row).map(|(name, cell)| change(name, cell)).collect();
            input.with(input.rows.iter().map(row).collect())
        };
        let missing = changed(&|name, cell| cell.clone().filter(|_| column(name).is_none_or(|column| column.nulls == NullRule::Reject)));
        let zeros = changed(&|name, cell| match column(name).map(|column| (column.kind, column.domain)) {
            Some((custometer_core::ColumnType::Number, Domain::Any)) => Some("0".to_owned()),
            Some((_, Domain::Between { min, max })) => Some(0.0_f64.clamp(min, max).to_string()),
            Some((_, Domain::Whole { min, max })) => Some(0.clamp(min, max).to_string()),
            _ => cell.clone(),
        });
        let tables = [
            ("empty", input.with(Vec::new()), "no rows"),
            ("one", input.with(input.rows[..input.rows.len().min(1)].to_vec()), "one row"),
            ("missing", missing, "rows in which everything is missing that may be"),
            ("zeros", zeros, "rows of zeros"),
        ];
        // What a condition compares has to show what it is, and a table of no rows shows nothing.
        let tables: Vec<_> = tables.into_iter().filter(|(name, ..)| *name != "empty" || !has_condition(&self.definition)).collect();
        let asked: Vec<Asked<'_>> = tables.iter().map(|(name, input, _)| Asked { name, parts: vec![input.clone()], by: "[[]]" }).collect();
        let result = match self.run(&input.report, &asked) {
            Ok(result) => result,
            Err(failure) => {
                // Which one is it?
                let alone = asked
                    .iter()
                    .zip(&tables)
                    .find_map(|(asked, table)| self.run(&input.report, std::slice::from_ref(asked)).err().map(|failure| (table, failure)));
                let Some(((_, input, what), failure)) = alone else {
                    return vec![self.violation(Law::AlwaysHasAResult, Some(input), "results", failure)];
                };
                return vec![self.violation(Law::AlwaysHasAResult, Some(input), format!("a result of {what}"), failure)];
            }
        };
        let mut violations = Vec::new();
        for (name, input, what) in &tables {
            let rows: Vec<&ResultRow> = result.results.iter().filter(|row| row.request == *name).collect();
            if rows.is_empty() && self.definition.dimensions().is_empty() {
                violations.push(self.violation(
                    Law::AlwaysHasAResult,
                    Some(input),
                    format!("a row for {what}, if an undefined one"),
                    "none",
                ));
            }
            violations.extend(self.intervals(input, &rows));
            let adds_up = matches!(self.definition.unit.unwrap_or(self.metric.about.unit), Unit::Count | Unit::Currency);
            // What is divided by may be a parameter, and known without rows.
            let is_made_of_nothing = |row: &&&ResultRow| row.measures.iter().all(|(_, value)| value.is_none_or(|value| value == 0.0));
            let made_up = rows.iter().filter(|row| row.value.is_some()).find(is_made_of_nothing);
            if let Some(row) = made_up.filter(|_| *name == "empty" && !adds_up) {
                violations.push(self.violation(Law::NothingIsSilentlyZero, Some(input), format!("undefined, of {what}"), shown(row)));
            }
        }
        violations
    }
}

/// A bucket, and a combination of the metric's own dimensions.
type Place = (Option<jiff::Timestamp>, Vec<DimensionValue>);

/// One table, in one or several files, and what is asked of it.
struct Asked<'a> {
    name: &'a str,
    parts: Vec<Input>,
    /// Its breakdowns, and lines of the request after them.
    by: &'a str,
}

/// The first rows that are not the same, whatever their requests are called.
pub(super) fn differ(expected: &[&ResultRow], found: &[&ResultRow]) -> Option<(String, String)> {
    let unnamed = |row: &ResultRow| ResultRow { request: String::new(), ..row.clone() };
    if let Some((one, other)) = expected.iter().zip(found).find(|(one, other)| unnamed(one) != unnamed(other)) {
        return Some((shown(one), shown(other)));
    }
    (expected.len() != found.len()).then(|| (format!("{} rows", expected.len()), format!("{} rows", found.len())))
}

fn shown(row: &ResultRow) -> String {
    let number = |value: Option<f64>| value.map_or("undefined".to_owned(), |value| value.to_string());
    let mut dimensions: Vec<String> = row.dimensions.iter().map(|(name, value)| format!("{name}={value}")).collect();
    dimensions.extend(row.start.as_ref().map(|start| format!("from {}", start.date())));
    let measures: Vec<String> = row.measures.iter().map(|(name, value)| format!("{name} = {}", number(*value))).collect();
    let interval = row.low.zip(row.high).map(|(low, high)| format!(" in [{low}, {high}]")).unwrap_or_default();
    let at = if dimensions.is_empty() { String::new() } else { format!(" for {}", dimensions.join(", ")) };
    format!("{}{interval}{at}, n {} ({})", number(row.value), number(row.n), measures.join(", "))
}
