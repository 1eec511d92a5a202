//! Active users.

use custometer_core::prelude::*;
use custometer_core::{DimensionValue, Estimate, Evaluate, EvaluateContext, EvaluateError, Evaluation, Group, Observation};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::active_spans::{ACTIVE, ActiveSpans, NEW, window_note};

/// Parameters of [`ActiveUsers`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActiveUsersParams {
    /// How many local days the window has. The last one ends with the bucket: 1 day is that of daily active users, 7 and 28 are usual, too.
    pub window_days: u32,
    /// Which of the users are counted.
    #[serde(default)]
    pub users: Users,
}

/// Which users are counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Users {
    /// All who are active.
    #[default]
    All,
    /// Those whose very first event in the data is within the window.
    New,
    /// Those who were seen before the window.
    Returning,
    /// New and returning ones, each in a row of their own.
    NewAndReturning,
}

/// `web.active_users`: how many people use it these days?
pub struct ActiveUsers;

impl Metric for ActiveUsers {
    type Params = ActiveUsersParams;

    const ABOUT: &'static About = &About {
        id: "web.active_users",
        title: "Active users",
        summary: "Distinct users with an event in the last days of each bucket.",
        formula: "distinct user_id over the `window_days` local days that end with the bucket; new + returning = all",
        unit: Unit::Count,
        range: "0 or more",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No active user: 0.",
            "Active users of several days, or groups, do not add up: somebody who was active on two days counts on both. Totals are \
             counted from the events.",
            "The window may reach back before the period. Where it reaches back before the first event of the data, the note says so: there may \
             have been more.",
            "New users are those whose first event of all in the data is within the window; in a breakdown, the first event in the group.",
            "An event without a user or a time, or with one outside the years 1990 to 2199, is rejected.",
        ],
        examples: &[
            Example {
                title: "a window of two days, over three",
                report: "from = 2025-01-01\nuntil = 2025-01-04\ngrain = \"day\"",
                params: "window_days = 2",
                header: "user_id,time",
                rows: &[(1, "a,2025-01-01 10:00:00"), (1, "b,2025-01-02 10:00:00"), (1, "a,2025-01-02 11:00:00")],
                expected: &[("2025-01-01", Some(1.0)), ("2025-01-02", Some(2.0)), ("2025-01-03", Some(2.0))],
            },
            Example {
                title: "new and returning ones",
                report: "from = 2025-01-02\nuntil = 2025-01-03\ngrain = \"day\"",
                params: "window_days = 1\nusers = \"new_and_returning\"",
                header: "user_id,time",
                rows: &[
                    (1, "a,2025-01-01 10:00:00"),
                    (1, "b,2025-01-02 10:00:00"),
                    (1, "c,2025-01-02 10:00:00"),
                    (1, "a,2025-01-02 11:00:00"),
                ],
                expected: &[("2025-01-02 users=new", Some(2.0)), ("2025-01-02 users=returning", Some(1.0))],
            },
        ],
        references: &[],
    };

    fn define(params: &ActiveUsersParams) -> Result<Definition, ParamError> {
        Ok(ActiveSpans::users("window_days", params.window_days)?
            .measure(sum("active", col(ACTIVE)).closing())
            .measure(sum("new", col(NEW)).closing())
            .value(Value::function(Counted { users: params.users, window_days: params.window_days })))
    }
}

/// Active users, or those of a kind.
#[derive(Debug)]
struct Counted {
    users: Users,
    window_days: u32,
}

impl Evaluate for Counted {
    fn measures(&self) -> Vec<&str> {
        vec!["active", "new"]
    }

    fn dimensions(&self) -> Vec<String> {
        if self.users == Users::NewAndReturning { vec!["users".to_owned()] } else { Vec::new() }
    }

    fn evaluate(&self, group: &Group<'_>, context: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError> {
        let measure = |name| group.rows.first().and_then(|row| row.get(name)).unwrap_or(0.0);
        let (active, new) = (measure("active"), measure("new"));
        let counted = |value: f64, dimensions: Vec<DimensionValue>| Observation {
            dimensions,
            estimate: Estimate { value: Some(value), interval: None, n: Some(value) },
            measures: [("active", active), ("new", new), ("returning", active - new)]
                .map(|(name, value)| (name.to_owned(), Some(value)))
                .into(),
        };
        let observations = match self.users {
            Users::All => vec![counted(active, Vec::new())],
            Users::New => vec![counted(new, Vec::new())],
            Users::Returning => vec![counted(active - new, Vec::new())],
            Users::NewAndReturning => vec![counted(new, vec!["new".into()]), counted(active - new, vec!["returning".into()])],
        };
        Ok(Evaluation { observations, note: window_note(self.window_days, group, context), ..Evaluation::default() })
    }
}

register_metric!(ActiveUsers);
