//! SLA attainment: promises kept.

use std::collections::BTreeMap;

use custometer_core::prelude::*;
use custometer_core::time::Clock;
use custometer_core::words;
use polars::prelude::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::as_of::{AsOf, KNOWN_UNTIL, has_happened};
use crate::shared::durations::{SHARE_INTERVAL, noted, on_clock};
use crate::shared::history::{self, BEGAN_SOLVED, Reopened};
use crate::shared::status_times::{IS_SOLVED, NO_TARGET, OPEN, StatusTimes, Statuses, TARGET};
use crate::tables::{
    CREATED, CREATED_AT, FIRST_REPLIED, FIRST_REPLIED_AT, SOLVED, SOLVED_AT, TICKET_ID, TICKETS, TIME, TicketBasis, solved_after_creation,
};

/// Parameters of [`SlaAttainment`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlaAttainmentParams {
    /// What is promised: that tickets are answered, or that they are solved.
    #[serde(rename = "for")]
    pub promise: Promise,
    /// Where targets stand.
    #[serde(default)]
    pub targets: Targets,
    /// How many minutes it may take, by the values of the column: `{ urgent = 60, normal = 480 }`. Left out with `targets = "column"`.
    #[serde(default)]
    pub target_minutes: BTreeMap<String, f64>,
    /// The column that decides a ticket's target; `priority` unless said.
    #[serde(default)]
    pub column: Option<String>,
    /// Where the table says when tickets were solved.
    #[serde(default)]
    pub basis: TicketBasis,
    /// The statuses that mean solved; with `basis = "history"` only. `solved` and `closed` unless said.
    #[serde(default)]
    pub solved_statuses: Option<Vec<String>>,
    /// The statuses in which the clock stands still, such as `["pending"]`; with `basis = "history"` only. None unless said.
    #[serde(default)]
    pub paused_statuses: Vec<String>,
    /// What a ticket is that is reopened; with `basis = "history"` only.
    #[serde(default)]
    pub reopened: Reopened,
    /// Which time counts: `calendar` for all of it, the name of one of the report's calendars for its opening hours, or `{ column = "…" }` for those
    /// of the calendar that each row names.
    #[serde(default)]
    pub clock: Clock,
}

/// Where targets stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Targets {
    /// In `target_minutes`, by the values of a column.
    #[default]
    Given,
    /// In the column `target_seconds`, each row's own.
    Column,
}

const TARGET_SECONDS: Column = Column::number(TARGET)
    .between(0.0, f64::INFINITY)
    .unit(Unit::Seconds)
    .nulls(NullRule::Keep)
    .describe("how long it may take; missing where there is no target. Read with `targets = \"column\"`")
    .also_called(
        "target, sla target, sla seconds, target duration, sla duration, allowed seconds, time allowed, maal, sla maal, frist sekunder, ziel, sla ziel",
    );

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
            "met + missed + pending + without_target are all tickets of the bucket; of a history, with those that are counted as `began_solved`: a ticket \
             whose first row means solved has no known creation.",
            "With `basis = \"history\"`, time after a solution and before the reopening does not count, and neither does time in `paused_statuses`: with \
             `[\"pending\"]` it is the requester's wait, with those on hold too the agents' work.",
            "With `basis = \"history\"`, the target is the last that a row of the ticket names until it is solved, or by now; a row without one changes \
             nothing, and a value without a target takes it away. A ticket of which a row is rejected is rejected as a whole.",
            "With `reopened = \"starts_anew\"`, each reopening is a promise of its own, in the bucket and groups of the row that reopens the ticket.",
            "A reply or a solution before the ticket's creation is rejected, and so is a target below 0.",
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
            Example {
                title: "targets of their own: an hour is kept, half an hour is not",
                params: "for = \"first_response\"\ntargets = \"column\"",
                header: "created_at,first_replied_at,target_seconds",
                rows: &[
                    (1, "2025-01-06 09:00:00,2025-01-06 10:00:00,3600"),
                    (1, "2025-01-06 09:00:00,2025-01-06 10:00:00,1800"),
                    (1, "2025-01-06 09:00:00,2025-01-06 10:00:00,"),
                ],
                expected: &[("", Some(50.0))],
                ..Example::NONE
            },
            Example {
                title: "two hours of work in a day, of which the customer had the rest; then an hour and a half after a reopening, too long for urgent",
                report: "as_of = 2025-02-01",
                params: "for = \"resolution\"\nbasis = \"history\"\npaused_statuses = [\"pending\"]\nreopened = \"starts_anew\"\n\
                    target_minutes = { normal = 120, urgent = 60 }",
                header: "ticket_id,time,status,priority",
                rows: &[
                    (1, "a,2025-01-06 09:00:00,new,normal"),
                    (1, "a,2025-01-06 10:00:00,pending,"),
                    (1, "a,2025-01-07 10:00:00,open,"),
                    (1, "a,2025-01-07 11:00:00,solved,"),
                    (1, "a,2025-01-08 10:00:00,open,urgent"),
                    (1, "a,2025-01-08 11:30:00,solved,"),
                ],
                expected: &[("", Some(50.0))],
            },
        ],
        references: &[SHARE_INTERVAL],
    };

    fn define(params: &SlaAttainmentParams) -> Result<Definition, ParamError> {
        let targets = TargetsOf::new(params)?;
        match params.basis {
            TicketBasis::Tickets => of_tickets(params, &targets),
            TicketBasis::History => of_history(params, &targets),
        }
    }
}

