//! Messages → replies, each with the customer message it answers.

use custometer_core::prelude::*;
use custometer_core::time::{BUCKET, CalendarOfRow, Clock};
use polars::prelude::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::durations::CALENDAR;
use crate::tables::{MESSAGES, TICKET, TICKET_ID, TIME};

/// When the customer wrote, in the rows of [`Replies`].
pub(crate) const ASKED_AT: &str = "asked_at";
/// When an agent replied; missing while none has.
pub(crate) const REPLIED_AT: &str = "replied_at";

/// Which messages customers see.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Those for which the column `is_public` says so.
    #[default]
    Column,
    /// All: the table holds no internal notes.
    AllPublic,
}

const AUTHOR: Column = Column::text("author")
    .also_called(
        "author type, author role, sender type, sender, sent by, written by, afsender, skrevet af, forfatter, avsender, \
         skrevet av, avsaendare, skriven av, absender, verfasser, geschrieben von",
    )
    .one_of(&["customer", "agent", "bot"])
    .describe("who wrote it: `customer`, `agent` or `bot`");
const IS_PUBLIC: Column = Column::boolean("is_public")
    .also_called(
        "public, public comment, is public comment, visible, visible to customer, customer visible, offentlig, synlig for \
         kunden, publik, oeffentlich, sichtbar",
    )
    .describe("whether the customer sees it; read unless `visibility = \"all_public\"`");

/// The messages of tickets.
pub(crate) fn source(visibility: Visibility) -> Source {
    let source = Source::table(MESSAGES)
        .at(TIME)
        .column(TICKET)
        .column(Column::time(TIME).also_called(names::TIME).describe("when it was written"))
        .column(AUTHOR);
    match visibility {
        Visibility::Column => source.column(IS_PUBLIC),
        Visibility::AllPublic => source,
    }
}

/// Messages → one row per public agent reply that answers a customer, and per customer message that waits for one.
///
/// Of several customer messages in a row, the first is the one that is answered. Bots and internal notes answer nothing, and neither does an
/// agent who writes before the customer did, or twice. A row is in the bucket of the customer's message. It has the attributes of the
/// reply, so that agents can be told apart; those of the customer's message where there is no reply.
#[derive(Debug)]
pub(crate) struct Replies {
    /// Which messages customers see.
    pub(crate) visibility: Visibility,
    /// Whether only the first one of each ticket is asked for.
    pub(crate) first_only: bool,
    /// Which calendar counts: that of the customer's message.
    pub(crate) calendar: CalendarOfRow,
}

/// What a message is to the conversation, in the order in which messages of one instant are read.
pub(crate) const CUSTOMER: i64 = 0;
pub(crate) const REPLY: i64 = 1;
const OTHER: i64 = 2;

/// Which of them a message is.
pub(crate) fn kind(visibility: Visibility) -> Expr {
    let of_agent = col(AUTHOR.name).eq(lit("agent"));
    let is_reply = match visibility {
        Visibility::Column => of_agent.and(col(IS_PUBLIC.name)),
        Visibility::AllPublic => of_agent,
    };
    when(col(AUTHOR.name).eq(lit("customer"))).then(lit(CUSTOMER)).when(is_reply).then(lit(REPLY)).otherwise(lit(OTHER))
}

impl Derive for Replies {
    fn entity(&self) -> &'static str {
        TICKET_ID
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::Attribute
    }

    fn buckets(&self) -> BucketRule {
        BucketRule::Nothing
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let integers = [col(TIME).cast(DataType::Int64), kind(self.visibility), col(BUCKET), self.calendar.number()];
        let messages = Entities::with_attributes(rows, TICKET_ID, context).integers(integers);
        let first_only = self.first_only;
        Ok(messages.derive("replies", [BUCKET, ASKED_AT, CALENDAR], [REPLIED_AT], move |ticket, derived| {
            let [times, kinds, buckets, calendars] = ticket.integers();
            let mut waiting = None;
            for row in 0..ticket.len() {
                match kinds[row] {
                    CUSTOMER => waiting = waiting.or(Some(row)),
                    REPLY => {
                        let Some(asked) = waiting.take() else { continue };
                        // Exact: microseconds since 1970 fit a float for 285 years.
                        derived.push_like(ticket, row, [buckets[asked], times[asked], calendars[asked]], [times[row] as f64]);
                        if first_only {
                            return;
                        }
                    }
                    _ => {}
                }
            }
            if let Some(asked) = waiting {
                derived.push_like(ticket, asked, [buckets[asked], times[asked], calendars[asked]], [f64::NAN]);
            }
        }))
    }
}

/// The seconds from a customer's message to its reply, in the rows of [`Replies`]; null where there is none.
pub(crate) fn wait(clock: &Clock) -> Expr {
    let [asked, replied] = [ASKED_AT, REPLIED_AT].map(|instant| col(instant).cast(DataType::Int64));
    clock.seconds_between_by(&col(CALENDAR), asked, replied)
}

/// Whether a message of a customer waits for a reply, in the same rows.
pub(crate) fn is_unanswered() -> Expr {
    col(REPLIED_AT).is_null()
}
