//! Which changes and differences are significant, over all that the report shows.

use custometer_core::statistics;

use crate::report::{MultipleComparisons, Report};
use crate::result::ResultRow;
use crate::result::words::shown;

/// Says which changes and differences between groups are significant, over all that the report shows.
pub(crate) fn mark(rows: &mut [ResultRow], report: &Report) {
    let level = 1.0 - report.confidence;
    let mut tested: Vec<(&mut Option<f64>, &mut Option<bool>)> = rows.iter_mut().flat_map(tested).collect();
    if report.multiple_comparisons == MultipleComparisons::BenjaminiHochberg {
        let p_values: Vec<f64> = tested.iter().filter_map(|(p_value, _)| **p_value).collect();
        let corrected = statistics::benjamini_hochberg(&p_values);
        tested.iter_mut().zip(corrected).for_each(|((p_value, _), corrected)| **p_value = shown(Some(corrected)));
    }
    for (p_value, significant) in tested {
        *significant = p_value.map(|p_value| p_value < level);
    }
}

/// The p-values of a row, each with what is said of it.
fn tested(row: &mut ResultRow) -> impl Iterator<Item = (&mut Option<f64>, &mut Option<bool>)> {
    let changes = row.comparisons.iter_mut().map(|change| (&mut change.p_value, &mut change.significant));
    let differences = row.group_comparison.iter_mut().map(|difference| (&mut difference.p_value, &mut difference.significant));
    changes.chain(differences).filter(|(p_value, _)| p_value.is_some())
}
