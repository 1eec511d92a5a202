//! Page views.

use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::refreshes::{self, WithoutRefreshes};
use crate::tables::{EVENT, HAPPENED, PAGE, USER, events};

/// Parameters of [`PageViews`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageViewsParams {
    /// The events that are page views; an empty list when every row is one, as in a server's log.
    pub view_events: Vec<String>,
    /// Drops views of a page that the same user has viewed at most so many seconds before, as a browser's refresh does. The time counts
    /// from the view before, dropped or not. All views are kept unless said.
    #[serde(default)]
    pub refresh_seconds: Option<u32>,
}

/// `web.page_views`: how much is looked at?
pub struct PageViews;

impl Metric for PageViews {
    type Params = PageViewsParams;

    const ABOUT: &'static About = &About {
        id: "web.page_views",
        title: "Page views",
        summary: "Views of pages, each one counted.",
        formula: "rows whose event is one of `view_events`",
        unit: Unit::Count,
        range: "0 or more",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No view: 0.",
            "With an empty list every row is a view, and no `event` column is needed.",
            "Users, pages and times are read only where refreshes are dropped. A view whose page is not known does not count.",
        ],
        examples: &[
            Example {
                title: "two views and a purchase",
                params: "view_events = [\"page_view\"]",
                header: "event",
                rows: &[(2, "page_view"), (1, "purchase")],
                expected: &[("", Some(2.0))],
                ..Example::NONE
            },
            Example {
                title: "a server's log",
                params: "view_events = []",
                header: "page",
                rows: &[(3, "/")],
                expected: &[("", Some(3.0))],
                ..Example::NONE
            },
            Example {
                title: "a page that is loaded again is viewed once",
                params: "view_events = []\nrefresh_seconds = 10",
                header: "user_id,time,page",
                rows: &[
                    (1, "a,2025-01-01 10:00:00,/"),
                    (1, "a,2025-01-01 10:00:10,/"),
                    (1, "a,2025-01-01 10:00:20,/"),
                    (1, "a,2025-01-01 10:00:31,/"),
                    (1, "b,2025-01-01 10:00:31,/"),
                ],
                expected: &[("", Some(3.0))],
                ..Example::NONE
            },
        ],
        references: &[],
    };

    fn define(params: &PageViewsParams) -> Result<Definition, ParamError> {
        refreshes::checked(params.refresh_seconds)?;
        let is_view = (!params.view_events.is_empty()).then(|| is_one_of(EVENT.name, &params.view_events));
        let expecting = |source| Definition::over(source).expects(EVENT.name, "view_events", &params.view_events);
        let source = if is_view.is_some() { events().column(EVENT) } else { events() };
        let definition = match (params.refresh_seconds, is_view) {
            (Some(refresh_seconds), is_view) => expecting(source.column(USER).column(HAPPENED).column(PAGE))
                .derive(WithoutRefreshes { refresh_seconds, is_view })
                .measure(count("views"))
                .note(format!("pages viewed again within {refresh_seconds} seconds are dropped")),
            (None, Some(is_view)) => expecting(source).measure(count("views").filter(is_view)),
            (None, None) => expecting(source).measure(count("views")),
        };
        Ok(definition.value(Value::measure("views")))
    }
}

register_metric!(PageViews);
