//! Calculated results: arithmetic over the results of requests, row by row, where bucket and group are the same.
//!
//! A calculated value is made of what the results show, after small groups are hidden: what is suppressed in one of its inputs is suppressed
//! in it, and nothing can be told from it that its inputs do not tell. For the same reason its baselines are made of the inputs' baselines.
//! It has an interval where the report says how its parts vary together: they may share observations or have different ones, and the
//! results do not tell.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use custometer_core::{CurrencyCode, DimensionValue, Unit, statistics};
use jiff::Timestamp;

use crate::report::calculated::{Calculated, Parts};
use crate::report::formula::Quotient;
use crate::result::words::{relative, shown};
use crate::result::{Comparison, ResultRow};

/// Adds the rows of what is derived to those of the requests, in the order of the config.
pub(crate) fn append(results: &mut Vec<ResultRow>, calculated: &[Calculated], confidence: f64) {
    let mut made: Vec<(usize, Vec<ResultRow>)> = Vec::new();
    for calculated in calculated {
        let all = || results.iter().chain(made.iter().flat_map(|(_, rows)| rows));
        let inputs: Vec<Vec<&ResultRow>> =
            calculated.inputs.iter().map(|name| all().filter(|row| row.request == *name).collect()).collect();
        let rows = calculated.rows(&inputs, confidence);
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
    fn rows(&self, inputs: &[Vec<&ResultRow>], confidence: f64) -> Vec<ResultRow> {
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
        let mut made: Vec<ResultRow> = cells.values().flat_map(|cell| self.cell(cell, confidence)).collect();
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

    fn cell(&self, cell: &Matched<'_>, confidence: f64) -> Vec<ResultRow> {
        if cell.is_suppressed {
            // The values of a metric's own dimensions would tell of a group that is hidden.
            let any = cell.rows.first().map(|(_, row)| row);
            return any
                .map(|row| ResultRow { suppressed: true, ..self.row(row, &vec![None; self.inputs.len()], confidence) })
                .into_iter()
                .collect();
        }
        let of = |(own, row): &(Values, &ResultRow)| {
            let inputs: Vec<Option<&ResultRow>> = cell.inputs.iter().map(|rows| rows.get(own).copied()).collect();
            let made = self.row(row, &inputs, confidence);
            let own = row.dimensions[row.breakdown..].iter().cloned();
            let mut dimensions = made.dimensions.clone();
            dimensions.extend(own);
            ResultRow { dimensions, ..made }
        };
        cell.rows.iter().map(of).collect()
    }

    /// The row of one combination, without own dimensions. `like` is any of the inputs' rows for it; where nothing is given, nothing is
    /// said.
    fn row(&self, like: &ResultRow, inputs: &[Option<&ResultRow>], confidence: f64) -> ResultRow {
        let input = |name: &str| self.inputs.iter().position(|input| input == name).and_then(|position| inputs[position]);
        let value = |of: &dyn Fn(&ResultRow) -> Option<f64>| shown(self.formula.value(&|name| input(name).and_then(of)));
        let sure = self.quotient.as_ref().map(|(quotient, parts)| match (input(&quotient.of), input(&quotient.to)) {
            (Some(of), Some(to)) => sureness(quotient, *parts, of, to, confidence),
            _ => Sureness::default(),
        });
        let Sureness { interval, n, contradiction } = sure.unwrap_or_default();
        let currencies: BTreeSet<CurrencyCode> = inputs.iter().flatten().filter_map(|row| row.currency).collect();
        // Amounts of several currencies have no sum, and no ratio either.
        let is_mixed = currencies.len() > 1;
        let is_unknown = inputs.iter().flatten().any(|row| row.unit == Unit::Currency && row.currency.is_none());
        let now = value(&|row| row.value).filter(|_| contradiction.is_none() && !is_mixed);
        let comparisons = self.form.compare.iter().map(|&baseline| {
            let of = |row: &ResultRow| row.comparisons.iter().find(|comparison| comparison.baseline == baseline).cloned();
            let Some(time) = of(like).filter(|comparison| comparison.start.is_some()) else { return Comparison::unknown(baseline) };
            // A baseline from before the data of one input has no value there, and so none here.
            let then = value(&|row| of(row)?.value).filter(|_| !is_mixed);
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
        let mixed = is_mixed.then(|| {
            let codes: Vec<&str> = currencies.iter().map(CurrencyCode::as_str).collect();
            format!("amounts in {}", codes.join(" and "))
        });
        let notes: Vec<String> = self.summary.iter().cloned().chain(lacking).chain(contradiction).chain(mixed).collect();
        ResultRow {
            target: None,
            benchmark: None,
            process_limits: None,
            parts: None,
            request: self.name.clone(),
            metric: Calculated::METRIC,
            start: like.start.clone(),
            end: like.end.clone(),
            period: like.period,
            // Inputs over different windows have none in common.
            window_start: like.window_start.clone().filter(|_| inputs.iter().flatten().all(|row| row.window_start == like.window_start)),
            partial: like.partial || inputs.iter().flatten().any(|row| row.partial),
            grain: like.grain,
            dimensions: self.breakdown(like),
            breakdown: like.breakdown,
            value: now,
            unit: self.unit,
            currency: currencies.first().copied().filter(|_| self.unit == Unit::Currency && !is_mixed && !is_unknown),
            digits: like.digits,
            direction: self.direction,
            low: shown(interval.filter(|_| now.is_some()).map(|(low, _)| low)),
            high: shown(interval.filter(|_| now.is_some()).map(|(_, high)| high)),
            n,
            measures: self.inputs.iter().zip(inputs).flat_map(|(name, row)| evidence(name, *row)).collect(),
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

/// What is known of a derived value beside itself.
#[derive(Debug, Default)]
struct Sureness {
    interval: Option<(f64, f64)>,
    n: Option<f64>,
    /// What the rows say against what the report says of them.
    contradiction: Option<String>,
}

/// How sure a quotient is.
fn sureness(quotient: &Quotient, parts: Parts, of: &ResultRow, to: &ResultRow, confidence: f64) -> Sureness {
    let scaled = |(low, high): (f64, f64)| {
        let (low, high) = (quotient.factor * low, quotient.factor * high);
        (low.min(high), low.max(high))
    };
    match parts {
        Parts::Independent => {
            let interval = estimate(of).zip(estimate(to)).filter(|_| of.low.is_some() || to.low.is_some());
            let interval = interval.and_then(|(of, to)| statistics::ratio_of_independent(of, to)).map(scaled);
            Sureness { interval, ..Sureness::default() }
        }
        Parts::Subset => {
            let Some((part, whole)) = of.value.zip(to.value) else { return Sureness::default() };
            if part > whole {
                let contradiction =
                    format!("`{}` counts {part}, more than the {whole} of `{}`: it is not a subset", quotient.of, quotient.to);
                return Sureness { contradiction: Some(contradiction), ..Sureness::default() };
            }
            let interval = statistics::wilson(part, whole, confidence).map(scaled);
            Sureness { interval, n: Some(whole), contradiction: None }
        }
    }
}

/// A value with the ends of its interval. A count of all that happened is exact; any other value without an interval is not known well enough.
fn estimate(row: &ResultRow) -> Option<(f64, f64, f64)> {
    let value = row.value?;
    match row.low.zip(row.high) {
        Some((low, high)) => Some((value, low, high)),
        None => (row.unit == Unit::Count).then_some((value, value, value)),
    }
}

/// The value of an input by its name, and its n where this is another number.
fn evidence(name: &str, row: Option<&ResultRow>) -> Vec<(String, Option<f64>)> {
    let value = row.and_then(|row| row.value);
    let n = row.and_then(|row| row.n).filter(|n| Some(*n) != value);
    let n = n.map(|n| (format!("{name}.n"), Some(n)));
    std::iter::once((name.to_owned(), value)).chain(n).collect()
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
