//! Complaint resolution time: how long until a complaint is settled.

use custometer_core::prelude::*;
use custometer_core::time::Clock;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::durations::{MEAN_INTERVAL, QUANTILE, QUANTILE_INTERVAL, Reported, SHARE_INTERVAL, Statistic, noted, on_clock};
use crate::tables::{CREATED, CREATED_AT, SOLVED, SOLVED_AT, TICKETS, solved_after_creation};

/// Parameters of [`ComplaintResolutionTime`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ComplaintResolutionTimeParams {
    /// The kinds of tickets that are complaints.
    pub complaint_kinds: Vec<String>,
    /// From when on the time is counted.
    pub from: CountedFrom,
    /// What is reported of the times.
    pub statistic: Statistic,
    /// The longest time that is short enough; with `statistic = "share_within"` only.
    pub within_seconds: Option<f64>,
    /// Which time counts: `calendar` for all of it, the name of one of the report's calendars for its opening hours, or `{ column = "…" }` for those
    /// of the calendar that each row names.
    pub clock: Clock,
    /// Whether a quantile may be off by 0.4 %, to take less memory on many tickets.
    pub approximate: bool,
}

impl Default for ComplaintResolutionTimeParams {
    fn default() -> Self {
        Self {
            complaint_kinds: vec!["complaint".to_owned()],
            from: CountedFrom::default(),
            statistic: Statistic::default(),
            within_seconds: None,
            clock: Clock::default(),
            approximate: false,
        }
    }
}

/// From when on the time is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountedFrom {
    /// From the complaint's filing, `created_at`.
    #[default]
    Filing,
    /// From its escalation, `escalated_at`. Complaints that were not escalated are left out.
    Escalation,
}

const KIND: Column = Column::text("kind")
    .also_called(
        "type, ticket type, case type, case kind, reason, category, art, slags, type sag, sagstype, sakstype, typ, aerendetyp, \
         vorgangsart",
    )
    .nulls(NullRule::Keep)
    .describe("what kind of ticket it is; a missing one is not a complaint");
const ESCALATED: Column = Column::time("escalated_at")
    .also_called(
        "escalated, escalation date, escalation time, escalated on, eskaleret, eskaleret den, eskalert, eskalerad, eskaliert, \
         eskaliert am",
    )
    .nulls(NullRule::Keep)
    .describe("when it was escalated; missing where it was not. Read with `from = \"escalation\"`");

/// `support.complaint_resolution_time`: how long until a complaint is settled?
pub struct ComplaintResolutionTime;

impl Metric for ComplaintResolutionTime {
    type Params = ComplaintResolutionTimeParams;

    const ABOUT: &'static About = &About {
        id: "support.complaint_resolution_time",
        title: "Complaint resolution time",
        summary: "The time from the filing or the escalation of a complaint to its solution.",
        formula: "mean, median or another quantile of solved_at − created_at, or − escalated_at, over the complaints created in the bucket; \
                  or the share of those that are at most `within_seconds`",
        unit: Unit::Seconds,
        range: "0 or more; shares 0 to 100",
        direction: Direction::LowerIsBetter,
        edge_cases: &[
            "Complaints that are not solved are left out and counted as `open`. A solution on or after the as-of date is not known yet.",
            "No solved complaint: undefined. One complaint: no interval.",
            "With `from = \"escalation\"`, complaints that were not escalated are left out and counted as `not_escalated`.",
            "A ticket, of any kind, that was solved before its creation or its escalation is rejected, and so is one that was escalated before \
             its creation.",
        ],
        examples: &[
            Example {
                title: "from Monday 09:00 to Wednesday 09:00; other tickets do not count",
                header: "created_at,solved_at,kind",
                rows: &[
                    (1, "2025-01-06 09:00:00,2025-01-08 09:00:00,complaint"),
                    (1, "2025-01-06 09:00:00,2025-01-06 10:00:00,question"),
                    (1, "2025-01-06 09:00:00,2025-01-06 10:00:00,"),
                ],
                expected: &[("", Some(172_800.0))],
                ..Example::NONE
            },
            Example {
                title: "a day after its escalation; the other one was settled without",
                params: "from = \"escalation\"",
                header: "created_at,escalated_at,solved_at,kind",
                rows: &[
                    (1, "2025-01-06 09:00:00,2025-01-07 09:00:00,2025-01-08 09:00:00,complaint"),
                    (1, "2025-01-06 09:00:00,,2025-01-06 10:00:00,complaint"),
                ],
                expected: &[("", Some(86_400.0))],
                ..Example::NONE
            },
        ],
        references: &[MEAN_INTERVAL, QUANTILE_INTERVAL, QUANTILE, SHARE_INTERVAL],
    };

    fn define(params: &ComplaintResolutionTimeParams) -> Result<Definition, ParamError> {
        if params.complaint_kinds.is_empty() {
            return Err(ParamError::new("complaint_kinds", "no ticket is a complaint").help("leave it out for the kind `complaint`"));
        }
        let is_complaint = is_one_of(KIND.name, &params.complaint_kinds);
        let source = solved_after_creation(Source::table(TICKETS).at(CREATED_AT).column(CREATED).column(SOLVED)).column(KIND);
        let (source, begins, begun) = match params.from {
            CountedFrom::Filing => (on_clock(source, &params.clock, &[CREATED_AT, SOLVED_AT]), CREATED_AT, is_complaint.clone()),
            CountedFrom::Escalation => {
                let source = source
                    .column(ESCALATED)
                    .rule("`escalated_at` is before `created_at`", col(ESCALATED.name).gt_eq(col(CREATED_AT)))
                    .rule("`solved_at` is before `escalated_at`", col(SOLVED_AT).gt_eq(col(ESCALATED.name)));
                let begun = is_complaint.clone().and(col(ESCALATED.name).is_not_null());
                (on_clock(source, &params.clock, &[ESCALATED.name, SOLVED_AT]), ESCALATED.name, begun)
            }
        };
        let seconds = when(begun.clone()).then(params.clock.seconds_between(col(begins), col(SOLVED_AT))).otherwise(lit(NULL));
        let mut definition = Definition::over(source)
            .expects(KIND.name, "complaint_kinds", &params.complaint_kinds)
            .measure(count("open").filter(begun.and(col(SOLVED_AT).is_null())));
        if params.from == CountedFrom::Escalation {
            definition =
                definition.measure(count("not_escalated").filter(is_complaint.and(col(ESCALATED.name).is_null()))).note("from escalation");
        }
        let reported = Reported { statistic: params.statistic, within_seconds: params.within_seconds, approximate: params.approximate };
        reported.measure(noted(definition, &params.clock), "resolution", "solved", &seconds)
    }
}

register_metric!(ComplaintResolutionTime);
