//! The logical tables that web metrics read, and their columns.

use custometer_core::{Column, NullRule, Source, Unit};

/// One page view or action.
pub const EVENTS: &str = "events";

/// When it happened.
pub const TIME: &str = "time";

/// When it happened, for metrics that look at the time between events.
pub const INSTANT: Column = Column::time(TIME).describe("when it happened");

/// Who did it.
pub const USER: Column = Column::identifier("user_id").describe("who it was: a user, visitor or client id");

/// What was done.
pub const EVENT: Column = Column::text("event").nulls(NullRule::Keep).describe("the name of the action");

/// What was looked at; only ever compared with another.
pub const PAGE: Column = Column::identifier("page").nulls(NullRule::Keep).describe("the page that was looked at");

/// The visit it belongs to, where the source knows visits.
pub const SESSION: Column = Column::identifier("session_id").describe("the visit that the event belongs to");

/// What an action is worth.
pub const VALUE: Column =
    Column::number("value").unit(Unit::Currency).nulls(NullRule::Keep).describe("what the action is worth, in the currency of the data");

/// One visit, as a source tells it that knows visits.
pub const SESSIONS: &str = "sessions";

/// When a visit began.
pub const STARTED_AT: &str = "started_at";

/// How long a visit took.
pub const DURATION: Column = Column::number("duration_seconds")
    .between(0.0, f64::INFINITY)
    .unit(Unit::Seconds)
    .describe("the time from the visit's first event to its last");

/// How many pages were looked at in a visit.
pub const PAGE_VIEWS: Column = Column::number("page_views").whole(0, i64::MAX).unit(Unit::Count).describe("the pages looked at");

/// How many converting actions a visit has.
pub const CONVERSIONS: Column = Column::number("conversions").whole(0, i64::MAX).unit(Unit::Count).describe("the converting actions");

/// Events, at times when there was a web. Others come of clocks that were never set, and of numbers read in the wrong unit.
pub fn events() -> Source {
    on_the_web(Source::table(EVENTS).at(TIME))
}

/// The same for metrics that mean nothing without a beginning and an end.
pub fn dated_events() -> Source {
    on_the_web(Source::table(EVENTS).always_at(TIME))
}

/// Visits, at such times.
pub fn sessions() -> Source {
    on_the_web(Source::table(SESSIONS).at(STARTED_AT))
}

fn on_the_web(source: Source) -> Source {
    source.years(1990, 2199)
}
