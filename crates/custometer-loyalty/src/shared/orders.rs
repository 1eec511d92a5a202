//! Orders: how the rows of an order table are read, by all metrics alike. Money that is paid back is not a purchase, and a line is not an order.

use std::collections::HashSet;

use custometer_core::prelude::*;
use custometer_core::time::LocalClock;
use polars::prelude::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::margin::Margin;
use crate::shared::refunds::Refunds;
use crate::tables::{AMOUNT, CUSTOMER, CUSTOMER_ID, MARGIN_RATE, ORDER_ID, ORDERS};

/// What one order is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OneOrderPer {
    /// Every row is one.
    #[default]
    Row,
    /// The rows of a customer with one `order_id` are the lines of one order, made when the first of them was. A line without an amount adds
    /// nothing to its order.
    OrderId,
}

/// What is read of orders, and what it means.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Orders {
    /// What a negative amount means, where the report says so; else it is a mistake.
    pub(crate) refunds: Option<Refunds>,
    /// What one order is.
    pub(crate) one_order_per: OneOrderPer,
    /// What is left of an amount.
    pub(crate) margin: Margin,
    /// Whether amounts are more than what tells purchases from money back, and must be there.
    pub(crate) counts_amounts: bool,
}

impl Orders {
    /// Orders of these amounts.
    pub(crate) fn of(refunds: Refunds, one_order_per: OneOrderPer, margin: Margin) -> Self {
        Self { refunds: Some(refunds), one_order_per, margin, counts_amounts: true }
    }

    /// Orders whose amounts tell no more than which of them are money back.
    pub(crate) fn counted(refunds: Option<Refunds>, one_order_per: OneOrderPer) -> Self {
        Self { refunds, one_order_per, ..Self::default() }
    }

    /// The columns, without the time.
    pub(crate) fn source(&self) -> Source {
        self.amounts(Source::table(ORDERS).column(CUSTOMER), &[CUSTOMER_ID, ORDER_ID.name])
    }

    /// Adds what is read of the amounts to a source whose orders are told apart by `order`.
    pub(crate) fn amounts(&self, source: Source, order: &[&str]) -> Source {
        let is_by_id = self.one_order_per == OneOrderPer::OrderId;
        let amount = self.refunds.unwrap_or_default().amount();
        let has_amount = || col(AMOUNT.name).is_not_null();
        let source = match (self.counts_amounts, is_by_id) {
            (true, true) => {
                // The amount of an order may stand on one of its lines only.
                let any_has = has_amount().cast(DataType::Int8).max().over(order.iter().map(|name| col(*name)).collect::<Vec<_>>());
                let any_has = any_has.expect("a window with a partition").eq(lit(1));
                source.column(amount.nulls(NullRule::Keep)).column(ORDER_ID).rule("no line of the order has an amount", any_has)
            }
            (true, false) => source.column(amount).column(ORDER_ID.optional()),
            // What the report says of amounts has to be of some.
            (false, _) if self.refunds.is_some() => source.column(amount.nulls(NullRule::Keep)).column(self.order_id()),
            (false, _) => source.column(amount.optional()).column(self.order_id()),
        };
        let source = match (self.margin, is_by_id) {
            (Margin::Column, true) => {
                let has_margin = has_amount().not().or(col(MARGIN_RATE.name).is_not_null());
                source.column(MARGIN_RATE.nulls(NullRule::Keep)).rule("`margin_rate` of an amount is missing", has_margin)
            }
            (Margin::Column, false) => source.column(MARGIN_RATE),
            (Margin::None | Margin::Rate(_), _) => source,
        };
        if is_by_id { source } else { source.doubt(ORDERS_REPEAT, orders_and_ids, orders_repeat) }
    }

