//! Buckets: a period cut at the edges of a grain, and rows placed between them.

use std::iter::successors;
use std::sync::Arc;

use jiff::civil::{Date, Weekday};
use jiff::{ToSpan, Zoned};
use polars::prelude::{DataType, Expr, Field, Int32Chunked, IntoColumn, arity::unary_elementwise_values};

use super::calendar::Calendar;
use super::grain::Grain;
use super::name::Name;
use super::period::Period;

/// The column that holds the bucket of a row, as an index into [`Buckets`]: −1 before the first, `len` after the last.
pub const BUCKET: &str = "__bucket";

/// One bucket, `[start, end)`; without edges it holds every row, whatever its time.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// The first instant.
    pub start: Option<Zoned>,
    /// The instant after the last.
    pub end: Option<Zoned>,
    /// Cut by the period, or not yet covered by the data.
    pub partial: bool,
    /// Whether it has values of its own. The gaps between a baseline's buckets have none; their rows only move stocks.
    pub reported: bool,
    /// What the report calls it, where it is one of the report's own periods.
    pub name: Option<Name>,
}

impl Bucket {
    fn new(start: Zoned, end: Zoned, partial: bool) -> Self {
        Self { start: Some(start), end: Some(end), partial, reported: true, name: None }
    }

    /// Whether no instant falls into it: the bucket of a baseline for a day or an hour that clocks did not show.
    pub fn is_empty(&self) -> bool {
        self.start.is_some() && self.start == self.end
    }
}

/// The buckets of a period, in order, one beginning where the other ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Buckets {
    grain: Grain,
    week_start: Weekday,
    /// What was cut; none where there was nothing to cut.
    period: Option<Period>,
    buckets: Vec<Bucket>,
    /// Bucket edges in microseconds since 1970, one more than buckets; empty when there are none.
    edges: Arc<Vec<i64>>,
    timeless: bool,
}

impl Buckets {
    /// One bucket for every row, for tables without a time column.
    pub fn timeless() -> Self {
        let all = Bucket { start: None, end: None, partial: false, reported: true, name: None };
        Self { buckets: vec![all], timeless: true, ..Self::none(Grain::Total) }
    }

    /// No bucket at all, for data without a single time.
    pub fn none(grain: Grain) -> Self {
        let week_start = Calendar::default().week_start;
        Self { grain, week_start, period: None, buckets: Vec::new(), edges: Arc::new(Vec::new()), timeless: false }
    }

    /// Cuts `period` at the edges of `grain`. A bucket that the period cuts, or that ends after the start of `as_of`, is partial.
    ///
    /// The first bucket starts with the period, the last one ends with it. An empty period has no buckets.
    pub fn new(period: Period, grain: Grain, calendar: &Calendar, as_of: Option<Date>) -> Result<Self, jiff::Error> {
        let (first, last) = (calendar.start_of_day(period.from)?, calendar.start_of_day(period.until)?);
        let known = as_of.map(|as_of| calendar.start_of_day(as_of)).transpose()?;
        let whole: Vec<(Zoned, Zoned, Option<Name>)> = if grain == Grain::Hour {
            let edges = hour_edges(&first, &last)?;
            edges.windows(2).map(|pair| (pair[0].clone(), pair[1].clone(), None)).collect()
        } else {
            let instants = |(days, name): (Period, _)| Ok((calendar.start_of_day(days.from)?, calendar.start_of_day(days.until)?, name));
            day_spans(period, grain, calendar)?.into_iter().map(instants).collect::<Result<_, jiff::Error>>()?
        };
        let buckets = whole.into_iter().filter_map(|(from, until, name)| {
            let (start, end) = (from.clone().max(first.clone()), until.clone().min(last.clone()));
            let cut = start != from || end != until;
            let uncovered = known.as_ref().is_some_and(|known| *known < end);
            // A day that the calendar skipped has no instant.
            (start < end).then(|| Bucket { name, ..Bucket::new(start, end, cut || uncovered) })
        });
        Ok(Self::filled(grain, calendar.week_start, Some(period), buckets))
    }

    /// Buckets that are in order, the gaps between them filled with unreported ones.
    pub(super) fn with_gaps(grain: Grain, week_start: Weekday, spans: impl IntoIterator<Item = (Zoned, Zoned)>) -> Self {
        Self::filled(grain, week_start, None, spans.into_iter().map(|(start, end)| Bucket::new(start, end, false)))
    }

