//! Entities: derivations as one pass over the rows of each entity, in order.
//!
//! What happens to a customer, a user or a ticket is a story: the next row means what it means by those before it. Told in window
//! functions, it is sorted and joined many times; here each entity's rows are handed over once, in order, and a plain loop makes the derived
//! rows. An entity's step sees no other entity, so the law of [`Derive`](crate::Derive) holds by itself.

use std::sync::Arc;

use polars::prelude::{
    AllowedOptimizations, Column, DataFrame, DataType, Expr, Field, Float64Chunked, GroupsType, IdxCa, IdxSize, Int64Chunked, IntoColumn,
    LazyFrame, PolarsResult, Schema, SchemaExt, col, polars_ensure,
};

use crate::derivation::DeriveContext;
use crate::time::BUCKET;

/// The rows of every entity, and what a step is to see of them.
pub struct Entities {
    rows: LazyFrame,
    keys: Vec<Expr>,
    kept: Vec<Expr>,
    integers: Vec<Expr>,
    numbers: Vec<Expr>,
}

impl Entities {
    /// Entities of which each breakdown dimension is part: one for every combination of dimensions and `entity`.
    ///
    /// The derived rows keep all of these columns.
    pub fn in_groups(rows: LazyFrame, entity: &str, context: &DeriveContext) -> Self {
        let keys = [context.dimension_columns(), vec![col(entity)]].concat();
        Self { rows, keys, kept: Vec::new(), integers: Vec::new(), numbers: Vec::new() }
    }

    /// Entities whose derived rows have the dimensions of the row that they are made from.
    pub fn with_attributes(rows: LazyFrame, entity: &str, context: &DeriveContext) -> Self {
        Self { rows, keys: vec![col(entity)], kept: context.dimension_columns(), integers: Vec::new(), numbers: Vec::new() }
    }

    /// Whole numbers and instants that a step sees, none of them null. An entity's rows come in the order of the first, then of the second,
    /// and so on; all of them, and the numbers after them, so that the order of the file does not matter.
    #[must_use]
    pub fn integers<const N: usize>(mut self, columns: [Expr; N]) -> Self {
        self.integers = columns.into();
        self
    }

    /// Numbers that a step sees, none of them null.
    #[must_use]
    pub fn numbers<const N: usize>(mut self, columns: [Expr; N]) -> Self {
        self.numbers = columns.into();
        self
    }

    /// The rows that `step` makes of each entity, with whole numbers and numbers under these names. A NaN becomes null.
    ///
    /// `name` is how plans call the derivation.
    pub fn derive<const I: usize, const N: usize>(
        self,
        name: &'static str,
        integers: [&'static str; I],
        numbers: [&'static str; N],
        step: impl Fn(&Entity<'_>, &mut Derived<I, N>) + Send + Sync + 'static,
    ) -> LazyFrame {
        let seen = |prefix: &'static str, columns: Vec<Expr>, kind: DataType| {
            let of = move |(number, column): (usize, Expr)| column.cast(kind.clone()).alias(format!("{prefix}{number}"));
            columns.into_iter().enumerate().map(of).collect::<Vec<_>>()
        };
        let kept_from = self.keys.len();
        let read_from = kept_from + self.kept.len();
        let integer_count = self.integers.len();
        let keys: Vec<Expr> = self.keys.into_iter().chain(self.kept).collect();
        let read = [keys, seen("__integer", self.integers, DataType::Int64), seen("__number", self.numbers, DataType::Float64)].concat();
        let typed = move |name: &str| if name == BUCKET { DataType::Int32 } else { DataType::Int64 };
        let schema = move |of: &Schema| {
            let kept = of.iter_fields().take(read_from);
            let made = integers.iter().map(|&name| Field::new(name.into(), typed(name)));
            let made = made.chain(numbers.iter().map(|&name| Field::new(name.into(), DataType::Float64)));
            Ok(Arc::new(kept.chain(made).collect::<Schema>()))
        };
        let pass = move |frame: DataFrame| {
            let kept = &frame.columns()[..read_from];
            let read = &frame.columns()[read_from..];
            let rows = Rows {
                integers: read[..integer_count].iter().map(dense_integers).collect::<PolarsResult<_>>()?,
                numbers: read[integer_count..].iter().map(dense_numbers).collect::<PolarsResult<_>>()?,
            };
            let mut derived = Derived::<I, N>::new();
            rows.pass(&kept[..kept_from], frame.height(), |entity| step(entity, &mut derived))?;
            derived.into_frame(kept, integers, numbers, typed)
        };
        self.rows.select(read).map(pass, AllowedOptimizations::empty(), Some(Arc::new(schema)), Some(name))
    }
}

/// The rows of one entity, in order.
pub struct Entity<'a> {
    /// The position of each row in the table.
    positions: &'a [IdxSize],
    integers: &'a [Vec<i64>],
    numbers: &'a [Vec<f64>],
}

impl Entity<'_> {
    /// How many rows there are; at least one.
    #[expect(clippy::len_without_is_empty, reason = "an entity has a row")]
    pub fn len(&self) -> usize {
        self.positions.len()
    }

