//! Active share.

use custometer_core::EvaluateError;
use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::active_spans::{ACTIVE, ActiveSpans, SEEN, window_note};

/// Parameters of [`ActiveShare`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActiveShareParams {
    /// How many local days the window has. The last one ends with the bucket.
    pub window_days: u32,
    /// How many users there are, active or not. Unless said, these are all who had an event by the end of the bucket.
    #[serde(default)]
    pub user_base: Option<u64>,
}

/// `web.active_share`: how many of our users do use it?
pub struct ActiveShare;

impl Metric for ActiveShare {
    type Params = ActiveShareParams;

    const ABOUT: &'static About = &About {
        id: "web.active_share",
        title: "Active share of users",
        summary: "The share of the user base that had an event in the last days of each bucket.",
        formula: "100 · distinct users over the `window_days` days that end with the bucket / user base",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No user yet: undefined.",
            "Unless `user_base` says how many users there are, they are those with an event by the end of the bucket: who signed up before the \
             data begin and was not seen since is not among them.",
            "More active users than `user_base` says there are: undefined, with a note.",
            "`user_base` is taken for every bucket. In a breakdown, the active users of each group are divided by all of it.",
            "An event without a user or a time is rejected.",
        ],
        examples: &[
            Example {
                title: "one of two users is active today",
                report: "from = 2025-01-01\nuntil = 2025-01-03\ngrain = \"day\"",
                params: "window_days = 1",
                header: "user_id,time",
                rows: &[(1, "a,2025-01-01 10:00:00"), (1, "b,2025-01-02 10:00:00")],
                expected: &[("2025-01-01", Some(100.0)), ("2025-01-02", Some(50.0))],
            },
            Example {
                title: "two of eight users",
                report: "from = 2025-01-01\nuntil = 2025-01-03",
                params: "window_days = 7\nuser_base = 8",
                header: "user_id,time",
                rows: &[(1, "a,2025-01-01 10:00:00"), (1, "b,2025-01-02 10:00:00")],
                expected: &[("", Some(25.0))],
            },
        ],
        references: &["E. B. Wilson, JASA 22 (1927), for the interval"],
    };

    fn define(params: &ActiveShareParams) -> Result<Definition, ParamError> {
        if params.user_base == Some(0) {
            return Err(ParamError::new("user_base", "there is no share of 0 users"));
        }
        let defined = ActiveSpans::users("window_days", params.window_days)?
            .measure(sum("active", col(ACTIVE)).closing())
            .measure(sum("seen", col(SEEN)).closing())
            .value(share(params.window_days, params.user_base).value());
        Ok(match params.user_base {
            Some(users) => defined.note(format!("of {users} users")),
            None => defined.note("of all users seen in the data so far"),
        })
    }
}

/// The share of users who are active; of all who were seen, unless it is said how many there are.
fn share(window_days: u32, user_base: Option<u64>) -> RowFormula {
    RowFormula::or_error(&["active", "seen"], move |row, group, context| {
        let [active, seen] = ["active", "seen"].map(|name| row.get(name).unwrap_or(0.0));
        let users = user_base.map_or(seen, |users| users as f64);
        if active > users {
            return Err(EvaluateError(format!("{active} users are active, and `user_base` says that there are {users}")));
        }
        let found = Found::new(Estimate::share(active, users, context.confidence), [("active", Some(active)), ("users", Some(users))]);
        Ok(found.note(window_note(window_days, group, context)))
    })
}

register_metric!(ActiveShare);
