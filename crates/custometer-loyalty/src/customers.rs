//! The table of customers: one row each, with what is known of them now.

use custometer_core::Column;
use custometer_core::prelude::*;

use crate::tables::{CUSTOMER_ID, CUSTOMERS};

/// How somebody became a customer.
pub const SOURCE: Column = Column::text("source").nulls(NullRule::Keep).describe("how they became a customer; missing where nobody knows");

/// Whether somebody was referred by a customer.
pub const IS_REFERRED: Column =
    Column::boolean("is_referred").nulls(NullRule::Keep).describe("whether they were referred; missing where nobody knows");

/// Whether a customer has referred somebody.
pub const IS_REFERRER: Column = Column::boolean("is_referrer").describe("whether they have referred somebody");

/// Whether a customer is in the loyalty programme.
pub const IS_MEMBER: Column = Column::boolean("is_member").describe("whether they are a member of the loyalty programme");

/// Whether a customer took part in training.
pub const IS_TRAINED: Column = Column::boolean("is_trained").describe("whether they took part in training");

/// All customers. A customer who comes twice would be counted twice, and which of the two rows is right can't be told.
pub fn source() -> Source {
    Source::table(CUSTOMERS)
        .column(Column::identifier(CUSTOMER_ID).describe("who it is"))
        .rule("`customer_id` comes in more than one row", col(CUSTOMER_ID).is_unique())
}
