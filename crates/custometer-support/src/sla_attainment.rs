//! SLA attainment: promises kept.

use std::collections::BTreeMap;

use custometer_core::prelude::*;
use custometer_core::time::Clock;
use polars::prelude::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::as_of::{AsOf, KNOWN_UNTIL, has_happened};
use crate::shared::durations::{SHARE_INTERVAL, noted, on_clock};
use crate::tables::{CREATED, CREATED_AT, FIRST_REPLIED, FIRST_REPLIED_AT, SOLVED, SOLVED_AT, TICKETS, solved_after_creation};

/// Parameters of [`SlaAttainment`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlaAttainmentParams {
    /// What is promised: that tickets are answered, or that they are solved.
    #[serde(rename = "for")]
    pub promise: Promise,
    /// How many minutes it may take, by the values of the column: `{ urgent = 60, normal = 480 }`.
    pub target_minutes: BTreeMap<String, f64>,
    /// The column that decides a ticket's target.
    #[serde(default = "priority")]
    pub column: String,
    /// Which time counts: `calendar` for all of it, or the name of one of the report's calendars for its opening hours.
    #[serde(default)]
    pub clock: Clock,
}

fn priority() -> String {
    "priority".to_owned()
}

/// What is promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Promise {
    /// An answer, `first_replied_at`.
    FirstResponse,
    /// A solution, `solved_at`.
    Resolution,
}

const TICKETS_OF_A_DAY: &[(usize, &str)] = &[
    (2, "2025-01-06 09:00:00,2025-01-06 10:00:00,urgent"),
    (1, "2025-01-06 09:00:00,2025-01-06 10:00:01,urgent"),
    (1, "2025-01-06 09:00:00,,urgent"),
    (1, "2025-01-06 09:00:00,2025-01-07 09:00:00,low"),
    (1, "2025-01-31 23:30:00,,urgent"),
    (1, "2025-01-06 09:00:00,2025-01-06 09:00:01,"),
];

/// `support.sla_attainment`: are promises kept?
pub struct SlaAttainment;

impl Metric for SlaAttainment {
    type Params = SlaAttainmentParams;

    const ABOUT: &'static About = &About {
        id: "support.sla_attainment",
        title: "SLA attainment",
        summary: "The share of tickets that were answered, or solved, within the target of their priority.",
        formula: "100 · met / (met + missed), over the tickets created in the bucket. Met: answered or solved in at most the target; missed: \
                  later than that, or not yet and the target is past",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No ticket that met or missed its target: undefined.",
            "A ticket that is still open is a miss when its target is past at the as-of date; until then it is left out and counted as \
             `pending`. Without an as-of date, the end of the report's period counts, or that of the data.",
            "What happened on or after the as-of date is not known yet.",
            "Tickets whose value has no target, or that have no value, are left out and counted as `without_target`.",
            "met + missed + pending + without_target are all tickets of the bucket.",
            "A reply or a solution before the ticket's creation is rejected.",
        ],
        examples: &[
            Example {
                title: "three of five: a second too late is a miss, and so is no answer; half an hour is not over yet, and no priority has no target",
                report: "as_of = 2025-02-01",
                params: "for = \"first_response\"\ntarget_minutes = { urgent = 60, low = 1440 }",
                header: "created_at,first_replied_at,priority",
                rows: TICKETS_OF_A_DAY,
                expected: &[("", Some(60.0))],
            },
            Example {
                title: "the same of solutions, by another column that has a target for one value only",
                report: "as_of = 2025-02-01",
                params: "for = \"resolution\"\ncolumn = \"plan\"\ntarget_minutes = { urgent = 60 }",
                header: "created_at,solved_at,plan",
                rows: TICKETS_OF_A_DAY,
                expected: &[("", Some(50.0))],
            },
        ],
        references: &[SHARE_INTERVAL],
    };

    fn define(params: &SlaAttainmentParams) -> Result<Definition, ParamError> {
        let decided_by = Column::name_from(&params.column);
        let target = target_seconds(params, decided_by)?;
        let source = Source::table(TICKETS).always_at(CREATED_AT).column(CREATED);
        let (source, done_at, promise) = match params.promise {
            Promise::FirstResponse => {
                let in_order = col(FIRST_REPLIED_AT).gt_eq(col(CREATED_AT));
                let source = source.column(FIRST_REPLIED).rule("`first_replied_at` is before `created_at`", in_order);
                (source, FIRST_REPLIED_AT, "first response")
            }
            Promise::Resolution => (solved_after_creation(source.column(SOLVED)), SOLVED_AT, "resolution"),
        };
        let decides = Column::text(decided_by).nulls(NullRule::Keep).describe("what decides the target, named by `column`");
        let is_done = has_happened(done_at);
        let judged_at = when(is_done.clone()).then(col(done_at).cast(DataType::Int64)).otherwise(col(KNOWN_UNTIL));
        let taken = params.clock.seconds_between(col(CREATED_AT), judged_at);
        // Null, and so neither of the three, where there is no target.
        let is_late = taken.gt(target.clone());
        let met = is_done.clone().and(is_late.clone().not());
        let definition = Definition::over(on_clock(source.column(decides), &params.clock, &[CREATED_AT, done_at]))
            .expects(decided_by, "target_minutes", params.target_minutes.keys())
            .derive(AsOf::default())
            .measure(count("met").filter(met.clone()))
            .measure(count("missed").filter(is_late.clone()))
            .measure(count("judged").filter(met.or(is_late.clone())))
            .measure(count("pending").filter(is_done.not().and(is_late.not())))
            .measure(count("without_target").filter(target.is_null()))
            .value(Value::proportion("met", "judged"))
            .note(format!("{promise}, by `{}`", params.column));
        Ok(noted(definition, &params.clock))
    }
}

/// The target of a row; null where its value has none.
fn target_seconds(params: &SlaAttainmentParams, decided_by: &str) -> Result<Expr, ParamError> {
    if params.target_minutes.is_empty() {
        return Err(ParamError::new("target_minutes", "no ticket has a target").help("give some: `target_minutes = { urgent = 60 }`"));
    }
    let mut target = lit(NULL).cast(DataType::Float64);
    for (value, minutes) in &params.target_minutes {
        if *minutes <= 0.0 || !minutes.is_finite() {
            return Err(ParamError::new("target_minutes", format!("{minutes} minutes is not a target for `{value}`")));
        }
        target = when(col(decided_by).eq(lit(value.as_str()))).then(lit(minutes * 60.0)).otherwise(target);
    }
    Ok(target)
}

register_metric!(SlaAttainment);
