//! Files that store values by columns, in groups of rows.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use polars::prelude::{ArrowDataType, ArrowField, Column, DataFrame, DataType, PlSmallStr, PolarsResult, Series, TimeZone};
use polars_arrow::array::{Array, PrimitiveArray};

use super::guard::guarded;

/// So many rows of a group are one part: enough to be worth a task, and few enough that all threads have some.
pub(crate) const PART: usize = 1 << 17;

/// A column as a file stores it.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) name: PlSmallStr,
    /// How it is read, or what it is that is not read.
    pub(crate) kind: Result<Kind, String>,
}

/// A column that can be read.
#[derive(Debug, Clone)]
pub(crate) struct Kind {
    pub(crate) field: ArrowField,
    pub(crate) kind: DataType,
    /// Whether the file names a time zone for it that no zone is called by.
    pub(crate) is_of_another_zone: bool,
}

impl Stored {
    pub(crate) fn of(field: &ArrowField) -> Self {
        let mut field = field.clone();
        let mut is_of_another_zone = false;
        if let ArrowDataType::Timestamp(unit, Some(zone)) = &field.dtype
            && guarded(|| TimeZone::opt_try_new(Some(zone.clone()))).is_err()
        {
            field.dtype = ArrowDataType::Timestamp(*unit, Some("UTC".into()));
            is_of_another_zone = true;
        }
        let known = guarded(|| Ok(DataType::from_arrow_field(&field)));
        // Which the library knows, and can't read in this build.
        let known = known.ok().filter(|_| !matches!(field.dtype, ArrowDataType::Float16));
        let name = field.name.clone();
        let unknown = format!("{:?}", field.dtype);
        Self { name, kind: known.map(|kind| Kind { field, kind, is_of_another_zone }).ok_or(unknown) }
    }
}

impl Kind {
    /// Values as they are stored, as a column.
    pub(crate) fn column(&self, mut array: Box<dyn Array>) -> PolarsResult<Column> {
        // Instants are the same in every zone.
        if self.is_of_another_zone
            && let Some(instants) = array.as_any().downcast_ref::<PrimitiveArray<i64>>()
        {
            array = instants.clone().to(self.field.dtype.clone()).boxed();
        }
        Ok(Series::try_from((&self.field, array))?.into())
    }
}

/// A file whose rows are in groups.
pub(crate) trait Group: Send + Sync + 'static {
    /// The wanted columns of one group, whole or of its first rows.
    fn columns(&self, group: usize, limit: Option<usize>, wanted: &BTreeSet<String>) -> PolarsResult<Vec<Column>>;
}

/// A group that is read once for all its parts, and let go with the last of them.
#[derive(Default)]
pub(crate) struct Shared(Mutex<(usize, Option<DataFrame>)>);

impl Shared {
    /// All rows of the group, which has so many parts.
    pub(crate) fn rows(&self, parts: usize, read: impl FnOnce() -> PolarsResult<DataFrame>) -> PolarsResult<DataFrame> {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = if let Some(rows) = shared.1.take() {
            rows
        } else {
            shared.0 = parts;
            read()?
        };
        shared.0 -= 1;
        if shared.0 > 0 {
            shared.1 = Some(rows.clone());
        }
        Ok(rows)
    }
}
