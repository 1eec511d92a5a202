//! Whom alerts are sent to.

use std::fmt;
use std::time::Duration;

/// Whom alerts are sent to.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// The address. The paths of webhooks are often secrets, so no output shows more of it than `host`.
    pub url: Secret,
    /// The scheme, host and port of the address, for messages.
    pub host: String,
    /// The key that messages are signed with, where they are.
    pub secret: Option<Secret>,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// How often a delivery that failed is tried again.
    pub retries: u32,
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
