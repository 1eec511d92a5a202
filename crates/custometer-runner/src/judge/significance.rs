//! Which changes are significant, over all that the report shows.

use custometer_core::statistics;

use crate::report::{MultipleComparisons, Report};
use crate::result::words::shown;
use crate::result::{Comparison, ResultRow};

/// Says which changes are significant, over all that the report shows.
pub(crate) fn mark(rows: &mut [ResultRow], report: &Report) {
    let level = 1.0 - report.confidence;
    let mut tested: Vec<&mut Comparison> =
        rows.iter_mut().flat_map(|row| &mut row.comparisons).filter(|comparison| comparison.p_value.is_some()).collect();
    if report.multiple_comparisons == MultipleComparisons::BenjaminiHochberg {
        let p_values: Vec<f64> = tested.iter().filter_map(|comparison| comparison.p_value).collect();
        let corrected = statistics::benjamini_hochberg(&p_values);
        tested.iter_mut().zip(corrected).for_each(|(comparison, corrected)| comparison.p_value = shown(Some(corrected)));
    }
    for comparison in tested {
        comparison.significant = comparison.p_value.map(|p_value| p_value < level);
    }
}
