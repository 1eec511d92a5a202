//! The packs of the program.

/// The packs, each with its text, by name.
pub(super) const PACKS: [(&str, &str); 21] = [
    ("asterisk", include_str!("../../packs/asterisk.toml")),
    ("clickup", include_str!("../../packs/clickup.toml")),
    ("freshdesk", include_str!("../../packs/freshdesk.toml")),
    ("google_analytics", include_str!("../../packs/google_analytics.toml")),
    ("google_forms", include_str!("../../packs/google_forms.toml")),
    ("hubspot", include_str!("../../packs/hubspot.toml")),
    ("intercom", include_str!("../../packs/intercom.toml")),
    ("jira_service_management", include_str!("../../packs/jira_service_management.toml")),
    ("liveagent", include_str!("../../packs/liveagent.toml")),
    ("matomo", include_str!("../../packs/matomo.toml")),
    ("plausible", include_str!("../../packs/plausible.toml")),
    ("qualtrics", include_str!("../../packs/qualtrics.toml")),
    ("recharge", include_str!("../../packs/recharge.toml")),
    ("salesforce", include_str!("../../packs/salesforce.toml")),
    ("search_console", include_str!("../../packs/search_console.toml")),
    ("shopify", include_str!("../../packs/shopify.toml")),
    ("stripe", include_str!("../../packs/stripe.toml")),
    ("surveymonkey", include_str!("../../packs/surveymonkey.toml")),
    ("typeform", include_str!("../../packs/typeform.toml")),
    ("woocommerce", include_str!("../../packs/woocommerce.toml")),
    ("zendesk", include_str!("../../packs/zendesk.toml")),
];
