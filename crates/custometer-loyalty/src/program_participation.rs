//! Participation in the loyalty programme.

use std::num::NonZeroU16;
use std::sync::Arc;

use custometer_core::prelude::*;
use custometer_core::time::{BUCKET, index_between};
use polars::prelude::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::customers::{self, IS_MEMBER, PercentOfCustomers};
use crate::tables::{CREATED_AT, CUSTOMER_ID, LAST_ACTIVE_AT};

/// Parameters of [`ProgramParticipation`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProgramParticipationParams {
    /// Only members who were active in so many local days before the bucket's end, as `last_active_at` says. Without it, all members count.
    pub active_within_days: Option<NonZeroU16>,
}

/// `loyalty.program_participation`: how many take part in the loyalty programme?
pub struct ProgramParticipation;

impl Metric for ProgramParticipation {
    type Params = ProgramParticipationParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.program_participation",
        title: "Loyalty programme participation",
        summary: "The share of customers who are members of the loyalty programme, or who are active ones.",
        formula: "100 · members / customers at the bucket's end. With `active_within_days`: 100 · members active in so many days before it / \
                  customers",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No customer: undefined.",
            "Customers at a bucket's end are all that were created before; the table does not know who left.",
            "A bucket that begins on the as-of date or later is undefined, since nothing is known of it.",
            "`is_member` is taken as the table has it now, for earlier buckets too; a row without it is rejected.",
            "`last_active_at` tells of the last time only. A member who was active after a bucket's end may or may not have been active \
             before it: with one such member the bucket is undefined, and `activity_unknown` counts them. So mostly the last bucket has a \
             value, and earlier ones do where nobody has been active since.",
            "Active exactly so many days before the end, at the same local time, is active. Never active: inactive.",
            "A bucket that is not over is taken as it stands on the as-of date.",
            "A member who was active before being created is rejected.",
            "A row without a customer is rejected, and so is every row of a customer who has several.",
        ],
        examples: &[
            Example {
                title: "300 of 1200 are members",
                header: "customer_id,created_at,is_member",
                rows: &[(300, "a{i},2025-01-06,true"), (900, "b{i},2025-02-07,false")],
                expected: &[("", Some(25.0))],
                ..Example::NONE
            },
            Example {
                title: "of three members, one was active in February; how many were in January nobody knows",
                report: "from = 2025-01-01\nuntil = 2025-03-01\ngrain = \"month\"",
                params: "active_within_days = 28",
                header: "customer_id,created_at,is_member,last_active_at",
                rows: &[
                    (1, "a,2024-11-01,true,2025-02-01"),
                    (1, "b,2024-12-01,true,2025-01-31 23:59:59"),
                    (1, "c,2024-12-01,true,"),
                    (1, "d,2024-12-01,false,2025-02-20"),
                ],
                expected: &[("2025-01-01", None), ("2025-02-01", Some(25.0))],
            },
        ],
        references: &["E. B. Wilson, JASA 22 (1927), for the interval"],
    };

    fn define(params: &ProgramParticipationParams) -> Result<Definition, ParamError> {
        let source = customers::source().always_at(CREATED_AT).column(IS_MEMBER);
        let note = "`is_member` is taken as the table has it now";
        let Some(days) = params.active_within_days else {
            return Ok(Definition::over(source)
                .measure(count("members").filter(col(IS_MEMBER.name)).closing())
                .measure(count("customers").closing())
                .value(PercentOfCustomers::share("members").value())
                .note(note));
        };
        let source = source
            .column(
                Column::time(CREATED_AT)
                    .also_called(
                        "created, created on, creation date, date created, oprettet, oprettet den, oprettelsesdato, opprettet, skapad, \
                 erstellt, erstellt am, angelegt",
                    )
                    .describe("when they became a customer"),
            )
            .column(
                Column::time(LAST_ACTIVE_AT)
                    .latest()
                    .also_called(
                        "last active, last activity, last activity at, last seen at, last seen, last login at, last login, last logged \
                 in, last visit, last order date, last purchase, sidst aktiv, sidst set, sidste login, seneste login, sist \
                 aktiv, siste innlogging, senast aktiv, senaste inloggning, zuletzt aktiv, zuletzt gesehen, letzte anmeldung, \
                 letzter login",
                    )
                    .nulls(NullRule::Keep)
                    .describe("when they were last active; missing for never"),
            )
            .rule("`last_active_at` is before `created_at`", col(LAST_ACTIVE_AT).gt_eq(col(CREATED_AT)));
        let stock = |name: &str| sum(name, col(name)).closing();
        let share = PercentOfCustomers { unknown: Some(UNKNOWN), ..PercentOfCustomers::share("active_members") };
        let formula = RowFormula::of(&share.measures(), move |row, group, context| {
            let unknown = row.get(UNKNOWN).unwrap_or(0.0);
            let note = format!("{unknown} members were active after the end: what they did before it, `last_active_at` does not say");
            share.find(row, group, context).note((unknown > 0.0).then_some(note))
        });
        Ok(Definition::over(source)
            .derive(LastActivity { within_days: days.get().into() })
            .measure(stock("active_members"))
            .measure(stock(UNKNOWN))
            .measure(stock("members"))
            .measure(stock("customers"))
            .value(formula.value())
            .note(format!("active in the {days} days before the end; {note}")))
    }
}

/// The measure of members whose only known activity, the last one, was later.
const UNKNOWN: &str = "activity_unknown";

/// Customers → what joining, and being active for the last time, change in the numbers of a bucket's end.
#[derive(Debug)]
struct LastActivity {
    within_days: u32,
}

impl Derive for LastActivity {
    fn entity(&self) -> &'static str {
        CUSTOMER_ID
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::Attribute
    }

    fn buckets(&self) -> BucketRule {
        BucketRule::AtEnd
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let known = |edge: &i64| context.as_of.map_or(*edge, |as_of| as_of.min(*edge));
        let edges: Arc<Vec<i64>> = Arc::new(context.buckets.edges().iter().map(known).collect());
        // The first bucket that ends after an instant; before all for one that never was.
        let ends_after = |time: Expr| index_between(time, Arc::clone(&edges)).cast(DataType::Int64).fill_null(lit(i64::MIN));
        let last = ends_after(col(LAST_ACTIVE_AT));
        let lapse = ends_after(context.clock.days_later(col(LAST_ACTIVE_AT), self.within_days));
        let customers = Entities::with_attributes(rows, CUSTOMER_ID, context).integers([col(BUCKET), col(IS_MEMBER.name), last, lapse]);
        let changes = [BUCKET, "active_members", UNKNOWN, "members", "customers"];
        Ok(customers.derive("programme_activity", changes, [], |customer, derived| {
            let [joined, is_member, last, lapse] = customer.integers().map(|column| column[0]);
            derived.push(customer, [joined, 0, 0, is_member, 1], []);
            if is_member == 1 && last >= joined {
                derived.push(customer, [joined, 0, 1, 0, 0], []);
                derived.push(customer, [last, 1, -1, 0, 0], []);
                derived.push(customer, [lapse, -1, 0, 0, 0], []);
            }
        }))
    }
}

register_metric!(ProgramParticipation);
