//! The table of customers: one row each, with what is known of them now.

use custometer_core::prelude::*;
use custometer_core::{EvaluateContext, Group, MeasureRow, statistics};

use crate::shared::history::known_end;
use crate::tables::{CUSTOMER_ID, CUSTOMERS};

/// How somebody became a customer.
pub(crate) const SOURCE: Column =
    Column::text("source").nulls(NullRule::Keep).describe("how they became a customer; missing where nobody knows").also_called(
        "acquisition source, acquisition channel, acquired by, acquired through, lead source, signup source, how did you hear \
         about us, heard from, utm source, origin, channel, kilde, hvordan fandt du os, hvor hoerte du om os, kanal, kaella, \
         quelle, herkunft, kanal der gewinnung",
    );

/// Whether somebody was referred by a customer.
pub(crate) const IS_REFERRED: Column =
    Column::boolean("is_referred").nulls(NullRule::Keep).describe("whether they were referred; missing where nobody knows").also_called(
        "was referred, referred, came by referral, from referral, by referral, anbefalet, er anbefalet, anbefalt, \
         rekommenderad, empfohlen, geworben",
    );

/// Whether a customer has referred somebody.
pub(crate) const IS_REFERRER: Column = Column::boolean("is_referrer").describe("whether they have referred somebody").also_called(
    "has referred, referred others, is advocate, advocate, has recommended, referrer, har anbefalet, anbefaler, har \
         anbefalt, har rekommenderat, hat empfohlen",
);

/// Whether a customer is in the loyalty programme.
pub(crate) const IS_MEMBER: Column =
    Column::boolean("is_member").describe("whether they are a member of the loyalty programme").also_called(
        "member, is loyalty member, loyalty member, loyalty, in loyalty programme, in loyalty program, club member, has \
         loyalty card, medlem, er medlem, kundeklub, loyalitetsklub, mitglied, ist mitglied",
    );

/// Whether a customer took part in training.
pub(crate) const IS_TRAINED: Column = Column::boolean("is_trained").describe("whether they took part in training").also_called(
    "trained, has training, training completed, completed training, training, took training, attended training, onboarded, \
         uddannet, har deltaget i kursus, kursus, oplaert, opplaert, utbildad, geschult, schulung",
);

/// All customers. A customer who comes twice would be counted twice, and which of the two rows is right can't be told.
pub(crate) fn source() -> Source {
    Source::table(CUSTOMERS)
        .column(Column::identifier(CUSTOMER_ID).also_called(names::CUSTOMER).describe("who it is"))
        .rule_among_all("`customer_id` comes in more than one row", col(CUSTOMER_ID).is_unique())
}

/// What is known of customers, in percent of those that are there as a bucket begins or ends; undefined where it begins on the as-of date or
/// later.
///
/// No test of a change belongs to it: the customers of an earlier bucket are among those of now.
#[derive(Debug)]
pub(crate) struct PercentOfCustomers {
    /// The measure of it.
    pub(crate) part: &'static str,
    /// The measure of all customers, a stock.
    pub(crate) customers: &'static str,
    /// The measure of those for whom nobody knows whether they belong to the part: a single one of them makes the share undefined.
    pub(crate) unknown: Option<&'static str>,
    /// Whether the part is of these customers, so that it has Wilson's interval.
    pub(crate) is_share: bool,
}

impl PercentOfCustomers {
    /// The share of customers that a measure counts.
    pub(crate) fn share(part: &'static str) -> Self {
        Self { part, customers: "customers", unknown: None, is_share: true }
    }

    pub(crate) fn measures(&self) -> Vec<&'static str> {
        [self.part, self.customers].into_iter().chain(self.unknown).collect()
    }

    pub(crate) fn find(&self, row: &MeasureRow, group: &Group<'_>, context: &EvaluateContext<'_>) -> Found {
        let is_known = known_end(group.bucket, context.as_of).is_some();
        let unknown = self.unknown.and_then(|unknown| row.get(unknown)).unwrap_or(0.0);
        let numbers = row.get(self.part).zip(row.get(self.customers));
        let numbers = numbers.filter(|(_, customers)| is_known && unknown == 0.0 && *customers > 0.0);
        let wilson = |(part, customers)| statistics::wilson(part, customers, context.confidence);
        let estimate = Estimate {
            value: numbers.map(|(part, customers)| 100.0 * part / customers),
            interval: numbers.filter(|_| self.is_share).and_then(wilson).map(|(low, high)| (100.0 * low, 100.0 * high)),
            n: row.get(self.customers),
        };
        Found::new(estimate, row.evidence())
    }

    pub(crate) fn value(self) -> Value {
        RowFormula::of(&self.measures(), move |row, group, context| self.find(row, group, context)).value()
    }
}
