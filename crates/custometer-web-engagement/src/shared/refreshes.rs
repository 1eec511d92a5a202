//! Refreshes: views of a page that the same user has only just viewed.

use std::collections::HashMap;

use custometer_core::prelude::*;
use custometer_core::time::BUCKET;
use polars::prelude::DataType;

use crate::tables::{PAGE, TIME, USER};

const MICROSECONDS: i64 = 1_000_000;

/// The pages that one user has viewed so far, and when last.
pub(crate) struct Viewed {
    within: i64,
    last: HashMap<i64, i64>,
}

impl Viewed {
    /// No page yet. A view is a refresh at most `seconds` after the one before it.
    pub(crate) fn new(seconds: u32) -> Self {
        Self { within: i64::from(seconds) * MICROSECONDS, last: HashMap::new() }
    }

    /// Adds a view, after all that came before it: whether it is a refresh. A view of no known page never is.
    pub(crate) fn is_refresh(&mut self, page: i64, time: i64) -> bool {
        page != NO_PAGE && self.last.insert(page, time).is_some_and(|before| time - before <= self.within)
    }
}

/// Codes of pages count from 0.
const NO_PAGE: i64 = -1;

/// The page of a row as a whole number.
pub(crate) fn page() -> Expr {
    col(PAGE.name).cast(DataType::Int64).fill_null(lit(NO_PAGE))
}

/// Checks a number of seconds within which a view is a refresh.
pub(crate) fn checked(refresh_seconds: Option<u32>) -> Result<(), ParamError> {
    match refresh_seconds {
        Some(0) => Err(ParamError::new("refresh_seconds", "nothing is viewed again within no time").help("leave it out to keep all views")),
        _ => Ok(()),
    }
}

/// Views without refreshes: rows of views to those of them that stay.
#[derive(Debug)]
pub(crate) struct WithoutRefreshes {
    pub(crate) refresh_seconds: u32,
    /// Which rows are views.
    pub(crate) is_view: Option<Expr>,
}

impl Derive for WithoutRefreshes {
    fn entity(&self) -> &'static str {
        USER.name
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::Attribute
    }

    fn buckets(&self) -> BucketRule {
        BucketRule::Nothing
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let refresh_seconds = self.refresh_seconds;
        let views = self.is_view.iter().cloned().fold(rows, LazyFrame::filter);
        let views = Entities::with_attributes(views, USER.name, context).integers([col(TIME).cast(DataType::Int64), page(), col(BUCKET)]);
        Ok(views.derive("views without refreshes", [BUCKET], [], move |user, derived| {
            let [times, pages, buckets] = user.integers();
            let mut viewed = Viewed::new(refresh_seconds);
            let mut from = 0;
            while from < user.len() {
                // Views of one page at one instant are one, whichever of them comes first.
                let same = (from..user.len()).take_while(|row| times[*row] == times[from] && pages[*row] == pages[from]).count();
                let until = if pages[from] == NO_PAGE { from + 1 } else { from + same };
                if !viewed.is_refresh(pages[from], times[from]) {
                    derived.push_like_any(user, from..until, [buckets[from]], []);
                }
                from = until;
            }
        }))
    }
}
