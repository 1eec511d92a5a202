//! User retention: who comes back so many days after they came first.

use std::collections::HashMap;

use custometer_core::prelude::*;
use custometer_core::time::BUCKET;
use custometer_core::{DimensionValue, Estimate, Evaluate, EvaluateContext, EvaluateError, Evaluation, Group, Observation, statistics};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::known::known;
use crate::tables::{HAPPENED, TIME, USER, dated_events};

const AGE: &str = "age";
/// 1 for a user who is retained at the age of a position, and 0 for a user who is not, as far as ages are known.
const IS_RETAINED: &str = "is_retained";
const POSITION: &str = "position";
const RETAINED: &str = "retained_users";
const USERS: &str = "users";

/// Parameters of [`UserRetention`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UserRetentionParams {
    /// When a user counts as retained at an age.
    pub kind: RetentionKind,
    /// What ages are counted in.
    pub age: Age,
    /// The ages, each later than the one before: `[1, 7, 14, 28]` days or `[1, 2, 3, 4]` weeks unless said. With `kind = "bracket"`, each
    /// but the last is the first of a bracket, which ends before the next.
    pub ages: Option<Vec<u16>>,
}

/// When a user counts as retained at an age.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetentionKind {
    /// When active on exactly that day.
    #[default]
    Classic,
    /// When active on that day or later, as far as is known.
    Unbounded,
    /// When active on any day from this age until before the next.
    Bracket,
}

/// What ages are counted in, from the local day of a user's first event on, which is day 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Age {
    /// Local days.
    #[default]
    Day,
    /// Seven local days: week 1 is of the days 7 to 13.
    Week,
}

impl Age {
    fn days(self) -> i64 {
        match self {
            Self::Day => 1,
            Self::Week => 7,
        }
    }

    fn usual_ages(self) -> Vec<u16> {
        match self {
            Self::Day => vec![1, 7, 14, 28],
            Self::Week => vec![1, 2, 3, 4],
        }
    }

    fn note(self) -> &'static str {
        match self {
            Self::Day => "ages in local days after the first",
            Self::Week => "ages in weeks after the first local day",
        }
    }
}

/// `web.user_retention`: do those who came first then come back?
pub struct UserRetention;

impl Metric for UserRetention {
    type Params = UserRetentionParams;

    const ABOUT: &'static About = &About {
        id: "web.user_retention",
        title: "User retention",
        summary: "Of the users who came first in a bucket, the share who are active so many days later, or weeks.",
        formula: "100 · users of the cohort who are active at the age / users of the cohort who are old enough; the cohort is the bucket of the \
            first event, and the age is counted from the local day of that event",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No user is old enough: undefined.",
            "A user is old enough when the day, the week or the bracket has ended by the as-of date (or else by the end of the data). \
             Younger users are left out, active or not, and counted as `too_young`.",
            "Users whose first event is before the period belong to no cohort. Who came first before the data begin can't be told from a new user.",
            "Unbounded, users who come back after the as-of date are not known yet, so the shares of late ages and of late cohorts are too low.",
            "A day has 23, 24 or 25 hours: an event half an hour after the first may be on day 1.",
            "In a breakdown, a user has a first event in every group they have events in, and is retained in a group by what they do in it.",
            "An event without a user is rejected.",
        ],
        examples: &[
            Example {
                title: "of four users, one comes back on day 1 and two on day 7; of a fifth, day 7 is not over",
                report: "from = 2025-01-01\nuntil = 2025-01-15\nas_of = 2025-01-15",
                params: "ages = [1, 7]",
                header: "user_id,time",
                rows: USED,
                expected: &[("age=1", Some(20.0)), ("age=7", Some(50.0))],
            },
            Example {
                title: "the same, unbounded",
                report: "from = 2025-01-01\nuntil = 2025-01-15\nas_of = 2025-01-15",
                params: "ages = [1, 7]\nkind = \"unbounded\"",
                header: "user_id,time",
                rows: USED,
                expected: &[("age=1", Some(80.0)), ("age=7", Some(75.0))],
            },
            Example {
                title: "the same from day 1 to 6",
                report: "from = 2025-01-01\nuntil = 2025-01-15\nas_of = 2025-01-15",
                params: "ages = [1, 7]\nkind = \"bracket\"",
                header: "user_id,time",
                rows: USED,
                expected: &[("age=1 to 6", Some(40.0))],
            },
            Example {
                title: "the same in weeks, from the second one on",
                report: "from = 2025-01-01\nuntil = 2025-01-15\nas_of = 2025-01-15",
                params: "ages = [1]\nage = \"week\"\nkind = \"unbounded\"",
                header: "user_id,time",
                rows: USED,
                expected: &[("age=1", Some(75.0))],
            },
        ],
        references: &["E. B. Wilson, JASA 22 (1927), for the interval"],
    };

    fn define(params: &UserRetentionParams) -> Result<Definition, ParamError> {
        let UserRetentionParams { kind, age, .. } = *params;
        let ages = params.ages.clone().unwrap_or_else(|| age.usual_ages());
        let wrong = |message: &str, help: &str| Err(ParamError::new("ages", message).help(help));
        if ages.is_empty() {
            return wrong("there is no age", "name one or more, or leave it out");
        }
        if !ages.is_sorted_by(|one, next| one < next) {
            return wrong("an age comes after a later one, or twice", "write them in their order, such as `[1, 7, 28]`");
        }
        if kind == RetentionKind::Bracket && ages.len() < 2 {
            return wrong("a bracket needs an end", "name the age that the last bracket ends before, such as `[1, 7, 28]`");
        }
        let windows = Windows::of(kind, age, &ages);
        let is_retained = || col(IS_RETAINED).eq(lit(1));
        let definition = Definition::over(dated_events().column(USER).column(HAPPENED))
            .derive(Cohorts { windows: windows.clone() })
            .own_dimension(POSITION, col(POSITION))
            .measure(count(RETAINED).filter(is_retained()))
            .measure(count(USERS).filter(is_retained().not()))
            .value(Value::function(Retention { windows }))
            .picture(Picture::Cohorts)
            .note(age.note());
        Ok(match kind {
            RetentionKind::Classic => definition,
            RetentionKind::Unbounded => definition.note("active at the age or later, as far as is known"),
            RetentionKind::Bracket => definition.note("active on any day of the bracket"),
        })
    }
}

