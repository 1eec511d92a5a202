//! Repeat contact rate: customers who have to ask again.

use std::num::NonZeroU16;

use custometer_core::prelude::*;
use custometer_core::time::BUCKET;
use polars::prelude::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::durations::SHARE_INTERVAL;
use crate::tables::{CREATED, CREATED_AT, TICKETS};

/// Parameters of [`RepeatContactRate`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RepeatContactRateParams {
    /// Within how many local days another ticket is a repeated contact.
    pub within_days: NonZeroU16,
}

const CUSTOMER_ID: &str = "customer_id";

/// `support.repeat_contact_rate`: do customers have to ask again?
pub struct RepeatContactRate;

impl Metric for RepeatContactRate {
    type Params = RepeatContactRateParams;

    const ABOUT: &'static About = &About {
        id: "support.repeat_contact_rate",
        title: "Repeat contact rate",
        summary: "The share of the customers who contacted support in a bucket and did so again within some days.",
        formula: "100 · customers with a ticket in the bucket that another one follows within `within_days` / customers with a ticket in the \
                  bucket",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::LowerIsBetter,
        edge_cases: &[
            "No customer: undefined.",
            "The ticket that follows may be in a later bucket, and after the report's period, but not after the as-of date.",
            "Tickets whose days are not over at the as-of date are left out, followed or not. Customers who have no other ticket in the bucket \
             are counted as `too_recent`. Without an as-of date, the end of the report's period counts, or that of the data.",
            "A ticket exactly so many days later, at the same local time, is within them, and so is one at the same instant.",
            "In a breakdown, a customer belongs to every group they have tickets in, and only the tickets in it count there.",
            "A ticket without a customer is rejected.",
        ],
        examples: &[Example {
            title: "of two customers one asks again within seven days; it is too early to tell of a third",
            report: "as_of = 2025-02-01",
            params: "within_days = 7",
            header: "customer_id,created_at",
            rows: &[(1, "a,2025-01-06"), (1, "a,2025-01-13"), (1, "b,2025-01-06"), (1, "b,2025-01-14"), (2, "c,2025-01-30")],
            expected: &[("", Some(50.0))],
        }],
        references: &[SHARE_INTERVAL],
    };

    fn define(params: &RepeatContactRateParams) -> Result<Definition, ParamError> {
        let customer = Column::identifier(CUSTOMER_ID).also_called(names::CUSTOMER).describe("whose ticket it is");
        let is_known = || col("is_known").eq(lit(1));
        Ok(Definition::over(Source::table(TICKETS).always_at(CREATED_AT).column(customer).column(CREATED))
            .derive(RepeatContacts { within_days: params.within_days })
            .measure(count("repeat_customers").filter(col("is_repeat").eq(lit(1))))
            .measure(count("customers").filter(is_known()))
            .measure(count("too_recent").filter(is_known().not()))
            .value(Value::proportion("repeat_customers", "customers")))
    }
}

/// Tickets → customers by bucket: whether the days after one of their tickets are over, and whether another one followed in them.
#[derive(Debug)]
struct RepeatContacts {
    within_days: NonZeroU16,
}

impl Derive for RepeatContacts {
    fn entity(&self) -> &'static str {
        CUSTOMER_ID
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::PartOfEntity
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let known_until = context.known_until();
        let deadline = context.clock.days_later(col(CREATED_AT), self.within_days.get().into());
        let columns = [col(CREATED_AT).cast(DataType::Int64), deadline.cast(DataType::Int64), col(BUCKET)];
        let customers = Entities::in_groups(rows, CUSTOMER_ID, context).integers(columns);
        Ok(customers.derive("repeat_contacts", [BUCKET, "is_known", "is_repeat"], [], move |customer, derived| {
            let [times, deadlines, buckets] = customer.integers();
            let mut first = 0;
            for tickets in buckets.chunk_by(|one, next| one == next) {
                let mut known = (first..first + tickets.len()).filter(|row| deadlines[*row] < known_until).peekable();
                let is_known = known.peek().is_some();
                let is_repeat = known.any(|row| times.get(row + 1).is_some_and(|next| *next <= deadlines[row]));
                derived.push(customer, [tickets[0], i64::from(is_known), i64::from(is_repeat)], []);
                first += tickets.len();
            }
        }))
    }
}

register_metric!(RepeatContactRate);
