//! Abandonment rate: callers who give up.

use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::calls::{CallBasis, is_short_abandon};
use crate::shared::durations::SHARE_INTERVAL;

/// Parameters of [`AbandonmentRate`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AbandonmentRateParams {
    /// Where the table says which calls were answered.
    pub basis: CallBasis,
    /// Whether calls count that were abandoned so soon that nobody could have answered.
    pub short_abandons: ShortAbandons,
}

/// Whether calls count that were abandoned so soon that nobody could have answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShortAbandons {
    /// They count as abandoned and as offered.
    #[default]
    Include,
    /// They count as neither. The column `is_short_abandon` says which they are.
    Exclude,
}

/// `support.abandonment_rate`: how many give up?
pub struct AbandonmentRate;

impl Metric for AbandonmentRate {
    type Params = AbandonmentRateParams;

    const ABOUT: &'static About = &About {
        id: "support.abandonment_rate",
        title: "Abandonment rate",
        summary: "The share of calls and chats whose callers gave up before they were answered.",
        formula: "100 · abandoned / offered calls; with `short_abandons = \"exclude\"`, without the short ones in both numbers",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::LowerIsBetter,
        edge_cases: &[
            "No call: undefined.",
            "With `short_abandons = \"exclude\"`, an answered call that is marked as a short abandon is rejected, and so is an abandoned \
             one without that mark.",
        ],
        examples: &[
            Example {
                title: "100 of 400",
                header: "is_answered,is_short_abandon",
                rows: &[(300, "yes,"), (50, "no,yes"), (50, "no,no")],
                expected: &[("", Some(25.0))],
                ..Example::NONE
            },
            Example {
                title: "without 50 short ones: 50 of 350",
                params: "short_abandons = \"exclude\"",
                header: "is_answered,is_short_abandon",
                rows: &[(300, "yes,"), (50, "no,yes"), (50, "no,no")],
                expected: &[("", Some(100.0 / 7.0))],
                ..Example::NONE
            },
        ],
        references: &[SHARE_INTERVAL],
    };

    fn define(params: &AbandonmentRateParams) -> Result<Definition, ParamError> {
        let source = params.basis.source();
        let abandoned = count("abandoned").filter(params.basis.is_answered().not());
        let value = Value::proportion("abandoned", "offered");
        Ok(match params.short_abandons {
            ShortAbandons::Include => Definition::over(source).measure(abandoned).measure(count("offered")).value(value),
            ShortAbandons::Exclude => Definition::over(params.basis.with_short_abandons(source))
                .measure(abandoned.filter(is_short_abandon().not()))
                .measure(count("offered").filter(is_short_abandon().not()))
                .measure(count("short_abandons").filter(is_short_abandon()))
                .value(value)
                .note("without short abandons"),
        })
    }
}

register_metric!(AbandonmentRate);
