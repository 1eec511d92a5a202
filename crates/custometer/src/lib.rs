//! The bundle: every built-in domain linked, and what a team's own binary needs.
//!
//! A team that has metrics of its own links them beside these:
//!
//! ```ignore
//! use acme_metrics as _;
//! fn main() -> std::process::ExitCode {
//!     custometer::main()
//! }
//! ```

// The linker drops a crate that nothing refers to, and its metrics with it.
use custometer_loyalty as _;
use custometer_support as _;
use custometer_web_engagement as _;

pub use custometer_cli::main;
pub use custometer_core as core;
pub use custometer_runner as runner;

mod allocator;

#[cfg(test)]
mod tests {
    use custometer_core::Registry;

    /// Every built-in metric, pinned: a crate that is no longer linked would be missing without a word.
    #[test]
    fn the_linked_metrics_are_these() {
        let ids: Vec<&str> = Registry::linked().unwrap().iter().map(|metric| metric.about.id).collect();
        assert_eq!(
            ids,
            [
                "loyalty.acquisition_source",
                "loyalty.average_order_value",
                "loyalty.breakage_rate",
                "loyalty.churn_rate",
                "loyalty.clv",
                "loyalty.clv_forecast",
                "loyalty.clv_historic",
                "loyalty.clv_predicted",
                "loyalty.cohort_retention",
                "loyalty.cohort_revenue",
                "loyalty.customer_lifespan",
                "loyalty.customers_at_risk",
                "loyalty.engagement_score",
                "loyalty.gross_revenue_retention",
                "loyalty.mrr",
                "loyalty.mrr_movement",
                "loyalty.net_revenue_retention",
                "loyalty.nps",
                "loyalty.nps_distribution",
                "loyalty.positive_reviews",
                "loyalty.program_participation",
                "loyalty.purchase_frequency",
                "loyalty.quick_ratio",
                "loyalty.redemption_rate",
                "loyalty.referral_conversion",
                "loyalty.referral_rate",
                "loyalty.repeat_purchase_rate",
                "loyalty.retention_rate",
                "loyalty.revenue_churn_rate",
                "loyalty.review_rating",
                "loyalty.rfm",
                "loyalty.survival",
                "loyalty.training_participation",
                "support.abandonment_rate",
                "support.agent_wait_time",
                "support.backlog",
                "support.ces",
                "support.ces_easy_share",
                "support.channel_preference",
                "support.complaint_resolution_time",
                "support.contact_rate",
                "support.csat",
                "support.csat_score",
                "support.feedback_response_rate",
                "support.first_contact_resolution",
                "support.first_response_time",
                "support.mention_topics",
                "support.mention_volume",
                "support.on_hold_time",
                "support.one_touch_resolution",
                "support.quality_score",
                "support.reopen_rate",
                "support.repeat_contact_rate",
                "support.requester_wait_time",
                "support.resolution_rate",
                "support.resolution_time",
                "support.response_time",
                "support.sentiment",
                "support.service_level",
                "support.share_of_voice",
                "support.sla_attainment",
                "support.ticket_volume",
                "support.wait_time",
                "web.active_share",
                "web.active_users",
                "web.average_position",
                "web.bounce_rate",
                "web.click_through_rate",
                "web.conversion_rate",
                "web.conversions",
                "web.engagement_rate",
                "web.funnel",
                "web.impressions",
                "web.keyword_ranking",
                "web.organic_clicks",
                "web.page_views",
                "web.pages_per_session",
                "web.session_duration",
                "web.sessions",
                "web.stickiness",
                "web.user_churn",
                "web.user_retention",
                "web.visitors",
            ]
        );
    }

    #[test]
    fn every_metric_says_what_happens_for_nothing() {
        let registry = Registry::linked().unwrap();
        let silent = registry.iter().filter(|metric| !metric.about.edge_cases.iter().any(|case| case.starts_with("No ")));
        assert_eq!(silent.map(|metric| metric.about.id).collect::<Vec<_>>(), Vec::<&str>::new());
    }
}
