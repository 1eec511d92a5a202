//! Calculated results: arithmetic over the results of requests, row by row, where bucket and group are the same.
//!
//! A calculated value is made of what the results show, after small groups are hidden: what is suppressed in one of its inputs is suppressed
//! in it, and nothing can be told from it that its inputs do not tell. For the same reason its baselines are made of the inputs' baselines.
//! It has neither n nor an interval: its inputs may share observations or have different ones, and no textbook says how they vary together.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use custometer_core::DimensionValue;
use jiff::Timestamp;

use crate::report::calculated::Calculated;
use crate::result::words::{relative, shown};
use crate::result::{Comparison, ResultRow};

/// Adds the rows of what is derived to those of the requests, in the order of the config.
pub(crate) fn append(results: &mut Vec<ResultRow>, calculated: &[Calculated]) {
    let mut made: Vec<(usize, Vec<ResultRow>)> = Vec::new();
    for calculated in calculated {
        let all = || results.iter().chain(made.iter().flat_map(|(_, rows)| rows));
        let inputs: Vec<Vec<&ResultRow>> =
            calculated.inputs.iter().map(|name| all().filter(|row| row.request == *name).collect()).collect();
        let rows = calculated.rows(&inputs);
        made.push((calculated.position, rows));
    }
    made.sort_by_key(|(position, _)| *position);
    results.extend(made.into_iter().flat_map(|(_, rows)| rows));
}

/// Dimensions with their values as they are written: one side may show numbers where the other shows text.
type Values = BTreeMap<String, Option<String>>;

/// What rows must have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    by: Values,
}

impl Key {
    fn of(row: &ResultRow) -> Self {
        let instant = |edge: &Option<jiff::Zoned>| edge.as_ref().map(jiff::Zoned::timestamp);
        Self { start: instant(&row.start), end: instant(&row.end), by: values(&row.dimensions[..row.breakdown]) }
    }
}

fn values(dimensions: &[(String, DimensionValue)]) -> Values {
    let written = |value: &DimensionValue| (*value != DimensionValue::Missing).then(|| value.to_string());
    dimensions.iter().map(|(name, value)| (name.clone(), written(value))).collect()
}

/// One bucket of one group: the rows of each input, by their own dimensions.
struct Matched<'a> {
    inputs: Vec<BTreeMap<Values, &'a ResultRow>>,
    /// All of these combinations, each with a row that has it.
    rows: Vec<(Values, &'a ResultRow)>,
    is_suppressed: bool,
}

impl Calculated {
    /// What is calculated from the rows of the inputs.
    fn rows(&self, inputs: &[Vec<&ResultRow>]) -> Vec<ResultRow> {
        let mut cells: HashMap<Key, Matched<'_>> = HashMap::new();
        for (input, rows) in inputs.iter().enumerate() {
            for &row in rows {
                let cell = cells.entry(Key::of(row)).or_insert_with(|| Matched {
                    inputs: vec![BTreeMap::new(); inputs.len()],
                    rows: Vec::new(),
                    is_suppressed: false,
                });
                let own = values(&row.dimensions[row.breakdown..]);
                cell.is_suppressed |= row.suppressed;
                if !cell.rows.iter().any(|(known, _)| *known == own) {
                    cell.rows.push((own.clone(), row));
                }
                cell.inputs[input].insert(own, row);
            }
        }
        let mut made: Vec<ResultRow> = cells.values().flat_map(|cell| self.cell(cell)).collect();
        as_one_type(&mut made);
        let breakdown = |row: &ResultRow| {
            let columns: BTreeSet<&String> = row.dimensions[..row.breakdown].iter().map(|(name, _)| name).collect();
            self.form.breakdowns().iter().position(|by| *by == columns)
        };
        let order = |row: &ResultRow| {
            let dimensions: Vec<DimensionValue> = row.dimensions.iter().map(|(_, value)| value.clone()).collect();
            (breakdown(row), row.start.as_ref().map(jiff::Zoned::timestamp), dimensions)
        };
        made.sort_by_cached_key(order);
        made
    }

