//! Requests that come to more results than can be held: where the report has a period, that is known before any row is read.

use custometer_core::Buckets;

use crate::check::requests::MetricConfig;
use crate::config::diagnostics::Collector;
use crate::report::Report;
use crate::report::size::TooMany;

/// Reports requests that come to more results than can be held.
pub(crate) fn refuse(written: &[MetricConfig], report: &Report, problems: &mut Collector) {
    let Some(period) = report.period else { return };
    for config in written {
        let name = config.name.as_ref().unwrap_or(&config.metric).get_ref();
        let Some(request) = report.requests.iter().find(|request| request.name == *name) else { continue };
        let Ok(own) = Buckets::new(period, request.grain, &report.calendar, report.over_until) else { continue };
        // Each breakdown has a group at least.
        if let Some(TooMany { cells, buckets, each, groups }) = report.too_many(request, &own, request.by.len()) {
            let what = format!("`{name}` comes to {cells} results, more than can be held");
            let why = format!("{buckets} buckets, {each} values in each, {groups} groups or more");
            problems
                .report(config.metric.span(), format!("{what}: {why}"))
                .help("ask for a coarser grain, a shorter period or fewer breakdowns");
        }
    }
}
