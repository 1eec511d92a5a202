//! Rows that a host gives, in Arrow's format of memory: what a data frame is where the program is not a command line.
//!
//! They go the way that the batches of Arrow's files go, so that all that is true of columns of files is true of theirs.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, OnceLock};

use custometer_core::parallel;
use polars::prelude::{ArrowField, Column, PolarsResult, Series};
use polars_arrow::array::Array;

use super::columnar::{Group, Kind, Stored};
use super::content::Content;
use super::guard::guarded;

/// The rows of a table, given by a host, in batches.
pub struct GivenRows {
    name: String,
    columns: Vec<Stored>,
    batches: Vec<(usize, Vec<Box<dyn Array>>)>,
    content: OnceLock<(u64, String)>,
}

/// Why rows are no table.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum GivenError {
    /// There are no columns.
    #[error("`{0}` has no columns")]
    NoColumns(String),
    /// Two columns have one name.
    #[error("`{table}` has two columns that are called `{column}`: give each a name of its own")]
    TwoColumns {
        /// What the rows are called.
        table: String,
        /// The name.
        column: String,
    },
    /// A batch has other columns than the table, or columns of several lengths.
    #[error("a batch of `{0}` is none of its columns: its producer is at fault")]
    Batch(String),
}

impl GivenRows {
    /// The rows of `batches`, each with an array for each of `fields`. In messages, and in the manifest, `name` stands where the path of a
    /// file would.
    pub fn new(name: impl Into<String>, fields: &[ArrowField], batches: Vec<Vec<Box<dyn Array>>>) -> Result<Arc<Self>, GivenError> {
        let name = name.into();
        if fields.is_empty() {
            return Err(GivenError::NoColumns(name));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = fields.iter().find(|field| !seen.insert(field.name.as_str())) {
            return Err(GivenError::TwoColumns { table: name, column: twice.name.to_string() });
        }
        let is_of = |batch: &Vec<Box<dyn Array>>| {
            batch.len() == fields.len()
                && batch.iter().zip(fields).all(|(array, field)| array.dtype() == &field.dtype && array.len() == batch[0].len())
        };
        if !batches.iter().all(is_of) {
            return Err(GivenError::Batch(name));
        }
        let batches = batches.into_iter().map(|batch| (batch[0].len(), batch)).collect();
        Ok(Arc::new(Self { name, columns: fields.iter().map(Stored::of).collect(), batches, content: OnceLock::new() }))
    }

    /// What they are called.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn stored(&self) -> &[Stored] {
        &self.columns
    }

    /// How many rows each batch has.
    pub(crate) fn groups(&self) -> impl Iterator<Item = usize> {
        self.batches.iter().map(|(rows, _)| *rows)
    }

    /// The size of the values and their hash, which are the same for the same values, whatever library holds them and in whatever batches. Of
    /// columns that are of a kind that is not read, they have the name.
    pub(crate) fn content(&self) -> (u64, String) {
        if let Some(known) = self.content.get() {
            return known.clone();
        }
        let columns = self.columns.iter().enumerate().filter_map(|(position, column)| Some((position, column.kind.as_ref().ok()?)));
        let parts = parallel::fold(columns.collect(), Vec::new, |done: &mut Vec<_>, (position, kind)| {
            done.push((position, guarded(|| self.column_content(position, kind))));
        });
        let mut parts: Vec<(usize, PolarsResult<Content>)> = parts.into_iter().flatten().collect();
        parts.sort_by_key(|(position, _)| *position);
        let (mut bytes, mut all) = (0, blake3::Hasher::new());
        for (position, content) in parts {
            let name = self.columns[position].name.as_str();
            all.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
            // What can't be read decides nothing.
            let Ok(content) = content else { continue };
            bytes += content.bytes();
            all.update(content.hash().as_bytes());
        }
        self.content.get_or_init(|| (bytes, all.finalize().to_hex().to_string())).clone()
    }

    fn column_content(&self, position: usize, kind: &Kind) -> PolarsResult<Content> {
        let mut content = Content::default();
        content.add(&Series::new_empty(kind.field.name.clone(), &kind.kind))?;
        for (_, batch) in &self.batches {
            content.add(&kind.column(batch[position].clone())?.take_materialized_series())?;
        }
        Ok(content)
    }
}