    fn cell(&self, cell: &Matched<'_>) -> Vec<ResultRow> {
        if cell.is_suppressed {
            // The values of a metric's own dimensions would tell of a group that is hidden.
            let any = cell.rows.first().map(|(_, row)| row);
            return any.map(|row| ResultRow { suppressed: true, ..self.row(row, &vec![None; self.inputs.len()]) }).into_iter().collect();
        }
        let of = |(own, row): &(Values, &ResultRow)| {
            let inputs: Vec<Option<&ResultRow>> = cell.inputs.iter().map(|rows| rows.get(own).copied()).collect();
            let made = self.row(row, &inputs);
            let own = row.dimensions[row.breakdown..].iter().cloned();
            let mut dimensions = made.dimensions.clone();
            dimensions.extend(own);
            ResultRow { dimensions, ..made }
        };
        cell.rows.iter().map(of).collect()
    }

    /// The row of one combination, without own dimensions. `like` is any of the inputs' rows for it; where nothing is given, nothing is
    /// said.
    fn row(&self, like: &ResultRow, inputs: &[Option<&ResultRow>]) -> ResultRow {
        let value = |of: &dyn Fn(&ResultRow) -> Option<f64>| {
            let input = |name: &str| {
                let position = self.inputs.iter().position(|input| input == name)?;
                inputs[position].and_then(of)
            };
            shown(self.formula.value(&input))
        };
        let now = value(&|row| row.value);
        let comparisons = self.form.compare.iter().map(|&baseline| {
            let of = |row: &ResultRow| row.comparisons.iter().find(|comparison| comparison.baseline == baseline).cloned();
            let Some(time) = of(like).filter(|comparison| comparison.start.is_some()) else { return Comparison::unknown(baseline) };
            // A baseline from before the data of one input has no value there, and so none here.
            let then = value(&|row| of(row)?.value);
            let change = now.zip(then).map(|(now, then)| now - then);
            Comparison {
                start: time.start,
                end: time.end,
                value: then,
                change: shown(change),
                relative_change: shown(change.zip(then).and_then(|(change, then)| relative(change, then, self.unit))),
                ..Comparison::unknown(baseline)
            }
        });
        let absent = self.inputs.iter().zip(inputs).filter(|(_, row)| row.is_none()).map(|(name, _)| format!("`{name}`"));
        let absent: Vec<String> = absent.collect();
        let nothing = inputs.iter().all(Option::is_none);
        let lacking = (!absent.is_empty() && !nothing).then(|| format!("no such group in {}", absent.join(" and ")));
        let notes: Vec<String> = self.summary.iter().cloned().chain(lacking).collect();
        ResultRow {
            target: None,
            benchmark: None,
            request: self.name.clone(),
            metric: Calculated::METRIC,
            start: like.start.clone(),
            end: like.end.clone(),
            partial: like.partial || inputs.iter().flatten().any(|row| row.partial),
            grain: like.grain,
            dimensions: self.breakdown(like),
            breakdown: like.breakdown,
            value: now,
            unit: self.unit,
            direction: self.direction,
            low: None,
            high: None,
            n: None,
            measures: self.inputs.iter().zip(inputs).map(|(name, row)| (name.clone(), row.and_then(|row| row.value))).collect(),
            note: Some(notes.join("; ")).filter(|note| !note.is_empty()),
            suppressed: false,
            comparisons: comparisons.collect(),
            group_comparison: None,
        }
    }

    /// The breakdown's dimensions of a row, in the order that the first input has them.
    fn breakdown(&self, row: &ResultRow) -> Vec<(String, DimensionValue)> {
        let mut dimensions = row.dimensions[..row.breakdown].to_vec();
        let columns: BTreeSet<&String> = row.dimensions[..row.breakdown].iter().map(|(name, _)| name).collect();
        if let Some(by) = self.form.by.iter().find(|by| by.iter().collect::<BTreeSet<_>>() == columns) {
            dimensions.sort_by_key(|(name, _)| by.iter().position(|column| column == name));
        }
        dimensions
    }
}

/// What is a number in one input and text in another is text, so that a column is of one type.
fn as_one_type(rows: &mut [ResultRow]) {
    let is_text = |value: &DimensionValue| matches!(value, DimensionValue::Text(_));
    let texts = rows.iter().flat_map(|row| &row.dimensions).filter(|(_, value)| is_text(value)).map(|(name, _)| name.clone());
    let texts: BTreeSet<String> = texts.collect();
    for (_, value) in rows.iter_mut().flat_map(|row| &mut row.dimensions).filter(|(name, _)| texts.contains(name)) {
        if *value != DimensionValue::Missing && !is_text(value) {
            *value = DimensionValue::Text(value.to_string());
        }
    }
}