    /// The columns of whole numbers and instants, in the order they were asked for.
    ///
    /// # Panics
    /// When another number of columns was asked for.
    pub fn integers<const N: usize>(&self) -> [&[i64]; N] {
        let columns: Vec<&[i64]> = self.integers.iter().map(Vec::as_slice).collect();
        columns.try_into().expect("as many columns as were asked for")
    }

    /// The columns of numbers, in the order they were asked for.
    ///
    /// # Panics
    /// When another number of columns was asked for.
    pub fn numbers<const N: usize>(&self) -> [&[f64]; N] {
        let columns: Vec<&[f64]> = self.numbers.iter().map(Vec::as_slice).collect();
        columns.try_into().expect("as many columns as were asked for")
    }
}

/// The derived rows so far.
pub struct Derived<const I: usize, const N: usize> {
    origins: Vec<IdxSize>,
    integers: [Vec<i64>; I],
    numbers: [Vec<f64>; N],
}

impl<const I: usize, const N: usize> Derived<I, N> {
    fn new() -> Self {
        Self { origins: Vec::new(), integers: std::array::from_fn(|_| Vec::new()), numbers: std::array::from_fn(|_| Vec::new()) }
    }

    /// Adds a row that has the attributes of the entity's first one.
    pub fn push(&mut self, entity: &Entity<'_>, integers: [i64; I], numbers: [f64; N]) {
        self.push_like(entity, 0, integers, numbers);
    }

    /// Adds a row that has the attributes of one of the entity's.
    pub fn push_like(&mut self, entity: &Entity<'_>, row: usize, integers: [i64; I], numbers: [f64; N]) {
        self.origins.push(entity.positions[row]);
        self.integers.iter_mut().zip(integers).for_each(|(column, value)| column.push(value));
        self.numbers.iter_mut().zip(numbers).for_each(|(column, value)| column.push(value));
    }

    fn into_frame(
        self,
        kept: &[Column],
        integers: [&str; I],
        numbers: [&str; N],
        typed: impl Fn(&str) -> DataType,
    ) -> PolarsResult<DataFrame> {
        let height = self.origins.len();
        let origins = IdxCa::from_vec("origin".into(), self.origins);
        let mut columns = kept.iter().map(|column| column.take(&origins)).collect::<PolarsResult<Vec<Column>>>()?;
        for (name, values) in integers.into_iter().zip(self.integers) {
            columns.push(Int64Chunked::from_vec(name.into(), values).into_column().cast(&typed(name))?);
        }
        for (name, values) in numbers.into_iter().zip(self.numbers) {
            let known: Float64Chunked = values.into_iter().map(|value| Some(value).filter(|value| !value.is_nan())).collect();
            columns.push(known.into_column().with_name(name.into()));
        }
        DataFrame::new(height, columns)
    }
}

/// What steps see of all rows, column by column.
struct Rows {
    integers: Vec<Vec<i64>>,
    numbers: Vec<Vec<f64>>,
}

