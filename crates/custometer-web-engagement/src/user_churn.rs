//! User churn.

use custometer_core::prelude::*;
use custometer_core::time::BUCKET;

use crate::shared::known::known;
use crate::shared::sequence::Sequence;
use crate::tables::{HAPPENED, TIME, USER, dated_events};

const WAS_ACTIVE: &str = "was_active";
const IS_ACTIVE: &str = "is_active";

/// `web.user_churn`: how many do not come again?
pub struct UserChurn;

impl Metric for UserChurn {
    type Params = NoParams;

    const ABOUT: &'static About = &About {
        id: "web.user_churn",
        title: "User churn",
        summary: "Of the users who were active in the bucket before, the share who are not active in this one.",
        formula: "100 · users with an event in the bucket before and none in this one / users with an event in the bucket before",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::LowerIsBetter,
        edge_cases: &[
            "No user was active in the bucket before, or the data do not reach back to it: undefined. Where they begin within it, its users \
                are those of the part that is known.",
            "The bucket before the first one ends where the period begins, and is as long as the grain, or for a total as the period. It \
                needs events from before the period.",
            "A bucket that has not ended by the as-of date: undefined, since who still comes is not known.",
            "A bucket that the period cuts is marked partial; in a shorter time fewer users come.",
            "Who stays away for a bucket and comes back is churned in the one, and counted as any other user from the other on.",
            "In a breakdown, a user belongs to every group they have events in, and is churned in a group by having none in it.",
            "An event without a user is rejected.",
        ],
        examples: &[
            Example {
                title: "of 40 users in December, 10 do not come in January; 5 are new",
                report: "from = 2025-01-01\nuntil = 2025-02-01\nas_of = 2025-02-01\ngrain = \"month\"",
                header: "user_id,time",
                rows: &[(40, "u{i},2024-12-05"), (30, "u{i},2025-01-31"), (30, "u{i},2025-01-02"), (5, "v{i},2025-01-10")],
                expected: &[("2025-01-01", Some(25.0))],
                ..Example::NONE
            },
            Example {
                title: "who comes back in March was churned in February; before January nothing is known",
                report: "from = 2025-01-01\nuntil = 2025-04-01\nas_of = 2025-04-01\ngrain = \"month\"",
                header: "user_id,time",
                rows: &[(2, "a{i},2025-01-05"), (1, "a{i},2025-02-05"), (2, "a{i},2025-03-05")],
                expected: &[("2025-01-01", None), ("2025-02-01", Some(50.0)), ("2025-03-01", Some(0.0))],
                ..Example::NONE
            },
        ],
        references: &["E. B. Wilson, JASA 22 (1927), for the interval"],
    };

    fn define(_: &NoParams) -> Result<Definition, ParamError> {
        let was_active = || col(WAS_ACTIVE).eq(lit(1));
        let is_active = || col(IS_ACTIVE).eq(lit(1));
        Ok(Definition::over(dated_events().column(USER).column(HAPPENED))
            .derive(Activity)
            .measure(count("churned_users").filter(was_active().and(is_active().not())))
            .measure(count("users_before").filter(was_active()))
            .measure(count("users").filter(is_active()))
            .value(Value::proportion("churned_users", "users_before")))
    }
}

/// Events → a row for each user and bucket that they are active in, or were in the one before.
#[derive(Debug)]
struct Activity;

impl Derive for Activity {
    fn entity(&self) -> &'static str {
        USER.name
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::PartOfEntity
    }

    fn buckets(&self) -> BucketRule {
        BucketRule::InSequence
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let sequence = Sequence::of(context);
        let users = Entities::in_groups(known(rows, context), USER.name, context).integers([sequence.index_of(col(TIME))]);
        Ok(users.derive("user_churn", [BUCKET, WAS_ACTIVE, IS_ACTIVE], [], move |user, derived| {
            let [indices] = user.integers();
            let mut active = indices.chunk_by(|one, next| one == next).filter_map(|rows| sequence.position(rows[0])).peekable();
            let mut before = None;
            while let Some(position) = active.next() {
                if let Some(bucket) = sequence.ended_bucket(position) {
                    derived.push(user, [bucket, i64::from(before == Some(position - 1)), 1], []);
                }
                if let Some(bucket) = sequence.ended_bucket(position + 1).filter(|_| active.peek() != Some(&(position + 1))) {
                    derived.push(user, [bucket, 1, 0], []);
                }
                before = Some(position);
            }
        }))
    }
}

register_metric!(UserChurn);
