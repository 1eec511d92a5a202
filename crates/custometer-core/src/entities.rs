//! Entities: derivations as one pass over the rows of each entity, in order.
//!
//! What happens to a customer, a user or a ticket is a story: the next row means what it means by those before it. Told in window
//! functions, it is sorted and joined many times; here each entity's rows are handed over once, in order, and a plain loop makes the derived
//! rows. An entity's step sees no other entity, so the law of [`Derive`](crate::Derive) holds by itself.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use polars::prelude::{
    AllowedOptimizations, Column, DataFrame, DataType, Expr, Field, Float64Chunked, IdxCa, IdxSize, Int64Chunked, IntoColumn, LazyFrame,
    PolarsResult, Schema, SchemaExt, col, polars_bail, polars_ensure,
};

use crate::derivation::DeriveContext;
use crate::dimension::{self, DimensionValue, OrderedFloat};
use crate::groups::{Groups, Kind};
use crate::interner::{Interner, Texts};
use crate::time::BUCKET;

/// The rows of every entity, and what a step is to see of them.
pub struct Entities {
    rows: LazyFrame,
    keys: Vec<Expr>,
    kept: Vec<Expr>,
    /// What the codes in each of `kept` stand for, where it holds codes.
    texts: Vec<Option<Arc<Texts>>>,
    integers: Vec<Expr>,
    numbers: Vec<Expr>,
}

impl Entities {
    /// Entities of which each breakdown dimension is part: one for every combination of dimensions and `entity`.
    ///
    /// The derived rows keep all of these columns.
    pub fn in_groups(rows: LazyFrame, entity: &str, context: &DeriveContext) -> Self {
        let keys = [context.dimension_columns(), vec![col(entity)]].concat();
        Self { rows, keys, kept: Vec::new(), texts: Vec::new(), integers: Vec::new(), numbers: Vec::new() }
    }

    /// Entities whose derived rows have the dimensions of the row that they are made from.
    pub fn with_attributes(rows: LazyFrame, entity: &str, context: &DeriveContext) -> Self {
        let texts = context.dimensions.iter().map(|name| context.texts.get(name).cloned()).collect();
        Self { rows, keys: vec![col(entity)], kept: context.dimension_columns(), texts, integers: Vec::new(), numbers: Vec::new() }
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
        let texts = self.texts;
        let typed = move |name: &str| if name == BUCKET { DataType::Int32 } else { DataType::Int64 };
        let schema = move |of: &Schema| {
            let kept = of.iter_fields().take(read_from);
            let made = integers.iter().map(|&name| Field::new(name.into(), typed(name)));
            let made = made.chain(numbers.iter().map(|&name| Field::new(name.into(), DataType::Float64)));
            Ok(Arc::new(kept.chain(made).collect::<Schema>()))
        };
        let pass = move |frame: DataFrame| {
            let (kept, read) = frame.columns().split_at(read_from);
            let (of_integers, of_numbers) = read.split_at(integer_count);
            let rows = Rows::new(&kept[..kept_from], frame.height(), of_integers, of_numbers)?;
            let mut derived = Derived::<I, N>::new(!texts.is_empty());
            rows.entities().for_each(|entity| step(&Entity { all: &rows, rows: entity }, &mut derived));
            derived.into_frame(kept.split_at(kept_from), &texts, integers, numbers, typed)
        };
        self.rows.select(read).map(pass, AllowedOptimizations::empty(), Some(Arc::new(schema)), Some(name))
    }
}

/// The rows of one entity, in order.
pub struct Entity<'a> {
    /// The rows of all entities.
    all: &'a Rows,
    /// Which of them are the entity's.
    rows: Range<usize>,
}

impl Entity<'_> {
    /// How many rows there are; at least one.
    #[expect(clippy::len_without_is_empty, reason = "an entity has a row")]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The rows that are equal to one of them in all that a step sees.
    fn alike(&self, row: usize) -> Range<usize> {
        let is_alike = |other: &usize| self.all.compare(self.rows.start + row, self.rows.start + other).is_eq();
        let before = (0..row).rev().take_while(is_alike).count();
        let after = (row..self.len()).take_while(is_alike).count();
        row - before..row + after
    }

    /// The columns of whole numbers and instants, in the order they were asked for.
    ///
    /// # Panics
    /// When another number of columns was asked for.
    pub fn integers<const N: usize>(&self) -> [&[i64]; N] {
        assert_eq!(self.all.integers.len(), N, "as many columns as were asked for");
        std::array::from_fn(|column| &self.all.integers[column][self.rows.clone()])
    }

    /// The columns of numbers, in the order they were asked for.
    ///
    /// # Panics
    /// When another number of columns was asked for.
    pub fn numbers<const N: usize>(&self) -> [&[f64]; N] {
        assert_eq!(self.all.numbers.len(), N, "as many columns as were asked for");
        std::array::from_fn(|column| &self.all.numbers[column][self.rows.clone()])
    }
}