    /// Buckets that may overlap, or be in another order than time's.
    pub(super) fn without_gaps(grain: Grain, week_start: Weekday, spans: impl IntoIterator<Item = (Zoned, Zoned)>) -> Self {
        Self::of(grain, week_start, None, spans.into_iter().map(|(start, end)| Bucket::new(start, end, false)).collect())
    }

    fn filled(grain: Grain, week_start: Weekday, period: Option<Period>, reported: impl IntoIterator<Item = Bucket>) -> Self {
        let mut buckets: Vec<Bucket> = Vec::new();
        for bucket in reported {
            let edges =
                buckets.last().and_then(|before| before.end.clone()).zip(bucket.start.clone()).filter(|(before, start)| before < start);
            buckets.extend(edges.map(|(before, start)| Bucket { reported: false, ..Bucket::new(before, start, false) }));
            buckets.push(bucket);
        }
        Self::of(grain, week_start, period, buckets)
    }

    pub(super) fn of(grain: Grain, week_start: Weekday, period: Option<Period>, buckets: Vec<Bucket>) -> Self {
        let starts = buckets.iter().filter_map(|bucket| bucket.start.as_ref());
        let edges = starts.chain(buckets.last().and_then(|bucket| bucket.end.as_ref()));
        let edges = edges.map(|edge| edge.timestamp().as_microsecond()).collect();
        Self { grain, week_start, period, buckets, edges: Arc::new(edges), timeless: false }
    }

    /// The grain the period is cut by.
    pub fn grain(&self) -> Grain {
        self.grain
    }

    /// The day that the report's weeks start on.
    pub fn week_start(&self) -> Weekday {
        self.week_start
    }

    /// The period that was cut; none for a baseline, and where there was nothing to cut.
    pub(super) fn period(&self) -> Option<Period> {
        self.period
    }

    /// Whether each begins where the one before it ends, or later. Rows can't be placed in others.
    pub fn are_in_order(&self) -> bool {
        self.buckets.windows(2).all(|pair| pair[0].end.as_ref() <= pair[1].start.as_ref())
    }

    /// The first instant of the period that was cut, and the one after its last, in microseconds since 1970; none where there was nothing to cut.
    pub fn ends_of_period(&self) -> Option<(i64, i64)> {
        let zone = self.buckets.first()?.start.as_ref()?.time_zone().clone();
        let calendar = Calendar { zone, ..Calendar::default() };
        let instant = |date| calendar.start_of_day(date).ok().map(|start| start.timestamp().as_microsecond());
        instant(self.period?.from).zip(instant(self.period?.until))
    }

    /// The buckets, in order, gaps among them.
    pub fn as_slice(&self) -> &[Bucket] {
        &self.buckets
    }

    /// The buckets that have values, each with its index among all.
    pub fn reported(&self) -> impl Iterator<Item = (usize, &Bucket)> {
        self.buckets.iter().enumerate().filter(|(_, bucket)| bucket.reported)
    }

    /// The same without the gaps between them.
    #[must_use]
    pub fn without_unreported(&self) -> Self {
        Self::of(self.grain, self.week_start, self.period, self.reported().map(|(_, bucket)| bucket.clone()).collect())
    }

    /// Whether each starts and ends no earlier than the one before it, as windows do that end with buckets in order.
    pub fn are_by_ends(&self) -> bool {
        self.buckets.windows(2).all(|pair| pair[0].start <= pair[1].start && pair[0].end <= pair[1].end)
    }

    /// The edges in microseconds since 1970, one more than there are buckets; empty when there are none.
    pub fn edges(&self) -> &[i64] {
        &self.edges
    }

    /// The first instant of the bucket before the first one, which is as long as the grain, or for a total as the period. In microseconds
    /// since 1970; none where there is no such bucket.
    pub fn start_before(&self) -> Option<i64> {
        let first = self.buckets.first()?;
        let (start, end) = (first.start.as_ref()?, first.end.as_ref()?);
        let before = if self.grain == Grain::Hour {
            start.checked_sub(1.hour())
        } else {
            let calendar = Calendar { zone: start.time_zone().clone(), ..Calendar::default() };
            let length = || Period { from: start.date(), until: end.date() }.length();
            let step = self.grain.step().map_or_else(length, Ok);
            step.and_then(|step| step.from(start.date(), -1)).and_then(|date| calendar.start_of_day(date))
        };
        before.ok().map(|before| before.timestamp().as_microsecond())
    }

