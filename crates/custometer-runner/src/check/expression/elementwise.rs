//! Functions of the values of a row, as plans over columns.

use polars::prelude::arity::{binary_elementwise, unary_elementwise};
use polars::prelude::{
    BooleanChunked, Column, DataType, Expr, Field, Float64Chunked, Int64Chunked, IntoColumn, NULL, PolarsResult, StringChunked, lit, when,
};

/// Two columns of these types, as long as the longer of them: what is one value for all rows stands beside every other, and a number that is
/// written in an expression may have come in a smaller type.
fn two(columns: &[Column], types: [&DataType; 2]) -> PolarsResult<[Column; 2]> {
    let [one, other] = [0, 1].map(|position| &columns[position]);
    let length = if one.is_empty() || other.is_empty() { 0 } else { one.len().max(other.len()) };
    let long = |column: &Column| if column.len() == 1 && length != 1 { column.new_from_index(0, length) } else { column.clone() };
    Ok([long(one).cast(types[0])?, long(other).cast(types[1])?])
}

/// A function of two whole numbers; missing where one is, or where it gives none.
pub(super) fn whole(one: Expr, other: Expr, of: impl Fn(i64, i64) -> Option<i64> + Send + Sync + 'static) -> Expr {
    let both = move |columns: &mut [Column]| -> PolarsResult<Column> {
        let columns = two(columns, [&DataType::Int64, &DataType::Int64])?;
        let made: Int64Chunked =
            binary_elementwise(columns[0].i64()?, columns[1].i64()?, |one: Option<i64>, other: Option<i64>| of(one?, other?));
        Ok(made.into_column().with_name(columns[0].name().clone()))
    };
    one.map_many(both, &[other], |_, fields| Ok(Field::new(fields[0].name().clone(), DataType::Int64)))
}

/// A function of two numbers; missing where one is, or where it gives none that is finite.
pub(super) fn numbers(one: Expr, other: Expr, of: impl Fn(f64, f64) -> Option<f64> + Send + Sync + 'static) -> Expr {
    let both = move |columns: &mut [Column]| -> PolarsResult<Column> {
        let columns = two(columns, [&DataType::Float64, &DataType::Float64])?;
        let finite = |one: Option<f64>, other: Option<f64>| of(one?, other?).filter(|number| number.is_finite());
        let made: Float64Chunked = binary_elementwise(columns[0].f64()?, columns[1].f64()?, finite);
        Ok(made.into_column().with_name(columns[0].name().clone()))
    };
    one.map_many(both, &[other], |_, fields| Ok(Field::new(fields[0].name().clone(), DataType::Float64)))
}

/// A function of one number; missing where it gives none that is finite.
pub(super) fn float(number: Expr, of: impl Fn(f64) -> Option<f64> + Send + Sync + 'static) -> Expr {
    let each = move |column: Column| -> PolarsResult<Column> {
        let made: Float64Chunked = unary_elementwise(column.cast(&DataType::Float64)?.f64()?, |number: Option<f64>| {
            of(number?).filter(|number| number.is_finite())
        });
        Ok(made.into_column().with_name(column.name().clone()))
    };
    number.map_with_fmt_str(each, |_, field| Ok(Field::new(field.name().clone(), DataType::Float64)), "number")
}

/// Numbers that are whole as whole numbers; missing where they are beyond 63 bits.
pub(super) fn whole_of(number: Expr) -> Expr {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    when(number.clone().abs().lt(lit(BEYOND))).then(number).otherwise(lit(NULL)).cast(DataType::Int64)
}

/// A function of texts.
pub(super) fn texts(text: Expr, of: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Expr {
    let each = move |column: Column| -> PolarsResult<Column> {
        let made: StringChunked = unary_elementwise(column.str()?, |text: Option<&str>| of(text?));
        Ok(made.into_column().with_name(column.name().clone()))
    };
    text.map_with_fmt_str(each, |_, field| Ok(Field::new(field.name().clone(), DataType::String)), "text")
}

/// Whether something holds of texts.
pub(super) fn booleans(text: Expr, of: impl Fn(&str) -> bool + Send + Sync + 'static) -> Expr {
    let each = move |column: Column| -> PolarsResult<Column> {
        let made: BooleanChunked = unary_elementwise(column.str()?, |text: Option<&str>| Some(of(text?)));
        Ok(made.into_column().with_name(column.name().clone()))
    };
    text.map_with_fmt_str(each, |_, field| Ok(Field::new(field.name().clone(), DataType::Boolean)), "holds")
}

/// A function of a text and a whole number.
pub(super) fn text_and_whole(text: Expr, number: Expr, of: impl Fn(&str, i64) -> Option<String> + Send + Sync + 'static) -> Expr {
    let both = move |columns: &mut [Column]| -> PolarsResult<Column> {
        let columns = two(columns, [&DataType::String, &DataType::Int64])?;
        let made: StringChunked =
            binary_elementwise(columns[0].str()?, columns[1].i64()?, |text: Option<&str>, number: Option<i64>| of(text?, number?));
        Ok(made.into_column().with_name(columns[0].name().clone()))
    };
    text.map_many(both, &[number], |_, fields| Ok(Field::new(fields[0].name().clone(), DataType::String)))
}

/// What a function of two texts gives.
pub(super) trait Given: Sized + 'static {
    const TYPE: DataType;
    fn column(one: &StringChunked, other: &StringChunked, of: &dyn Fn(&str, &str) -> Option<Self>) -> Column;
}

impl Given for bool {
    const TYPE: DataType = DataType::Boolean;
    fn column(one: &StringChunked, other: &StringChunked, of: &dyn Fn(&str, &str) -> Option<Self>) -> Column {
        let made: BooleanChunked = binary_elementwise(one, other, |one: Option<&str>, other: Option<&str>| of(one?, other?));
        made.into_column()
    }
}

impl Given for i64 {
    const TYPE: DataType = DataType::Int64;
    fn column(one: &StringChunked, other: &StringChunked, of: &dyn Fn(&str, &str) -> Option<Self>) -> Column {
        let made: Int64Chunked = binary_elementwise(one, other, |one: Option<&str>, other: Option<&str>| of(one?, other?));
        made.into_column()
    }
}

/// A function of two texts.
pub(super) fn pairs<T: Given>(one: Expr, other: Expr, of: impl Fn(&str, &str) -> Option<T> + Send + Sync + 'static) -> Expr {
    let both = move |columns: &mut [Column]| -> PolarsResult<Column> {
        let columns = two(columns, [&DataType::String, &DataType::String])?;
        Ok(T::column(columns[0].str()?, columns[1].str()?, &of).with_name(columns[0].name().clone()))
    };
    one.map_many(both, &[other], |_, fields| Ok(Field::new(fields[0].name().clone(), T::TYPE)))
}
