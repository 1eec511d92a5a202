//! The few words and roundings that outputs and messages share.

use custometer_core::{DimensionValue, Unit};
use jiff::civil::Date;
use jiff::fmt::friendly::{Designator, Spacing, SpanPrinter};
use jiff::{SignedDuration, ToSpan as _};

use crate::result::{ResultRow, Target, rounded};

/// A number as results have it: finite, and of the digits that mean something.
pub(crate) fn shown(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite()).map(rounded)
}

/// A change in percent of what was. Scores and points have no zero to be so much more than, and below it there is no more either.
pub(crate) fn relative(change: f64, before: f64, unit: Unit) -> Option<f64> {
    (before > 0.0 && !matches!(unit, Unit::Points | Unit::Score)).then(|| 100.0 * change / before)
}

/// A row's value in a dimension, in words.
pub(crate) fn dimension(row: &ResultRow, name: &str) -> String {
    match row.dimension(name) {
        None => "(all)".to_owned(),
        Some(DimensionValue::Missing) => "(missing)".to_owned(),
        Some(value) => value.to_string(),
    }
}

/// The last day of a row's bucket.
pub(crate) fn last_day(row: &ResultRow) -> Option<Date> {
    row.end.as_ref().map(|end| end.saturating_sub(1.nanosecond()).date())
}

/// The group of a row, such as `region: north, product: Plus`.
pub(crate) fn group(row: &ResultRow) -> String {
    if row.dimensions.is_empty() {
        return "total".to_owned();
    }
    row.dimensions.iter().map(|(name, _)| format!("{name}: {}", dimension(row, name))).collect::<Vec<_>>().join(", ")
}

/// A target in words, such as `at least 40 points`.
pub(crate) fn in_words(target: &Target, unit: Unit) -> String {
    target.in_words(|number| in_unit(Some(number), unit))
}

/// A value in its unit as a sentence has it.
pub(crate) fn in_unit(value: Option<f64>, unit: Unit) -> String {
    let Some(value) = value else { return "undefined".to_owned() };
    let rounded = (value * 100.0).round() / 100.0;
    match unit {
        Unit::Percent => format!("{rounded} %"),
        Unit::Currency => format!("{value:.2}"),
        Unit::Seconds if value.abs() >= 60.0 => {
            let minutes = SignedDuration::try_from_secs_f64(value).map(|whole| SignedDuration::from_secs(whole.as_secs()));
            minutes.map_or_else(|_| format!("{rounded} seconds"), |whole| DURATION.duration_to_string(&whole))
        }
        Unit::Points | Unit::Seconds | Unit::Days | Unit::Months | Unit::Years => format!("{rounded} {}", unit.as_str()),
        _ => rounded.to_string(),
    }
}

const DURATION: SpanPrinter = SpanPrinter::new().designator(Designator::Short).spacing(Spacing::BetweenUnitsAndDesignators);
