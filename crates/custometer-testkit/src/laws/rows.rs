//! What happens to rows: derivations, entity by entity, and measures, part by part.

use std::collections::BTreeSet;

use custometer_core::aggregation::{By, MeasureTable, Measured};
use custometer_core::time::{BUCKET, Buckets};
use custometer_core::{Aggregation, DeriveContext, DimensionRule, DimensionValue, EvaluateContext, Evaluation, Group, MeasureRow};
use polars::prelude::{DataFrame, Expr, IntoLazy, LazyFrame, PolarsResult, col, lit};

use super::law::{Law, Violation};
use super::variant::{Variant, quietly};
use crate::input::{self, GROUP, Input};

/// How many entities are tried against each other.
const ENTITIES: usize = 8;

impl Variant {
    /// What its own values come to for nothing at all.
    pub(super) fn values(&self) -> Vec<Violation> {
        let definition = &self.definition;
        let buckets = Buckets::timeless();
        let context = EvaluateContext { confidence: 0.95, buckets: &buckets, as_of: None, reach: None, known_since: None };
        let own = definition.own_dimensions.iter().map(|own| own.domain.clone()).collect::<Option<Vec<_>>>();
        let combinations = own.map(|domains| {
            domains.into_iter().fold(vec![Vec::new()], |combinations: Vec<Vec<DimensionValue>>, domain| {
                let with = |value: &DimensionValue| {
                    combinations.iter().map(|one| one.iter().cloned().chain([value.clone()]).collect()).collect::<Vec<_>>()
                };
                domain.iter().flat_map(with).collect()
            })
        });
        let mut violations = Vec::new();
        for measured in [Measured::number(Some(0.0)), Measured::number(None)] {
            let row = |dimensions: &Vec<DimensionValue>| MeasureRow {
                dimensions: dimensions.clone(),
                measures: definition.measures.iter().map(|measure| (measure.name.clone(), measured)).collect(),
            };
            let rows: Vec<MeasureRow> = combinations.iter().flatten().map(row).collect();
            let group = Group { index: 0, bucket: &buckets.as_slice()[0], rows: &rows };
            let what = format!("measures that are all {}", if measured.value.is_some() { "0" } else { "undefined" });
            let Some(evaluated) = quietly(|| definition.value.evaluate(&group, &context)) else {
                violations.push(self.violation(Law::AlwaysHasAResult, None, format!("a result of {what}"), "a panic"));
                continue;
            };
            let Evaluation { observations, .. } = evaluated.unwrap_or_default();
            let numbers = observations.iter().flat_map(|observation| {
                let (low, high) = observation.estimate.interval.unzip();
                [observation.estimate.value, low, high, observation.estimate.n]
            });
            if let Some(wrong) = numbers.flatten().find(|number| !number.is_finite()) {
                let expected = format!("undefined or a number, of {what}");
                violations.push(self.violation(Law::NothingIsSilentlyZero, None, expected, wrong.to_string()));
            }
        }
        violations
    }

    /// The laws of derivations and measures.
    pub(super) fn rows(&self) -> Vec<Violation> {
        let inputs = self.inputs.iter().chain(&self.examples).map(|input| input.clone().in_groups());
        inputs.flat_map(|input| self.rows_of(&input).unwrap_or_else(|failure| vec![failure])).collect()
    }

    fn rows_of(&self, input: &Input) -> Result<Vec<Violation>, Violation> {
        let Some(frame) = input.frame(&self.definition) else { return Ok(Vec::new()) };
        let failed = |error: polars::prelude::PolarsError| {
            self.violation(Law::AlwaysHasAResult, Some(input), "derived rows and measures", error.to_string())
        };
        let frame = frame.and_then(|frame| self.usable(frame)).map_err(failed)?;
        let mut violations = Vec::new();
        if let Some(derivation) = &self.definition.derivation {
            let entity = derivation.entity();
            let entities = if frame.column(entity).is_ok() { parts(&frame, entity).map_err(failed)? } else { Vec::new() };
            for dimensions in [&[][..], &[GROUP]] {
                violations.extend(self.entities_are_apart(input, &entities, dimensions).map_err(failed)?);
                let (there, back) = (self.derived(&frame, dimensions), self.derived(&frame.reverse(), dimensions));
                let (there, back) = (lines(&there.map_err(failed)?, &[]), lines(&back.map_err(failed)?, &[]));
                if there != back {
                    let (expected, found) = difference(&there, &back);
                    violations.push(self.violation(
                        Law::OrderOfRowsIsNothing,
                        Some(input),
                        expected,
                        format!("{found}, of the rows in reverse"),
                    ));
                }
            }
            violations.extend(self.groups_are_what_they_are_said_to_be(input, &frame).map_err(failed)?);
        }
        violations.extend(self.parts_unite(input, &frame).map_err(failed)?);
        Ok(violations)
    }

