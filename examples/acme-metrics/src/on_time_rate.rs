//! On-time delivery rate.

use custometer_core::polars::prelude::DataType;
use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tables::{DELIVERED, DELIVERED_AT, PARCELS, PROMISED, PROMISED_AT};

/// Parameters of [`OnTimeRate`].
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OnTimeRateParams {
    /// How many hours after its promise a parcel is still on time.
    pub grace_hours: u32,
}

/// `acme.on_time_rate`: do parcels arrive when we said?
pub struct OnTimeRate;

impl Metric for OnTimeRate {
    type Params = OnTimeRateParams;

    const ABOUT: &'static About = &About {
        id: "acme.on_time_rate",
        title: "On-time delivery rate",
        summary: "The share of parcels that arrived by the time they were promised for.",
        formula: "100 · parcels with delivered_at ≤ promised_at + `grace_hours` / parcels promised",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No parcel promised for the bucket: undefined.",
            "A parcel that has not arrived is not on time. What is promised for after the as-of date is in a partial bucket.",
            "A parcel that was promised for no time is rejected.",
        ],
        examples: &[
            Example {
                title: "in time, on the dot, late, and lost",
                header: "promised_at,delivered_at",
                rows: &[
                    (1, "2025-01-03 18:00:00,2025-01-02 10:00:00"),
                    (1, "2025-01-03 18:00:00,2025-01-03 18:00:00"),
                    (1, "2025-01-03 18:00:00,2025-01-03 18:01:00"),
                    (1, "2025-01-03 18:00:00,"),
                ],
                expected: &[("", Some(50.0))],
                ..Example::NONE
            },
            Example {
                title: "an hour late, with two hours of grace",
                params: "grace_hours = 2",
                header: "promised_at,delivered_at",
                rows: &[(1, "2025-01-03 18:00:00,2025-01-03 19:00:00"), (1, "2025-01-03 18:00:00,2025-01-03 21:00:00")],
                expected: &[("", Some(50.0))],
                ..Example::NONE
            },
            Example { title: "nothing promised", header: "promised_at,delivered_at", rows: &[], expected: &[("", None)], ..Example::NONE },
        ],
        references: &["E. B. Wilson, JASA 22 (1927), for the interval"],
    };

    fn define(params: &OnTimeRateParams) -> Result<Definition, ParamError> {
        // Times are microseconds since 1970.
        let grace = i64::from(params.grace_hours) * 3_600_000_000;
        let at = |time: &str| col(time).cast(DataType::Int64);
        let is_on_time = at(DELIVERED_AT).lt_eq(at(PROMISED_AT) + lit(grace));
        let parcels = Source::table(PARCELS).at(PROMISED_AT).column(PROMISED).column(DELIVERED);
        Ok(Definition::over(parcels)
            .measure(count("on_time").filter(is_on_time))
            .measure(count("parcels"))
            .value(Value::proportion("on_time", "parcels")))
    }
}

register_metric!(OnTimeRate);
