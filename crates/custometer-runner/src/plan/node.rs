//! Nodes: rows that measures are taken over, an input's own or derived ones, and the aggregations over them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use custometer_core::aggregation::{By, Span};
use custometer_core::measure::{Scope, Stock};
use custometer_core::time::{BUCKET, LocalClock};
use custometer_core::{Buckets, Definition, Derive, DeriveContext};
use polars::prelude::{Expr, LazyFrame, PolarsResult, col, lit};

use crate::plan::axes::Axis;
use crate::plan::codes::Codes;
use crate::plan::grouping::{Grouping, Served};
use crate::plan::input::InputPlan;
use crate::plan::money::Money;
use crate::plan::names::{bucket_name, dimension_name, own_name};
use crate::read::table::Table;
use crate::report::Report;

/// Rows that measures are taken over: an input's own, or derived ones.
pub(crate) struct Node {
    pub(crate) key: NodeKey,
    pub(crate) input: usize,
    pub(crate) derivation: Option<Arc<dyn Derive>>,
    pub(crate) dimensions: BTreeSet<String>,
    pub(crate) buckets: Arc<Buckets>,
    /// What values are of, where it is not these buckets.
    pub(crate) spans: Option<Arc<[Span]>>,
    /// The metrics' own dimensions, each with how many values it has, where that is known.
    pub(crate) own: Vec<(Expr, Option<usize>)>,
    pub(crate) groupings: Vec<Grouping>,
    /// What a derivation is told; none until all that is asked of it is known.
    pub(crate) context: Option<DeriveContext>,
}

#[derive(Clone, PartialEq)]
pub(crate) struct NodeKey {
    pub(crate) input: usize,
    pub(crate) axis: Axis,
    /// The line of the axis.
    pub(crate) line: usize,
    pub(crate) stocks: bool,
    pub(crate) derivation: Option<String>,
    /// The breakdown, where each group derives by itself.
    pub(crate) group: Option<Vec<String>>,
}

/// A finished table: the grouping of the part's node, and the set of keys among those it serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) grouping: usize,
    pub(crate) served: usize,
}

impl Node {
    /// Adds one breakdown of a definition, by bucket or as a total of all: where its groups are, and where its measures.
    pub(crate) fn add(&mut self, definition: &Definition, breakdown: &[String], by_bucket: bool) -> (Place, Vec<(Place, usize)>) {
        self.dimensions.extend(breakdown.iter().cloned());
        let own = definition.own_dimensions.iter().map(|own| self.own_key(&own.value, own.domain.as_ref().map(Vec::len)));
        let own: Vec<String> = own.collect();
        let keys_of = |scope: Scope| -> Vec<String> {
            let dimensions = if scope == Scope::Bucket { &[] } else { breakdown };
            let own: &[String] = if scope == Scope::Group { &own } else { &[] };
            let bucket = by_bucket.then(|| BUCKET.to_owned());
            bucket.into_iter().chain(dimensions.iter().map(|name| dimension_name(name))).chain(own.iter().cloned()).collect()
        };
        let main = self.place(keys_of(Scope::Group), Stock::Flow);
        let measures = definition.measures.iter().map(|measure| {
            let place = self.place(keys_of(measure.scope), measure.stock);
            let grouping = &mut self.groupings[place.grouping];
            let position = grouping.measure(measure.clone());
            grouping.served[place.served].measures.insert(position);
            (place, position)
        });
        (main, measures.collect())
    }

    /// The column that holds an own dimension; equal ones share it.
    fn own_key(&mut self, value: &Expr, size: Option<usize>) -> String {
        let position = self.own.iter().position(|(known, _)| known == value).unwrap_or_else(|| {
            self.own.push((value.clone(), size));
            self.own.len() - 1
        });
        own_name(position)
    }

    /// How many values each key has, as far as that can be told beforehand.
    pub(crate) fn key_sizes(&self, table: &Table) -> BTreeMap<String, Option<usize>> {
        let dimensions = self.dimensions.iter().map(|name| (dimension_name(name), table.distinct(name)));
        let own = self.own.iter().enumerate().map(|(position, (_, size))| (own_name(position), *size));
        let bucket = (BUCKET.to_owned(), Some(self.buckets.as_slice().len() + usize::from(self.key.stocks)));
        dimensions.chain(own).chain([bucket]).collect()
    }

    /// The finished table for a set of keys.
    fn place(&mut self, keys: Vec<String>, stock: Stock) -> Place {
        let same_set = |known: &Vec<String>| known.len() == keys.len() && keys.iter().all(|key| known.contains(key));
        let wanted = Served { keys: keys.clone(), stock, measures: BTreeSet::new() };
        for (grouping, known) in self.groupings.iter_mut().enumerate() {
            if let Some(served) = known.served.iter().position(|served| served.keys == keys && served.stock == stock) {
                return Place { grouping, served };
            }
            if same_set(&known.keys) {
                known.served.push(wanted);
                return Place { grouping, served: known.served.len() - 1 };
            }
        }
        self.groupings.push(Grouping { keys, measures: Vec::new(), served: vec![wanted] });
        Place { grouping: self.groupings.len() - 1, served: 0 }
    }

