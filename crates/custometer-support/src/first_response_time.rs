//! First response time: how long customers wait for the first answer.

use custometer_core::prelude::*;
use custometer_core::time::Clock;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tables::{CREATED_AT, FIRST_REPLIED_AT, SOLVED_AT, TICKETS};

/// Parameters of [`FirstResponseTime`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FirstResponseTimeParams {
    /// What is reported of the waiting times.
    pub statistic: Statistic,
    /// Which time counts: `calendar` for all of it, or the name of one of the report's calendars for its opening hours.
    pub clock: Clock,
    /// What the mean is taken over.
    pub denominator: Denominator,
}

/// What is reported of the waiting times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// Their mean.
    #[default]
    Mean,
    /// Half of the customers waited no longer.
    Median,
    /// Nine of ten customers waited no longer.
    P90,
    /// Nineteen of twenty customers waited no longer.
    P95,
}

/// What the mean is taken over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Denominator {
    /// Tickets that were answered.
    #[default]
    Responded,
    /// Tickets that were solved, as some help desks count. Only for the mean.
    Resolved,
}

const THREE_WAITS: &[(usize, &str)] = &[
    (1, "2025-01-06 09:00:00,2025-01-06 09:01:00"),
    (1, "2025-01-06 09:00:00,2025-01-06 09:02:00"),
    (1, "2025-01-06 09:00:00,2025-01-06 09:09:00"),
    (1, "2025-01-06 09:00:00,"),
];

/// `support.first_response_time`: how long until somebody answers?
pub struct FirstResponseTime;

impl Metric for FirstResponseTime {
    type Params = FirstResponseTimeParams;

    const ABOUT: &'static About = &About {
        id: "support.first_response_time",
        title: "First response time",
        summary: "The time from a ticket's creation to the first public reply of an agent.",
        formula: "mean, median or another quantile of first_replied_at − created_at over the tickets created in the bucket",
        unit: Unit::Seconds,
        range: "0 or more",
        direction: Direction::LowerIsBetter,
        edge_cases: &[
            "Tickets without a reply are left out and counted as `unanswered`.",
            "No answered ticket: undefined.",
            "A reply before the ticket's creation is rejected.",
            "With `denominator = \"resolved\"`, the waiting times are divided by the number of solved tickets, and there is no interval.",
        ],
        examples: &[
            Example {
                title: "waits of 1, 2 and 9 minutes, and one ticket without a reply",
                report: "",
                params: "",
                header: "created_at,first_replied_at",
                rows: THREE_WAITS,
                expected: &[("", Some(240.0))],
            },
            Example {
                title: "the median of the same",
                report: "",
                params: "statistic = \"median\"",
                header: "created_at,first_replied_at",
                rows: THREE_WAITS,
                expected: &[("", Some(120.0))],
            },
        ],
        references: &[
            "W. J. Conover, \"Practical Nonparametric Statistics\", 3rd ed. (1999), section 3.2, for the interval of a quantile",
            "R. J. Hyndman & Y. Fan, The American Statistician 50 (1996), definition 7, for the quantile",
        ],
    };

    fn define(params: &FirstResponseTimeParams) -> Result<Definition, ParamError> {
        let source = Source::table(TICKETS)
            .at(CREATED_AT)
            .column(Column::time(CREATED_AT).describe("when the ticket was created"))
            .column(Column::time(FIRST_REPLIED_AT).nulls(NullRule::Keep).describe("when it was first answered; missing while it is not"))
            .rule("`first_replied_at` is before `created_at`", col(FIRST_REPLIED_AT).gt_eq(col(CREATED_AT)));
        let wait = params.clock.seconds_between(col(CREATED_AT), col(FIRST_REPLIED_AT));
        let wait = || wait.clone();
        let answered = || col(FIRST_REPLIED_AT).is_not_null();
        let definition = |source| {
            let counted = Definition::over(source)
                .measure(count("answered").filter(answered()))
                .measure(count("unanswered").filter(col(FIRST_REPLIED_AT).is_null()));
            params.clock.note().into_iter().fold(counted, Definition::note)
        };
        let level = match (params.statistic, params.denominator) {
            (Statistic::Mean, Denominator::Responded) => {
                return Ok(definition(source)
                    .measure(sum("wait_seconds", wait()))
                    .measure(variance("wait_variance", wait()))
                    .value(Value::mean("wait_seconds", "answered", "wait_variance")));
            }
            (Statistic::Mean, Denominator::Resolved) => {
                let solved_at = Column::time(SOLVED_AT).nulls(NullRule::Keep).describe("when it was solved; missing while it is not");
                return Ok(definition(source.column(solved_at))
                    .measure(sum("wait_seconds", wait()))
                    .measure(count("solved").filter(col(SOLVED_AT).is_not_null()))
                    .value(Value::ratio("wait_seconds", "solved"))
                    .note("divided by solved tickets, not by answered ones"));
            }
            (_, Denominator::Resolved) => {
                return Err(
                    ParamError::new("denominator", "a quantile has no denominator").help("leave it out, or take `statistic = \"mean\"`")
                );
            }
            (Statistic::Median, _) => 0.5,
            (Statistic::P90, _) => 0.9,
            (Statistic::P95, _) => 0.95,
        };
        Ok(definition(source).measure(quantile("wait_quantile", wait(), level)).value(Value::quantile("wait_quantile")))
    }
}

register_metric!(FirstResponseTime);