/// The derived rows so far.
pub struct Derived<const I: usize, const N: usize> {
    /// The position in the table of the row that each is made from.
    origins: Vec<IdxSize>,
    /// Whether rows have attributes that may differ between those of an entity.
    has_attributes: bool,
    /// Derived rows that have the least attributes of several, each with the positions of these in the table.
    of_several: Vec<(usize, Vec<IdxSize>)>,
    integers: [Vec<i64>; I],
    numbers: [Vec<f64>; N],
}

impl<const I: usize, const N: usize> Derived<I, N> {
    fn new(has_attributes: bool) -> Self {
        Self {
            origins: Vec::new(),
            has_attributes,
            of_several: Vec::new(),
            integers: std::array::from_fn(|_| Vec::new()),
            numbers: std::array::from_fn(|_| Vec::new()),
        }
    }

    /// Adds a row that has the attributes of the entity's first one.
    pub fn push(&mut self, entity: &Entity<'_>, integers: [i64; I], numbers: [f64; N]) {
        self.push_like(entity, 0, integers, numbers);
    }

    /// Adds a row that has the attributes of one of the entity's, and of those that can't be told from it: as [`push_like_any`] of these.
    ///
    /// [`push_like_any`]: Self::push_like_any
    pub fn push_like(&mut self, entity: &Entity<'_>, row: usize, integers: [i64; I], numbers: [f64; N]) {
        let rows = if self.has_attributes { entity.alike(row) } else { row..row + 1 };
        self.push_like_any(entity, rows, integers, numbers);
    }

    /// Adds a row that has the attributes of several of the entity's: of each attribute the least that any of them has, numbers before
    /// text, and none only where none has any.
    ///
    /// For rows of which none comes before the others, such as events of the same instant: whichever stood first in the file would decide
    /// otherwise.
    pub fn push_like_any(&mut self, entity: &Entity<'_>, rows: Range<usize>, integers: [i64; I], numbers: [f64; N]) {
        let positions = &entity.all.positions[entity.rows.clone()][rows];
        if positions.len() > 1 && self.has_attributes {
            self.of_several.push((self.origins.len(), positions.to_vec()));
        }
        self.origins.extend(positions.first());
        self.integers.iter_mut().zip(integers).for_each(|(column, value)| column.push(value));
        self.numbers.iter_mut().zip(numbers).for_each(|(column, value)| column.push(value));
    }

