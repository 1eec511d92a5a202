//! Acquisition source: how new customers found their way.

use custometer_core::measure::Scope;
use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::customers::{self, SOURCE};
use crate::tables::CREATED_AT;

/// Parameters of [`AcquisitionSource`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AcquisitionSourceParams {
    /// Whether the value is the number of new customers or their share.
    pub show: Show,
}

/// What the value is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Show {
    /// The number of new customers from the source.
    #[default]
    Count,
    /// The source's percentage of the new customers.
    Share,
}

/// `loyalty.acquisition_source`: where do new customers come from?
pub struct AcquisitionSource;

impl Metric for AcquisitionSource {
    type Params = AcquisitionSourceParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.acquisition_source",
        title: "Acquisition source",
        summary: "New customers by how they found us: their number, or each source's share of them.",
        formula: "new customers from the source; 100 · new customers from the source / new customers",
        unit: Unit::Count,
        range: "0 or more; shares 0 to 100, and the shares of all sources sum to 100",
        direction: Direction::Neutral,
        edge_cases: &[
            "No new customer in a bucket: the numbers are 0, the shares undefined. No customer at all: no row.",
            "A source appears in every bucket from the first on if anybody ever came from it, before the report's period too.",
            "Customers without a source are a group of their own.",
            "A row without a customer is rejected, and so is every row of a customer who has several.",
            "`customers` counts all from the source up to the bucket's end; customers who left are still among them.",
        ],
        examples: &[
            Example {
                title: "two from search, one from a friend and one from nobody knows where",
                header: "customer_id,source",
                rows: &[(2, "a{i},search"), (1, "b{i},friend"), (1, "c{i},")],
                expected: &[("source=null", Some(1.0)), ("source=friend", Some(1.0)), ("source=search", Some(2.0))],
                ..Example::NONE
            },
            Example {
                title: "the shares of the same",
                params: "show = \"share\"",
                header: "customer_id,source",
                rows: &[(2, "a{i},search"), (1, "b{i},friend"), (1, "c{i},")],
                expected: &[("source=null", Some(25.0)), ("source=friend", Some(25.0)), ("source=search", Some(50.0))],
                ..Example::NONE
            },
        ],
        references: &["E. B. Wilson, JASA 22 (1927), for the intervals of the shares"],
    };

    fn define(params: &AcquisitionSourceParams) -> Result<Definition, ParamError> {
        let definition = Definition::over(customers::source().at(CREATED_AT).column(SOURCE))
            .own_dimension(SOURCE.name, col(SOURCE.name))
            .measure(count("new_customers"))
            .measure(count("all_new_customers").scope(Scope::OwnDimensions))
            // A stock, so that a source is there in the buckets too in which nobody came from it.
            .measure(count("customers").closing());
        Ok(match params.show {
            Show::Count => definition.value(Value::measure("new_customers")),
            Show::Share => definition.value(Value::proportion("new_customers", "all_new_customers")).unit(Unit::Percent),
        })
    }
}

register_metric!(AcquisitionSource);
