//! Time as a report sees it: local periods, cut into buckets at the edges of a grain.
//!
//! Edges are found once, in the report's time zone, and rows are placed by looking their instant up between them. A day is as long as
//! it was, 23, 24 or 25 hours, and placing a row costs the same in every zone.

use std::sync::Arc;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};
use polars::prelude::{DataType, Expr, Field, Int32Chunked, IntoColumn, arity::unary_elementwise_values};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The column that holds the bucket of a row, as an index into [`Buckets`]: −1 before the first, `len` after the last.
pub const BUCKET: &str = "__bucket";

/// The length of a bucket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grain {
    /// Local clock hours.
    Hour,
    /// Local calendar days.
    Day,
    /// Weeks that start on the report's first weekday, Monday unless said.
    Week,
    /// Calendar months.
    Month,
    /// Calendar quarters.
    Quarter,
    /// Calendar years.
    Year,
    /// The whole period as one bucket.
    #[default]
    Total,
}

impl Grain {
    /// The name in configs and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
            Self::Total => "total",
        }
    }
}

/// An earlier time that values are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Baseline {
    /// The bucket before; for a total, the period of the same length before.
    Previous,
    /// The bucket a year before: of the same weekday for hours, days and weeks, of the same dates otherwise.
    YearAgo,
}

impl Baseline {
    /// The name in configs and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Previous => "previous",
            Self::YearAgo => "year_ago",
        }
    }
}

/// Local dates `[from, until)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Period {
    /// The first day.
    pub from: Date,
    /// The day after the last.
    pub until: Date,
}

/// One bucket, `[start, end)`; without edges it holds every row, whatever its time.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// The first instant.
    pub start: Option<Zoned>,
    /// The instant after the last.
    pub end: Option<Zoned>,
    /// Cut by the period, or not yet covered by the data.
    pub partial: bool,
}

/// The buckets of a period, in order and without gaps.
#[derive(Debug, Clone, PartialEq)]
pub struct Buckets {
    grain: Grain,
    buckets: Vec<Bucket>,
    /// Bucket edges in microseconds since 1970, one more than buckets; empty when there are none.
    edges: Arc<Vec<i64>>,
    timeless: bool,
}

impl Buckets {
    /// One bucket for every row, for tables without a time column.
    pub fn timeless() -> Self {
        let all = Bucket { start: None, end: None, partial: false };
        Self { grain: Grain::Total, buckets: vec![all], edges: Arc::new(Vec::new()), timeless: true }
    }

    /// No bucket at all, for data without a single time.
    pub fn none(grain: Grain) -> Self {
        Self { grain, buckets: Vec::new(), edges: Arc::new(Vec::new()), timeless: false }
    }

    /// Cuts `period` at the edges of `grain` in `zone`. A bucket that the period cuts, or that ends after `as_of`, is partial.
    ///
    /// The first bucket starts with the period, the last one ends with it. An empty period has no buckets.
    pub fn new(period: Period, grain: Grain, zone: &TimeZone, week_start: Weekday, as_of: Option<&Zoned>) -> Result<Self, jiff::Error> {
        let start = period.from.to_zoned(zone.clone())?;
        let end = period.until.to_zoned(zone.clone())?;
        let mut buckets = Vec::new();
        // Edges by date, so that a midnight or a day which the clock skips does not shift those after it.
        let mut date = floor(period.from, grain, week_start)?;
        let (mut from, mut natural_from) = (start, date.to_zoned(zone.clone())?);
        while from < end {
            let natural_until = match grain {
                Grain::Total => end.clone(),
                Grain::Hour => next_hour(&natural_from)?,
                _ => {
                    date = next_date(date, grain)?;
                    date.to_zoned(zone.clone())?
                }
            };
            let until = natural_until.clone().min(end.clone());
            let cut = natural_from != from || natural_until != until;
            let uncovered = as_of.is_some_and(|as_of| &until > as_of);
            // A day that the calendar skipped has no instant.
            if from < until {
                buckets.push(Bucket { start: Some(from), end: Some(until.clone()), partial: cut || uncovered });
            }
            from = until;
            natural_from = natural_until;
        }
        let instants =
            buckets.iter().filter_map(|bucket| bucket.start.as_ref()).chain(buckets.last().and_then(|bucket| bucket.end.as_ref()));
        let edges = instants.map(|edge| edge.timestamp().as_microsecond()).collect();
        Ok(Self { grain, buckets, edges: Arc::new(edges), timeless: false })
    }

    /// The grain the period is cut by.
    pub fn grain(&self) -> Grain {
        self.grain
    }

    /// The buckets, in order.
    pub fn as_slice(&self) -> &[Bucket] {
        &self.buckets
    }

    /// The edges in microseconds since 1970, one more than there are buckets; empty when there are none.
    pub fn edges(&self) -> &[i64] {
        &self.edges
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

/// The first day of the bucket that `date` falls into.
fn floor(date: Date, grain: Grain, week_start: Weekday) -> Result<Date, jiff::Error> {
    match grain {
        Grain::Week => date.checked_sub(i64::from(date.weekday().since(week_start)).days()),
        Grain::Month => Ok(date.first_of_month()),
        Grain::Quarter => Date::new(date.year(), (date.month() - 1) / 3 * 3 + 1, 1),
        Grain::Year => Ok(date.first_of_year()),
        Grain::Hour | Grain::Day | Grain::Total => Ok(date),
    }
}

/// The first day of the bucket after the one that starts with `date`.
fn next_date(date: Date, grain: Grain) -> Result<Date, jiff::Error> {
    date.checked_add(match grain {
        Grain::Week => 1.week(),
        Grain::Month => 1.month(),
        Grain::Quarter => 3.months(),
        Grain::Year => 1.year(),
        Grain::Hour | Grain::Day | Grain::Total => 1.day(),
    })
}

/// The next full local hour. An hour that a clock change repeats is a bucket of its own.
fn next_hour(edge: &Zoned) -> Result<Zoned, jiff::Error> {
    let later = edge.checked_add(1.hour())?;
    let full = later.with().minute(0).second(0).subsec_nanosecond(0).build()?;
    Ok(if &full > edge { full } else { later })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use polars::prelude::{IntoLazy, col, df};

    use super::*;

    fn buckets(from: Date, until: Date, grain: Grain, zone: &str) -> Buckets {
        let zone = TimeZone::get(zone).unwrap();
        Buckets::new(Period { from, until }, grain, &zone, Weekday::Monday, None).unwrap()
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
        let zone = TimeZone::UTC;
        let as_of = date(2025, 2, 10).to_zoned(zone.clone()).unwrap();
        let period = Period { from: date(2025, 1, 1), until: date(2025, 3, 1) };
        let months = Buckets::new(period, Grain::Month, &zone, Weekday::Monday, Some(&as_of)).unwrap();
        let partial: Vec<bool> = months.as_slice().iter().map(|bucket| bucket.partial).collect();
        assert_eq!(partial, [false, true]);
    }

    #[test]
    fn weeks_start_on_the_configured_day() {
        let zone = TimeZone::UTC;
        let period = Period { from: date(2025, 1, 1), until: date(2025, 1, 15) };
        let weeks = Buckets::new(period, Grain::Week, &zone, Weekday::Sunday, None).unwrap();
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
    fn an_empty_period_has_no_buckets() {
        assert!(buckets(date(2025, 1, 1), date(2025, 1, 1), Grain::Day, "UTC").as_slice().is_empty());
    }
}
