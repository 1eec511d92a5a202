//! The tables that can be invented.

use std::ops::Range;

use super::world::{self, Season};

/// A table that can be invented. Its number is its own stream of chance; 4 to 7 are those of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Table {
    /// Answers to a survey about recommending and satisfaction
    Responses = 0,
    /// Purchases in a shop
    Orders = 1,
    /// Customers, with how they came and how active they are
    Customers = 8,
    /// Subscriptions of customers, with their plan and price
    Subscriptions = 9,
    /// Movements of a loyalty programme
    Points = 10,
    /// Recommendations of customers to others
    Referrals = 11,
    /// Public reviews of products
    Reviews = 12,
    /// Cases of a support desk
    Tickets = 2,
    /// Messages in the cases of the support desk
    Messages = 13,
    /// Changes of the status of the support desk's cases
    TicketHistory = 21,
    /// Calls in the queues of the support desk
    Calls = 14,
    /// Reviewed cases of the support desk, a row for each criterion
    QualityScores = 15,
    /// Feedback and when it was answered
    Feedback = 16,
    /// Answers to a survey after contacts with the support desk
    ContactSurveys = 20,
    /// Mentions in social media
    Mentions = 17,
    /// Page views and actions on a web site
    Events = 3,
    /// Visits of a web site that are already put together
    Sessions = 18,
    /// A search console's export
    Search = 19,
}

impl Table {
    /// Every table.
    pub(crate) const ALL: [Self; 18] = [
        Self::Responses,
        Self::Orders,
        Self::Customers,
        Self::Subscriptions,
        Self::Points,
        Self::Referrals,
        Self::Reviews,
        Self::Tickets,
        Self::Messages,
        Self::TicketHistory,
        Self::Calls,
        Self::QualityScores,
        Self::Feedback,
        Self::ContactSurveys,
        Self::Mentions,
        Self::Events,
        Self::Sessions,
        Self::Search,
    ];

    /// The table's name, as on the command line and in a config.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Responses => "responses",
            Self::Orders => "orders",
            Self::Customers => "customers",
            Self::Subscriptions => "subscriptions",
            Self::Points => "points",
            Self::Referrals => "referrals",
            Self::Reviews => "reviews",
            Self::Tickets => "tickets",
            Self::Messages => "messages",
            Self::TicketHistory => "ticket_history",
            Self::Calls => "calls",
            Self::QualityScores => "quality_scores",
            Self::Feedback => "feedback",
            Self::ContactSurveys => "contact_surveys",
            Self::Mentions => "mentions",
            Self::Events => "events",
            Self::Sessions => "sessions",
            Self::Search => "search",
        }
    }

    /// Enough rows for a report to show something, in a small file. With these sizes the same customers, users and tickets are in all
    /// tables that name them.
    pub(crate) const fn default_rows(self) -> u64 {
        match self {
            Self::Responses | Self::Calls => 3_000,
            Self::Orders | Self::Points => 4_000,
            Self::Customers | Self::Subscriptions => 3_500,
            Self::Referrals => 1_750,
            Self::Reviews | Self::Feedback | Self::ContactSurveys | Self::Sessions => 1_500,
            Self::Tickets | Self::QualityScores | Self::Mentions => 2_000,
            Self::Messages | Self::TicketHistory => 8_000,
            Self::Events => 6_000,
            Self::Search => 3_650,
        }
    }

    pub(super) const fn season(self) -> &'static Season {
        match self {
            Self::Responses | Self::Feedback => &world::SURVEYS,
            Self::Orders | Self::Points | Self::Reviews | Self::Mentions | Self::Events | Self::Sessions | Self::Search => &world::SHOPPING,
            Self::Customers | Self::Subscriptions | Self::Referrals => &world::JOINING,
            Self::Tickets | Self::Messages | Self::TicketHistory | Self::Calls | Self::QualityScores | Self::ContactSurveys => {
                &world::SUPPORT
            }
        }
    }

    /// The seconds in which its rows happen, or begin.
    pub(super) const fn period(self) -> Range<i64> {
        match self {
            Self::Customers | Self::Subscriptions | Self::Referrals => world::HISTORY,
            _ => world::YEAR,
        }
    }
}
