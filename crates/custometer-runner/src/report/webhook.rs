//! Whom alerts are sent to.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

/// Whom alerts are sent to.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// The address. The paths of webhooks are often secrets, so no output shows more of it than `host`.
    pub url: Secret,
    /// The scheme, host and port of the address, for messages.
    pub host: String,
    /// The key that messages are signed with, where they are.
    pub secret: Option<Secret>,
    /// In which shape it takes messages.
    pub style: WebhookStyle,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// How often a delivery that failed is tried again.
    pub retries: u32,
}

/// The shape of the messages that a webhook takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WebhookStyle {
    /// JSON of our own, a message for each alert: for programs.
    #[default]
    Json,
    /// Blocks of an incoming webhook of Slack.
    Slack,
    /// An Adaptive Card for a webhook of Workflows in Microsoft Teams.
    Teams,
    /// Embeds of a webhook of Discord.
    Discord,
    /// Attachments of an incoming webhook of Mattermost.
    Mattermost,
}

/// A text that no output, error or log shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub(crate) String);

impl Secret {
    /// The text itself, for the one use that it is meant for.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