fn of_tickets(params: &SlaAttainmentParams, targets: &TargetsOf) -> Result<Definition, ParamError> {
    history::no_statuses(params.solved_statuses.as_ref())?;
    history::no_reopening(params.reopened)?;
    if !params.paused_statuses.is_empty() {
        return Err(ParamError::new("paused_statuses", "a table of tickets does not say in which status they were when")
            .help("leave it out, or take `basis = \"history\"`"));
    }
    let source = Source::table(TICKETS).always_at(CREATED_AT).column(CREATED);
    let (source, done_at, promise) = match params.promise {
        Promise::FirstResponse => {
            let in_order = col(FIRST_REPLIED_AT).gt_eq(col(CREATED_AT));
            let source = source.column(FIRST_REPLIED).rule("`first_replied_at` is before `created_at`", in_order);
            (source, FIRST_REPLIED_AT, "first response")
        }
        Promise::Resolution => (solved_after_creation(source.column(SOLVED)), SOLVED_AT, "resolution"),
    };
    let is_done = has_happened(done_at);
    let judged_at = when(is_done.clone()).then(col(done_at).cast(DataType::Int64)).otherwise(col(KNOWN_UNTIL));
    let taken = params.clock.seconds_between(col(CREATED_AT), judged_at);
    let source = on_clock(source.column(targets.column.clone()), &params.clock, &[CREATED_AT, done_at]);
    let definition = targets.expecting(Definition::over(source), params).derive(AsOf::default());
    Ok(noted(judged(definition, &is_done, &taken, &targets.seconds).note(format!("{promise}, {}", targets.note)), &params.clock))
}

