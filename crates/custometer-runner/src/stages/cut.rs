//! How scans are cut into tasks, and which are not.

use custometer_core::{Aggregate, Definition};
use polars::prelude::{Expr, PolarsResult};
use serde::{Deserialize, Serialize};

use crate::plan::SomeRows;
use crate::read::table::Table;
use crate::read::text::FileIndex;
use crate::report::Report;

/// What one scan goes through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Task {
    /// The first table that is read of the files.
    scan: usize,
    /// The numbers of the rows; none for all.
    rows: Option<(u64, u64)>,
}

impl Task {
    pub(super) fn rows(&self) -> SomeRows {
        SomeRows { scan: self.scan, rows: self.rows.map(|(from, until)| from..until) }
    }
}

/// The tasks of a report, each of about so many rows.
pub(super) fn tasks(report: &Report, indices: &[Vec<FileIndex>], rows: u64) -> PolarsResult<Vec<Task>> {
    let mut tasks = Vec::new();
    for scan in scans(report) {
        let table = &report.tables[scan];
        if sees_other_rows(report, scan) {
            tasks.push(Task { scan, rows: None });
            continue;
        }
        let all: u64 = indices[scan].iter().map(|index| index.rows).sum();
        let starts = starts(table, &indices[scan])?;
        let mut at = 0;
        while at < all || at == 0 {
            let end = at.saturating_add(rows.max(1)).min(all);
            // A part that is cut is read twice.
            let before = starts[..starts.partition_point(|start| *start <= end)].last().copied();
            let end = if end < all { before.filter(|start| *start > at).unwrap_or(end) } else { end };
            tasks.push(Task { scan, rows: Some((at, end)) });
            at = end.max(at + 1);
        }
    }
    Ok(tasks)
}

/// The tasks of a report, one for each file, with its position. Where rows are judged by other rows, all files are one.
pub(super) fn tasks_of_files(report: &Report, indices: &[Vec<FileIndex>]) -> Vec<(Task, Option<usize>)> {
    let mut tasks = Vec::new();
    for scan in scans(report) {
        if sees_other_rows(report, scan) {
            tasks.push((Task { scan, rows: None }, None));
            continue;
        }
        let (before, mut first) = (tasks.len(), 0);
        for (file, index) in indices[scan].iter().enumerate().filter(|(_, index)| index.rows > 0) {
            tasks.push((Task { scan, rows: Some((first, first + index.rows)) }, Some(file)));
            first += index.rows;
        }
        if tasks.len() == before {
            tasks.push((Task { scan, rows: Some((0, 0)) }, None));
        }
    }
    tasks
}

/// The first table of each scan that requests have rows of.
pub(super) fn scans(report: &Report) -> impl Iterator<Item = usize> {
    let is_asked = |scan: &usize| report.requests.iter().any(|request| report.first_of_scan(request.table) == *scan);
    (0..report.tables.len()).filter(is_asked)
}

/// The tables whose rows are judged by other rows, so that one task goes through all of them.
pub(super) fn undivided(report: &Report) -> impl Iterator<Item = &str> {
    scans(report).filter(|scan| sees_other_rows(report, *scan)).map(|scan| report.tables[scan].name.as_str())
}

/// Where the parts of a table's files begin.
fn starts(table: &Table, indices: &[FileIndex]) -> PolarsResult<Vec<u64>> {
    if let Some(opened) = table.opened() {
        return opened.starts(indices);
    }
    let (mut all, mut first, mut files) = (Vec::new(), 0, indices);
    for source in table.sources() {
        let (own, others) = files.split_at(source.table.opened_files().len().min(files.len()));
        files = others;
        all.extend(self::starts(&source.table, own)?.into_iter().map(|start| first + start));
        first += own.iter().map(|index| index.rows).sum::<u64>();
    }
    Ok(all)
}

/// Whether what becomes of a row of a scan depends on rows that another task may have.
fn sees_other_rows(report: &Report, scan: usize) -> bool {
    let requests = report.requests.iter().filter(|request| report.first_of_scan(request.table) == scan);
    requests
        .flat_map(|request| std::iter::once(&request.definition).chain(request.definition.by_changing_rates.as_deref()))
        .any(sees_others)
}

fn sees_others(definition: &Definition) -> bool {
    let source = &definition.source;
    let rules = source.rules.iter().any(|rule| !is_of_one_row(&rule.holds));
    // What is derived is derived of whole entities.
    let of_rows = definition.derivation.is_none().then(|| {
        let own = definition.own_dimensions.iter().map(|own| &own.value);
        let filters = definition.measures.iter().filter_map(|measure| measure.filter.as_ref());
        let values = definition.measures.iter().filter_map(|measure| match &measure.aggregate {
            Aggregate::Count => None,
            Aggregate::Sum(of)
            | Aggregate::Min(of)
            | Aggregate::Max(of)
            | Aggregate::Mean(of)
            | Aggregate::Variance(of)
            | Aggregate::CountDistinct(of)
            | Aggregate::Quantile(of, _) => Some(of),
        });
        own.chain(filters).chain(values).any(|value| !is_of_one_row(value))
    });
    source.all_or_none.is_some() || rules || of_rows == Some(true)
}

/// Whether an expression's value in a row depends on that row alone. One of which this is not known is taken to see others.
fn is_of_one_row(expression: &Expr) -> bool {
    /// Functions that do.
    const KNOWN: &str = "abs any_horizontal all_horizontal ceil clip coalesce fill_null floor is_between is_finite is_in is_infinite is_nan is_not_nan \
                         is_not_null is_null log max_horizontal min_horizontal negate not pow round sqrt";
    expression.into_iter().all(|part| match part {
        Expr::Column(_) | Expr::Literal(_) | Expr::Alias(..) | Expr::BinaryExpr { .. } | Expr::Cast { .. } | Expr::Ternary { .. } => true,
        Expr::Function { function, .. } => {
            let name = function.to_string();
            name.starts_with("dt.")
                || KNOWN.split(' ').any(|known| known == name)
                || name.starts_with("str.") && !OVER_ROWS.iter().any(|over| name.contains(over))
        }
        Expr::AnonymousFunction { options, .. } => options.is_elementwise(),
        _ => false,
    })
}

/// Functions of texts that put those of several rows together.
const OVER_ROWS: [&str; 2] = ["join", "concat_vertical"];

#[cfg(test)]
mod tests {
    use polars::prelude::{ClosedInterval, DataType, RankOptions, col, lit, when};

    use super::*;

    #[test]
    fn what_sees_other_rows_is_known() {
        let own = [
            col("a").gt_eq(col("b")),
            when(col("a").is_null()).then(lit(1)).otherwise(col("b").cast(DataType::Float64).abs()),
            col("a").dt().year().eq(lit(2025)).and(col("b").str().to_lowercase().eq(lit("x"))),
            col("a").fill_null(lit(0.0)).is_between(lit(0), lit(1), ClosedInterval::default()),
        ];
        let others = [
            col("a").is_unique(),
            col("a").max().over([col("b")]).unwrap(),
            col("a").eq(col("a").first()),
            col("a").shift(lit(1)).is_null(),
            col("a").rank(RankOptions::default(), None).eq(lit(1)),
            col("a").cum_sum(false).gt(lit(1)),
            polars::prelude::len().gt(lit(1)),
        ];
        assert!(own.iter().all(is_of_one_row), "{:?}", own.map(|one| is_of_one_row(&one)));
        assert!(!others.iter().any(is_of_one_row), "{:?}", others.map(|one| is_of_one_row(&one)));
    }
}
