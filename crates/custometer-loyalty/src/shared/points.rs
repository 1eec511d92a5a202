//! The points of a loyalty programme: earned, redeemed and expired, customer by customer.

use custometer_core::MeasureRow;
use custometer_core::prelude::*;
use custometer_core::statistics::{self, Clusters};
use custometer_core::time::BUCKET;

use crate::tables::{CUSTOMER_ID, POINTS, TIME};

/// What becomes of points that were earned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Redeemed,
    Expired,
}

impl Fate {
    /// The measure of them, and its variance over the customers, alone and with the points earned.
    fn measures(self) -> [&'static str; 3] {
        match self {
            Self::Redeemed => ["redeemed", "redeemed_variance", "redeemed_and_earned_variance"],
            Self::Expired => ["expired", "expired_variance", "expired_and_earned_variance"],
        }
    }

    /// Such points per hundred that were earned in the same bucket.
    pub(crate) fn per_hundred_earned(self) -> Definition {
        let [of, variance_of, variance_of_both] = self.measures();
        let source = Source::table(POINTS)
            .at(TIME)
            .column(Column::identifier(CUSTOMER_ID).also_called(names::CUSTOMER).describe("whose points they are"))
            .column(
                Column::text("kind")
                    .one_of(&KINDS)
                    .describe("what happened to them")
                    .also_called("type, movement type, transaction type, entry type, reason, category, art, slags, typ, buchungsart"),
            )
            .column(Column::number("points").between(0.0, f64::INFINITY).describe("how many").also_called(
                "point, points amount, loyalty points, bonus points, miles, coins, stars earned, balance change, bonuspoint, \
                 poeng, bonuspoeng, poaeng, bonuspoaeng, punkte, bonuspunkte, treuepunkte",
            ));
        Definition::over(source)
            .derive(PointsOfCustomers)
            .measure(sum(of, col(of)))
            .measure(sum("earned", col("earned")))
            .measure(count("customers"))
            .measure(variance(variance_of, col(of)))
            .measure(variance("earned_variance", col("earned")))
            .measure(variance(variance_of_both, col(of) + col("earned")))
            .value(self.formula().value())
    }

    /// A ratio of sums over customers, in percent, with its delta-method interval.
    fn formula(self) -> RowFormula {
        let measures = [self.measures().as_slice(), &["earned", "customers", "earned_variance"]].concat();
        let formula = RowFormula::of(&measures, move |row, _, context| {
            let [of, ..] = self.measures();
            let sums = row.get(of).zip(row.get("earned")).filter(|(_, earned)| *earned > 0.0);
            let interval = self.clusters(row).and_then(|clusters| statistics::ratio_of_means(&clusters, context.confidence));
            let estimate = Estimate {
                value: sums.map(|(of, earned)| 100.0 * of / earned),
                interval: interval.map(|(low, high)| (100.0 * low.max(0.0), 100.0 * high)),
                n: row.get("customers"),
            };
            Found::new(estimate, row.evidence())
        });
        formula.tested(move |now, before| statistics::two_ratios(&self.clusters(now)?, &self.clusters(before)?))
    }

    fn clusters(self, row: &MeasureRow) -> Option<Clusters> {
        let [of, variance_of, variance_of_both] = self.measures();
        Some(Clusters {
            sum_x: row.get(of)?,
            sum_y: row.get("earned")?,
            count: row.get("customers")?,
            variance_x: row.get(variance_of)?,
            variance_y: row.get("earned_variance")?,
            variance_x_plus_y: row.get(variance_of_both)?,
        })
    }
}

const KINDS: [&str; 3] = ["earn", "redeem", "expire"];

/// Movements → customers, with their points of each kind in each bucket.
#[derive(Debug)]
struct PointsOfCustomers;

impl Derive for PointsOfCustomers {
    fn entity(&self) -> &'static str {
        CUSTOMER_ID
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::PartOfEntity
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let points = KINDS.map(|kind| when(col("kind").eq(lit(kind))).then(col("points")).otherwise(lit(0.0)));
        let movements = Entities::in_groups(rows, CUSTOMER_ID, context).integers([col(BUCKET)]).numbers(points);
        Ok(movements.derive("points_of_customers", [BUCKET], ["earned", "redeemed", "expired"], |customer, derived| {
            let ([buckets], points) = (customer.integers(), customer.numbers::<3>());
            let mut until = 0;
            for rows in buckets.chunk_by(|one, next| one == next) {
                let from = until;
                until += rows.len();
                derived.push(customer, [rows[0]], points.map(|points| points[from..until].iter().sum()));
            }
        }))
    }
}
