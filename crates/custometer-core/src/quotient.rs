//! Quotients that do not depend on how many rows are computed at once.

use std::sync::LazyLock;

use polars::prelude::arity::binary_elementwise_values;
use polars::prelude::{Column, DataType, Expr, Field, Float64Chunked, IntoColumn, NULL, PolarsResult, lit};

/// `over` divided by `by`, as floats; missing where one of them is.
///
/// Where `by` is one value for many rows, Polars multiplies by its reciprocal, which rounds twice: 57 divided by 100 is then not 0.57, unless
/// its batch has one row.
pub fn quotient(over: Expr, by: Expr) -> Expr {
    let mut quotient = QUOTIENT.clone();
    if let Expr::AnonymousFunction { input, .. } = &mut quotient {
        *input = vec![over, by];
    }
    quotient
}

/// A function is equal to itself alone. Quotients of equal expressions have to be equal, since measures that are share their states.
static QUOTIENT: LazyLock<Expr> = LazyLock::new(|| {
    let divide = |columns: &mut [Column]| -> PolarsResult<Column> {
        let (over, by) = (columns[0].cast(&DataType::Float64)?, columns[1].cast(&DataType::Float64)?);
        let length = if over.is_empty() || by.is_empty() { 0 } else { over.len().max(by.len()) };
        let long = |column: Column| if column.len() == 1 && length != 1 { column.new_from_index(0, length) } else { column };
        let (over, by) = (long(over), long(by));
        let divided: Float64Chunked = binary_elementwise_values(over.f64()?, by.f64()?, |over: f64, by: f64| over / by);
        Ok(divided.into_column().with_name(over.name().clone()))
    };
    lit(NULL).map_many(divide, &[lit(NULL)], |_, fields| Ok(Field::new(fields[0].name().clone(), DataType::Float64)))
});

#[cfg(test)]
mod tests {
    use polars::prelude::{IntoLazy, col, df, lit};

    use super::*;

    /// The quotients of rows that are computed so many at once.
    fn quotients(over: &[Option<f64>], by: &Expr, at_once: usize) -> Vec<Option<f64>> {
        let batches = over.chunks(at_once).flat_map(|batch| {
            let frame = df!("over" => batch, "by" => vec![7.0; batch.len()]).unwrap();
            #[expect(clippy::disallowed_methods, reason = "a test looks at what a plan gives")]
            let made = frame.lazy().select([quotient(col("over"), by.clone())]).collect().unwrap();
            made.column("over").unwrap().f64().unwrap().iter().collect::<Vec<_>>()
        });
        batches.collect()
    }

    #[test]
    fn quotients_of_equal_expressions_are_equal() {
        assert_eq!(quotient(col("over"), lit(7)), quotient(col("over"), lit(7)));
        assert_ne!(quotient(col("over"), lit(7)), quotient(col("over"), lit(8)));
    }

    #[test]
    fn batches_of_one_row_and_of_many_give_the_same() {
        let over: Vec<Option<f64>> = (0..200).map(|number| (number != 9).then(|| f64::from(number))).collect();
        for (by, divisor) in [(lit(100), 100.0), (lit(1e6), 1e6), (lit(30.4375), 30.4375), (col("by"), 7.0)] {
            let expected: Vec<Option<f64>> = over.iter().map(|over| over.map(|over| over / divisor)).collect();
            for at_once in [1, 3, 200] {
                assert_eq!(quotients(&over, &by, at_once), expected, "{divisor}, {at_once} at once");
            }
        }
        assert_eq!(quotients(&[None, None], &lit(2), 2), [None, None]);
    }
}
