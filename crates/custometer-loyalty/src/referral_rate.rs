//! Referral rate: customers who come because of customers.

use custometer_core::Column;
use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::customers::{self, IS_REFERRED, IS_REFERRER, PercentOfCustomers, SOURCE};
use crate::tables::CREATED_AT;

/// Parameters of [`ReferralRate`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReferralRateParams {
    /// What is divided by what.
    pub definition: ReferralDefinition,
    /// What says that a customer was referred. Not for `definition = "referring_customers"`.
    pub referred: Referred,
    /// The values of `source` that mean that a customer was referred. They must be given unless `referred` or `definition` says otherwise.
    pub referral_sources: Vec<String>,
}

/// What is divided by what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReferralDefinition {
    /// New customers who were referred, of all new customers.
    #[default]
    ReferredNewCustomers,
    /// Customers who referred somebody, as `is_referrer` says, of all customers at the bucket's end.
    ReferringCustomers,
    /// New customers who were referred, per hundred customers at the bucket's start; may exceed 100.
    NewOverBase,
}

/// What says that a customer was referred.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Referred {
    /// The column `source`: it is one of `referral_sources`.
    #[default]
    Source,
    /// The column `is_referred`: it is true.
    Column,
}

/// `loyalty.referral_rate`: how many come because of others?
pub struct ReferralRate;

impl Metric for ReferralRate {
    type Params = ReferralRateParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.referral_rate",
        title: "Referral rate",
        summary: "How much of the growth customers themselves bring. Three definitions go by this name; the result says which one was used.",
        formula: "100 · new customers who were referred / new customers. `referring_customers`: 100 · customers who referred somebody / \
                  customers at the bucket's end. `new_over_base`: 100 · new customers who were referred / customers at the bucket's start",
        unit: Unit::Percent,
        range: "0 to 100; with `new_over_base` 0 or more",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No new customer, or no customer: undefined.",
            "Who counts as referred is never guessed: `referral_sources`, or `referred = \"column\"`, must be given.",
            "A new customer whose origin nobody knows counts as a new customer who was not referred, and is counted as `unknown_origin`, \
             too.",
            "Customers at the start or the end of a bucket are all that were created before; the table does not know who left.",
            "In a bucket that begins on the as-of date or later, nothing is known of customers: undefined.",
            "`is_referrer` is taken as the table has it now, for earlier buckets too; a row without it is rejected.",
            "`new_over_base` has no interval: the new customers are not part of those at the start.",
            "A row without a customer is rejected, and so is every row of a customer who has several.",
        ],
        examples: &[
            Example {
                title: "240 of 4000 new customers",
                params: "referral_sources = [\"friend\", \"partner\"]",
                header: "customer_id,source",
                rows: &[(200, "a{i},friend"), (40, "b{i},partner"), (3700, "c{i},search"), (60, "d{i},")],
                expected: &[("", Some(6.0))],
                ..Example::NONE
            },
            Example {
                title: "the same with a column that says it",
                params: "referred = \"column\"",
                header: "customer_id,is_referred",
                rows: &[(240, "a{i},true"), (3760, "b{i},false")],
                expected: &[("", Some(6.0))],
                ..Example::NONE
            },
            Example {
                title: "one of four customers so far has referred somebody, and one of two before",
                report: "from = 2025-01-01\nuntil = 2025-03-01\ngrain = \"month\"",
                params: "definition = \"referring_customers\"",
                header: "customer_id,created_at,is_referrer",
                rows: &[(1, "a,2024-05-01,yes"), (1, "b,2025-01-31,no"), (2, "c{i},2025-02-01,no")],
                expected: &[("2025-01-01", Some(50.0)), ("2025-02-01", Some(25.0))],
            },
            Example {
                title: "three referred customers where there were two",
                report: "from = 2025-01-01\nuntil = 2025-02-01",
                params: "definition = \"new_over_base\"\nreferral_sources = [\"friend\"]",
                header: "customer_id,created_at,source",
                rows: &[(2, "a{i},2024-05-01,friend"), (3, "b{i},2025-01-10,friend"), (1, "c,2025-01-10,search")],
                expected: &[("", Some(150.0))],
            },
        ],
        references: &["E. B. Wilson, JASA 22 (1927), for the intervals"],
    };

    fn define(params: &ReferralRateParams) -> Result<Definition, ParamError> {
        let new_customers = |source: Source| {
            let (column, is_referred) = params.referred()?;
            let unknown = col(column.name).is_null();
            Ok(Definition::over(source.column(column))
                .expects(SOURCE.name, "referral_sources", &params.referral_sources)
                .measure(count("referred_customers").filter(is_referred))
                .measure(count("unknown_origin").filter(unknown)))
        };
        let source = customers::source();
        match params.definition {
            ReferralDefinition::ReferredNewCustomers => Ok(new_customers(source.at(CREATED_AT))?
                .measure(count("new_customers"))
                .value(Value::proportion("referred_customers", "new_customers"))
                .note("referred_new_customers: new customers who were referred, of all new customers")),
            ReferralDefinition::NewOverBase => Ok(new_customers(source.always_at(CREATED_AT))?
                .measure(count("customers_at_start").opening())
                .value(
                    PercentOfCustomers { part: "referred_customers", customers: "customers_at_start", unknown: None, is_share: false }
                        .value(),
                )
                .note("new_over_base: new customers who were referred, per hundred customers at the start")),
            ReferralDefinition::ReferringCustomers => {
                params.no_referred()?;
                Ok(Definition::over(source.always_at(CREATED_AT).column(IS_REFERRER))
                    .measure(count("referring_customers").filter(col(IS_REFERRER.name)).closing())
                    .measure(count("customers").closing())
                    .value(PercentOfCustomers::share("referring_customers").value())
                    .note("referring_customers: customers who referred somebody, as the table has it now, of all at the end"))
            }
        }
    }
}

