//! Breakage rate: points that are never used.

use custometer_core::prelude::*;

use crate::shared::points::Fate;

/// `loyalty.breakage_rate`: how many points expire?
pub struct BreakageRate;

impl Metric for BreakageRate {
    type Params = NoParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.breakage_rate",
        title: "Breakage rate",
        summary: "Points that expired unused, per hundred that were earned in the same time.",
        formula: "100 · Σ points expired / Σ points earned, both in the bucket",
        unit: Unit::Percent,
        range: "0 or more; above 100 where more expires than is earned",
        direction: Direction::LowerIsBetter,
        edge_cases: &[
            "No points earned: undefined.",
            "The points that expire in a bucket were mostly earned before it: this is a rate of the time, not of one year's points.",
            "The interval treats customers as independent of each other, and not their movements. One customer, or the same rate for all: \
             no interval.",
            "In a breakdown, a customer belongs to every group they have movements in, and in each group only the points in it count.",
            "A movement without a customer or of an unknown kind is rejected, and so are points below 0.",
        ],
        examples: &[
            Example {
                title: "60 of 1200 points",
                header: "customer_id,kind,points",
                rows: &[(1, "a,earn,1000"), (2, "b,earn,100"), (1, "a,redeem,200"), (1, "a,expire,10"), (1, "b,expire,50")],
                expected: &[("", Some(5.0))],
                ..Example::NONE
            },
            Example {
                title: "nothing earned",
                header: "customer_id,kind,points",
                rows: &[(1, "a,expire,200")],
                expected: &[("", None)],
                ..Example::NONE
            },
        ],
        references: &[
            "W. G. Cochran, \"Sampling Techniques\", 3rd ed. (1977), chapter 6, for the interval of a ratio of sums over customers",
        ],
    };

    fn define(_: &NoParams) -> Result<Definition, ParamError> {
        Ok(Fate::Expired.per_hundred_earned())
    }
}

register_metric!(BreakageRate);
