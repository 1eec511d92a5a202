//! Training participation: customers who took part in training.

use custometer_core::prelude::*;

use crate::shared::customers::{self, IS_TRAINED, PercentOfCustomers};
use crate::tables::CREATED_AT;

/// `loyalty.training_participation`: how many have been trained?
pub struct TrainingParticipation;

impl Metric for TrainingParticipation {
    type Params = NoParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.training_participation",
        title: "Training participation",
        summary: "The share of customers who took part in training.",
        formula: "100 · customers with `is_trained` / customers at the bucket's end",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No customer: undefined.",
            "Customers at a bucket's end are all that were created before; the table does not know who left.",
            "A bucket that begins on the as-of date or later is undefined, since nothing is known of it.",
            "`is_trained` is taken as the table has it now, for earlier buckets too; a row without it is rejected.",
            "A row without a customer is rejected, and so is every row of a customer who has several.",
        ],
        examples: &[
            Example {
                title: "30 of 120",
                header: "customer_id,created_at,is_trained",
                rows: &[(30, "a{i},2025-01-06,true"), (90, "b{i},2025-02-07,false")],
                expected: &[("", Some(25.0))],
                ..Example::NONE
            },
            Example {
                title: "customers of before count, those of later do not yet",
                report: "from = 2025-01-01\nuntil = 2025-04-01\ngrain = \"month\"",
                header: "customer_id,created_at,is_trained",
                rows: &[(1, "a,2024-06-01,true"), (1, "b,2025-01-31,false"), (2, "c{i},2025-03-01,true")],
                expected: &[("2025-01-01", Some(50.0)), ("2025-02-01", Some(50.0)), ("2025-03-01", Some(75.0))],
                ..Example::NONE
            },
        ],
        references: &["E. B. Wilson, JASA 22 (1927), for the interval"],
    };

    fn define(_: &NoParams) -> Result<Definition, ParamError> {
        Ok(Definition::over(customers::source().always_at(CREATED_AT).column(IS_TRAINED))
            .measure(count("trained_customers").filter(col(IS_TRAINED.name)).closing())
            .measure(count("customers").closing())
            .value(PercentOfCustomers::share("trained_customers").value())
            .note("`is_trained` is taken as the table has it now"))
    }
}

register_metric!(TrainingParticipation);
