//! Transit time: a fitted value, from the times that parcels of a group took.

use custometer_core::polars::prelude::DataType;
use custometer_core::prelude::*;
use custometer_core::{Estimate, Evaluate, EvaluateContext, EvaluateError, Evaluation, Group, MeasureRow, Observation};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tables::{DELIVERED, DELIVERED_AT, PARCELS, SHIPPED, SHIPPED_AT};
use crate::weibull::Weibull;

/// Parameters of [`TransitTime`].
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TransitTimeParams {
    /// How many parcels of a hundred are to arrive within the time that is told.
    pub percent: f64,
}

impl Default for TransitTimeParams {
    fn default() -> Self {
        Self { percent: 95.0 }
    }
}

/// `acme.transit_time`: how long do we have to say that it takes?
pub struct TransitTime;

impl Metric for TransitTime {
    type Params = TransitTimeParams;

    const ABOUT: &'static About = &About {
        id: "acme.transit_time",
        title: "Transit time",
        summary: "The time within which most parcels arrive, by a Weibull distribution that is fitted to those that did.",
        formula: "λ · (−ln(1 − `percent` / 100))^(1/k), of the scale λ and shape k with the greatest likelihood",
        unit: Unit::Seconds,
        range: "more than 0",
        direction: Direction::LowerIsBetter,
        edge_cases: &[
            "No parcel delivered: undefined. So is one parcel, or parcels that all took as long: there is nothing to fit, and a note says so.",
            "Times are rounded up to whole hours, so that parcels which took as long are counted and not kept.",
            "A parcel counts in the bucket in which it arrived.",
            "A parcel that has not arrived is in no bucket, and rejected: leave such out with the table's `where`.",
            "A parcel that arrives before it is shipped is rejected.",
        ],
        examples: &[
            Example {
                // By scipy: the shape from optimize.brentq, the quantile from stats.weibull_min.
                title: "10, 20, 30, 40 and 60 hours",
                header: "shipped_at,delivered_at",
                rows: &[
                    (1, "2025-01-01 00:00:00,2025-01-01 10:00:00"),
                    (1, "2025-01-01 00:00:00,2025-01-01 20:00:00"),
                    (1, "2025-01-01 00:00:00,2025-01-02 05:01:00"),
                    (1, "2025-01-01 00:00:00,2025-01-02 16:00:00"),
                    (1, "2025-01-01 00:00:00,2025-01-03 12:00:00"),
                    (1, "2025-01-01 00:00:00,"),
                ],
                expected: &[("", Some(227_468.352_485_797_66))],
                ..Example::NONE
            },
            Example {
                title: "nothing to fit",
                params: "percent = 50",
                header: "shipped_at,delivered_at",
                rows: &[(3, "2025-01-01 00:00:00,2025-01-02 00:00:00")],
                expected: &[("", None)],
                ..Example::NONE
            },
        ],
        references: &["W. Weibull, Journal of Applied Mechanics 18 (1951), for the distribution"],
    };

    fn define(params: &TransitTimeParams) -> Result<Definition, ParamError> {
        if !(params.percent > 0.0 && params.percent < 100.0) {
            let error = ParamError::new("percent", "no distribution ends there");
            return Err(error.help("give a number above 0 and below 100"));
        }
        let parcels = Source::table(PARCELS)
            .at(DELIVERED_AT)
            .column(SHIPPED)
            .column(DELIVERED.nulls(NullRule::Reject))
            .rule("`delivered_at` is not after `shipped_at`", col(DELIVERED_AT).gt(col(SHIPPED_AT)));
        let at = |time: &str| col(time).cast(DataType::Int64);
        let hours = ((at(DELIVERED_AT) - at(SHIPPED_AT)).cast(DataType::Float64) / lit(3.6e9)).ceil();
        Ok(Definition::over(parcels)
            .own_dimension("hours", hours.cast(DataType::Int64))
            .measure(count("parcels"))
            .value(Value::function(Fitted { level: params.percent / 100.0 })))
    }
}

/// The quantile of a distribution that is fitted to how many parcels took how many hours.
#[derive(Debug)]
struct Fitted {
    level: f64,
}

impl Evaluate for Fitted {
    fn measures(&self) -> Vec<&str> {
        vec!["parcels"]
    }

    fn evaluate(&self, group: &Group<'_>, _: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError> {
        let taken = |row: &MeasureRow| Some((row.dimensions.first()?.as_number()?, row.get("parcels")?));
        let hours: Vec<(f64, f64)> = group.rows.iter().filter_map(taken).collect();
        let Some(fit) = Weibull::fit(&hours) else {
            return Err(EvaluateError("a fit needs parcels that took different times".to_owned()));
        };
        let parcels = hours.iter().map(|(_, parcels)| parcels).sum();
        Ok(Evaluation {
            observations: vec![Observation {
                dimensions: Vec::new(),
                estimate: Estimate { value: Some(3600.0 * fit.quantile(self.level)), interval: None, n: Some(parcels) },
                measures: vec![
                    ("parcels".to_owned(), Some(parcels)),
                    ("shape".to_owned(), Some(fit.shape)),
                    ("scale_hours".to_owned(), Some(fit.scale)),
                ],
            }],
            ..Evaluation::default()
        })
    }
}

register_metric!(TransitTime);
