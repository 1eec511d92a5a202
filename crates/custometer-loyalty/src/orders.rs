//! Orders: how the rows of an order table are read by the metrics that go through each customer's orders.

use std::collections::HashSet;

use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::margin::Margin;
use crate::refunds::Refunds;
use crate::tables::{AMOUNT, CUSTOMER, MARGIN_RATE, ORDER_ID, ORDERS};

/// What one order is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OneOrderPer {
    /// Every row is one.
    #[default]
    Row,
    /// The rows of a customer with one `order_id` are the lines of one order, made when the first of them was.
    OrderId,
}

/// What is read of orders, and what it means.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Orders {
    /// What a negative amount means; none where amounts are not read, and every row is a purchase.
    pub refunds: Option<Refunds>,
    /// What one order is.
    pub one_order_per: OneOrderPer,
    /// What is left of an amount.
    pub margin: Margin,
}

impl Orders {
    /// Orders of these amounts, a row each.
    pub fn of(refunds: Refunds) -> Self {
        Self { refunds: Some(refunds), ..Self::default() }
    }

    /// The columns, without the time.
    pub fn source(&self) -> Source {
        let order_id = (self.one_order_per == OneOrderPer::OrderId).then_some(ORDER_ID);
        let margin_rate = (self.margin == Margin::Column).then_some(MARGIN_RATE);
        let others = self.refunds.map(Refunds::amount).into_iter().chain(margin_rate).chain(order_id);
        others.fold(Source::table(ORDERS).column(CUSTOMER), Source::column)
    }

    /// What tells orders from each other, as a number for [`Lines`]: ids are numbers where derivations run. Which ones is chance, so rows are
    /// in its order only where all else of them is equal.
    pub(crate) fn order(&self) -> Expr {
        match self.one_order_per {
            OneOrderPer::Row => lit(0.0),
            OneOrderPer::OrderId => col(ORDER_ID.name),
        }
    }

    /// The amount of a row, below 0 for money back; 0 where amounts are not read.
    pub(crate) fn amount(&self) -> Expr {
        self.refunds.map_or_else(|| lit(0.0), |_| col(AMOUNT.name))
    }

    /// What is left of the amount where each row has a margin of its own; the amount elsewhere.
    pub(crate) fn profit(&self) -> Expr {
        match self.margin {
            Margin::Column => self.amount() * col(MARGIN_RATE.name),
            Margin::None | Margin::Rate(_) => self.amount(),
        }
    }
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