fn of_history(params: &SlaAttainmentParams, targets: &TargetsOf) -> Result<Definition, ParamError> {
    if params.promise == Promise::FirstResponse {
        return Err(ParamError::new("for", "a history of statuses does not say when tickets were answered")
            .help("take `for = \"resolution\"`, or `basis = \"tickets\"`"));
    }
    let solved = history::statuses(params.solved_statuses.as_ref())?;
    words::refuse_ambiguous(&[("solved_statuses", &solved), ("paused_statuses", &params.paused_statuses)])?;
    let source = history::source().always_at(TIME).column(targets.column.clone()).all_or_none(TICKET_ID);
    let source = on_clock(source, &params.clock, &[TIME]);
    let definition = history::expecting(Definition::over(source), params.solved_statuses.as_ref());
    let definition = definition.expects(history::STATUS.name, "paused_statuses", &params.paused_statuses);
    // A value that has no target takes away the one before, and a row without a value says nothing.
    let target = when(col(targets.column.name).is_null()).then(lit(f64::NAN)).otherwise(targets.seconds.clone().fill_null(lit(NO_TARGET)));
    let times = StatusTimes {
        statuses: Statuses { pending: params.paused_statuses.clone(), on_hold: Vec::new(), solved },
        reopened: params.reopened,
        clock: params.clock.clone(),
        target: Some(target),
    };
    let known = || col(BEGAN_SOLVED).eq(lit(0));
    let definition = targets.expecting(definition, params).derive(times).measure(count("began_solved").filter(known().not()));
    // Null, and so none of the four, where the creation is not known.
    let [is_done, taken] = [col(IS_SOLVED).eq(lit(1)), col(OPEN)].map(|of| when(known()).then(of).otherwise(lit(NULL)));
    let target = when(known()).then(col(TARGET)).otherwise(lit(f64::NAN));
    let definition = judged(definition, &is_done, &taken, &target).note(format!("resolution, {}", targets.note));
    let definition = match params.paused_statuses.as_slice() {
        [] => definition,
        paused => {
            definition.note(format!("without time in {}", paused.iter().map(|status| format!("`{status}`")).collect::<Vec<_>>().join(", ")))
        }
    };
    Ok(history::noted(noted(definition, &params.clock), params.reopened))
}

/// The measures and the value of promises: whether they are fulfilled, how many seconds that took, or has taken by now, and how many it may take. The
/// last is null where there is no target.
fn judged(definition: Definition, is_done: &Expr, taken: &Expr, target: &Expr) -> Definition {
    let is_done = || is_done.clone();
    // Null, and so neither of the three, where there is no target.
    let is_late = || taken.clone().gt(target.clone());
    let met = || is_done().and(is_late().not());
    definition
        .measure(count("met").filter(met()))
        .measure(count("missed").filter(is_late()))
        .measure(count("judged").filter(met().or(is_late())))
        .measure(count("pending").filter(is_done().not().and(is_late().not())))
        .measure(count("without_target").filter(target.clone().is_null()))
        .value(Value::proportion("met", "judged"))
}

/// What a report says of targets.
struct TargetsOf {
    /// The column that they stand in, or that decides them.
    column: Column,
    /// The target of a row in seconds; null where it has none.
    seconds: Expr,
    /// How a note calls them.
    note: String,
}

impl TargetsOf {
    fn new(params: &SlaAttainmentParams) -> Result<Self, ParamError> {
        if params.targets == Targets::Column {
            let given = [("target_minutes", !params.target_minutes.is_empty()), ("column", params.column.is_some())];
            if let Some((param, _)) = given.into_iter().find(|(_, given)| *given) {
                return Err(
                    ParamError::new(param, "each row says its own target").help("leave it out, or leave out `targets = \"column\"`")
                );
            }
            return Ok(Self { column: TARGET_SECONDS, seconds: col(TARGET), note: "by each row's own target".to_owned() });
        }
        if params.target_minutes.is_empty() {
            return Err(ParamError::new("target_minutes", "no ticket has a target")
                .help("give some: `target_minutes = { urgent = 60 }`, or read them of each row: `targets = \"column\"`"));
        }
        let decided_by = params.column.as_deref().unwrap_or("priority");
        let name = Column::name_from(decided_by);
        let mut seconds = lit(NULL).cast(DataType::Float64);
        for (value, minutes) in &params.target_minutes {
            if *minutes <= 0.0 || !minutes.is_finite() {
                return Err(ParamError::new("target_minutes", format!("{minutes} minutes is not a target for `{value}`")));
            }
            seconds = when(col(name).eq(lit(value.as_str()))).then(lit(minutes * 60.0)).otherwise(seconds);
        }
        let column = Column::text(name).nulls(NullRule::Keep).describe("what decides the target, named by `column`");
        Ok(Self { column, seconds, note: format!("by `{decided_by}`") })
    }

    /// The definition, which says so when no row has a value with a target.
    fn expecting(&self, definition: Definition, params: &SlaAttainmentParams) -> Definition {
        match params.targets {
            Targets::Given => definition.expects(self.column.name, "target_minutes", params.target_minutes.keys()),
            Targets::Column => definition,
        }
    }
}

register_metric!(SlaAttainment);
