//! Contact rate: how many tickets a hundred customers make.

use std::collections::BTreeMap;
use std::fmt;

use custometer_core::prelude::*;
use jiff::civil::Date;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::tables::{CREATED_AT, TICKET, TICKETS};

/// Parameters of [`ContactRate`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactRateParams {
    /// How many customers are active: one number for every bucket, or one for each by the date that it starts on, such as
    /// `{ 2025-01-01 = 2400, 2025-02-01 = 2500 }`.
    pub active_customers: ActiveCustomers,
}

/// How many customers are active.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ActiveCustomers {
    /// In every bucket.
    Always(f64),
    /// In the buckets that start on these dates.
    ByStart(BTreeMap<Date, f64>),
}

impl<'de> Deserialize<'de> for ActiveCustomers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrNumbers;
        impl<'de> Visitor<'de> for NumberOrNumbers {
            type Value = ActiveCustomers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or numbers by date such as `{ 2025-01-01 = 2400 }`")
            }
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<ActiveCustomers, E> {
                Ok(ActiveCustomers::Always(number as f64))
            }
            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<ActiveCustomers, E> {
                Ok(ActiveCustomers::Always(number as f64))
            }
            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<ActiveCustomers, E> {
                Ok(ActiveCustomers::Always(number))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ActiveCustomers, A::Error> {
                BTreeMap::deserialize(MapAccessDeserializer::new(map)).map(ActiveCustomers::ByStart)
            }
        }
        deserializer.deserialize_any(NumberOrNumbers)
    }
}

impl JsonSchema for ActiveCustomers {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ActiveCustomers".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let number = || json_schema!({ "type": "number", "exclusiveMinimum": 0 });
        json_schema!({ "anyOf": [number(), { "type": "object", "additionalProperties": number() }] })
    }
}

/// `support.contact_rate`: how many tickets does it take to serve our customers?
pub struct ContactRate;

impl Metric for ContactRate {
    type Params = ContactRateParams;

    const ABOUT: &'static About = &About {
        id: "support.contact_rate",
        title: "Contact rate",
        summary: "Tickets created per hundred active customers.",
        formula: "100 · tickets created in the bucket / `active_customers`",
        unit: Unit::Ratio,
        range: "0 or more; above 100 where customers have more than one ticket each",
        direction: Direction::LowerIsBetter,
        edge_cases: &[
            "No ticket: 0, since the customers are known.",
            "A table of tickets does not say how many customers are active: `active_customers` must be given. Where another \
             table says it, `[derived]` divides a count of tickets by one of customers.",
            "One number is taken for every bucket. Of numbers by date, each is for the bucket that starts on its date; a bucket without one is \
             undefined, and so is its use as a baseline.",
            "In a breakdown, the tickets of each group are divided by all active customers, so that the rates add up to the total.",
            "A row without a ticket id is rejected.",
            "No interval: all tickets are counted, and the tickets of one customer are not independent of each other.",
        ],
        examples: &[
            Example {
                title: "30 tickets of 1200 customers",
                params: "active_customers = 1200",
                header: "ticket_id",
                rows: &[(30, "t{i}")],
                expected: &[("", Some(2.5))],
                ..Example::NONE
            },
            Example {
                title: "six tickets of 100 customers in January, and three in February, for which no number is given",
                report: "from = 2025-01-01\nuntil = 2025-03-01\ngrain = \"month\"",
                params: "active_customers = { 2025-01-01 = 100 }",
                header: "ticket_id,created_at",
                rows: &[(6, "a{i},2025-01-20"), (3, "b{i},2025-02-20")],
                expected: &[("2025-01-01", Some(6.0)), ("2025-02-01", None)],
            },
        ],
        references: &[],
    };

    fn define(params: &ContactRateParams) -> Result<Definition, ParamError> {
        let refused = |number: f64| {
            ParamError::new("active_customers", format!("{number} customers make no rate")).help("write how many there are, more than 0")
        };
        let numbers: Vec<f64> = match &params.active_customers {
            ActiveCustomers::Always(number) => vec![*number],
            ActiveCustomers::ByStart(numbers) if numbers.is_empty() => {
                return Err(ParamError::new("active_customers", "there is no number").help("write `{ 2025-01-01 = 2400 }`"));
            }
            ActiveCustomers::ByStart(numbers) => numbers.values().copied().collect(),
        };
        if let Some(number) = numbers.into_iter().find(|number| !number.is_finite() || *number <= 0.0) {
            return Err(refused(number));
        }
        Ok(Definition::over(Source::table(TICKETS).at(CREATED_AT).column(TICKET))
            .measure(count("tickets"))
            .value(per_hundred(params.active_customers.clone()).value()))
    }
}

/// Tickets per hundred customers.
fn per_hundred(active_customers: ActiveCustomers) -> RowFormula {
    RowFormula::of(&["tickets"], move |row, group, _| {
        let tickets = row.get("tickets").unwrap_or(0.0);
        let start = group.bucket.start.as_ref().map(jiff::Zoned::date);
        let (customers, note) = match (&active_customers, start) {
            (ActiveCustomers::Always(number), _) => (Some(*number), None),
            (ActiveCustomers::ByStart(numbers), Some(start)) => {
                let number = numbers.get(&start).copied();
                (number, number.is_none().then(|| format!("`active_customers` has no number for {start}")))
            }
            (ActiveCustomers::ByStart(_), None) => (None, Some("`active_customers` is by date, and the bucket has none".to_owned())),
        };
        let value = customers.map(|customers| 100.0 * tickets / customers);
        let evidence = [("tickets", Some(tickets)), ("active_customers", customers)];
        Found::new(Estimate { value, interval: None, n: Some(tickets) }, evidence).note(note)
    })
}

register_metric!(ContactRate);
