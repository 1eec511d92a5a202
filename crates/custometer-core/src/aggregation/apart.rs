//! Sets and multisets that are finished apart from the rest of their state, so that no machine has to hold all their members.
//!
//! The members of a set are split by their key: all those of one key are in one part, and the counts of parts add up, however groups are made coarser. The
//! values of a multiset are split by the groups that it is finished by, once for each choice of them.

use std::collections::BTreeSet;

use polars::prelude::{Column, DataFrame, Expr, NamedFrom, PolarsError, PolarsResult, Series};

use super::{Aggregation, By, Kept, MeasureTable, Measured};
use crate::dimension::{DimensionValue, OrderedFloat};

/// What a table of a state beyond the first is of.
#[derive(Debug, Clone, Copy)]
pub enum Apart<'a> {
    /// A set, with what its keys are.
    Set(&'a Expr),
    /// A multiset.
    Multiset,
}

impl Aggregation {
    /// What each table beyond the first is of.
    pub fn aparts(&self) -> Vec<Apart<'_>> {
        self.kept.iter().filter_map(|kept| self.apart(kept)).collect()
    }

    fn apart<'a>(&'a self, kept: &Kept) -> Option<Apart<'a>> {
        match kept {
            Kept::Set { key, .. } => Some(Apart::Set(&self.read[*key])),
            Kept::Multiset { .. } => Some(Apart::Multiset),
            _ => None,
        }
    }

    /// Whether a choice asks for what is finished from one of the tables beyond the first, by its number from 0.
    pub fn asks_apart(&self, apart: usize, by: &By) -> bool {
        !self.asked_of(apart, by).is_empty()
    }

    /// The measures that a choice asks of one of the tables beyond the first.
    fn asked_of(&self, apart: usize, by: &By) -> Vec<usize> {
        let Some(kept) = self.position_of(apart) else { return Vec::new() };
        let of_kept = self.sources.iter().enumerate().filter(|(_, (from, _))| *from == kept).map(|(measure, _)| measure);
        of_kept.filter(|measure| by.asks_for(*measure)).collect()
    }

    fn position_of(&self, apart: usize) -> Option<usize> {
        let aparts = self.kept.iter().enumerate().filter(|(_, kept)| self.apart(kept).is_some());
        aparts.map(|(position, _)| position).nth(apart)
    }

    /// What some rows of one of the tables beyond the first come to, for each choice: of a set all rows with some keys, of a multiset all of some groups.
    pub fn finish_apart(&self, apart: usize, rows: &DataFrame, choices: &[By], confidence: f64) -> PolarsResult<Vec<DataFrame>> {
        let Some(position) = self.position_of(apart) else { return Err(PolarsError::ComputeError("a state has no such table".into())) };
        let mut state = self.state();
        let groups = self.groups(&mut state, rows)?;
        for group in &groups {
            state.rows[*group as usize] += 1;
        }
        self.add_members(&mut state, position, rows, &groups)?;
        let asked: Vec<Vec<usize>> = choices.iter().map(|by| self.asked_of(apart, by)).collect();
        let choices: Vec<By> = choices.iter().zip(&asked).map(|(by, asked)| By { measures: Some(asked.clone()), ..by.clone() }).collect();
        let tables = self.finish(state, &choices, confidence)?;
        tables.iter().zip(&choices).zip(&asked).map(|((table, by), asked)| table.rows_of(by.keys.len(), asked)).collect()
    }
}

/// The columns of finished measures after those of their group.
const AT: &str = "at";
const NUMBERS: [&str; 4] = ["value", "low", "high", "n"];

impl MeasureTable {
    /// A row for each group and measure of some: the values of keys as texts, the position of the measure, and what it comes to.
    fn rows_of(&self, keys: usize, measures: &[usize]) -> PolarsResult<DataFrame> {
        let mut rows: Vec<(&Vec<DimensionValue>, usize, Measured)> = Vec::new();
        for (group, measured) in &self.groups {
            rows.extend(measures.iter().filter_map(|at| Some((group, *at, *measured.get(*at)?))));
        }
        rows.sort_by(|one, other| (one.0, one.1).cmp(&(other.0, other.1)));
        let key = |key: usize| -> Column {
            Series::new(format!("key{key}").into(), rows.iter().map(|(group, ..)| written(&group[key])).collect::<Vec<String>>()).into()
        };
        let number = |name: &str, of: fn(&Measured) -> Option<f64>| -> Column {
            Series::new(name.into(), rows.iter().map(|(.., measured)| of(measured)).collect::<Vec<Option<f64>>>()).into()
        };
        let at: Column = Series::new(AT.into(), rows.iter().map(|(_, at, _)| *at as u64).collect::<Vec<u64>>()).into();
        let of: [fn(&Measured) -> Option<f64>; 4] = [
            |measured| measured.value,
            |measured| measured.interval.map(|(low, _)| low),
            |measured| measured.interval.map(|(_, high)| high),
            |measured| measured.n,
        ];
        let numbers = NUMBERS.into_iter().zip(of).map(|(name, of)| number(name, of));
        DataFrame::new(rows.len(), (0..keys).map(key).chain([at]).chain(numbers).collect())
    }

