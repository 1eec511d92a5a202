//! Axes: what values are of, and what rows are placed in for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use custometer_core::aggregation::Span;
use custometer_core::time::{Earlier, Window, Windows};
use custometer_core::{Baseline, Buckets, Grain, Period};

use crate::error::RunError;
use crate::report::size::TooMany;
use crate::report::{Report, Request};

/// What values are of: the buckets of a grain, or windows that end with them, at the report's own time or at an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Axis {
    /// The name of the grain.
    pub(crate) grain: &'static str,
    /// Whether a total is of the data's period, where the report has none.
    pub(crate) is_timed_total: bool,
    pub(crate) baseline: Option<Baseline>,
    pub(crate) windows: Option<WindowAxis>,
}

/// Windows, and how values over them come to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WindowAxis {
    pub(crate) window: Window,
    /// Whether a window unites what is measured of pieces of time. Otherwise it is derived by itself.
    pub(crate) unites: bool,
}

impl Axis {
    /// The axes of a request, its own first.
    pub(crate) fn of(request: &Request) -> impl Iterator<Item = Self> {
        let grain = request.grain.as_str();
        let is_timed_total = request.grain == Grain::Total && request.is_always_timed();
        let windows = request.window.map(|window| WindowAxis { window, unites: request.definition.unites_over_time() });
        let baselines = std::iter::once(None).chain(request.compare.iter().copied().map(Some));
        baselines.map(move |baseline| Self { grain, is_timed_total, baseline, windows })
    }
}

/// Where the rows of an axis are placed.
pub(crate) struct Placed {
    /// The buckets of the grain.
    pub(crate) named: Arc<Buckets>,
    /// What values are of, in order: these, or the windows that end with them, which overlap.
    pub(crate) reported: Arc<Buckets>,
    /// Where rows are placed: in the buckets themselves, or else as many lines as it takes to make windows of.
    pub(crate) lines: Vec<Line>,
}

/// Buckets that rows are placed in.
pub(crate) struct Line {
    pub(crate) buckets: Arc<Buckets>,
    /// What values are of by their numbers, each with which of these buckets it has; none where it is these buckets.
    pub(crate) spans: Option<Arc<[Span]>>,
}

impl Placed {
    fn plain(buckets: Buckets) -> Self {
        let buckets = Arc::new(buckets);
        let lines = vec![Line { buckets: Arc::clone(&buckets), spans: None }];
        Self { named: Arc::clone(&buckets), reported: buckets, lines }
    }

    /// Buckets that may overlap, or be in any order.
    fn apart(buckets: Buckets) -> Self {
        if buckets.are_in_order() {
            return Self::plain(buckets);
        }
        let (lines, buckets) = (lines_of(&buckets), Arc::new(buckets));
        Self { named: Arc::clone(&buckets), reported: buckets, lines }
    }

    fn over(named: &Buckets, windows: Windows, unites: bool) -> Self {
        let lines = if unites && windows.windows.are_by_ends() {
            let spans = (0..).zip(&windows.made_of);
            let spans = spans.map(|(window, of)| Span { number: window, from: number(of.start), until: number(of.end) });
            vec![Line { spans: Some(spans.collect()), buckets: Arc::new(windows.pieces) }]
        } else {
            lines_of(&windows.windows)
        };
        // There is a window for each that is reported.
        Self { named: Arc::new(named.without_unreported()), reported: Arc::new(windows.windows), lines }
    }

    pub(crate) fn is_timeless(&self) -> bool {
        self.reported.is_timeless()
    }

    /// The position of the line that has a value.
    pub(crate) fn line_of(&self, number: i64) -> usize {
        let has = |line: &Line| line.spans.as_ref().is_none_or(|spans| spans.iter().any(|span| span.number == number));
        self.lines.iter().position(has).unwrap_or(0)
    }
}

fn number(position: usize) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}