    /// The derived rows as a frame: the `keys` and attributes of their origins, then what was made of them.
    fn into_frame(
        self,
        (keys, kept): (&[Column], &[Column]),
        texts: &[Option<Arc<Texts>>],
        integers: [&str; I],
        numbers: [&str; N],
        typed: impl Fn(&str) -> DataType,
    ) -> PolarsResult<DataFrame> {
        let height = self.origins.len();
        let positions = |rows: Vec<IdxSize>| IdxCa::from_vec("origin".into(), rows);
        let origins = positions(self.origins.clone());
        let mut columns = keys.iter().map(|column| column.take(&origins)).collect::<PolarsResult<Vec<Column>>>()?;
        for (column, texts) in kept.iter().zip(texts) {
            if self.of_several.is_empty() {
                columns.push(column.take(&origins)?);
                continue;
            }
            let mut least = self.origins.clone();
            for (row, several) in &self.of_several {
                least[*row] = least_of(column, several, texts.as_deref())?;
            }
            columns.push(column.take(&positions(least))?);
        }
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

/// Which of some rows has the least value in a column, by what its codes stand for.
fn least_of(column: &Column, rows: &[IdxSize], texts: Option<&Texts>) -> PolarsResult<IdxSize> {
    let values = column.take(&IdxCa::from_vec("row".into(), rows.to_vec()))?;
    let values = match (texts, values.u32()) {
        (Some(texts), Ok(codes)) => codes.iter().map(|code| texts.get(code?).map(DimensionValue::from)).collect(),
        _ => dimension::from_series(values.as_materialized_series())?.into_iter().map(Some).collect::<Vec<_>>(),
    };
    // Numbers are text in some formats, and come in the same order there.
    let rank = |value: Option<DimensionValue>| {
        let value = value.unwrap_or(DimensionValue::Missing);
        let number = value.as_number().or_else(|| value.to_string().parse().ok());
        (value == DimensionValue::Missing, number.is_none(), OrderedFloat(number.unwrap_or(0.0)), value)
    };
    let ranked = values.into_iter().map(rank).zip(rows).min();
    Ok(ranked.map_or(0, |(_, row)| *row))
}

/// What steps see of all rows, column by column: those of an entity together, and in order.
struct Rows {
    /// The position of each row in the table.
    positions: Vec<IdxSize>,
    integers: Vec<Vec<i64>>,
    numbers: Vec<Vec<f64>>,
    /// Where the rows of each entity end.
    ends: Vec<usize>,
}

impl Rows {
    /// The rows of entities with these keys, the last of which is the one that tells most of them apart.
    fn new(keys: &[Column], height: usize, integers: &[Column], numbers: &[Column]) -> PolarsResult<Self> {
        let Some((entity, dimensions)) = keys.split_last() else { polars_bail!(ComputeError: "an entity has no key") };
        let entities = numbered(entity)?;
        let interners: Vec<Interner> = dimensions.iter().map(|_| Interner::default()).collect();
        let groups = Groups::new(dimensions.len()).of_rows(dimensions, &interners, height)?;
        let mut positions = order_of(&entities);
        let mut ends = Vec::new();
        let mut start = 0;
        while start < height {
            let entity = entities[positions[start] as usize];
            let end = start + positions[start..].iter().take_while(|position| entities[**position as usize] == entity).count();
            let group = |position: &IdxSize| groups[*position as usize];
            let rows = &mut positions[start..end];
            rows.sort_by_key(group);
            ends.extend(rows.chunk_by(|one, next| group(one) == group(next)).scan(start, |end, rows| {
                *end += rows.len();
                Some(*end)
            }));
            start = end;
        }
        let integers = integers.iter().map(|column| integers_at(column, &positions)).collect::<PolarsResult<_>>()?;
        let numbers = numbers.iter().map(|column| numbers_at(column, &positions)).collect::<PolarsResult<_>>()?;
        let mut rows = Self { positions, integers, numbers, ends };
        let unordered: Vec<Range<usize>> = rows.entities().filter(|entity| !rows.is_ordered(entity.clone())).collect();
        for entity in unordered {
            rows.order(entity);
        }
        Ok(rows)
    }

    fn entities(&self) -> impl Iterator<Item = Range<usize>> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| start..*end)
    }

    fn is_ordered(&self, rows: Range<usize>) -> bool {
        rows.clone().zip(rows.skip(1)).all(|(row, next)| self.compare(row, next).is_le())
    }

    /// Brings some rows into order.
    fn order(&mut self, rows: Range<usize>) {
        let mut order: Vec<usize> = rows.clone().collect();
        order.sort_unstable_by(|one, other| self.compare(*one, *other));
        reorder(&mut self.positions, rows.clone(), &order);
        self.integers.iter_mut().for_each(|column| reorder(column, rows.clone(), &order));
        self.numbers.iter_mut().for_each(|column| reorder(column, rows.clone(), &order));
    }