    /// The rows that pass the source's rules, with their buckets.
    fn usable(&self, frame: DataFrame) -> PolarsResult<DataFrame> {
        let source = &self.definition.source;
        let time = source.time.filter(|time| frame.column(time).is_ok());
        let bucket = time.map_or_else(|| lit(0_i32), |time| input::context(&[]).buckets.index_of(col(time)));
        let mut rows = frame.lazy().with_column(bucket.alias(BUCKET));
        for rule in &source.rules {
            rows = collected(rows.filter(rule.holds.clone().fill_null(lit(true))))?.lazy();
        }
        collected(rows)
    }

    /// What the derivation makes of some rows; the rows themselves where there is no derivation.
    fn derived(&self, rows: &DataFrame, dimensions: &[&str]) -> PolarsResult<DataFrame> {
        let context = input::context(dimensions);
        let buckets = if self.definition.source.time.is_some() { context.buckets } else { Buckets::timeless().into() };
        let context = DeriveContext { buckets, ..context };
        let rows = if dimensions.contains(&GROUP) { rows.clone() } else { rows.drop(GROUP)? };
        match &self.definition.derivation {
            Some(derivation) => collected(derivation.derive(rows.lazy(), &context)?),
            None => Ok(rows),
        }
    }

    fn entities_are_apart(&self, input: &Input, entities: &[DataFrame], dimensions: &[&str]) -> PolarsResult<Option<Violation>> {
        let some = &entities[..entities.len().min(ENTITIES)];
        for (number, one) in some.iter().enumerate() {
            for other in &some[number + 1..] {
                let together = lines(&self.derived(&one.vstack(other)?, dimensions)?, &[]);
                let mut apart = lines(&self.derived(one, dimensions)?, &[]);
                apart.extend(lines(&self.derived(other, dimensions)?, &[]));
                apart.sort();
                if together != apart {
                    let (expected, found) = difference(&apart, &together);
                    let mut violation = self.violation(Law::EntitiesAreApart, Some(input), "", format!("{found}, of both together"));
                    violation.expected = format!("{expected}, as of each by itself");
                    violation.input = Some(format!("{} of which these are two entities:\n{}", input.title, shown(&one.vstack(other)?)));
                    return Ok(Some(violation));
                }
            }
        }
        Ok(None)
    }

    /// That breakdowns meet the entity as the derivation says.
    fn groups_are_what_they_are_said_to_be(&self, input: &Input, frame: &DataFrame) -> PolarsResult<Option<Violation>> {
        let Some(derivation) = &self.definition.derivation else { return Ok(None) };
        let broken_down = lines(&self.derived(frame, &[GROUP])?, &[GROUP]);
        let (expected, said) = match derivation.dimensions() {
            DimensionRule::Attribute => {
                (lines(&self.derived(frame, &[])?, &[]), "a breakdown that describes derived rows, and changes none (`Attribute`)")
            }
            DimensionRule::PartOfEntity => {
                let mut each = Vec::new();
                for group in parts(frame, GROUP)? {
                    each.extend(lines(&self.derived(&group, &[])?, &[]));
                }
                each.sort();
                (each, "groups that are derived each by itself (`PartOfEntity`)")
            }
        };
        Ok((expected != broken_down).then(|| {
            let (expected, found) = difference(&expected, &broken_down);
            self.violation(Law::GroupsAddUp, Some(input), format!("{said}: {expected}"), format!("{found}, broken down by `{GROUP}`"))
        }))
    }

