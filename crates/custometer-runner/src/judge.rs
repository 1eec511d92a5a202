//! What becomes of finished rows before anyone sees them.

pub(crate) mod alerts;
pub(crate) mod derive;
pub(crate) mod privacy;
pub(crate) mod process;
pub(crate) mod significance;
pub(crate) mod targets;

use custometer_core::Grain;

use crate::judge::privacy::Suppressed;
use crate::report::Report;
use crate::result::{Alert, ResultRow};

/// Everything that is said of finished rows, in the one order in which it can be: the alerts that fire, and what there is to say of
/// tables with hidden groups.
///
/// 1. Small groups are hidden, before anything is made of rows that no one may see.
/// 2. Partial buckets are left out where only complete ones are asked for: until here they count, since totals less the other buckets tell of them.
/// 3. Calculated results are made of what is shown, so they tell nothing more.
/// 4. Changes are tested over all that the report shows, calculated ones and all, since a correction for many tests has to know how many.
/// 5. What is unusual is told from complete values that are shown.
/// 6. Targets and benchmarks look at the values; a goal may ask whether a change is significant, or a value unusual.
/// 7. Alerts look at all of this.
pub(crate) fn judge(rows: &mut Vec<ResultRow>, report: &Report) -> (Vec<Alert>, Suppressed) {
    let least = report.min_group_size.unwrap_or_default();
    let suppressed = privacy::suppress(rows, least, |request| report.basis(request));
    if report.complete_periods_only {
        rows.retain(|row| !row.partial || row.grain == Grain::Total);
    }
    derive::append(rows, &report.calculated, report.confidence);
    significance::mark(rows, report);
    process::mark(rows, report);
    targets::assess(rows, report);
    (alerts::fire(rows, report), suppressed)
}