const USED: &[(usize, &str)] = &[
    (4, "u{i},2025-01-01 12:00:00"),
    (1, "u{i},2025-01-02 00:00:00"),
    (2, "u{i},2025-01-08 23:59:00"),
    (3, "u{i},2025-01-09 00:00:00"),
    (1, "w,2025-01-08 12:00:00"),
    (1, "w,2025-01-10 12:00:00"),
];

/// The days of one age, or of one bracket of ages.
#[derive(Debug, Clone, PartialEq)]
struct Window {
    name: DimensionValue,
    /// The first day on which a user is retained.
    from: i64,
    /// The day after the last; none where there is no last.
    until: Option<i64>,
    /// How many days after the first one must be over before a user is old enough.
    known_after: i64,
}

#[derive(Debug, Clone)]
struct Windows(Vec<Window>);

impl Windows {
    fn of(kind: RetentionKind, age: Age, ages: &[u16]) -> Self {
        let from = |number: u16| i64::from(number) * age.days();
        let single = |&number: &u16| {
            let end = from(number) + age.days();
            let until = (kind == RetentionKind::Classic).then_some(end);
            Window { name: i64::from(number).into(), from: from(number), until, known_after: end }
        };
        let bracket = |pair: &[u16]| {
            let (first, last) = (pair[0], pair[1] - 1);
            let name = if first == last { first.to_string() } else { format!("{first} to {last}") };
            let end = from(pair[1]);
            Window { name: name.as_str().into(), from: from(first), until: Some(end), known_after: end }
        };
        Self(if kind == RetentionKind::Bracket { ages.windows(2).map(bracket).collect() } else { ages.iter().map(single).collect() })
    }

    /// How many of them are over for a user whose first day was so many days ago.
    fn known(&self, days: i64) -> usize {
        self.0.iter().take_while(|window| window.known_after <= days).count()
    }
}

/// Events → for each user a row that says how many windows are over, and one for each of these in which they were active.
#[derive(Debug)]
struct Cohorts {
    windows: Windows,
}

impl Derive for Cohorts {
    fn entity(&self) -> &'static str {
        USER.name
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::PartOfEntity
    }

    fn buckets(&self) -> BucketRule {
        BucketRule::Nothing
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let today = known_day(context);
        let windows = self.windows.clone();
        let days = context.clock.days_since_1970(col(TIME));
        let users = Entities::in_groups(known(rows, context), USER.name, context).integers([days, col(BUCKET)]);
        Ok(users.derive("user_retention", [BUCKET, POSITION, IS_RETAINED], [], move |user, derived| {
            let [days, buckets] = user.integers();
            let (first, cohort) = (days[0], buckets[0]);
            if cohort < 0 {
                return;
            }
            let known = windows.known(today - first);
            let position = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
            derived.push(user, [cohort, position(known), 0], []);
            for (number, window) in windows.0.iter().enumerate().take(known) {
                let next = days.partition_point(|day| *day < first + window.from);
                if days.get(next).is_some_and(|day| window.until.is_none_or(|until| *day < first + until)) {
                    derived.push(user, [cohort, position(number), 1], []);
                }
            }
        }))
    }
}

