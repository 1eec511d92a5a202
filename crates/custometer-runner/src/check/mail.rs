//! `[mail]`: whom a report is sent to by e-mail. This crate reads and checks it; it never opens a connection.

use std::collections::BTreeMap;

use email_address::{EmailAddress, Options};
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::check::webhooks::patience;
use crate::config::diagnostics::Collector;
use crate::config::values::Finite;
use crate::report::mail::{Mail, MailReport, MailSecurity, MailWhen};
use crate::report::webhook::Secret;

/// Whom the report is sent to by e-mail, and through which server.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailConfig {
    /// The server that takes it, such as `smtp.example.com`.
    #[schemars(with = "String")]
    pub host: Spanned<String>,
    /// Its port. 587 with `starttls`, 465 with `tls` and 25 with `none` unless said.
    pub port: Option<u16>,
    /// How the connection is encrypted. `starttls` unless said.
    #[schemars(with = "Option<MailSecurity>")]
    pub security: Option<Spanned<MailSecurity>>,
    /// The environment variable with the user's name at the server.
    #[schemars(with = "Option<String>")]
    pub username_env: Option<Spanned<String>>,
    /// The environment variable with the password.
    #[schemars(with = "Option<String>")]
    pub password_env: Option<Spanned<String>>,
    /// Whom it is from, such as `Reports <reports@example.com>`.
    #[schemars(with = "String")]
    pub from: Spanned<String>,
    /// Whom it is for.
    #[schemars(with = "Vec<String>")]
    pub to: Spanned<Vec<Spanned<String>>>,
    /// When it is sent. When there are alerts to tell unless said.
    #[serde(default)]
    pub when: MailWhen,
    /// How the report comes with it. As an attached file unless said.
    #[serde(default)]
    pub report: MailReport,
    /// How long the server may take for an answer. 10 seconds unless said.
    #[schemars(with = "Option<f64>")]
    pub timeout_seconds: Option<Spanned<Finite>>,
    /// How often a delivery that failed is tried again. 3 times unless said.
    #[schemars(with = "Option<u32>")]
    pub retries: Option<Spanned<u32>>,
}

/// Reads whom a report is sent to. `environment` is where their secrets are.
pub(crate) fn read(
    config: &BTreeMap<String, Spanned<MailConfig>>,
    environment: &dyn Fn(&str) -> Option<String>,
    problems: &mut Collector,
) -> BTreeMap<String, Mail> {
    let mails = config.iter().map(|(name, mail)| (name, mail_of(name, mail.get_ref(), environment, problems)));
    mails.filter_map(|(name, mail)| Some((name.clone(), mail?))).collect()
}

fn mail_of(name: &str, written: &MailConfig, environment: &dyn Fn(&str) -> Option<String>, problems: &mut Collector) -> Option<Mail> {
    let mut secret = |variable: &Option<Spanned<String>>, what: &str| {
        let Some(variable) = variable else { return Some(None) };
        let found = environment(variable.get_ref()).filter(|value| !value.is_empty());
        if found.is_none() {
            problems
                .report(variable.span(), format!("the environment variable `{}` is not set", variable.get_ref()))
                .help(format!("set it to {what} of `{name}`"));
        }
        found.map(Secret).map(Some)
    };
    let (username, password) = (secret(&written.username_env, "the user's name"), secret(&written.password_env, "the password"));
    if let (Some(alone), None) | (None, Some(alone)) = (&written.username_env, &written.password_env) {
        problems
            .report(alone.span(), "a name and a password belong together")
            .help("say both: `username_env = \"…\"` and `password_env = \"…\"`");
        return None;
    }
    let host = written.host.get_ref().trim();
    let is_host =
        !host.is_empty() && host.chars().all(|character| character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | ':' | '_'));
    if !is_host {
        problems
            .report(written.host.span(), "this is no name of a server")
            .help("write it as `smtp.example.com`; its port is said by `port`");
        return None;
    }
    let security = written.security.as_ref().map_or(MailSecurity::Starttls, |security| *security.get_ref());
    let is_here = matches!(host, "localhost" | "127.0.0.1" | "::1");
    if let (MailSecurity::None, false, Some(said)) = (security, is_here, &written.security) {
        problems
            .report(said.span(), "a report is sent over TLS")
            .help("only a server of this machine, such as `localhost`, may do without: write `starttls` or `tls`");
        return None;
    }
    let from = address(&written.from, problems);
    let to: Vec<Option<String>> = written.to.get_ref().iter().map(|to| address(to, problems)).collect();
    if to.is_empty() {
        problems.report(written.to.span(), format!("`{name}` is sent to nobody")).help("write `to = [\"name@example.com\"]`");
        return None;
    }
    let (timeout, retries) = patience(written.timeout_seconds.as_ref(), written.retries.as_ref(), problems);
    Some(Mail {
        host: host.to_owned(),
        port: written.port.unwrap_or(security.port()),
        security,
        credentials: username?.zip(password?),
        from: from?,
        to: to.into_iter().collect::<Option<_>>()?,
        when: written.when,
        report: written.report,
        timeout: timeout?,
        retries,
    })
}

/// An address, with a name before it or not.
fn address(written: &Spanned<String>, problems: &mut Collector) -> Option<String> {
    let text = written.get_ref();
    let is_address =
        !text.chars().any(char::is_control) && EmailAddress::parse_with_options(text, Options::default().with_required_tld()).is_ok();
    if !is_address {
        problems
            .report(written.span(), "this is no e-mail address")
            .help("write it as `name@example.com`, or as `Name <name@example.com>`");
    }
    is_address.then(|| text.clone())
}