    /// Whether rows are placed by time at all.
    pub fn is_timeless(&self) -> bool {
        self.timeless
    }

    /// The index of the bucket that an instant falls into: −1 before the first, `len` after the last.
    ///
    /// `time` is an expression of UTC instants in microseconds. Null stays null.
    pub fn index_of(&self, time: Expr) -> Expr {
        if self.timeless {
            return index_between(time, Arc::new(vec![i64::MIN]));
        }
        index_between(time, Arc::clone(&self.edges))
    }
}

/// How many of the sorted `edges` are at or before an instant, less one.
///
/// `time` is an expression of UTC instants in microseconds. Null stays null.
pub fn index_between(time: Expr, edges: Arc<Vec<i64>>) -> Expr {
    time.map_with_fmt_str(
        move |column| {
            let instants = column.as_materialized_series().cast(&DataType::Int64)?;
            // Rows of a file are mostly near each other in time: try the bucket of the row before first.
            let mut last = 0_usize;
            let indices: Int32Chunked = unary_elementwise_values(instants.i64()?, |instant: i64| {
                let here = edges.get(last).is_some_and(|edge| *edge <= instant) && edges.get(last + 1).is_none_or(|edge| instant < *edge);
                if !here {
                    let after = edges.partition_point(|edge| *edge <= instant);
                    if after == 0 {
                        return -1;
                    }
                    last = after - 1;
                }
                i32::try_from(last).unwrap_or(i32::MAX)
            });
            Ok(indices.into_column().with_name(column.name().clone()))
        },
        |_, field| Ok(Field::new(field.name().clone(), DataType::Int32)),
        "bucket_index",
    )
}

/// The days of the buckets that a period reaches into, whole ones, and what the report calls each.
pub(super) fn day_spans(period: Period, grain: Grain, calendar: &Calendar) -> Result<Vec<(Period, Option<Name>)>, jiff::Error> {
    if let Grain::Named(name) = grain {
        let own = calendar.named.periods_of(name).iter().map(|own| (own.days, Some(own.name)));
        return Ok(own.filter(|(days, _)| days.from < period.until && period.from < days.until).collect());
    }
    let Some(step) = grain.step() else { return Ok(vec![(period, None)]) };
    let mut spans = Vec::new();
    let mut from = calendar.floor(period.from, grain)?;
    while from < period.until {
        let until = step.from(from, 1)?;
        spans.push((Period { from, until }, None));
        from = until;
    }
    Ok(spans)
}