/// As few lines as these buckets overlap.
fn lines_of(buckets: &Buckets) -> Vec<Line> {
    let line = |(buckets, positions): (Buckets, Vec<usize>)| {
        let spans = positions.into_iter().zip(buckets.reported().map(|(bucket, _)| number(bucket)));
        let spans = spans.map(|(own, bucket)| Span { number: number(own), from: bucket, until: bucket + 1 });
        Line { spans: Some(spans.collect()), buckets: Arc::new(buckets) }
    };
    buckets.apart().into_iter().map(line).collect()
}

/// Everything that requests are placed in, by axis.
pub(crate) type Axes = BTreeMap<Axis, Placed>;

/// More buckets than this come from a mistake: a row of the year 1, or hours over centuries.
const MAX_BUCKETS: usize = 100_000;

/// Refuses a request that comes to more results than can be held, with so many groups.
pub(crate) fn check_size(report: &Report, request: &Request, buckets: &Buckets, groups: usize) -> Result<(), RunError> {
    match report.too_many(request, buckets, groups) {
        Some(TooMany { cells, buckets, each, groups }) => {
            Err(RunError::Cells { request: request.name.clone(), cells, buckets, each, groups })
        }
        None => Ok(()),
    }
}

/// The buckets of every axis that the report uses. Without a period, the data's own is found first.
pub(crate) fn axes(report: &Report, period: Option<Period>) -> Result<Axes, RunError> {
    let mut axes = Axes::new();
    for request in &report.requests {
        let timeless = report.period.is_none() && request.is_timeless_without_period();
        let own = match period.filter(|_| !timeless) {
            Some(period) => Buckets::new(period, request.grain, &report.calendar, report.over_until).map_err(RunError::Period)?,
            None if timeless => Buckets::timeless(),
            None => Buckets::none(request.grain),
        };
        if let (Grain::Named(name), Some(Period { from, until })) = (request.grain, period)
            && own.as_slice().is_empty()
        {
            return Err(RunError::NoPeriods { name: name.as_str(), from, until });
        }
        if own.as_slice().len() > MAX_BUCKETS {
            return Err(RunError::Buckets { grain: request.grain.as_str(), count: own.as_slice().len() });
        }
        // Each breakdown has a group at least.
        check_size(report, request, &own, request.by.len())?;
        for axis in Axis::of(request) {
            if let (Some(Baseline::Named(name)), Some(period)) = (axis.baseline, period)
                && let Some(Earlier::Range(range)) = report.calendar.named.earlier.get(&name)
                && range.from >= period.from
            {
                return Err(RunError::NotEarlier { name: name.as_str(), from: range.from, begins: period.from });
            }
            if axes.contains_key(&axis) {
                continue;
            }
            let at = |known| match axis.baseline {
                Some(baseline) => own.baseline(baseline, &report.calendar, known).map_err(RunError::Period),
                None => Ok(own.clone()),
            };
            let known = at(report.over_until)?;
            let placed = match axis.windows {
                Some(WindowAxis { window, unites }) => {
                    let windows = at(None)?.windows(window, &report.calendar, &known).map_err(RunError::Period)?;
                    Placed::over(&known, windows, unites)
                }
                None => Placed::apart(known),
            };
            axes.insert(axis, placed);
        }
    }
    Ok(axes)
}

/// The edges of the times that any of these buckets report: an instant after an even number of them is in none.
pub(crate) fn edges(axes: &[&Arc<Buckets>]) -> Vec<i64> {
    let instant = |edge: &Option<jiff::Zoned>| edge.as_ref().map(|edge| edge.timestamp().as_microsecond());
    let reported =
        axes.iter().flat_map(|buckets| buckets.reported()).filter_map(|(_, bucket)| instant(&bucket.start).zip(instant(&bucket.end)));
    let mut spans: Vec<(i64, i64)> = reported.filter(|(start, end)| start < end).collect();
    spans.sort_unstable();
    let mut edges: Vec<i64> = Vec::new();
    for (start, end) in spans {
        match edges.last_mut() {
            Some(last) if start <= *last => *last = end.max(*last),
            _ => edges.extend([start, end]),
        }
    }
    edges
}
