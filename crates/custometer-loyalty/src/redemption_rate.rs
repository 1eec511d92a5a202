//! Redemption rate: points that are used.

use custometer_core::prelude::*;

use crate::shared::points::Fate;

/// `loyalty.redemption_rate`: how many points are redeemed?
pub struct RedemptionRate;

impl Metric for RedemptionRate {
    type Params = NoParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.redemption_rate",
        title: "Redemption rate",
        summary: "Points redeemed, per hundred that were earned in the same time.",
        formula: "100 · Σ points redeemed / Σ points earned, both in the bucket",
        unit: Unit::Percent,
        range: "0 or more; above 100 where more is redeemed than earned",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No points earned: undefined.",
            "The points redeemed in a bucket need not be those earned in it: points from before count too.",
            "The interval treats customers as independent of each other, and not their movements. One customer, or the same rate for all: \
             no interval.",
            "In a breakdown, a customer belongs to every group they have movements in, and in each group only the points in it count.",
            "A movement without a customer or of an unknown kind is rejected, and so are points below 0.",
        ],
        examples: &[
            Example {
                title: "300 of 1200 points",
                header: "customer_id,kind,points",
                rows: &[(1, "a,earn,1000"), (2, "b,earn,100"), (1, "a,redeem,200"), (1, "b,redeem,100"), (1, "b,expire,50")],
                expected: &[("", Some(25.0))],
                ..Example::NONE
            },
            Example {
                title: "more than were earned in the month",
                report: "from = 2025-01-01\nuntil = 2025-03-01\ngrain = \"month\"",
                header: "customer_id,time,kind,points",
                rows: &[(1, "a,2025-01-05,earn,100"), (1, "a,2025-02-05,earn,40"), (1, "a,2025-02-06,redeem,60")],
                expected: &[("2025-01-01", Some(0.0)), ("2025-02-01", Some(150.0))],
                ..Example::NONE
            },
            Example {
                title: "nothing earned",
                header: "customer_id,kind,points",
                rows: &[(1, "a,redeem,200")],
                expected: &[("", None)],
                ..Example::NONE
            },
        ],
        references: &[
            "W. G. Cochran, \"Sampling Techniques\", 3rd ed. (1977), chapter 6, for the interval of a ratio of sums over customers",
        ],
    };

    fn define(_: &NoParams) -> Result<Definition, ParamError> {
        Ok(Fate::Redeemed.per_hundred_earned())
    }
}

register_metric!(RedemptionRate);
