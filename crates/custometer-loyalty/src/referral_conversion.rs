//! Referral conversion: recommendations that made a customer.

use std::num::NonZeroU16;

use custometer_core::Column;
use custometer_core::prelude::*;
use polars::prelude::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tables::{CONVERTED_AT, REFERRALS, TIME};

/// Parameters of [`ReferralConversion`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReferralConversionParams {
    /// How long a referral has to convert, in local days. Without it, until the data end: old ones then have had longer than young ones.
    pub within_days: Option<NonZeroU16>,
}

const REFERRER_ID: &str = "referrer_id";

/// `loyalty.referral_conversion`: how many recommendations make a customer?
pub struct ReferralConversion;

impl Metric for ReferralConversion {
    type Params = ReferralConversionParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.referral_conversion",
        title: "Referral conversion",
        summary: "The share of referrals that made a new customer.",
        formula: "100 · converted referrals / referrals, by the bucket of the referral. With `within_days`: converted within so many days / \
                  referrals that have had so many days",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No referral: undefined.",
            "A conversion on or after the as-of date is not known yet: the referral has not converted.",
            "With `within_days`, referrals that have not had so many days by the as-of date are left out, converted or not, and counted as \
             `too_young`. Without an as-of date, the end of the report's period counts, or that of the data.",
            "A conversion exactly so many days later, at the same local time, is within them.",
            "Without `within_days`, a referral converts whenever it does, and the youngest ones have had the least time to.",
            "A conversion before its referral, and a referral without a referrer, are rejected.",
        ],
        examples: &[
            Example {
                title: "two of five",
                header: "referrer_id,time,converted_at",
                rows: &[(2, "a{i},2025-01-06,2025-03-07"), (3, "b{i},2025-01-08,")],
                expected: &[("", Some(40.0))],
                ..Example::NONE
            },
            Example {
                title: "four that have had thirty days, of which one converted in them; one that has not",
                report: "as_of = 2025-03-01",
                params: "within_days = 30",
                header: "referrer_id,time,converted_at",
                rows: &[
                    (1, "a,2025-01-06,2025-02-05"),
                    (1, "a,2025-01-06,2025-02-06"),
                    (1, "b,2025-01-29,2025-03-01"),
                    (1, "b,2025-01-08,"),
                    (1, "c,2025-02-20,2025-02-21"),
                ],
                expected: &[("", Some(25.0))],
            },
        ],
        references: &["E. B. Wilson, JASA 22 (1927), for the interval"],
    };

    fn define(params: &ReferralConversionParams) -> Result<Definition, ParamError> {
        let source = Source::table(REFERRALS)
            .column(
                Column::identifier(REFERRER_ID)
                    .also_called(
                        "referrer, referred by, referring customer, referring customer id, inviter id, inviter, invited by, advocate \
                 id, advocate, sender id, recommender, anbefaler, anbefalet af, henviser, anbefalt av, rekommenderad av, \
                 vaervad av, empfehlender, empfohlen von",
                    )
                    .describe("who recommended"),
            )
            .column(Column::time(TIME).also_called(names::TIME).describe("when they recommended"))
            .column(
                Column::time(CONVERTED_AT)
                    .also_called(
                        "converted, conversion date, conversion time, converted on, accepted at, redeemed at, became customer at, \
                 signed up at, konverteret, konverteret den, konvertert, konverterad, konvertiert, konvertiert am",
                    )
                    .nulls(NullRule::Keep)
                    .describe("when it made a customer; missing while it has not"),
            )
            .rule("`converted_at` is before `time`", col(CONVERTED_AT).gt_eq(col(TIME)));
        // Who is too young is known only where the data end somewhere.
        let source = if params.within_days.is_some() { source.always_at(TIME) } else { source.at(TIME) };
        let definition = Definition::over(source)
            .derive(Conversions { within_days: params.within_days })
            .measure(count("converted").filter(col("is_converted").and(col("is_too_young").not())))
            .measure(count("referrals").filter(col("is_too_young").not()))
            .measure(count("too_young").filter(col("is_too_young")))
            .value(Value::proportion("converted", "referrals"));
        Ok(match params.within_days {
            Some(days) => definition.note(format!("converted within {days} days, of those that have had them")),
            None => definition,
        })
    }
}

/// Referrals → the same, with what is known of them at the as-of date.
#[derive(Debug)]
struct Conversions {
    within_days: Option<NonZeroU16>,
}

impl Derive for Conversions {
    fn entity(&self) -> &'static str {
        REFERRER_ID
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::Attribute
    }

    fn buckets(&self) -> BucketRule {
        BucketRule::Nothing
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let instant = |time: Expr| time.cast(DataType::Int64);
        let converted_at = || instant(col(CONVERTED_AT));
        let days = self.within_days.map_or(0, |days| u32::from(days.get()));
        let deadline = || instant(context.clock.days_later(col(TIME), days));
        let mut is_converted = col(CONVERTED_AT).is_not_null();
        if self.within_days.is_some() {
            is_converted = is_converted.and(converted_at().lt_eq(deadline()));
        }
        if let Some(as_of) = context.as_of {
            is_converted = is_converted.and(converted_at().lt(lit(as_of)));
        }
        let is_too_young = deadline().gt_eq(lit(context.known_until()));
        Ok(rows.with_columns([is_converted.alias("is_converted"), is_too_young.alias("is_too_young")]))
    }
}

register_metric!(ReferralConversion);
