//! Whom a report is sent to by e-mail.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::report::webhook::Secret;

/// Whom a report is sent to by e-mail, and through which server.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub security: MailSecurity,
    /// The name and the password that the server asks for, where it does.
    pub credentials: Option<(Secret, Secret)>,
    /// Whom it is from.
    pub from: String,
    /// Whom it is for.
    pub to: Vec<String>,
    /// When it is sent.
    pub when: MailWhen,
    /// How the report comes with it.
    pub report: MailReport,
    /// How long the server may take for an answer.
    pub timeout: Duration,
    /// How often a delivery that failed is tried again.
    pub retries: u32,
}

/// How the connection to a server of mail is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailSecurity {
    /// It begins in the clear, and nothing is sent before it is encrypted.
    Starttls,
    /// From its beginning.
    Tls,
    /// Not at all, which only a server of this machine may do.
    None,
}

impl MailSecurity {
    /// The port that such servers listen at.
    pub(crate) fn port(self) -> u16 {
        match self {
            Self::Starttls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

/// When a mail is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailWhen {
    /// When there are alerts that name it, and that are to be told.
    #[default]
    Alerts,
    /// After every run.
    EveryRun,
}

/// How a report comes with a mail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailReport {
    /// As the HTML report in an attached file.
    #[default]
    Attached,
    /// As tables in the mail itself, without charts, which programs of mail do not show.
    Inline,
}
