//! Monthly recurring revenue: what its metrics share.
//!
//! A customer here is one who pays: spans with the amount 0, such as trials, make nobody a customer.
//!
//! By rates that change, MRR is worth what they say as a bucket opens and closes, and what customers do in between is at the rates of the bucket's
//! end. What is set in relation to the revenue of the opening, such as revenue retention, then takes that revenue at the rates of the end too, and
//! so has the same rates above and below: exchange is neither won nor lost.

use custometer_core::MeasureRow;
use custometer_core::prelude::*;
use custometer_core::statistics::{self, Clusters};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::spans::{
    Amounts, CLOSING_MRR, Changes, Ends, IS_EXCHANGE, OPENING_MRR, Overlaps, SpanRules, Spans, WAS_ACTIVE, WAS_BEFORE,
};
use crate::tables::AMOUNT_PER_MONTH;

/// Parameters of metrics over recurring revenue that have no others.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RevenueParams {
    /// What spans of one customer that overlap mean.
    pub overlaps: Overlaps,
    /// Whether spans last through the day that they end on.
    pub ends: Ends,
}

impl RevenueParams {
    pub(crate) fn rules(&self) -> SpanRules {
        SpanRules { overlaps: self.overlaps, ends: self.ends }
    }
}

/// Whether the rates that amounts are converted by change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rates {
    /// No, or nothing is converted.
    Constant,
    /// Yes: what a customer pays is worth other amounts as a bucket opens and closes.
    Changing,
}

impl Rates {
    /// A definition by constant rates that knows what it is by changing ones.
    pub(crate) fn both(define: impl Fn(Self) -> Definition) -> Definition {
        define(Self::Constant).by_changing_rates(define(Self::Changing))
    }

    /// The rows of what customers do.
    pub(crate) fn of_customers(self, filter: Expr) -> Expr {
        match self {
            Self::Constant => filter,
            Self::Changing => filter.and(is_exchange().not()),
        }
    }

    /// A definition that says of its values whose rates they are at.
    pub(crate) fn noted_as_they_change(self, definition: Definition) -> Definition {
        match self {
            Self::Constant => definition,
            Self::Changing => definition.note("at the rates of when each bucket opens and closes"),
        }
    }

    /// A definition that says of its values that they are at constant rates.
    pub(crate) fn noted(self, definition: Definition) -> Definition {
        match self {
            Self::Constant => definition,
            Self::Changing => definition.note("at constant rates: those of each bucket's end"),
        }
    }
}

/// Rows that are a change of rates.
pub(crate) fn is_exchange() -> Expr {
    col(IS_EXCHANGE).eq(lit(1))
}

/// The evidence, by name.
pub(crate) const OPENING: &str = "opening_mrr";
/// What the revenue of the opening is worth more at the rates of the bucket's end.
pub(crate) const EXCHANGE: &str = "exchange_mrr";
pub(crate) const NEW: &str = "new_mrr";
pub(crate) const EXPANSION: &str = "expansion_mrr";
pub(crate) const REACTIVATION: &str = "reactivation_mrr";
pub(crate) const CONTRACTION: &str = "contraction_mrr";
pub(crate) const CHURNED: &str = "churned_mrr";
/// Customers who paid as the bucket opened.
pub(crate) const AT_START: &str = "customers_at_start";
/// Customers who paid as the bucket opened, and do not as it closes.
pub(crate) const LOST: &str = "lost_customers";
const SQUARES: &str = "opening_squares";
const EXCHANGE_SQUARES: &str = "exchange_squares";

/// A metric over what each customer paid as a bucket opened and pays as it closes.
pub(crate) fn definition(rules: SpanRules, rates: Rates) -> Definition {
    let source = Spans::Subscribed(rules).source().column(AMOUNT_PER_MONTH);
    let (source, amounts) = match rates {
        Rates::Constant => (source, Amounts::Constant),
        Rates::Changing => (source.in_own_currencies(rules.lasting()), Amounts::Exchanged),
    };
    Definition::over(source).derive(Changes { spans: Spans::Subscribed(rules), amounts })
}