/// The full local hours from `first` until `last`. An hour that a clock change repeats is there twice.
pub(super) fn hour_edges(first: &Zoned, last: &Zoned) -> Result<Vec<Zoned>, jiff::Error> {
    let next = |edge: &Zoned| -> Result<Zoned, jiff::Error> {
        let later = edge.checked_add(1.hour())?;
        let full = later.with().minute(0).second(0).subsec_nanosecond(0).build()?;
        Ok(if &full > edge { full } else { later })
    };
    let edges = successors(Some(Ok(first.clone())), |edge| edge.as_ref().ok().filter(|edge| *edge < last).map(next));
    edges.collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::TimeZone;
    use polars::prelude::{IntoLazy, col, df};

    use super::*;

    fn buckets(from: Date, until: Date, grain: Grain, zone: &str) -> Buckets {
        let calendar = Calendar { zone: TimeZone::get(zone).unwrap(), ..Calendar::default() };
        Buckets::new(Period { from, until }, grain, &calendar, None).unwrap()
    }

    fn hours(buckets: &Buckets) -> Vec<i64> {
        buckets.edges().windows(2).map(|pair| (pair[1] - pair[0]) / 3_600_000_000).collect()
    }

    #[test]
    fn a_day_has_23_24_or_25_hours() {
        assert_eq!(hours(&buckets(date(2025, 3, 29), date(2025, 4, 1), Grain::Day, "Europe/Copenhagen")), [24, 23, 24]);
        assert_eq!(hours(&buckets(date(2025, 10, 25), date(2025, 10, 28), Grain::Day, "Europe/Copenhagen")), [24, 25, 24]);
    }

    #[test]
    fn hours_across_a_clock_change_are_all_one_hour_long() {
        let autumn = buckets(date(2025, 10, 26), date(2025, 10, 27), Grain::Hour, "Europe/Copenhagen");
        assert_eq!(hours(&autumn), vec![1; 25]);
        let spring = buckets(date(2025, 3, 30), date(2025, 3, 31), Grain::Hour, "Europe/Copenhagen");
        assert_eq!(hours(&spring), vec![1; 23]);
    }

    #[test]
    fn a_midnight_that_the_clock_skips_starts_the_day_an_hour_later() {
        let cairo = buckets(date(2024, 4, 25), date(2024, 4, 28), Grain::Day, "Africa/Cairo");
        assert_eq!(hours(&cairo), [24, 23, 24]);
        assert_eq!(cairo.as_slice()[1].start.as_ref().unwrap().hour(), 1);
        assert_eq!(cairo.as_slice()[2].start.as_ref().unwrap().hour(), 0);
    }

    #[test]
    fn a_period_that_cuts_a_bucket_marks_it_partial() {
        let months = buckets(date(2025, 1, 15), date(2025, 4, 1), Grain::Month, "UTC");
        let partial: Vec<bool> = months.as_slice().iter().map(|bucket| bucket.partial).collect();
        assert_eq!(partial, [true, false, false]);
        assert_eq!(months.as_slice()[0].start.as_ref().unwrap().date(), date(2025, 1, 15));
    }

    #[test]
    fn a_bucket_after_the_as_of_date_is_partial() {
        let period = Period { from: date(2025, 1, 1), until: date(2025, 3, 1) };
        let months = Buckets::new(period, Grain::Month, &Calendar::default(), Some(date(2025, 2, 10))).unwrap();
        let partial: Vec<bool> = months.as_slice().iter().map(|bucket| bucket.partial).collect();
        assert_eq!(partial, [false, true]);
    }

    #[test]
    fn weeks_start_on_the_configured_day() {
        let calendar = Calendar { week_start: Weekday::Sunday, ..Calendar::default() };
        let period = Period { from: date(2025, 1, 1), until: date(2025, 1, 15) };
        let weeks = Buckets::new(period, Grain::Week, &calendar, None).unwrap();
        let starts: Vec<Date> = weeks.as_slice().iter().map(|bucket| bucket.start.as_ref().unwrap().date()).collect();
        assert_eq!(starts, [date(2025, 1, 1), date(2025, 1, 5), date(2025, 1, 12)]);
    }

    #[test]
    fn rows_are_placed_between_the_edges() {
        let days = buckets(date(1970, 1, 1), date(1970, 1, 3), Grain::Day, "UTC");
        let day = 86_400_000_000_i64;
        let rows = df!("t" => [Some(-1), Some(0), Some(day - 1), Some(day), Some(2 * day), None]).unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test looks at its result")]
        let placed = rows.lazy().select([days.index_of(col("t"))]).collect().unwrap();
        let placed: Vec<Option<i32>> = placed.column("t").unwrap().i32().unwrap().iter().collect();
        assert_eq!(placed, [Some(-1), Some(0), Some(0), Some(1), Some(2), None]);
    }

    #[test]
    fn the_bucket_before_the_first_is_as_long_as_the_grain_or_the_period() {
        let before = |from: Date, until: Date, grain| {
            let start = buckets(from, until, grain, "Europe/Copenhagen").start_before().unwrap();
            jiff::Timestamp::from_microsecond(start).unwrap().to_zoned(TimeZone::get("Europe/Copenhagen").unwrap()).datetime().to_string()
        };
        let (march, july) = (date(2025, 3, 1), date(2025, 7, 1));
        assert_eq!(before(march, july, Grain::Month), "2025-02-01T00:00:00");
        assert_eq!(before(march, july, Grain::Total), "2024-11-01T00:00:00");
        assert_eq!(before(date(2025, 3, 31), july, Grain::Month), "2025-02-28T00:00:00");
        assert_eq!(before(date(2025, 3, 31), date(2025, 4, 2), Grain::Total), "2025-03-29T00:00:00");
        // The day of the clock change has 23 hours.
        assert_eq!(before(date(2025, 3, 31), july, Grain::Day), "2025-03-30T00:00:00");
        assert_eq!(before(date(2025, 3, 31), july, Grain::Hour), "2025-03-30T23:00:00");
        assert_eq!(Buckets::timeless().start_before(), None);
    }

    #[test]
    fn an_empty_period_has_no_buckets() {
        assert!(buckets(date(2025, 1, 1), date(2025, 1, 1), Grain::Day, "UTC").as_slice().is_empty());
    }
}