impl Rows {
    /// Hands each entity's rows over, in order.
    fn pass(&self, keys: &[Column], height: usize, mut step: impl FnMut(&Entity<'_>)) -> PolarsResult<()> {
        if height == 0 {
            return Ok(());
        }
        let frame = DataFrame::new(height, keys.to_vec())?;
        let names: Vec<String> = frame.get_column_names().iter().map(ToString::to_string).collect();
        let groups = frame.group_by(names)?.into_groups();
        let mut one = Self { integers: vec![Vec::new(); self.integers.len()], numbers: vec![Vec::new(); self.numbers.len()] };
        let mut positions: Vec<IdxSize> = Vec::new();
        let mut hand_over = |rows: &mut dyn Iterator<Item = IdxSize>| {
            positions.clear();
            positions.extend(rows);
            if !positions.is_sorted_by(|a, b| self.compare(*a, *b).is_le()) {
                positions.sort_unstable_by(|a, b| self.compare(*a, *b));
            }
            let (integers, numbers) = (self.integers.iter().zip(&mut one.integers), self.numbers.iter().zip(&mut one.numbers));
            integers.for_each(|(all, of_one)| gather(all, &positions, of_one));
            numbers.for_each(|(all, of_one)| gather(all, &positions, of_one));
            step(&Entity { positions: &positions, integers: &one.integers, numbers: &one.numbers });
        };
        match &*groups {
            GroupsType::Idx(groups) => groups.all().iter().for_each(|rows| hand_over(&mut rows.iter().copied())),
            GroupsType::Slice { groups, .. } => groups.iter().for_each(|[first, len]| hand_over(&mut (*first..first + len))),
        }
        Ok(())
    }

    fn compare(&self, a: IdxSize, b: IdxSize) -> std::cmp::Ordering {
        let (a, b) = (a as usize, b as usize);
        let integers = self.integers.iter().map(|column| column[a].cmp(&column[b]));
        let numbers = self.numbers.iter().map(|column| column[a].total_cmp(&column[b]));
        integers.chain(numbers).find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    }
}

fn gather<T: Copy>(all: &[T], positions: &[IdxSize], of_one: &mut Vec<T>) {
    of_one.clear();
    of_one.extend(positions.iter().map(|&position| all[position as usize]));
}

fn dense_integers(column: &Column) -> PolarsResult<Vec<i64>> {
    polars_ensure!(column.null_count() == 0, ComputeError: "whole number {} of an entity's rows is null", column.name());
    Ok(column.as_materialized_series().i64()?.into_no_null_iter().collect())
}

fn dense_numbers(column: &Column) -> PolarsResult<Vec<f64>> {
    polars_ensure!(column.null_count() == 0, ComputeError: "number {} of an entity's rows is null", column.name());
    Ok(column.as_materialized_series().f64()?.into_no_null_iter().collect())
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use polars::prelude::{IntoLazy, df};

    use super::*;
    use crate::time::{Buckets, LocalClock};

    fn context(dimensions: &[&str]) -> DeriveContext {
        let dimensions = dimensions.iter().map(|&name| name.to_owned()).collect();
        DeriveContext { buckets: Buckets::timeless().into(), dimensions, clock: LocalClock::new(&TimeZone::UTC), as_of: None }
    }

    /// Every entity's rows as they are handed over: the integers, then the numbers.
    #[expect(clippy::disallowed_methods, reason = "a test looks at its result")]
    fn derived(entities: Entities) -> Vec<String> {
        let each = entities.integers([col("time"), col("kind")]).numbers([col("amount")]);
        let made = each.derive("test", ["time", "rank"], ["amount"], |entity, derived| {
            let ([times, _], [amounts]) = (entity.integers(), entity.numbers());
            for (row, (time, amount)) in times.iter().zip(amounts).enumerate() {
                let rank = i64::try_from(row).unwrap();
                derived.push_like(entity, row, [*time, rank], [if *amount < 0.0 { f64::NAN } else { *amount }]);
            }
        });
        let made = made.collect().unwrap();
        let mut lines: Vec<String> = (0..made.height())
            .map(|row| made.get(row).unwrap().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ").replace('"', ""))
            .collect();
        lines.sort();
        lines
    }

    fn rows(order: &[usize]) -> LazyFrame {
        let rows = [("a", "x", 3, 0, 1.5), ("b", "x", 1, 0, -1.0), ("a", "y", 1, 1, 2.5), ("a", "x", 1, 0, 9.0)];
        let rows: Vec<_> = order.iter().map(|&row| rows[row]).collect();
        let ids: Vec<&str> = rows.iter().map(|row| row.0).collect();
        let groups: Vec<&str> = rows.iter().map(|row| row.1).collect();
        let times: Vec<i32> = rows.iter().map(|row| row.2).collect();
        let kinds: Vec<i32> = rows.iter().map(|row| row.3).collect();
        let amounts: Vec<f64> = rows.iter().map(|row| row.4).collect();
        df!("id" => ids, "group" => groups, "time" => times, "kind" => kinds, "amount" => amounts).unwrap().lazy()
    }

    #[test]
    fn the_rows_of_an_entity_come_in_order_whatever_the_files() {
        let expected = ["a x 1 0 9.0", "a x 3 2 1.5", "a y 1 1 2.5", "b x 1 0 null"];
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
            assert_eq!(derived(Entities::with_attributes(rows(&order), "id", &context(&["group"]))), expected);
        }
    }

    #[test]
    fn a_dimension_can_be_part_of_the_entity() {
        let found = derived(Entities::in_groups(rows(&[0, 1, 2, 3]), "id", &context(&["group"])));
        assert_eq!(found, ["x a 1 0 9.0", "x a 3 1 1.5", "x b 1 0 null", "y a 1 0 2.5"]);
    }

    #[test]
    fn no_rows_give_none() {
        assert!(derived(Entities::in_groups(rows(&[]), "id", &context(&[]))).is_empty());
    }
}
