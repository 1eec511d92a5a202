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

/// Polars allocates and frees much and on many threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
                "loyalty.average_order_value",
                "loyalty.churn_rate",
                "loyalty.cohort_retention",
                "loyalty.customer_lifespan",
                "loyalty.gross_revenue_retention",
                "loyalty.mrr",
                "loyalty.mrr_movement",
                "loyalty.net_revenue_retention",
                "loyalty.nps",
                "loyalty.nps_distribution",
                "loyalty.quick_ratio",
                "loyalty.repeat_purchase_rate",
                "loyalty.retention_rate",
                "loyalty.revenue_churn_rate",
                "loyalty.survival",
                "support.csat",
                "support.csat_score",
                "support.first_response_time",
                "support.ticket_volume",
                "web.conversion_rate",
                "web.page_views",
                "web.visitors",
            ]
        );
    }
}
