//! Stickiness.

use custometer_core::EvaluateError;
use custometer_core::prelude::*;
use custometer_core::time::{BUCKET, Bucket};
use polars::prelude::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::active_spans::{ACTIVE, ActiveSpans, USER_DAYS, window_note};
use crate::tables::{HAPPENED, TIME, USER, dated_events};

const SHARE: &str = "share_of_days";
const DAYS: &str = "active_days";

/// Parameters of [`Stickiness`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StickinessParams {
    /// A trailing window of so many local days, the last of which ends with the bucket; 28 and 30 are usual for a trend by day. Unless said,
    /// the days are those of the bucket itself, as of a month.
    pub window_days: Option<u32>,
}

/// `web.stickiness`: how many of a month's users come on any one day?
pub struct Stickiness;

impl Metric for Stickiness {
    type Params = StickinessParams;

    const ABOUT: &'static About = &About {
        id: "web.stickiness",
        title: "Stickiness",
        summary: "The mean of daily active users as a share of all users of the bucket, or of a window: on which share of days a user comes.",
        formula: "100 · mean of distinct users per day / distinct users, over the days of the bucket, or the `window_days` days that end with it",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No active user: undefined.",
            "Days on which nobody came count. Of a bucket that is not over, only the days up to the as-of date do.",
            "The days of a bucket of one day are one day: 100. A trend by day needs `window_days`.",
            "The interval is that of the mean over users. Over a window, there is no interval.",
            "An event without a user or a time is rejected.",
        ],
        examples: &[
            Example {
                title: "of four days, one user comes on all, one on two",
                report: "from = 2025-01-01\nuntil = 2025-01-05",
                header: "user_id,time",
                rows: &[
                    (1, "a,2025-01-01 10:00:00"),
                    (2, "a,2025-01-02 10:00:00"),
                    (1, "a,2025-01-03 10:00:00"),
                    (1, "a,2025-01-04 10:00:00"),
                    (1, "b,2025-01-02 10:00:00"),
                    (1, "b,2025-01-04 10:00:00"),
                ],
                expected: &[("", Some(75.0))],
                ..Example::NONE
            },
            Example {
                title: "a window of two days",
                report: "from = 2025-01-02\nuntil = 2025-01-04\ngrain = \"day\"",
                params: "window_days = 2",
                header: "user_id,time",
                rows: &[(1, "a,2025-01-01 10:00:00"), (1, "a,2025-01-02 10:00:00"), (1, "b,2025-01-02 10:00:00")],
                expected: &[("2025-01-02", Some(75.0)), ("2025-01-03", Some(50.0))],
            },
        ],
        references: &["Student, Biometrika 6 (1908), for the interval"],
    };

    fn define(params: &StickinessParams) -> Result<Definition, ParamError> {
        let Some(window_days) = params.window_days else {
            return Ok(Definition::over(dated_events().column(USER).column(HAPPENED))
                .derive(ActiveDays)
                .measure(sum("shares", col(SHARE)))
                .measure(count("users"))
                .measure(variance("shares_variance", col(SHARE)))
                .measure(sum("user_days", col(DAYS)))
                .value(Value::mean("shares", "users", "shares_variance")));
        };
        Ok(ActiveSpans::days("window_days", window_days)?
            .measure(sum("user_days", col(USER_DAYS)).closing())
            .measure(sum("active", col(ACTIVE)).closing())
            .value(over_window(window_days).value())
            .note(format!("over windows of {window_days} days")))
    }
}

/// On how many local days of a bucket a user came, and on which share of them.
#[derive(Debug)]
struct ActiveDays;

impl Derive for ActiveDays {
    fn entity(&self) -> &'static str {
        USER.name
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::PartOfEntity
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let lengths: Vec<Option<f64>> =
            context.buckets.as_slice().iter().map(|bucket| days_of(bucket, context.as_of.or(context.reach))).collect();
        let day = context.clock.days_since_1970(col(TIME)).cast(DataType::Int64);
        let events = Entities::in_groups(rows, USER.name, context).integers([col(BUCKET), day]);
        Ok(events.derive("active days", [BUCKET, DAYS], [SHARE], move |user, derived| {
            let [buckets, days] = user.integers();
            let mut from = 0;
            for of_bucket in buckets.chunk_by(|one, next| one == next) {
                let rows = from..from + of_bucket.len();
                from = rows.end;
                let length = usize::try_from(of_bucket[0]).ok().and_then(|bucket| *lengths.get(bucket)?);
                let active = days[rows].chunk_by(|one, next| one == next).count();
                if let Some(length) = length {
                    derived.push(user, [of_bucket[0], i64::try_from(active).unwrap_or(i64::MAX)], [100.0 * active as f64 / length]);
                }
            }
        }))
    }
}

/// How many local days a bucket has, up to the instant to which the data are known; a part of a day is a day.
fn days_of(bucket: &Bucket, as_of: Option<i64>) -> Option<f64> {
    let (start, end) = (bucket.start.as_ref()?, bucket.end.as_ref()?);
    let known =
        as_of.and_then(|as_of| jiff::Timestamp::from_microsecond(as_of).ok()).map(|as_of| as_of.to_zoned(start.time_zone().clone()));
    let end = known.filter(|known| known < end).unwrap_or_else(|| end.clone());
    let last = end.checked_sub(jiff::Span::new().nanoseconds(1)).ok()?;
    let days = start.date().until(last.date()).ok()?.get_days() + 1;
    (*start < end).then(|| f64::from(days))
}

/// The mean of daily users as a share of the users of a window.
fn over_window(window_days: u32) -> RowFormula {
    RowFormula::or_error(&["user_days", "active"], move |row, group, context| {
        // In hours that end within a day, a window of so many days has parts of one more.
        if group.bucket.end.as_ref().is_some_and(|end| end.start_of_day().is_ok_and(|start| start != *end)) {
            return Err(EvaluateError("a window of days ends with a day: take a grain of days or more".to_owned()));
        }
        let [user_days, active] = ["user_days", "active"].map(|name| row.get(name).unwrap_or(0.0));
        let value = (active > 0.0).then(|| 100.0 * user_days / (f64::from(window_days) * active));
        let evidence = [("user_days", Some(user_days)), ("active", Some(active))];
        Ok(Found::new(Estimate { value, interval: None, n: Some(active) }, evidence).note(window_note(window_days, group, context)))
    })
}

register_metric!(Stickiness);

#[cfg(test)]
mod tests {
    use jiff::Zoned;

    use super::*;

    #[test]
    fn days_are_those_of_the_calendar_up_to_the_as_of_instant() {
        let at = |time: &str| format!("{time}[Europe/Copenhagen]").parse::<Zoned>().unwrap();
        let bucket =
            |start: &str, end: &str| Bucket { start: Some(at(start)), end: Some(at(end)), partial: false, reported: true, name: None };
        let until = |time: &str| Some(at(time).timestamp().as_microsecond());
        // Clocks change on 30 March and 26 October.
        for (start, end, days) in
            [("2025-03-01", "2025-04-01", 31.0), ("2025-10-26", "2025-10-27", 1.0), ("2025-01-01T10:00", "2025-01-01T11:00", 1.0)]
        {
            assert_eq!(days_of(&bucket(start, end), None), Some(days), "{start}");
        }
        let march = bucket("2025-03-01", "2025-04-01");
        assert_eq!(days_of(&march, until("2025-03-11")), Some(10.0));
        assert_eq!(days_of(&march, until("2025-03-11T00:01")), Some(11.0));
        assert_eq!(days_of(&march, until("2025-03-01")), None);
    }
}