    /// How its states are grouped when they are finished, for each set of keys that a grouping serves.
    pub(crate) fn choices(&self, grouping: &Grouping) -> Vec<By> {
        let bucket = |bucket: usize| i64::try_from(bucket).unwrap_or(i64::MAX);
        let buckets = || (0..self.buckets.as_slice().len()).map(|at| Span { number: bucket(at), from: bucket(at), until: bucket(at) + 1 });
        let spans = || self.spans.clone().unwrap_or_else(|| buckets().collect());
        // A stock is moved by all rows from before the first bucket on.
        let since_ever = |until: fn(&Span) -> i64| -> Arc<[Span]> {
            spans().iter().map(|span| Span { number: span.number, from: i64::MIN, until: until(span) }).collect()
        };
        let choice = |Served { keys, stock, measures }: &Served| {
            let spans = match stock {
                Stock::Flow => self.spans.clone(),
                Stock::Opening => Some(since_ever(|span| span.from)),
                Stock::Closing => Some(since_ever(|span| span.until)),
            };
            By { keys: keys.clone(), spans, measures: Some(measures.iter().copied().collect()) }
        };
        grouping.served.iter().map(choice).collect()
    }

    /// Says what a derivation is told, once all that is asked of it is known. `money` is what is done to the amounts of its rows.
    pub(crate) fn finish(&mut self, report: &Report, codes: &Codes, money: Option<&Money>) {
        let dimensions = self.dimensions.iter().map(|dimension| dimension_name(dimension)).collect();
        let texts = self.dimensions.iter().filter_map(|name| Some((dimension_name(name), codes.texts(name)?))).collect();
        let (clock, as_of) = (LocalClock::new(&report.calendar.zone), report.known_until(&self.buckets, self.key.axis.baseline));
        let exchange = money.and_then(|money| money.exchange(&self.buckets, as_of)).map(Arc::new);
        self.context = Some(DeriveContext { buckets: Arc::clone(&self.buckets), dimensions, texts, clock, as_of, reach: None, exchange });
    }

    /// Plans the rows, from those of its input or from some entities of theirs. The data end at `reach`, in microseconds since 1970.
    pub(crate) fn rows(&self, of_input: LazyFrame, input: &InputPlan, reach: Option<i64>) -> PolarsResult<LazyFrame> {
        let bucket = self.bucket(input).map_or_else(|| lit(0_i32), col);
        let mut rows = of_input.with_column(bucket.alias(BUCKET));
        if let (Some(derivation), Some(context)) = (&self.derivation, &self.context) {
            rows = derivation.derive(rows, &DeriveContext { reach, ..context.clone() })?;
        }
        let count = i32::try_from(self.buckets.as_slice().len()).unwrap_or(i32::MAX);
        let before = if self.key.stocks { -1 } else { 0 };
        rows = rows.filter(col(BUCKET).gt_eq(lit(before)).and(col(BUCKET).lt(lit(count))));
        let own = self.own.iter().enumerate().map(|(position, (value, _))| value.clone().alias(own_name(position)));
        Ok(rows.with_columns(own.collect::<Vec<_>>()).cache())
    }

    /// The column of the input that has its buckets, where rows are placed in time.
    fn bucket(&self, input: &InputPlan) -> Option<String> {
        Some(bucket_name(input.key.time()?, self.key.axis, self.key.line))
    }

    /// The column that names the entity of its derivation, where it has one.
    pub(crate) fn entity(&self) -> Option<&'static str> {
        self.derivation.as_ref().map(|derivation| derivation.entity())
    }

    /// The columns of the input that its derivation may read.
    pub(crate) fn columns(&self, input: &InputPlan) -> impl Iterator<Item = String> {
        let dimensions = self.dimensions.iter().map(|dimension| dimension_name(dimension));
        let read = input.key.reads().into_iter().map(|(name, ..)| name.to_owned());
        let absent = input.key.source.absent.iter().map(|column| column.name.to_owned());
        read.chain(absent).chain(dimensions).chain(self.bucket(input)).chain(input.money().and_then(Money::columns))
    }

    /// How many rows a derivation may make of one: by rates that change, what lasts is worth another amount in each bucket.
    pub(crate) fn rows_of_one(&self) -> usize {
        let is_exchanged = self.context.as_ref().is_some_and(|context| context.exchange.is_some());
        if is_exchanged { self.buckets.as_slice().len().max(1) } else { 1 }
    }

    /// The buckets the rows are placed in.
    pub(crate) fn buckets(&self) -> &Arc<Buckets> {
        &self.buckets
    }

    /// The derivation and whether it is made for one breakdown only, for people.
    pub(crate) fn derivation(&self) -> Option<(&str, Option<&[String]>)> {
        self.key.derivation.as_deref().map(|name| (name, self.key.group.as_deref()))
    }

    /// The position of its input.
    pub(crate) fn input(&self) -> usize {
        self.input
    }

    /// The columns that hold the own dimensions of a definition.
    pub(crate) fn own_columns(&self, definition: &Definition) -> Vec<String> {
        let position = |value: &Expr| self.own.iter().position(|(known, _)| known == value);
        definition.own_dimensions.iter().filter_map(|own| position(&own.value).map(own_name)).collect()
    }
}