    /// Puts what was [finished apart](Aggregation::finish_apart) in its place, of all parts: counts of a set add up. `named` makes of the values of keys what
    /// the group is called here.
    ///
    /// # Errors
    ///
    /// When there is no such group, or when a group of a multiset comes twice.
    pub fn put_apart(
        &mut self,
        of: Apart<'_>,
        rows: &DataFrame,
        named: impl Fn(Vec<DimensionValue>) -> Vec<DimensionValue>,
    ) -> PolarsResult<()> {
        let failed = |reason: &str| PolarsError::ComputeError(reason.to_owned().into());
        let keys = rows.width().saturating_sub(1 + NUMBERS.len());
        let mut groups: Vec<Vec<DimensionValue>> = vec![Vec::with_capacity(keys); rows.height()];
        for key in &rows.columns()[..keys] {
            for (group, text) in groups.iter_mut().zip(key.str()?.iter()) {
                group.push(text.and_then(read).ok_or_else(|| failed("a group that was finished apart can't be read"))?);
            }
        }
        let numbers = NUMBERS.map(|name| rows.column(name).and_then(|column| Ok(column.f64()?.iter().collect::<Vec<Option<f64>>>())));
        let [value, low, high, n] = numbers;
        let (value, low, high, n) = (value?, low?, high?, n?);
        let mut seen = BTreeSet::new();
        for ((row, group), at) in groups.into_iter().enumerate().zip(rows.column(AT)?.u64()?.iter()) {
            let at = at.and_then(|at| usize::try_from(at).ok()).unwrap_or(usize::MAX);
            let group = named(group);
            let is_first = seen.insert((group.clone(), at));
            let measured = self.groups.get_mut(&group).and_then(|measured| measured.get_mut(at));
            let measured = measured.ok_or_else(|| failed("what was finished apart is of a group that no row is of"))?;
            match of {
                Apart::Set(_) => {
                    let before = measured.value.filter(|_| !is_first);
                    measured.value = Some(before.unwrap_or(0.0) + value[row].unwrap_or(0.0));
                }
                Apart::Multiset if is_first => *measured = Measured { value: value[row], interval: low[row].zip(high[row]), n: n[row] },
                Apart::Multiset => return Err(failed("the values of a group were finished in two places")),
            }
        }
        Ok(())
    }
}

/// The value of a key as a text that tells what it is.
fn written(value: &DimensionValue) -> String {
    match value {
        DimensionValue::Missing => "m".to_owned(),
        DimensionValue::Boolean(value) => format!("b{value}"),
        DimensionValue::Integer(value) => format!("i{value}"),
        DimensionValue::Number(OrderedFloat(value)) => format!("n{}", value.to_bits()),
        DimensionValue::Text(text) => format!("t{text}"),
    }
}

/// What [`written`] wrote.
fn read(text: &str) -> Option<DimensionValue> {
    let (kind, rest) = text.split_at_checked(1)?;
    match kind {
        "m" => Some(DimensionValue::Missing),
        "b" => rest.parse().ok().map(DimensionValue::Boolean),
        "i" => rest.parse().ok().map(DimensionValue::Integer),
        "n" => rest.parse().ok().map(|bits| DimensionValue::Number(OrderedFloat(f64::from_bits(bits)))),
        "t" => Some(DimensionValue::Text(rest.to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_value_of_a_key_is_read_as_it_is_written(integer: i64, number: f64, text: String, truth: bool) {
            let values = [
                DimensionValue::Missing,
                DimensionValue::Boolean(truth),
                DimensionValue::Integer(integer),
                DimensionValue::Number(OrderedFloat(number)),
                DimensionValue::Text(text),
            ];
            for value in values {
                prop_assert_eq!(read(&written(&value)), Some(value));
            }
        }
    }
}
