//! One metric, the share of customers with a large order, and everything that can be wrong with it.

use custometer_core::prelude::*;
use custometer_core::time::BUCKET;
use custometer_core::{Estimate, Evaluate, EvaluateContext, EvaluateError, Evaluation, Group, Observation};
use polars::prelude::{DataType, polars_ensure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is wrong.
pub(crate) struct Kind;

impl Kind {
    pub(crate) const NOTHING: u8 = 0;
    pub(crate) const EXAMPLE: u8 = 1;
    pub(crate) const UNDOCUMENTED: u8 = 2;
    pub(crate) const ROUND_TRIP: u8 = 3;
    pub(crate) const UNKNOWN_PARAMETERS: u8 = 4;
    pub(crate) const PANIC: u8 = 5;
    pub(crate) const FAILS_FOR_NOTHING: u8 = 6;
    pub(crate) const NOT_A_NUMBER: u8 = 7;
    pub(crate) const SILENTLY_ZERO: u8 = 8;
    pub(crate) const INTERVAL: u8 = 9;
    pub(crate) const ROW_ORDER: u8 = 10;
    pub(crate) const NOT_LOCAL: u8 = 11;
    pub(crate) const WHOLE_TABLE: u8 = 12;
    pub(crate) const NOT_ADDITIVE: u8 = 13;
    pub(crate) const NOT_BY_GROUP: u8 = 14;
    pub(crate) const NOT_BY_BUCKET: u8 = 15;
}

/// Parameters of [`Wrong`].
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Params {
    /// The smallest amount of a large order.
    from_amount: f64,
    /// How much it is written as.
    #[serde(skip_serializing)]
    factor: f64,
    #[serde(flatten)]
    others: serde_json::Map<String, serde_json::Value>,
}

impl Default for Params {
    fn default() -> Self {
        Self { from_amount: 100.0, factor: 1.0, others: serde_json::Map::new() }
    }
}

/// The same without what is wrong with them.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RightParams {
    /// The smallest amount of a large order.
    from_amount: f64,
}

impl Default for RightParams {
    fn default() -> Self {
        Self { from_amount: 100.0 }
    }
}

/// The same without a description.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UndocumentedParams {
    #[serde(default)]
    from_amount: f64,
}

/// The same, but written as something else.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForgetfulParams {
    /// The smallest amount of a large order.
    #[serde(default, skip_serializing)]
    from_amount: f64,
}

/// The share of customers with a large order.
pub(crate) struct Wrong<const KIND: u8>;

const RIGHT: About = About {
    id: "acme.active_customers",
    title: "Customers with a large order",
    summary: "The share of customers who have placed a large order.",
    formula: "100 · customers with a large order / customers",
    unit: Unit::Percent,
    range: "0 to 100",
    direction: Direction::HigherIsBetter,
    edge_cases: &["No order: undefined."],
    examples: &[
        Example {
            title: "one of two",
            params: "from_amount = 50",
            header: "customer_id,amount",
            rows: &[(1, "a,10"), (1, "a,60"), (1, "b,20")],
            expected: &[("", Some(50.0))],
            ..Example::NONE
        },
        Example {
            title: "no order",
            params: "from_amount = 50",
            header: "customer_id,amount",
            rows: &[],
            expected: &[("", None)],
            ..Example::NONE
        },
    ],
    references: &[],
};

macro_rules! metrics {
    ($($kind:ident: $params:ty, $about:expr;)*) => {
        $(impl Metric for Wrong<{ Kind::$kind }> {
            type Params = $params;
            const ABOUT: &'static About = &$about;

            fn define(params: &$params) -> Result<Definition, ParamError> {
                Ok(definition(Kind::$kind, params.from_amount))
            }
        })*
    };
}

metrics! {
    NOTHING: RightParams, RIGHT;
    EXAMPLE: RightParams, About {
        examples: &[Example { expected: &[("", Some(40.0))], ..RIGHT.examples[0] }],
        ..RIGHT
    };
    UNDOCUMENTED: UndocumentedParams, About { edge_cases: &[], summary: "todo", ..RIGHT };
    ROUND_TRIP: ForgetfulParams, RIGHT;
    UNKNOWN_PARAMETERS: Params, RIGHT;
    PANIC: RightParams, RIGHT;
    FAILS_FOR_NOTHING: RightParams, RIGHT;
    NOT_A_NUMBER: RightParams, RIGHT;
    SILENTLY_ZERO: RightParams, RIGHT;
    INTERVAL: RightParams, RIGHT;
    ROW_ORDER: RightParams, RIGHT;
    NOT_LOCAL: RightParams, RIGHT;
    WHOLE_TABLE: RightParams, RIGHT;
    NOT_ADDITIVE: RightParams, RIGHT;
    NOT_BY_GROUP: RightParams, RIGHT;
    NOT_BY_BUCKET: RightParams, RIGHT;
}