/// How much more a customer pays as the bucket closes.
pub(crate) fn change() -> Expr {
    col(CLOSING_MRR) - col(OPENING_MRR)
}

/// What a bucket changed of the revenue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Movements {
    pub(crate) opening: f64,
    /// None by constant rates.
    pub(crate) exchange: Option<f64>,
    pub(crate) new: f64,
    pub(crate) expansion: f64,
    pub(crate) reactivation: f64,
    pub(crate) contraction: f64,
    pub(crate) churned: f64,
    pub(crate) customers_at_start: f64,
    pub(crate) lost_customers: f64,
}

impl Movements {
    const MEASURES: [&str; 8] = [OPENING, NEW, EXPANSION, REACTIVATION, CONTRACTION, CHURNED, AT_START, LOST];

    /// The measures that they are read from.
    pub(crate) fn measures(rates: Rates) -> Vec<&'static str> {
        let exchange: &[&str] = if rates == Rates::Changing { &[EXCHANGE] } else { &[] };
        [Self::MEASURES.as_slice(), exchange].concat()
    }

    /// These measures.
    pub(crate) fn measured(definition: Definition, rates: Rates) -> Definition {
        let stayed = || rates.of_customers(Changes::stayed());
        let (more, less) = (change().gt(lit(0.0)), change().lt(lit(0.0)));
        let definition = definition
            .measure(sum(OPENING, change()).opening())
            .measure(sum(NEW, change()).filter(Changes::came().and(col(WAS_BEFORE).eq(lit(0)))))
            .measure(sum(EXPANSION, change()).filter(stayed().and(more)))
            .measure(sum(REACTIVATION, change()).filter(Changes::came().and(col(WAS_BEFORE).eq(lit(1)))))
            .measure(sum(CONTRACTION, -change()).filter(stayed().and(less)))
            .measure(sum(CHURNED, -change()).filter(Changes::left()))
            .measure(Changes::customers_at_start(AT_START))
            .measure(count(LOST).filter(Changes::left()));
        match rates {
            Rates::Constant => definition,
            Rates::Changing => definition.measure(sum(EXCHANGE, change()).filter(is_exchange())),
        }
    }

    pub(crate) fn of(row: &MeasureRow, rates: Rates) -> Self {
        let [opening, new, expansion, reactivation, contraction, churned, customers_at_start, lost_customers] =
            Self::MEASURES.map(|name| row.get(name).unwrap_or(0.0));
        // Sums of what came and went leave rounding where nothing is left.
        let opening = if customers_at_start > 0.0 { opening } else { 0.0 };
        let exchange = (rates == Rates::Changing).then(|| row.get(EXCHANGE).unwrap_or(0.0));
        Self { opening, exchange, new, expansion, reactivation, contraction, churned, customers_at_start, lost_customers }
    }

    /// What the customers of the opening paid then, at the rates that what they do is at.
    pub(crate) fn base(&self) -> f64 {
        self.opening + self.exchange.unwrap_or(0.0)
    }

    /// What the customers of the opening still pay, no more than they did.
    pub(crate) fn kept(&self) -> f64 {
        let kept = self.base() - self.contraction - self.churned;
        if self.lost_customers < self.customers_at_start { kept.max(0.0) } else { 0.0 }
    }

    /// What the customers of the opening pay as the bucket closes.
    pub(crate) fn kept_and_expanded(&self) -> f64 {
        self.kept() + self.expansion
    }

    /// The evidence.
    pub(crate) fn evidence(&self) -> Vec<(&'static str, Option<f64>)> {
        let won = [(NEW, Some(self.new)), (REACTIVATION, Some(self.reactivation))];
        [self.evidence_of_opening().as_slice(), &won].concat()
    }

    /// The evidence that is of the customers of the opening.
    pub(crate) fn evidence_of_opening(&self) -> Vec<(&'static str, Option<f64>)> {
        let amounts = [
            (OPENING, self.opening),
            (EXPANSION, self.expansion),
            (CONTRACTION, self.contraction),
            (CHURNED, self.churned),
            (AT_START, self.customers_at_start),
            (LOST, self.lost_customers),
        ];
        let mut evidence = amounts.map(|(name, amount)| (name, Some(amount))).to_vec();
        if self.exchange.is_some() {
            evidence.insert(1, (EXCHANGE, self.exchange));
        }
        evidence
    }
}

