//! Feedback response rate: how much of what customers tell us is answered.

use custometer_core::prelude::*;
use custometer_core::time::Clock;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::as_of::{KNOWN_UNTIL, has_happened};
use crate::shared::durations::{noted, on_clock};
use crate::tables::FEEDBACK;

/// Parameters of [`FeedbackResponseRate`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FeedbackResponseRateParams {
    /// How long a response may take, in hours. Without it, as long as it does: old feedback then has had longer than young.
    pub within_hours: Option<f64>,
    /// Which hours count: `calendar` for all of them, the name of one of the report's calendars for its opening hours, or `{ column = "…" }` for those
    /// of the calendar that each row names.
    pub clock: Clock,
}

const RECEIVED_AT: &str = "received_at";
const RESPONDED_AT: &str = "responded_at";

/// `support.feedback_response_rate`: how much feedback is answered?
pub struct FeedbackResponseRate;

impl Metric for FeedbackResponseRate {
    type Params = FeedbackResponseRateParams;

    const ABOUT: &'static About = &About {
        id: "support.feedback_response_rate",
        title: "Feedback response rate",
        summary: "The share of feedback that was responded to.",
        formula: "100 · responded / received, by the bucket in which it was received. With `within_hours`: responded within so many hours / \
                  received so many hours ago",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No feedback: undefined.",
            "A response on or after the as-of date is not known yet, and does not count. Feedback that was received then is left out and \
             counted \
             as `too_young`.",
            "With `within_hours`, feedback that has not had so many hours by the as-of date is left out, responded to or not, and counted as \
             `too_young`. Without an as-of date, the end of the data counts.",
            "A response after exactly so many hours is within them.",
            "A response before its feedback is rejected.",
        ],
        examples: &[
            Example {
                title: "three of four",
                header: "received_at,responded_at",
                rows: &[(3, "2025-01-06 09:00:00,2025-01-08 09:00:00"), (1, "2025-01-06 09:00:00,")],
                expected: &[("", Some(75.0))],
                ..Example::NONE
            },
            Example {
                title: "within a day: one of three that have had a day, and one that has not",
                report: "as_of = 2025-01-09",
                params: "within_hours = 24",
                header: "received_at,responded_at",
                rows: &[
                    (1, "2025-01-06 09:00:00,2025-01-07 09:00:00"),
                    (1, "2025-01-06 09:00:00,2025-01-07 09:00:01"),
                    (1, "2025-01-06 09:00:00,"),
                    (1, "2025-01-08 09:00:00,2025-01-08 10:00:00"),
                ],
                expected: &[("", Some(100.0 / 3.0))],
            },
        ],
        references: &["E. B. Wilson, JASA 22 (1927), for the interval"],
    };

    fn define(params: &FeedbackResponseRateParams) -> Result<Definition, ParamError> {
        let source = Source::table(FEEDBACK)
            .column(
                Column::time(RECEIVED_AT)
                    .also_called(
                        "received, received on, date received, arrived at, submitted at, submitted, created at, created, modtaget, \
                 modtaget den, mottatt, mottatt den, mottagen, inkommen, eingegangen, eingegangen am, erhalten",
                    )
                    .describe("when the feedback was received"),
            )
            .column(
                Column::time(RESPONDED_AT)
                    .also_called(
                        "responded, response at, response date, response time, replied at, replied, reply date, answered at, answered, \
                 besvaret, besvaret den, svaret, svaret den, besvart, svart, besvarad, svarad, beantwortet, beantwortet am, \
                 geantwortet",
                    )
                    .nulls(NullRule::Keep)
                    .describe("when it was responded to; missing while it is not"),
            )
            .rule("`responded_at` is before `received_at`", col(RESPONDED_AT).gt_eq(col(RECEIVED_AT)));
        let mut is_responded = has_happened(RESPONDED_AT);
        let mut is_too_young = has_happened(RECEIVED_AT).not();
        let mut source = source.at(RECEIVED_AT);
        let mut notes = Vec::new();
        if let Some(hours) = params.within_hours {
            if !hours.is_finite() || hours <= 0.0 {
                let error = ParamError::new("within_hours", format!("{hours} hours is not a time to respond in"));
                return Err(error.help("write `within_hours = 24`"));
            }
            // On opening hours, a response is in time as long as the clock does not go on.
            let at_most = |end| params.clock.seconds_between(col(RECEIVED_AT), col(end)).lt_eq(lit(3600.0 * hours));
            is_responded = is_responded.and(at_most(RESPONDED_AT));
            is_too_young = at_most(KNOWN_UNTIL);
            source = on_clock(source.always_at(RECEIVED_AT), &params.clock, &[RECEIVED_AT, RESPONDED_AT]);
            notes.push(format!("within {hours} hours, of those that have had them"));
        } else if params.clock != Clock::Calendar {
            return Err(ParamError::new("clock", "there are no hours to count").help("add `within_hours`, or leave the clock out"));
        }
        let definition = Definition::over(source)
            .derive(Known { end_of_buckets: params.within_hours.is_some() })
            .measure(count("responded").filter(is_responded.and(is_too_young.clone().not())))
            .measure(count("received").filter(is_too_young.clone().not()))
            .measure(count("too_young").filter(is_too_young))
            .value(Value::proportion("responded", "received"));
        Ok(noted(notes.into_iter().fold(definition, Definition::note), &params.clock))
    }
}

/// Feedback → the same, with the instant until which responses are known.
#[derive(Debug)]
struct Known {
    /// Whether the end of the report's buckets is taken where there is no as-of date.
    end_of_buckets: bool,
}

impl Derive for Known {
    fn entity(&self) -> &'static str {
        RECEIVED_AT
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::Attribute
    }

    fn buckets(&self) -> BucketRule {
        BucketRule::Nothing
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let until = if self.end_of_buckets { context.known_until() } else { context.as_of.unwrap_or(i64::MAX) };
        Ok(rows.with_column(lit(until).alias(KNOWN_UNTIL)))
    }
}

register_metric!(FeedbackResponseRate);
