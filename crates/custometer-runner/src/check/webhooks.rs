//! `[webhooks]`: whom alerts are sent to. This crate reads and checks them; it never opens a connection.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;
use url::{Host, Url};

use crate::config::diagnostics::Collector;
use crate::config::values::Finite;
use crate::report::webhook::{Secret, Webhook, WebhookStyle};

/// Where alerts are sent, in POST requests.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookConfig {
    /// The address: `https://…`, or `http://` of this machine.
    #[schemars(with = "Option<String>")]
    pub url: Option<Spanned<String>>,
    /// Instead of `url`: the environment variable with the address, where it is a secret.
    #[schemars(with = "Option<String>")]
    pub url_env: Option<Spanned<String>>,
    /// The shape of the messages: of a chat service, or JSON of our own, which it is unless said.
    #[serde(default)]
    pub style: WebhookStyle,
    /// The environment variable with the secret that messages are signed with. They are not signed unless said.
    #[schemars(with = "Option<String>")]
    pub secret_env: Option<Spanned<String>>,
    /// How long one attempt may take. 10 seconds unless said.
    #[schemars(with = "Option<f64>")]
    pub timeout_seconds: Option<Spanned<Finite>>,
    /// How often a delivery that failed is tried again. 3 times unless said.
    #[schemars(with = "Option<u32>")]
    pub retries: Option<Spanned<u32>>,
}

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

const LONGEST_TIMEOUT_SECONDS: f64 = 300.0;

const DEFAULT_RETRIES: u32 = 3;

const MOST_RETRIES: u32 = 10;

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
    let (timeout, retries) = patience(written.timeout_seconds.as_ref(), written.retries.as_ref(), problems);
    let url = url?;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(Webhook {
        host: format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default()),
        url: Secret(url.into()),
        secret: secret.map_or(Some(None), |secret| secret.map(Some))?,
        style: written.style,
        timeout: timeout?,
        retries,
    })
}

/// How long an attempt may take, and how often a delivery is tried again.
pub(crate) fn patience(
    timeout: Option<&Spanned<Finite>>,
    retries: Option<&Spanned<u32>>,
    problems: &mut Collector,
) -> (Option<Duration>, u32) {
    let within = match timeout {
        Some(timeout) if timeout.get_ref().0 <= 0.0 || timeout.get_ref().0 > LONGEST_TIMEOUT_SECONDS => {
            problems.report(timeout.span(), format!("a timeout is above 0, and at most {LONGEST_TIMEOUT_SECONDS} seconds"));
            None
        }
        Some(timeout) => Some(Duration::from_secs_f64(timeout.get_ref().0)),
        None => Some(DEFAULT_TIMEOUT),
    };
    let again = retries.map_or(DEFAULT_RETRIES, |retries| *retries.get_ref());
    if let Some(asked) = retries.filter(|_| again > MOST_RETRIES) {
        problems.report(asked.span(), format!("more than {MOST_RETRIES} retries would keep the run waiting for long"));
    }
    (within, again)
}

/// An address that may be posted to. Messages do not show the address, which may be a secret.
fn address(written: &str, place: Range<usize>, problems: &mut Collector) -> Option<Url> {
    let Ok(url) = Url::parse(written) else {
        problems.report(place, "this is not an address").help("write it as `https://host/path`");
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
        problems.report(place, "a password does not belong in an address").help("sign with a secret: `secret_env = \"…\"`");
        return None;
    }
    Some(url)
}
