//! Ticket volume, and by channel the channel preference that can be observed.

use custometer_core::measure::Scope;
use custometer_core::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tables::{CREATED_AT, TICKET, TICKETS};

/// Parameters of [`TicketVolume`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TicketVolumeParams {
    /// Whether the value is the number of tickets or their share.
    pub show: Show,
}

/// What the value is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Show {
    /// The number of tickets.
    #[default]
    Count,
    /// The group's percentage of the bucket's tickets.
    Share,
}

/// `support.ticket_volume`: how many cases, and where from?
pub struct TicketVolume;

impl Metric for TicketVolume {
    type Params = TicketVolumeParams;

    const ABOUT: &'static About = &About {
        id: "support.ticket_volume",
        title: "Ticket volume",
        summary: "Tickets created, or each group's share of them. By channel, the share is the preference that can be observed.",
        formula: "tickets created; 100 · tickets of the group / tickets of the bucket",
        unit: Unit::Count,
        range: "0 or more; shares 0 to 100, and the shares of a breakdown sum to 100",
        direction: Direction::Neutral,
        edge_cases: &["No ticket: the number is 0, every share is undefined.", "A row without a ticket id is rejected."],
        examples: &[
            Example { title: "three tickets", header: "ticket_id", rows: &[(3, "t{i}")], expected: &[("", Some(3.0))], ..Example::NONE },
            Example {
                title: "the whole is its own share",
                params: "show = \"share\"",
                header: "ticket_id",
                rows: &[(3, "t{i}")],
                expected: &[("", Some(100.0))],
                ..Example::NONE
            },
        ],
        references: &["E. B. Wilson, JASA 22 (1927), for the intervals of the shares"],
    };

    fn define(params: &TicketVolumeParams) -> Result<Definition, ParamError> {
        let definition = Definition::over(Source::table(TICKETS).at(CREATED_AT).column(TICKET))
            .measure(count("tickets"))
            .measure(count("all_tickets").scope(Scope::Bucket));
        Ok(match params.show {
            Show::Count => definition.value(Value::measure("tickets")),
            Show::Share => definition.value(Value::proportion("tickets", "all_tickets")).unit(Unit::Percent),
        })
    }
}

register_metric!(TicketVolume);