/// The local day, since 1970, before which all days are over.
fn known_day(context: &DeriveContext) -> i64 {
    const EPOCH: Date = date(1970, 1, 1);
    let zone = context.buckets.as_slice().first().and_then(|bucket| bucket.start.as_ref()).map(|start| start.time_zone().clone());
    let known = Timestamp::from_microsecond(context.known_until()).ok().zip(zone);
    known.map_or(i64::MIN, |(known, zone)| i64::from((known.to_zoned(zone).date() - EPOCH).get_days()))
}

/// Retention by age.
#[derive(Debug)]
struct Retention {
    windows: Windows,
}

/// A cohort at one age.
struct Retained {
    retained: f64,
    /// Those who are old enough.
    old: f64,
    too_young: f64,
}

impl Retention {
    /// The cohort at every age.
    fn cells(&self, group: &Group<'_>) -> Vec<Retained> {
        let by_position = |measure: &str| -> HashMap<DimensionValue, f64> {
            group.rows.iter().filter_map(|row| Some((row.dimensions.first()?.clone(), row.get(measure)?))).collect()
        };
        let (retained, users) = (by_position(RETAINED), by_position(USERS));
        let at = |of: &HashMap<DimensionValue, f64>, position: i64| of.get(&DimensionValue::Integer(position)).copied().unwrap_or(0.0);
        let all: f64 = users.values().sum();
        let mut too_young = 0.0;
        (0_i64..)
            .zip(&self.windows.0)
            .map(|(position, _)| {
                too_young += at(&users, position);
                Retained { retained: at(&retained, position), old: all - too_young, too_young }
            })
            .collect()
    }

    /// How many are retained, and of how many.
    fn share(&self, dimensions: &[DimensionValue], group: &Group<'_>) -> Option<(f64, f64)> {
        let position = self.windows.0.iter().position(|window| Some(&window.name) == dimensions.first())?;
        self.cells(group).get(position).map(|cell| (cell.retained, cell.old))
    }
}

impl Evaluate for Retention {
    fn measures(&self) -> Vec<&str> {
        vec![RETAINED, USERS]
    }

    fn dimensions(&self) -> Vec<String> {
        vec![AGE.to_owned()]
    }

    fn evaluate(&self, group: &Group<'_>, context: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError> {
        let observe = |(window, Retained { retained, old, too_young }): (&Window, Retained)| {
            let interval = statistics::wilson(retained, old, context.confidence);
            let estimate = Estimate {
                value: (old > 0.0).then(|| 100.0 * retained / old),
                interval: interval.map(|(low, high)| (100.0 * low, 100.0 * high)),
                n: Some(old),
            };
            let evidence = [(RETAINED, retained), ("users_old_enough", old), ("too_young", too_young)];
            let measures = evidence.map(|(name, value)| (name.to_owned(), Some(value))).into();
            Observation { dimensions: vec![window.name.clone()], estimate, measures }
        };
        let observations = self.windows.0.iter().zip(self.cells(group)).map(observe).collect();
        Ok(Evaluation { observations, ..Evaluation::default() })
    }

    fn p_value(&self, dimensions: &[DimensionValue], now: &Group<'_>, before: &Group<'_>) -> Option<f64> {
        statistics::two_proportions(self.share(dimensions, now)?, self.share(dimensions, before)?)
    }
}

register_metric!(UserRetention);

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(kind: RetentionKind, age: Age, ages: &[u16]) -> Vec<(String, i64, Option<i64>, i64)> {
        let windows = Windows::of(kind, age, ages).0.into_iter();
        windows.map(|window| (window.name.to_string(), window.from, window.until, window.known_after)).collect()
    }

    #[test]
    fn windows_are_days_after_the_first() {
        let named = |name: &str, from, until, known_after| (name.to_owned(), from, until, known_after);
        assert_eq!(windows(RetentionKind::Classic, Age::Day, &[0, 7]), [named("0", 0, Some(1), 1), named("7", 7, Some(8), 8)]);
        assert_eq!(windows(RetentionKind::Classic, Age::Week, &[1]), [named("1", 7, Some(14), 14)]);
        assert_eq!(windows(RetentionKind::Unbounded, Age::Week, &[2]), [named("2", 14, None, 21)]);
        assert_eq!(windows(RetentionKind::Bracket, Age::Day, &[1, 2, 7]), [named("1", 1, Some(2), 2), named("2 to 6", 2, Some(7), 7)]);
        assert_eq!(windows(RetentionKind::Bracket, Age::Week, &[1, 3]), [named("1 to 2", 7, Some(21), 21)]);
    }

    #[test]
    fn a_user_is_old_enough_when_the_day_is_over() {
        let windows = Windows::of(RetentionKind::Classic, Age::Day, &[1, 7]);
        // The first day was yesterday, and today's is not over: so many days lie between the first and the one that is not over.
        assert_eq!([0, 1, 2, 7, 8, 900].map(|days| windows.known(days)), [0, 0, 1, 1, 2, 2]);
        assert_eq!(windows.known(i64::MIN / 2), 0);
    }
}