/// What the customers of an opening paid, and what of it they pay later, as sums over them.
///
/// Most of them pay the same, and have no row: a stock of squares knows them, and only what changed is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cohort {
    /// What they pay, however much more it is.
    Net,
    /// What they pay, no more than they did.
    Gross,
}

impl Cohort {
    const CHANGED: [&str; 2] = ["changed_squares", "changed_squares_of_both"];

    /// The measures that the sums are read from.
    pub(crate) fn measures(rates: Rates) -> Vec<&'static str> {
        let exchange: &[&str] = if rates == Rates::Changing { &[EXCHANGE_SQUARES] } else { &[] };
        [Movements::measures(rates).as_slice(), &[SQUARES], &Self::CHANGED, exchange].concat()
    }

    /// These measures.
    pub(crate) fn measured(self, definition: Definition, rates: Rates) -> Definition {
        let (opening, closing) = (|| col(OPENING_MRR), || col(CLOSING_MRR));
        let square = |of: Expr| of.clone() * of;
        let kept = || match self {
            Self::Net => closing(),
            Self::Gross => when(closing().lt(opening())).then(closing()).otherwise(opening()),
        };
        let of_opening = || rates.of_customers(col(WAS_ACTIVE).eq(lit(1)));
        let [changed, of_both] = Self::CHANGED;
        let more_squares = || square(closing()) - square(opening());
        let definition = Movements::measured(definition, rates)
            .measure(sum(SQUARES, more_squares()).opening())
            .measure(sum(changed, square(kept()) - square(opening())).filter(of_opening()))
            .measure(sum(of_both, square(kept() + opening()) - square(lit(2.0) * opening())).filter(of_opening()));
        match rates {
            Rates::Constant => definition,
            Rates::Changing => definition.measure(sum(EXCHANGE_SQUARES, more_squares()).filter(is_exchange())),
        }
    }

    /// The sums over the customers of the opening; none for fewer than two.
    pub(crate) fn clusters(self, row: &MeasureRow, rates: Rates) -> Option<Clusters> {
        let movements = Movements::of(row, rates);
        let (count, opening) = (movements.customers_at_start, movements.base());
        let kept = if self == Self::Net { movements.kept_and_expanded() } else { movements.kept() };
        let squares = row.get(SQUARES)? + row.get(EXCHANGE_SQUARES).unwrap_or(0.0);
        let [changed, of_both] = Self::CHANGED.map(|name| row.get(name).unwrap_or(0.0));
        // None is that of equal numbers.
        let variance = |sum: f64, squares: f64| statistics::weighted_variance(count, count, sum, squares).unwrap_or(0.0);
        (count >= 2.0).then(|| Clusters {
            sum_x: kept,
            sum_y: opening,
            count,
            variance_x: variance(kept, squares + changed),
            variance_y: variance(opening, squares),
            variance_x_plus_y: variance(kept + opening, 4.0 * squares + of_both),
        })
    }

    /// The test of no change in the share of what was paid.
    pub(crate) fn no_change(self, (now, before): (&MeasureRow, &MeasureRow), rates: Rates) -> Option<f64> {
        statistics::two_ratios(&self.clusters(now, rates)?, &self.clusters(before, rates)?)
    }
}
