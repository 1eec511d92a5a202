//! Codes: ids and texts to group by, as numbers while rows are gone through.

use std::collections::BTreeMap;
use std::sync::Arc;

use custometer_core::interner::{Interner, Missing, Texts};
use custometer_core::{DimensionValue, dimension};
use polars::prelude::{Column, DataType, Expr, Field, IntoColumn, PolarsResult, UInt32Chunked};

/// What the columns of a table are numbered by: all ids together, so that those of two columns can be compared, and each dimension by itself.
pub(crate) struct Codes {
    ids: Arc<Interner>,
    dimensions: BTreeMap<String, Arc<Interner>>,
}

/// What the codes in a column stand for.
pub(crate) struct Coded<'a> {
    interner: &'a Interner,
    /// The type that the column is stored as.
    stored: DataType,
}

impl Codes {
    /// Codes for ids, and for the dimensions that are text.
    pub(crate) fn new<'a>(dimensions: impl IntoIterator<Item = &'a str>) -> Self {
        let of_dimension = |name: &str| (name.to_owned(), Arc::new(Interner::without(Missing::Empty)));
        Self { ids: Arc::new(Interner::without(Missing::Blank)), dimensions: dimensions.into_iter().map(of_dimension).collect() }
    }

    /// Ids as codes; null for blank ones.
    pub(crate) fn of_ids(&self, ids: Expr) -> Expr {
        codes(&self.ids, ids)
    }

    /// A dimension as codes, where it is text; null for empty ones.
    pub(crate) fn of_dimension(&self, name: &str, values: Expr) -> Expr {
        match self.dimensions.get(name) {
            Some(interner) => codes(interner, values),
            None => values,
        }
    }

    /// What codes of ids stand for, in a column that is stored so.
    pub(crate) fn ids(&self, stored: DataType) -> Coded<'_> {
        Coded { interner: &self.ids, stored }
    }

    /// The texts of a dimension, where it has codes.
    pub(crate) fn texts(&self, name: &str) -> Option<Arc<Texts>> {
        self.dimensions.get(name).map(|interner| Arc::new(Texts::of(Arc::clone(interner))))
    }

    /// What codes of a dimension stand for, where it has codes.
    pub(crate) fn dimension(&self, name: &str) -> Option<Coded<'_>> {
        self.dimensions.get(name).map(|interner| Coded { interner, stored: DataType::String })
    }
}

/// Texts and whole numbers as the codes of an interner.
pub(crate) fn codes(interner: &Arc<Interner>, values: Expr) -> Expr {
    let interner = Arc::clone(interner);
    let codes = move |values: Column| Ok(interner.codes(values.as_materialized_series())?.into_column());
    values.map_with_fmt_str(codes, |_, field| Ok(Field::new(field.name().clone(), DataType::UInt32)), "codes")
}

impl Coded<'_> {
    /// A column of codes, decoded. What a derivation has made something else of stays that.
    pub(crate) fn column(&self, column: &Column) -> PolarsResult<Column> {
        match column.u32() {
            Ok(codes) => Ok(self.interner.decoded(codes).cast(&self.stored)?.into_column()),
            Err(_) => Ok(column.clone()),
        }
    }

    /// The codes of a column of what they stand for.
    pub(crate) fn codes(&self, column: &Column) -> PolarsResult<Column> {
        Ok(self.interner.codes(column.as_materialized_series())?.with_name(column.name().clone()).into_column())
    }

    /// The values of all codes.
    pub(crate) fn values(&self) -> PolarsResult<Vec<DimensionValue>> {
        let codes = (0..u32::try_from(self.interner.len()).unwrap_or(u32::MAX)).map(Some);
        let column = self.column(&codes.collect::<UInt32Chunked>().into_column())?;
        dimension::from_series(column.as_materialized_series())
    }
}
