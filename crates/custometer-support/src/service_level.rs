//! Service level: calls that are answered soon enough.

use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::calls::{self, CallBasis, is_short_abandon, time_in_queue};
use crate::shared::durations::SHARE_INTERVAL;

/// Parameters of [`ServiceLevel`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceLevelParams {
    /// The longest wait, inclusive, that is soon enough.
    pub target_seconds: f64,
    /// What the calls that were answered in time are divided by.
    pub formula: RowFormula,
    /// Where the table says which calls were answered, and how long they waited.
    pub basis: CallBasis,
}

impl Default for ServiceLevelParams {
    fn default() -> Self {
        Self { target_seconds: 20.0, formula: RowFormula::default(), basis: CallBasis::default() }
    }
}

/// What the calls that were answered in time are divided by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RowFormula {
    /// All calls, answered or abandoned.
    #[default]
    Offered,
    /// Answered calls: abandoned ones do no harm.
    Handled,
    /// All calls but those that were abandoned so soon that nobody could have answered, as the column `is_short_abandon` says.
    OfferedLessShort,
    /// Answered calls, and those that were abandoned after the target. The column `wait_seconds` says after how long.
    AnsweredPlusLateAbandons,
}

impl RowFormula {
    /// The measure that counts what is divided by, and what it is in words.
    fn denominator(self) -> (&'static str, &'static str) {
        match self {
            Self::Offered => ("offered", "offered: of all calls"),
            Self::Handled => ("answered", "handled: of answered calls"),
            Self::OfferedLessShort => ("offered_less_short", "offered_less_short: of all calls but short abandons"),
            Self::AnsweredPlusLateAbandons => {
                ("answered_plus_late_abandons", "answered_plus_late_abandons: of answered calls and those abandoned after the target")
            }
        }
    }
}

const CALLS: &[(usize, &str)] = &[(200, "yes,20,"), (100, "yes,20.5,"), (50, "no,3,yes"), (20, "no,20,no"), (30, "no,60,no")];

/// `support.service_level`: is the phone picked up soon enough?
pub struct ServiceLevel;

impl Metric for ServiceLevel {
    type Params = ServiceLevelParams;

    const ABOUT: &'static About = &About {
        id: "support.service_level",
        title: "Service level",
        summary: "The share of calls and chats that were answered within a target time. \"80/20\" is 80 % within 20 seconds.",
        formula: "100 · calls answered within `target_seconds` / a denominator that `formula` names: all calls, answered calls, all calls less \
                  short abandons, or answered calls and those abandoned after the target",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No call that the formula counts: undefined.",
            "The result's note names the formula: levels by different ones can't be compared.",
            "A wait of exactly the target is within it.",
            "A negative wait, an answered call without one, and an answer before the call came are rejected; so is an abandoned call without what \
             the formula needs to know of it.",
        ],
        examples: &[
            Example {
                title: "200 in time of 400 calls",
                header: "is_answered,wait_seconds,is_short_abandon",
                rows: CALLS,
                expected: &[("", Some(50.0))],
                ..Example::NONE
            },
            Example {
                title: "of 300 answered calls",
                params: "formula = \"handled\"",
                header: "is_answered,wait_seconds,is_short_abandon",
                rows: CALLS,
                expected: &[("", Some(200.0 / 3.0))],
                ..Example::NONE
            },
            Example {
                title: "of the 350 that are not short abandons",
                params: "formula = \"offered_less_short\"",
                header: "is_answered,wait_seconds,is_short_abandon",
                rows: CALLS,
                expected: &[("", Some(400.0 / 7.0))],
                ..Example::NONE
            },
            Example {
                title: "of 300 answered calls and 30 that were abandoned after the target",
                params: "formula = \"answered_plus_late_abandons\"",
                header: "is_answered,wait_seconds,is_short_abandon",
                rows: CALLS,
                expected: &[("", Some(2000.0 / 33.0))],
                ..Example::NONE
            },
        ],
        references: &[SHARE_INTERVAL],
    };

    fn define(params: &ServiceLevelParams) -> Result<Definition, ParamError> {
        let ServiceLevelParams { target_seconds, formula, basis } = *params;
        if target_seconds < 0.0 || !target_seconds.is_finite() {
            return Err(ParamError::new("target_seconds", format!("{target_seconds} is not a time to answer in")));
        }
        let source = basis.source_with_waits();
        let source = match (formula, basis) {
            (RowFormula::Offered | RowFormula::Handled, _) => source,
            (RowFormula::OfferedLessShort, _) => basis.with_short_abandons(source),
            (RowFormula::AnsweredPlusLateAbandons, CallBasis::WaitSeconds) => calls::with_waits_of_abandoned(source),
            (RowFormula::AnsweredPlusLateAbandons, CallBasis::AnsweredAt) => {
                return Err(ParamError::new("formula", "`answered_at` does not say when a call was abandoned")
                    .help("take `basis = \"wait_seconds\"`, or another formula"));
            }
        };
        let definition = Definition::over(source)
            .measure(count("answered_in_time").filter(basis.wait().lt_eq(lit(target_seconds))))
            .measure(count("answered").filter(basis.is_answered()))
            .measure(count("abandoned").filter(basis.is_answered().not()));
        let (denominator, words) = formula.denominator();
        let definition = match formula {
            RowFormula::Offered => definition.measure(count(denominator)),
            RowFormula::Handled => definition,
            RowFormula::OfferedLessShort => definition.measure(count(denominator).filter(is_short_abandon().not())),
            RowFormula::AnsweredPlusLateAbandons => {
                definition.measure(count(denominator).filter(basis.is_answered().or(time_in_queue().gt(lit(target_seconds)))))
            }
        };
        Ok(definition.value(Value::proportion("answered_in_time", denominator)).note(format!("within {target_seconds} seconds, {words}")))
    }
}

register_metric!(ServiceLevel);