    /// Refuses what is said of orders where spans are read.
    pub(crate) fn refuse_of_spans(&self) -> Result<(), ParamError> {
        let given = [("refunds", self.refunds.is_some()), ("one_order_per", self.one_order_per != OneOrderPer::Row)];
        given.into_iter().find(|(_, given)| *given).map_or(Ok(()), |(param, _)| {
            Err(ParamError::new(param, "spans are not orders").help("leave it out, or take orders as the basis"))
        })
    }

    fn order_id(&self) -> Column {
        match self.one_order_per {
            OneOrderPer::Row => ORDER_ID.optional(),
            OneOrderPer::OrderId => ORDER_ID,
        }
    }

    /// What tells orders from each other, as a number for [`Lines`]: ids are numbers where derivations run. Which ones is chance, so rows are
    /// in its order only where all else of them is equal.
    pub(crate) fn order(&self) -> Expr {
        match self.one_order_per {
            OneOrderPer::Row => lit(0.0),
            OneOrderPer::OrderId => col(ORDER_ID.name),
        }
    }

    /// The amount of a row, below 0 for money back; 0 where there is none.
    pub(crate) fn amount() -> Expr {
        col(AMOUNT.name).fill_null(lit(0.0))
    }

    /// What is left of the amount where each row has a margin of its own; the amount elsewhere.
    pub(crate) fn profit(&self) -> Expr {
        match self.margin {
            Margin::Column => (col(AMOUNT.name) * col(MARGIN_RATE.name)).fill_null(lit(0.0)),
            Margin::None | Margin::Rate(_) => Self::amount(),
        }
    }

    /// The purchases among rows, one row each: the first of its lines in the order of these columns of whole numbers and instants, which with
    /// customer and breakdown are all that is left of it.
    pub(crate) fn purchases<const N: usize>(&self, rows: LazyFrame, context: &DeriveContext, columns: [&'static str; N]) -> LazyFrame {
        let bought = rows.filter(Self::amount().gt_eq(lit(0.0)));
        let one_order_per = self.one_order_per;
        if one_order_per == OneOrderPer::Row {
            return bought;
        }
        let lines = Entities::in_groups(bought, CUSTOMER_ID, context).integers(columns.map(col)).numbers([self.order()]);
        lines.derive("purchases", columns, [], move |customer, derived| {
            let (columns, [orders]) = (customer.integers::<N>(), customer.numbers());
            let mut lines = Lines::new(one_order_per);
            for row in (0..customer.len()).filter(|row| lines.begins_order(orders[*row], 0.0)) {
                derived.push(customer, columns.map(|column| column[row]), []);
            }
        })
    }
}

const ORDERS_REPEAT: &str = "an `order_id` comes in several rows, each of which counts as an order: where rows are lines of orders, say `one_order_per = \"order_id\"`";

/// Whether two purchases have one id. Money back may have that of what it is paid back for.
fn orders_and_ids(_: &LocalClock) -> Vec<Measure> {
    let is_order = || col(ORDER_ID.name).is_not_null().and(col(AMOUNT.name).fill_null(lit(0.0)).gt_eq(lit(0.0)));
    vec![count("orders").filter(is_order()), count_distinct("order_ids", col(ORDER_ID.name)).filter(is_order())]
}

fn orders_repeat(measured: &[Option<f64>]) -> bool {
    matches!(measured, [Some(orders), Some(ids)] if ids < orders)
}

/// The lines of one customer's orders, in order.
pub(crate) struct Lines {
    one_order_per: OneOrderPer,
    seen: HashSet<u64>,
}

impl Lines {
    pub(crate) fn new(one_order_per: OneOrderPer) -> Self {
        Self { one_order_per, seen: HashSet::new() }
    }

    /// Whether a row begins an order: what is paid back begins none, and neither do the further lines of one.
    pub(crate) fn begins_order(&mut self, order: f64, amount: f64) -> bool {
        amount >= 0.0 && (self.one_order_per == OneOrderPer::Row || self.seen.insert(order.to_bits()))
    }
}
