//! Page views.

use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::conversion_rate::is_one_of;
use crate::tables::{EVENT, events};

/// Parameters of [`PageViews`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageViewsParams {
    /// The events that are page views; an empty list when every row is one, as in a server's log.
    pub view_events: Vec<String>,
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
        edge_cases: &["No view: 0.", "With an empty list every row is a view, and no `event` column is needed."],
        examples: &[
            Example {
                title: "two views and a purchase",
                report: "",
                params: "view_events = [\"page_view\"]",
                header: "event",
                rows: &[(2, "page_view"), (1, "purchase")],
                expected: &[("", Some(2.0))],
            },
            Example {
                title: "a server's log",
                report: "",
                params: "view_events = []",
                header: "page",
                rows: &[(3, "/")],
                expected: &[("", Some(3.0))],
            },
        ],
        references: &[],
    };

    fn define(params: &PageViewsParams) -> Result<Definition, ParamError> {
        let source = events();
        let definition = if params.view_events.is_empty() {
            Definition::over(source).measure(count("views"))
        } else {
            Definition::over(source.column(EVENT)).measure(count("views").filter(is_one_of(EVENT.name, &params.view_events)))
        };
        Ok(definition.value(Value::measure("views")))
    }
}

register_metric!(PageViews);
