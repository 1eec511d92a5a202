//! Keys and ages of rows, as numbers that are compared fast.

use std::collections::HashMap;
use std::sync::Arc;

use custometer_core::interner::{Interner, Missing};
use polars::prelude::{Column, DataType, Expr, PolarsResult, col};

use crate::plan::codes::codes;
use crate::read::table::Table;

/// Keys of one or several columns, as numbers.
#[derive(Default)]
pub(super) struct Keys {
    /// Of several columns: each but the last with the code of what it is followed by.
    pairs: HashMap<(u32, u32), u32>,
}

impl Keys {
    /// The codes of the columns of a key.
    pub(super) fn columns(table: &Table, by: &[String]) -> impl Iterator<Item = Expr> {
        by.iter().enumerate().map(|(position, name)| {
            let stored = table.schema.get(name);
            let value = if stored.is_some_and(|stored| stored.is_integer() || stored.is_string()) {
                col(name.as_str())
            } else {
                col(name.as_str()).cast(DataType::String)
            };
            codes(&Arc::new(Interner::without(Missing::Empty)), value).alias(format!("__key{position}"))
        })
    }

    /// The key of each row; none where a column of it is missing.
    pub(super) fn of(&mut self, columns: &[Column]) -> PolarsResult<Vec<Option<u32>>> {
        let mut keys: Option<Vec<Option<u32>>> = None;
        for column in columns {
            let codes = column.u32()?.iter();
            keys = Some(match keys {
                None => codes.collect(),
                Some(before) => before.into_iter().zip(codes).map(|(key, code)| self.pair(key?, code?)).collect(),
            });
        }
        Ok(keys.unwrap_or_default())
    }

    fn pair(&mut self, key: u32, code: u32) -> Option<u32> {
        let next = u32::try_from(self.pairs.len()).ok()?;
        Some(*self.pairs.entry((key, code)).or_insert(next))
    }
}

/// Instants or numbers as whole numbers in the same order.
pub(super) fn ages(column: &Column) -> PolarsResult<Vec<Option<i64>>> {
    Ok(match column.f64() {
        Ok(numbers) => numbers.iter().map(|number| number.map(ordered)).collect(),
        Err(_) => column.cast(&DataType::Int64)?.i64()?.iter().collect(),
    })
}

/// A number as a whole one that is greater where the number is.
fn ordered(number: f64) -> i64 {
    let bits = number.to_bits().cast_signed();
    bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_order() {
        let numbers = [-1e300, -2.5, -0.0, 0.0, 1e-9, 3.0, 1e300];
        assert!(numbers.windows(2).all(|pair| ordered(pair[0]) < ordered(pair[1])));
    }
}