    fn compare(&self, one: usize, other: usize) -> Ordering {
        let integers = self.integers.iter().map(|column| column[one].cmp(&column[other]));
        let numbers = self.numbers.iter().map(|column| column[one].total_cmp(&column[other]));
        integers.chain(numbers).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}

/// Rows with those of each entity together: derivations of many kinds over the same rows need not each look for them.
pub fn by_entity(rows: &DataFrame, entity: &str) -> PolarsResult<DataFrame> {
    let order = IdxCa::from_vec("order".into(), order_of(&numbered(rows.column(entity)?)?));
    let columns = rows.columns().iter().map(|column| column.take(&order)).collect::<PolarsResult<_>>()?;
    DataFrame::new(rows.height(), columns)
}

/// A number for each value of a column; 0 for a missing one.
fn numbered(values: &Column) -> PolarsResult<Vec<u64>> {
    let codes = Kind::of(values.dtype()).codes(values, &Interner::default())?;
    Ok(codes.iter().map(|code| code.map_or(0, |code| u64::from(code) + 1)).collect())
}

/// The positions of numbers in their order, and of equal ones as they come: sorted by some bits at a time, from the lowest on.
fn order_of(numbers: &[u64]) -> Vec<IdxSize> {
    const BITS: u32 = 11;
    let mut order: Vec<IdxSize> = (0..).zip(numbers).map(|(position, _)| position).collect();
    if numbers.is_sorted() {
        return order;
    }
    let largest = numbers.iter().max().copied().unwrap_or(0);
    let mut next = order.clone();
    for shift in (0..u64::BITS - largest.leading_zeros()).step_by(BITS as usize) {
        let digit = |position: IdxSize| usize::try_from(numbers[position as usize] >> shift & ((1 << BITS) - 1)).unwrap_or_default();
        let mut places = [0; 1 << BITS];
        for position in &order {
            places[digit(*position)] += 1;
        }
        places.iter_mut().fold(0, |start, place| start + std::mem::replace(place, start));
        for position in &order {
            let place = &mut places[digit(*position)];
            next[*place] = *position;
            *place += 1;
        }
        std::mem::swap(&mut order, &mut next);
    }
    order
}

fn reorder<T: Copy>(column: &mut [T], rows: Range<usize>, order: &[usize]) {
    let ordered: Vec<T> = order.iter().map(|row| column[*row]).collect();
    column[rows].copy_from_slice(&ordered);
}

fn integers_at(column: &Column, positions: &[IdxSize]) -> PolarsResult<Vec<i64>> {
    polars_ensure!(column.null_count() == 0, ComputeError: "whole number {} of an entity's rows is null", column.name());
    let values = column.as_materialized_series().i64()?.rechunk();
    let values = values.cont_slice()?;
    Ok(positions.iter().map(|position| values[*position as usize]).collect())
}

fn numbers_at(column: &Column, positions: &[IdxSize]) -> PolarsResult<Vec<f64>> {
    polars_ensure!(column.null_count() == 0, ComputeError: "number {} of an entity's rows is null", column.name());
    let values = column.as_materialized_series().f64()?.rechunk();
    let values = values.cont_slice()?;
    Ok(positions.iter().map(|position| values[*position as usize]).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::tz::TimeZone;
    use polars::prelude::{IntoLazy, df};

    use super::*;
    use crate::time::{Buckets, LocalClock};

    fn context(dimensions: &[&str]) -> DeriveContext {
        let dimensions = dimensions.iter().map(|&name| name.to_owned()).collect();
        let (buckets, clock) = (Buckets::timeless().into(), LocalClock::new(&TimeZone::UTC));
        DeriveContext { buckets, dimensions, texts: BTreeMap::new(), clock, as_of: None, reach: None, exchange: None }
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
    #[expect(clippy::disallowed_methods, reason = "a test looks at its result")]
    fn rows_that_can_not_be_told_apart_lend_the_least_of_their_attributes() {
        let made = |order: [usize; 4]| {
            let groups = [Some("10"), Some("9"), Some("b"), None];
            let sizes = [Some(1.5), None, Some(-2.0), Some(7.0)];
            let groups: Vec<Option<&str>> = order.iter().map(|&row| groups[row]).collect();
            let sizes: Vec<Option<f64>> = order.iter().map(|&row| sizes[row]).collect();
            let rows = df!("id" => ["a"; 4], "group" => groups, "size" => sizes, "time" => [1_i64; 4]).unwrap().lazy();
            let entities = Entities::with_attributes(rows, "id", &context(&["group", "size"])).integers([col("time")]);
            let made = entities.derive("test", ["rows"], [], |entity, derived| {
                derived.push(entity, [1], []);
                derived.push_like(entity, 3, [2], []);
            });
            made.collect().unwrap()
        };
        // A number that is text comes before text, by its value.
        let expected = df!("id" => ["a", "a"], "group" => ["9", "9"], "size" => [-2.0, -2.0], "rows" => [1_i64, 2]).unwrap();
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
            assert_eq!(made(order), expected);
        }
    }

    #[test]
    fn many_ids_in_any_order_are_told_apart() {
        // More numbers than one step of sorting has bits, each in three rows; and a missing one.
        let ids: Vec<Option<u32>> = (0..30_000_u32).map(|row| (row != 7).then_some(row.wrapping_mul(7_919) % 10_000)).collect();
        let column = Column::new("id".into(), &ids);
        let frame =
            DataFrame::new(ids.len(), vec![column.clone(), Column::new("row".into(), (0..30_000_i64).collect::<Vec<_>>())]).unwrap();
        let together = by_entity(&frame, "id").unwrap();
        for frame in [frame, together] {
            let rows = Rows::new(&[frame.column("id").unwrap().clone()], 30_000, &[frame.column("row").unwrap().clone()], &[]).unwrap();
            let mut expected: BTreeMap<Option<u32>, Vec<i64>> = BTreeMap::new();
            (0..).zip(&ids).for_each(|(row, id)| expected.entry(*id).or_default().push(row));
            let found: std::collections::BTreeSet<&[i64]> = rows.entities().map(|entity| &rows.integers[0][entity]).collect();
            assert_eq!(found, expected.values().map(Vec::as_slice).collect());
        }
    }

    #[test]
    fn no_rows_give_none() {
        assert!(derived(Entities::in_groups(rows(&[]), "id", &context(&[]))).is_empty());
    }
}