impl fmt::Debug for GivenRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GivenRows").field("name", &self.name).field("columns", &self.columns).finish_non_exhaustive()
    }
}

impl Group for Arc<GivenRows> {
    fn columns(&self, group: usize, limit: Option<usize>, wanted: &BTreeSet<String>) -> PolarsResult<Vec<Column>> {
        let Some((rows, batch)) = self.batches.get(group) else { return Ok(Vec::new()) };
        let length = limit.map_or(*rows, |limit| limit.min(*rows));
        let columns = self.columns.iter().zip(batch).filter(|(column, _)| wanted.contains(column.name.as_str()));
        let read = columns.filter_map(|(column, array)| Some((column.kind.as_ref().ok()?, array)));
        // The values themselves stay where they are.
        read.map(|(kind, array)| kind.column(array.sliced(0, length))).collect()
    }
}

#[cfg(test)]
mod tests {
    use polars::prelude::{DataFrame, DataType, IntoColumn, NamedFrom, PlSmallStr, SchemaExt as _, TimeUnit, TimeZone, df};

    use super::*;

    fn given(frame: &DataFrame, cut: usize) -> Arc<GivenRows> {
        let level = polars::prelude::CompatLevel::newest();
        let fields: Vec<ArrowField> = frame.schema().iter_fields().map(|field| field.to_arrow(level)).collect();
        let batch = |from: usize, rows: usize| -> Vec<Box<dyn Array>> {
            let part = frame.slice(i64::try_from(from).unwrap(), rows);
            part.columns().iter().map(|column| column.as_materialized_series().rechunk().to_arrow(0, level)).collect()
        };
        let rest = frame.height() - cut;
        GivenRows::new("table t", &fields, vec![batch(0, cut), batch(cut, rest)]).unwrap()
    }

    fn at(values: &[Option<i64>], unit: TimeUnit) -> Column {
        Series::new("at".into(), values).cast(&DataType::Datetime(unit, Some(TimeZone::UTC))).unwrap().into_column()
    }

    #[test]
    fn the_hash_is_that_of_the_values() {
        let frame = df!["n" => [Some(1i64), None, Some(3)], "t" => [Some("a"), Some(""), None]].unwrap();
        let whole = given(&frame, 3).content();
        // Nothing changes with batches, with the width of integers, with how texts are kept.
        assert_eq!(given(&frame, 1).content(), whole);
        let narrow = df!["n" => [Some(1i8), None, Some(3)], "t" => [Some("a"), Some(""), None]].unwrap();
        assert_eq!(given(&narrow, 2).content(), whole);
        // A null is no empty text, a value is not its neighbour's, a name counts.
        let others = [
            df!["n" => [Some(1i64), None, Some(3)], "t" => [Some("a"), None, None]].unwrap(),
            df!["n" => [Some(1i64), Some(0), Some(3)], "t" => [Some("a"), Some(""), None]].unwrap(),
            df!["n" => [Some(1i64), None, Some(3)], "t" => [Some(""), Some("a"), None]].unwrap(),
            df!["n" => [Some(1i64), None, Some(3)], "u" => [Some("a"), Some(""), None]].unwrap(),
            df!["n" => [Some(1f64), None, Some(3.0)], "t" => [Some("a"), Some(""), None]].unwrap(),
        ];
        for other in others {
            assert_ne!(given(&other, 3).content().1, whole.1, "{other}");
        }
    }

    #[test]
    fn instants_are_the_same_in_every_unit() {
        let whole = |column: Column| given(&DataFrame::new(2, vec![column]).unwrap(), 1).content();
        assert_eq!(whole(at(&[Some(1_000), None], TimeUnit::Milliseconds)), whole(at(&[Some(1_000_000), None], TimeUnit::Microseconds)));
        assert_ne!(whole(at(&[Some(1_000), None], TimeUnit::Milliseconds)), whole(at(&[Some(1_000), None], TimeUnit::Microseconds)));
    }

    #[test]
    fn two_columns_of_one_name_are_refused() {
        let field = ArrowField::new(PlSmallStr::from_static("a"), polars::prelude::ArrowDataType::Int64, true);
        let refused = GivenRows::new("table t", &[field.clone(), field], Vec::new()).unwrap_err();
        assert_eq!(refused.to_string(), "`table t` has two columns that are called `a`: give each a name of its own");
        assert!(GivenRows::new("table t", &[], Vec::new()).is_err());
    }
}