impl ReferralRateParams {
    /// The column that says who was referred, and when it does.
    fn referred(&self) -> Result<(Column, Expr), ParamError> {
        match (self.referred, self.referral_sources.is_empty()) {
            (Referred::Source, false) => Ok((SOURCE, is_one_of(SOURCE.name, &self.referral_sources))),
            (Referred::Column, true) => Ok((IS_REFERRED, col(IS_REFERRED.name))),
            (Referred::Source, true) => Err(ParamError::new("referral_sources", "which customers were referred?").help(
                "give the values of `source` that mean it: `referral_sources = [\"…\"]`; or `referred = \"column\"`, and map `is_referred`",
            )),
            (Referred::Column, false) => {
                Err(ParamError::new("referral_sources", "the column `is_referred` says who was referred already")
                    .help("leave one of them out"))
            }
        }
    }

    /// Who referred somebody is not told by what says who was referred.
    fn no_referred(&self) -> Result<(), ParamError> {
        let given = match self.referred {
            Referred::Column => Some("referred"),
            Referred::Source => (!self.referral_sources.is_empty()).then_some("referral_sources"),
        };
        given.map_or(Ok(()), |given| {
            let message = "of customers who referred somebody, it does not matter who was referred";
            Err(ParamError::new(given, message).help("leave it out: the column `is_referrer` says who did"))
        })
    }
}

register_metric!(ReferralRate);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_referred_is_said_once_and_only_where_it_matters() {
        let with = |definition, referred, sources: &[&str]| {
            let referral_sources = sources.iter().map(|&source| source.to_owned()).collect();
            ReferralRate::define(&ReferralRateParams { definition, referred, referral_sources }).map_err(|error| error.path.concat())
        };
        for definition in [ReferralDefinition::ReferredNewCustomers, ReferralDefinition::NewOverBase] {
            assert!(with(definition, Referred::Source, &["friend"]).is_ok());
            assert!(with(definition, Referred::Column, &[]).is_ok());
            assert_eq!(with(definition, Referred::Source, &[]).unwrap_err(), "referral_sources");
            assert_eq!(with(definition, Referred::Column, &["friend"]).unwrap_err(), "referral_sources");
        }
        let referring = ReferralDefinition::ReferringCustomers;
        assert!(with(referring, Referred::Source, &[]).is_ok());
        assert_eq!(with(referring, Referred::Source, &["friend"]).unwrap_err(), "referral_sources");
        assert_eq!(with(referring, Referred::Column, &[]).unwrap_err(), "referred");
    }
}