fn definition(kind: u8, from_amount: f64) -> Definition {
    let describe = |column: Column, text| if kind == Kind::UNDOCUMENTED { column } else { column.describe(text) };
    let source = Source::table("orders")
        .at("time")
        .column(describe(Column::identifier("customer_id"), "Who ordered."))
        .column(describe(Column::number("amount"), "For how much."));
    let largest = col("largest").gt_eq(lit(from_amount));
    let large = if kind == Kind::WHOLE_TABLE { largest.and(col("largest").gt(col("largest").mean())) } else { largest };
    let value = match kind {
        Kind::PANIC | Kind::NOT_A_NUMBER | Kind::SILENTLY_ZERO | Kind::INTERVAL => Value::function(Share { kind }),
        _ => Value::proportion("large", "customers"),
    };
    Definition::over(source).derive(LargestOrders { kind }).measure(count("large").filter(large)).measure(count("customers")).value(value)
}

/// The largest order of each customer in each bucket.
#[derive(Debug)]
struct LargestOrders {
    kind: u8,
}

impl Derive for LargestOrders {
    fn entity(&self) -> &'static str {
        "customer_id"
    }

    fn dimensions(&self) -> DimensionRule {
        if self.kind == Kind::NOT_ADDITIVE { DimensionRule::Attribute } else { DimensionRule::PartOfEntity }
    }

    fn buckets(&self) -> BucketRule {
        if self.kind == Kind::NOT_BY_BUCKET { BucketRule::Nothing } else { BucketRule::EachAnew }
    }

    fn derive(&self, mut rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        if self.kind == Kind::FAILS_FOR_NOTHING {
            let some = |rows: polars::prelude::DataFrame| {
                polars_ensure!(rows.height() > 0, ComputeError: "there is nothing");
                Ok(rows)
            };
            rows = rows.map(some, polars::prelude::AllowedOptimizations::empty(), None, None);
        }
        let mut keys = vec![col("customer_id"), col(BUCKET)];
        if self.kind == Kind::NOT_BY_GROUP {
            // The group of a customer is that of any of their orders.
            let group: Vec<Expr> = context.dimensions.iter().map(|name| col(name.as_str()).max()).collect();
            return Ok(rows.group_by(keys).agg([group, vec![col("amount").max().alias("largest")]].concat()));
        }
        keys.extend(context.dimension_columns());
        let amount = match self.kind {
            Kind::ROW_ORDER => col("amount").first(),
            _ => col("amount").max(),
        };
        let largest = rows.group_by(keys).agg([amount.alias("largest")]);
        Ok(match self.kind {
            Kind::NOT_LOCAL => largest.with_column((col("largest") - col("largest").min()).alias("largest")),
            _ => largest.with_column(col("largest").cast(DataType::Float64)),
        })
    }
}

/// The share, calculated by hand, and wrongly.
#[derive(Debug)]
struct Share {
    kind: u8,
}

impl Evaluate for Share {
    fn measures(&self) -> Vec<&str> {
        vec!["large", "customers"]
    }

    fn evaluate(&self, group: &Group<'_>, _: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError> {
        let observation = |row: &custometer_core::MeasureRow| {
            let number = |name: &str| row.get(name).unwrap_or(0.0);
            assert!(self.kind != Kind::PANIC || number("customers") > 0.0, "nobody is there");
            let share = 100.0 * number("large") / number("customers");
            let value = match self.kind {
                Kind::NOT_A_NUMBER => Some(share),
                Kind::SILENTLY_ZERO => Some(if share.is_finite() { share } else { 0.0 }),
                _ => Some(share).filter(|share| share.is_finite()),
            };
            let interval = value.filter(|_| self.kind == Kind::INTERVAL).map(|value| (value + 1.0, value + 2.0));
            Observation {
                dimensions: Vec::new(),
                estimate: Estimate { value, interval, n: row.get("customers") },
                measures: row.measures.iter().map(|(name, measured)| (name.clone(), measured.value)).collect(),
            }
        };
        Ok(Evaluation { observations: group.rows.iter().map(observation).collect(), ..Evaluation::default() })
    }
}
