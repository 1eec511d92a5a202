//! Webhooks: whom alerts are sent to. This crate reads and checks them; it never opens a connection.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::time::Duration;

use toml::Spanned;
use url::{Host, Url};

use crate::config::WebhookConfig;
use crate::config::diagnostics::Collector;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
const LONGEST_TIMEOUT_SECONDS: f64 = 300.0;
const DEFAULT_RETRIES: u32 = 3;
const MOST_RETRIES: u32 = 10;

/// Whom alerts are sent to.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// The address. Paths of webhooks are often secrets, and so no output has more of it than `host`.
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
pub struct Secret(String);

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

/// Reads the webhooks of a config. `environment` is where their secrets are.
pub(crate) fn read(
    config: &BTreeMap<String, Spanned<WebhookConfig>>,
    environment: &dyn Fn(&str) -> Option<String>,
    problems: &mut Collector,
) -> BTreeMap<String, Webhook> {
    let webhooks = config.iter().map(|(name, webhook)| (name, webhook_of(name, webhook, environment, problems)));
    webhooks.filter_map(|(name, webhook)| Some((name.clone(), webhook?))).collect()
}

fn webhook_of(
    name: &str,
    config: &Spanned<WebhookConfig>,
    environment: &dyn Fn(&str) -> Option<String>,
    problems: &mut Collector,
) -> Option<Webhook> {
    let written = config.get_ref();
    let mut variable = |variable: &Spanned<String>, what: &str| {
        let found = environment(variable.get_ref()).filter(|value| !value.is_empty());
        if found.is_none() {
            problems
                .report(variable.span(), format!("the environment variable `{}` is not set", variable.get_ref()))
                .help(format!("set it to {what} of `{name}`"));
        }
        found
    };
    let secret = written.secret_env.as_ref().map(|secret| variable(secret, "the secret").map(Secret));
    let url = match (&written.url, &written.url_env) {
        (Some(url), None) => Some((url.span(), url.get_ref().clone())),
        (None, Some(address)) => variable(address, "the address").map(|url| (address.span(), url)),
        (None, None) => {
            problems
                .report(config.span(), format!("the webhook `{name}` has no address"))
                .help("give it `url = \"https://…\"`, or `url_env` with the name of a variable");
            None
        }
        (Some(_), Some(address)) => {
            problems.report(address.span(), "the address is said twice: by `url`, and by this").help("leave one of them out");
            None
        }
    };
    let url = url.and_then(|(place, url)| address(&url, place, problems));
    let timeout = match &written.timeout_seconds {
        Some(timeout) if timeout.get_ref().0 <= 0.0 || timeout.get_ref().0 > LONGEST_TIMEOUT_SECONDS => {
            problems.report(timeout.span(), format!("a timeout is above 0, and at most {LONGEST_TIMEOUT_SECONDS} seconds"));
            None
        }
        Some(timeout) => Some(Duration::from_secs_f64(timeout.get_ref().0)),
        None => Some(DEFAULT_TIMEOUT),
    };
    let retries = written.retries.as_ref().map_or(DEFAULT_RETRIES, |retries| *retries.get_ref());
    if let Some(asked) = written.retries.as_ref().filter(|_| retries > MOST_RETRIES) {
        problems.report(asked.span(), format!("more than {MOST_RETRIES} retries would keep the run waiting for long"));
    }
    let url = url?;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(Webhook {
        host: format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default()),
        url: Secret(url.into()),
        secret: secret.map_or(Some(None), |secret| secret.map(Some))?,
        timeout: timeout?,
        retries,
    })
}

/// An address that may be posted to. What is wrong is said without the address, which may be a secret.
fn address(written: &str, place: Range<usize>, problems: &mut Collector) -> Option<Url> {
    let Ok(url) = Url::parse(written) else {
        problems.report(place, "this is no address").help("write it as `https://host/path`");
        return None;
    };
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() != "https" && !(url.scheme() == "http" && is_here) {
        problems
            .report(place, "alerts are posted over https")
            .help("only an address of this machine, such as `http://localhost:8080`, may do without");
        return None;
    }
    if !url.username().is_empty() || url.password().is_some() {
        problems.report(place, "an address is no place for a password").help("sign with a secret: `secret_env = \"…\"`");
        return None;
    }
    Some(url)
}
