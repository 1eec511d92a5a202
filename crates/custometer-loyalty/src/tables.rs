//! The logical tables that loyalty metrics read, and their columns.

use custometer_core::{Column, NullRule, Unit};

/// One answer to a survey question.
pub const RESPONSES: &str = "responses";
/// One purchase.
pub const ORDERS: &str = "orders";
/// One customer's span.
pub const SUBSCRIPTIONS: &str = "subscriptions";
/// One customer.
pub const CUSTOMERS: &str = "customers";
/// One movement of a loyalty programme's points.
pub const POINTS: &str = "points";
/// One recommendation.
pub const REFERRALS: &str = "referrals";
/// One public review.
pub const REVIEWS: &str = "reviews";

/// When it happened.
pub const TIME: &str = "time";
/// Who it was.
pub const CUSTOMER_ID: &str = "customer_id";
/// When a span begins.
pub const STARTED_AT: &str = "started_at";
/// When a span ends; none while it goes on.
pub const ENDED_AT: &str = "ended_at";
/// When someone became a customer.
pub const CREATED_AT: &str = "created_at";
/// When a customer was last active.
pub const LAST_ACTIVE_AT: &str = "last_active_at";
/// When a recommendation made a customer.
pub const CONVERTED_AT: &str = "converted_at";

/// The answer to "how likely are you to recommend us", 0–10. An unanswered question is no response.
pub const RECOMMENDATION: Column =
    Column::number("score").whole(0, 10).nulls(NullRule::Skip).describe("likelihood to recommend, from 0 to 10");

/// How much an answer counts, where a report asks for weights.
pub const WEIGHT: Column =
    Column::number("weight").between(0.0, f64::INFINITY).describe("how much the answer counts, 0 or more; read with `weighted = true`");

/// The customer of a purchase.
pub const CUSTOMER: Column = Column::identifier(CUSTOMER_ID).describe("who bought");

/// The amount of a purchase.
pub const AMOUNT: Column = Column::number("amount").unit(Unit::Currency).describe("what was paid");

/// The order that a purchase is a line of.
pub const ORDER_ID: Column =
    Column::identifier("order_id").describe("which order it is a line of; read with `one_order_per = \"order_id\"`");

/// The lowest gross margin that is taken for one: of a purchase that cost twice what was paid.
pub const LOWEST_MARGIN: f64 = -1.0;
/// The highest gross margin: of a purchase that cost nothing.
pub const HIGHEST_MARGIN: f64 = 1.0;

/// The gross margin of a purchase.
pub const MARGIN_RATE: Column = Column::number("margin_rate")
    .between(LOWEST_MARGIN, HIGHEST_MARGIN)
    .describe("what is left of the amount after the costs of what was sold, as a share of it; read with `margin = \"column\"`");

/// The customer of a span.
pub const SUBSCRIBER: Column = Column::identifier(CUSTOMER_ID).describe("whose span it is");

/// When a span begins.
pub const STARTED: Column = Column::time(STARTED_AT).describe("when the span begins");

/// When a span ends.
pub const ENDED: Column =
    Column::time(ENDED_AT).nulls(NullRule::Keep).describe("when it ends, no longer part of it; missing while it goes on");

/// What a span brings in a month.
pub const AMOUNT_PER_MONTH: Column =
    Column::number("amount_per_month").between(0.0, f64::INFINITY).unit(Unit::Currency).describe("what is paid for a month");
