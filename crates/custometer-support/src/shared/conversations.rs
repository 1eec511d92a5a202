//! Messages → how long the parties of each conversation have waited for each other, by a clock.

use custometer_core::prelude::*;
use custometer_core::time::{BUCKET, Clock};
use polars::prelude::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::durations::{Reported, noted, on_clock};
use crate::shared::messages::{self, CUSTOMER, REPLY, Visibility};
use crate::tables::{TICKET_ID, TIME};

/// 1 for a conversation whose last question nobody has answered; 0 for the others.
const IS_WAITING: &str = "is_waiting";
/// The seconds from questions to the replies that answer them.
pub(crate) const REQUESTER_WAITED: &str = "requester_seconds";
/// The seconds from replies to the questions that come after them.
pub(crate) const AGENT_WAITED: &str = "agent_seconds";

/// Where it stands who waited for whom.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitBasis {
    /// In a table of tickets' histories: one row per change of a ticket's status, the first of them its creation.
    #[default]
    History,
    /// In a table of messages: after a question its customer waits, after a reply the agent does.
    Messages,
}

/// Messages → one row per ticket that a customer has written in, in the bucket and with the attributes of their first message.
///
/// Of several messages of one party in a row, the first begins the other's turn. Bots and internal notes change nothing, and neither does what agents
/// write before the customer does.
#[derive(Debug)]
struct Conversations {
    visibility: Visibility,
    clock: Clock,
}

impl Derive for Conversations {
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
        let integers = [col(TIME).cast(DataType::Int64), messages::kind(self.visibility), col(BUCKET), self.clock.of_row().number()];
        let messages = Entities::with_attributes(rows, TICKET_ID, context).integers(integers);
        let counter = self.clock.counter();
        Ok(messages.derive("conversations", [BUCKET, IS_WAITING], [REQUESTER_WAITED, AGENT_WAITED], move |ticket, derived| {
            let [times, kinds, buckets, calendars] = ticket.integers();
            let mut turns = (0..ticket.len()).filter(|row| [CUSTOMER, REPLY].contains(&kinds[*row])).skip_while(|row| kinds[*row] == REPLY);
            let Some(first) = turns.next() else { return };
            let (mut turn, mut waited) = (first, [0.0; 2]);
            for row in turns {
                if kinds[row] != kinds[turn] {
                    let microseconds = counter.microseconds(calendars[turn], times[turn], times[row]);
                    // Exact: microseconds fit a float for 285 years.
                    waited[usize::from(kinds[turn] == REPLY)] += microseconds.map_or(f64::NAN, |microseconds| microseconds as f64 / 1e6);
                    turn = row;
                }
            }
            derived.push_like(ticket, first, [buckets[first], i64::from(kinds[turn] == CUSTOMER)], waited);
        }))
    }
}

/// The definition over messages, of these seconds of each conversation.
pub(crate) fn definition(visibility: Visibility, clock: &Clock, reported: Reported, waited: &str) -> Result<Definition, ParamError> {
    let is_waiting = || col(IS_WAITING).eq(lit(1));
    let definition = Definition::over(on_clock(messages::source(visibility), clock, &[TIME]))
        .derive(Conversations { visibility, clock: clock.clone() })
        .measure(count("unanswered").filter(is_waiting()));
    let definition = [REQUESTER_WAITED, AGENT_WAITED]
        .into_iter()
        .fold(definition, |definition, party| definition.measure(sum(party, col(party)).filter(is_waiting().not())));
    let seconds = when(is_waiting()).then(lit(NULL)).otherwise(col(waited));
    reported.measure(noted(definition, clock), "wait", "answered", &seconds)
}

/// Refuses what is said of messages where a history is read.
pub(crate) fn refuse_of_history(visibility: Visibility) -> Result<(), ParamError> {
    if visibility == Visibility::default() {
        return Ok(());
    }
    Err(ParamError::new("visibility", "a history of statuses has no messages").help("leave it out, or take `basis = \"messages\"`"))
}
