//! The logical tables that web metrics read, and their columns.

use custometer_core::{Column, NullRule};

/// One page view or action.
pub const EVENTS: &str = "events";

/// When it happened.
pub const TIME: &str = "time";

/// Who did it.
pub const USER: Column = Column::identifier("user_id").describe("who it was: a user, visitor or client id");

/// What was done.
pub const EVENT: Column = Column::text("event").nulls(NullRule::Keep).describe("the name of the action");

/// The visit it belongs to, where the source knows visits.
pub const SESSION: Column = Column::identifier("session_id").describe("the visit that the event belongs to");