    /// That states of parts, kept as tables and united in another order, are the state of the whole.
    fn parts_unite(&self, input: &Input, frame: &DataFrame) -> PolarsResult<Option<Violation>> {
        let definition = &self.definition;
        let names: Vec<String> = (0..definition.own_dimensions.len()).map(|position| format!("__own{position}")).collect();
        let keys: Vec<String> = std::iter::once(BUCKET.to_owned()).chain(names.iter().cloned()).collect();
        let own: Vec<Expr> =
            definition.own_dimensions.iter().zip(&names).map(|(own, name)| own.value.clone().alias(name.as_str())).collect();
        let rows = self.derived(frame, &[])?;
        let with_own = |rows: DataFrame| collected(rows.lazy().with_columns(own.clone()));
        let aggregation = || Aggregation::new(keys.clone(), definition.measures.clone());
        let finished = |parts: Vec<DataFrame>| -> PolarsResult<MeasureTable> {
            let all = aggregation();
            let mut united = all.state();
            for part in parts {
                let of_part = aggregation();
                let mut state = of_part.state();
                of_part.add(&mut state, &collected(with_own(part)?.lazy().select(of_part.columns()))?)?;
                all.unite(&mut united, all.state_of(&of_part.tables(&state)?)?);
            }
            Ok(all.finish(united, &[By::keys(keys.clone())], 0.95)?.remove(0))
        };
        let third = rows.height() / 3 + 1;
        let part = |number: usize| rows.slice(i64::try_from(number * third).unwrap_or(i64::MAX), third);
        let (whole, united) = (finished(vec![rows.clone()])?, finished(vec![part(2), part(0), part(1)])?);
        let groups: BTreeSet<&Vec<DimensionValue>> = whole.groups().chain(united.groups()).collect();
        for group in groups {
            for ((measure, whole), united) in definition.measures.iter().zip(whole.get(group)).zip(united.get(group)) {
                if whole.value != united.value {
                    let show = |measured: &Measured| measured.value.map_or("undefined".to_owned(), |value| value.to_string());
                    let expected = format!("`{}` = {}, as of all rows", measure.name, show(whole));
                    let found = format!("{}, of three parts of them; does an expression look at more than its row?", show(united));
                    return Ok(Some(self.violation(Law::PartsUnite, Some(input), expected, found)));
                }
            }
        }
        Ok(None)
    }
}

#[expect(clippy::disallowed_methods, reason = "a law looks at what a plan comes to")]
fn collected(rows: LazyFrame) -> PolarsResult<DataFrame> {
    rows.collect()
}

/// The rows of each value of a column.
fn parts(rows: &DataFrame, column: &str) -> PolarsResult<Vec<DataFrame>> {
    let values = rows.column(column)?.as_materialized_series().unique()?.sort(polars::prelude::SortOptions::default())?;
    let of = |position: usize| {
        let value = values.slice(i64::try_from(position).unwrap_or(i64::MAX), 1);
        let is_value = col(column).eq_missing(lit(value).first());
        collected(rows.clone().lazy().filter(is_value))
    };
    (0..values.len()).map(of).collect()
}

/// Rows as sorted lines of text, without some columns.
fn lines(rows: &DataFrame, without: &[&str]) -> Vec<String> {
    let mut columns: Vec<_> = rows.columns().iter().filter(|column| !without.contains(&column.name().as_str())).collect();
    columns.sort_by_key(|column| column.name().clone());
    let value = |column: &&polars::prelude::Column, row: usize| {
        let value = column.get(row).map(|value| value.to_string()).unwrap_or_default();
        format!("{} = {value}", column.name())
    };
    let mut lines: Vec<String> =
        (0..rows.height()).map(|row| columns.iter().map(|column| value(column, row)).collect::<Vec<_>>().join(", ")).collect();
    lines.sort();
    lines
}

fn shown(rows: &DataFrame) -> String {
    lines(rows, &[]).join("\n")
}

/// The first lines that only one side has.
fn difference(expected: &[String], found: &[String]) -> (String, String) {
    let only = |these: &[String], others: &[String]| {
        let mut others = others.to_vec();
        let left = these.iter().find(|line| match others.iter().position(|other| other == *line) {
            Some(position) => {
                others.remove(position);
                false
            }
            None => true,
        });
        left.map_or_else(|| format!("no other than {} rows", these.len()), |line| format!("a row with {line}"))
    };
    (only(expected, found), only(found, expected))
}
