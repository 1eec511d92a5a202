//! `window` and `to_date` of a request: values over more than the bucket that they are reported at.

use custometer_core::time::{Last, Window};
use custometer_core::{Definition, Grain};
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::check::report::ReportConfig;
use crate::config::diagnostics::Collector;

/// A unit of the calendar that is counted from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ToDate {
    /// The week, from the report's first weekday on.
    Week,
    /// The calendar month.
    Month,
    /// The quarter of the report's year.
    Quarter,
    /// The report's year, which starts with its `fiscal_year_start`.
    Year,
}

impl From<ToDate> for Window {
    fn from(unit: ToDate) -> Self {
        Self::ToDate(match unit {
            ToDate::Week => Grain::Week,
            ToDate::Month => Grain::Month,
            ToDate::Quarter => Grain::Quarter,
            ToDate::Year => Grain::Year,
        })
    }
}

/// What a request says of its windows, and what concerns them.
pub(crate) struct Asked<'a> {
    pub(crate) window: Option<&'a Spanned<Last>>,
    pub(crate) to_date: Option<&'a Spanned<ToDate>>,
    /// The metric's id.
    pub(crate) metric: &'a str,
    pub(crate) detail: Option<&'a Spanned<bool>>,
}

/// What the values of a request are over, if it is not the buckets of its grain.
pub(crate) fn read(request: &Asked<'_>, definition: &Definition, report: &ReportConfig, problems: &mut Collector) -> Option<Window> {
    let trailing = request.window.map(|window| (window.span(), Window::Trailing(*window.get_ref())));
    let to_date = request.to_date.map(|unit| (unit.span(), Window::from(*unit.get_ref())));
    if let (Some(_), Some((place, _))) = (&trailing, &to_date) {
        problems.report(place.clone(), "`to_date` is a window, and there is a `window` already").help("leave one of them out");
    }
    let (place, window) = trailing.or(to_date)?;
    let id = request.metric;
    if let Some(reason) = definition.no_windows() {
        let message = format!("`{id}` has no meaning over a window: {reason}");
        problems.report(place, message).help("leave it out, or give the request a longer `grain`");
        return None;
    }
    if let Some(least) = report.min_group_size.filter(|least| *least > 1) {
        let message = format!(
            "windows overlap, and what one has more than another would tell of the few in between: `min_group_size` hides groups of fewer than {least}"
        );
        problems.report(place, message).help("give the request a longer `grain` instead");
        return None;
    }
    if let Some(detail) = request.detail.filter(|detail| *detail.get_ref()) {
        let message = format!("a detail table has a row for each one in a bucket, and the windows of `{id}` overlap");
        problems.report(detail.span(), message).help("ask for it in a request without a window");
    }
    Some(window)
}
