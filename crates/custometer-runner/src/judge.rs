//! What becomes of finished rows before anyone sees them.

pub(crate) mod alerts;
pub(crate) mod contributions;
pub(crate) mod derive;
pub(crate) mod privacy;
pub(crate) mod process;
pub(crate) mod significance;
pub(crate) mod targets;

use custometer_core::Grain;

use crate::judge::privacy::Suppressed;
use crate::report::Report;
use crate::result::{Alert, Contributions, Note, ResultRow};

/// What is said of finished rows.
pub(crate) struct Verdicts {
    /// The alerts that fire.
    pub(crate) alerts: Vec<Alert>,
    pub(crate) contributions: Vec<Contributions>,
    pub(crate) notes: Vec<Note>,
    /// What there is to say of tables with hidden groups.
    pub(crate) suppressed: Suppressed,
}

/// Everything that is said of finished rows, in the one order in which it can be.
///
/// 1. Small groups are hidden, before anything is made of rows that no one may see.
/// 2. Partial buckets are left out where only complete ones are asked for: until here they count, since totals less the other buckets tell of them.
/// 3. Changes of totals are taken apart by groups that are shown.
/// 4. Calculated results are made of what is shown, so they tell nothing more.
/// 5. Changes are tested over all that the report shows, calculated ones and all, since a correction for many tests has to know how many.
/// 6. What is unusual is told from complete values that are shown.
/// 7. Targets and benchmarks look at the values; a goal may ask whether a change is significant, or a value unusual.
/// 8. Alerts look at all of this.
pub(crate) fn judge(rows: &mut Vec<ResultRow>, report: &Report) -> Verdicts {
    let least = report.min_group_size.unwrap_or_default();
    let suppressed = privacy::suppress(rows, least, |request| report.basis(request));
    if report.complete_periods_only {
        rows.retain(|row| !row.partial || row.grain == Grain::Total);
    }
    let (contributions, mut notes) = contributions::of(rows, report);
    derive::append(rows, &report.calculated, report.confidence);
    significance::mark(rows, report);
    process::mark(rows, report);
    targets::assess(rows, report);
    notes.extend(targets::notes(rows, report));
    Verdicts { alerts: alerts::fire(rows, report), contributions, notes, suppressed }
}
