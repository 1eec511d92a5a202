//! First-attempt delivery rate: a derivation, from attempts to parcels.

use custometer_core::prelude::*;
use custometer_core::time::BUCKET;

use crate::tables::{ATTEMPTED, ATTEMPTS, OUTCOME, PARCEL, PARCEL_ID, RESULT, TIME};

/// `acme.first_attempt_rate`: does the courier have to come again?
pub struct FirstAttemptRate;

impl Metric for FirstAttemptRate {
    type Params = NoParams;

    const ABOUT: &'static About = &About {
        id: "acme.first_attempt_rate",
        title: "First-attempt delivery rate",
        summary: "The share of parcels that were delivered when the courier came for the first time.",
        formula: "100 · parcels whose first attempt has the outcome `delivered` / parcels with an attempt",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No attempt: undefined.",
            "A parcel counts in the bucket and the groups of its first attempt, whatever came later.",
            "Of two attempts at one instant, the one that failed was the first.",
            "An attempt without a parcel, or of another outcome, is rejected.",
        ],
        examples: &[
            Example {
                title: "one at once, one at the second attempt",
                header: "parcel_id,time,outcome",
                rows: &[
                    (1, "p1,2025-01-02 10:00:00,delivered"),
                    (1, "p2,2025-01-03 12:00:00,delivered"),
                    (1, "p2,2025-01-02 11:00:00,nobody_home"),
                ],
                expected: &[("", Some(50.0))],
                ..Example::NONE
            },
            Example {
                title: "a second attempt in another month",
                report: "from = 2025-01-01\nuntil = 2025-03-01\ngrain = \"month\"",
                header: "parcel_id,time,outcome",
                rows: &[(1, "p1,2025-01-31 10:00:00,nobody_home"), (1, "p1,2025-02-01 10:00:00,delivered")],
                expected: &[("2025-01-01", Some(0.0)), ("2025-02-01", None)],
                ..Example::NONE
            },
        ],
        references: &["E. B. Wilson, JASA 22 (1927), for the interval"],
    };

    fn define(_: &NoParams) -> Result<Definition, ParamError> {
        let attempts = Source::table(ATTEMPTS).at(TIME).column(ATTEMPTED).column(PARCEL).column(RESULT);
        Ok(Definition::over(attempts)
            .derive(FirstAttempts)
            .measure(count("at_once").filter(col("is_delivered").eq(lit(1))))
            .measure(count("parcels"))
            .value(Value::proportion("at_once", "parcels")))
    }
}

/// Attempts → parcels, each in the bucket of its first attempt.
#[derive(Debug)]
struct FirstAttempts;

impl Derive for FirstAttempts {
    fn entity(&self) -> &'static str {
        PARCEL_ID
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::Attribute
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        // The attempts of a parcel come in the order of these columns, the time first.
        let is_delivered = col(OUTCOME).eq(lit("delivered"));
        let attempts = Entities::with_attributes(rows, PARCEL_ID, context).integers([col(TIME), is_delivered, col(BUCKET)]);
        let derived = [BUCKET, "is_delivered"];
        Ok(attempts.derive("first_attempts", derived, [], |parcel, derived| {
            let [_, is_delivered, buckets] = parcel.integers();
            derived.push(parcel, [buckets[0], is_delivered[0]], []);
        }))
    }
}

register_metric!(FirstAttemptRate);
