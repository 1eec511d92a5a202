//! Webhooks: alerts posted to them.
//!
//! A message is one POST of [`custometer_output::messages`] with `Content-Type: application/json`. `Idempotency-Key` is the same for every
//! attempt, and for a later run that says the same. With a secret, `X-Custometer-Signature` is `sha256=` and the hexadecimal HMAC-SHA256 of
//! the body. Any answer from 200 to 299 is a success. Answers of 408, 429 and from 500 on, no connection and no answer in time are tried
//! again, after half a second, one, two and so on; any other answer is not. Redirects are not followed: what they lead to was not checked.
//! A webhook is sent [`MOST`] alerts of a run.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use custometer_runner::{Report, RunResult, Secret, Webhook};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use ring::{digest, hmac};

use super::pause;
use crate::failure::Shortcoming;
use crate::tell::{counted, note};

/// Nobody reads more alerts than these one by one.
const MOST: usize = 100;

/// Posts every alert that has a webhook and is to be told, by its position; what could not be delivered. A dry run posts nothing and shows what it would.
pub(super) fn deliver(
    result: &RunResult,
    report: &Report,
    tells: &dyn Fn(usize) -> bool,
    dry_run: bool,
    quiet: bool,
) -> Result<Vec<Shortcoming>, Box<dyn Error>> {
    let mut told: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (position, alert) in result.alerts.iter().enumerate().filter(|(position, _)| tells(*position)) {
        if let Some(webhook) = &alert.webhook {
            told.entry(webhook).or_default().push(position);
        }
    }
    if told.is_empty() {
        return Ok(Vec::new());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut failed = Vec::new();
    for (name, alerts) in told {
        let Some(webhook) = report.webhooks.get(name) else { continue };
        let most = if dry_run { alerts.len() } else { MOST.min(alerts.len()) };
        let messages = custometer_output::messages(result, &alerts[..most], webhook.style, report.link.as_deref())?;
        if dry_run {
            for message in &messages {
                // The user asked what would be sent: that is shown with `--quiet`, too.
                note(false, &format!("would post to `{name}` ({}): {}", webhook.host, String::from_utf8_lossy(&message.body)));
            }
            continue;
        }
        let client = client(webhook)?;
        let mut sent = 0;
        for message in &messages {
            if let Err(reason) = runtime.block_on(post(&client, webhook, &message.body)) {
                // A server that does not answer one is not asked to take the others, each with all its attempts.
                let left = alerts.len() - sent - 1;
                let others = if left > 0 { format!(", nor {left} more") } else { String::new() };
                let alert = message.alerts.first().map(String::as_str).unwrap_or_default();
                let what = format!("the alert `{alert}` could not be delivered to `{name}` ({}){others}: {reason}", webhook.host);
                failed.push(Shortcoming::Delivery(what));
                break;
            }
            sent += message.alerts.len();
        }
        if sent == MOST && alerts.len() > MOST {
            let left = counted(alerts.len() - MOST, "alert");
            let what = format!("{left} could not be delivered to `{name}` ({}): {MOST} were, and let fewer results fire", webhook.host);
            failed.push(Shortcoming::Delivery(what));
        }
        note(quiet || sent == 0, &format!("sent {} to `{name}` ({})", counted(sent, "alert"), webhook.host));
    }
    Ok(failed)
}

fn client(webhook: &Webhook) -> reqwest::Result<Client> {
    let client =
        Client::builder().timeout(webhook.timeout).redirect(Policy::none()).user_agent(concat!("custometer/", env!("CARGO_PKG_VERSION")));
    // Without TLS only this machine may be posted to, and not through a proxy.
    if webhook.host.starts_with("http:") { client.no_proxy().build() } else { client.https_only(true).build() }
}

/// Posts one alert, as often as it takes and the webhook allows.
async fn post(client: &Client, webhook: &Webhook, body: &[u8]) -> Result<(), String> {
    let headers = headers(body, webhook.secret.as_ref());
    let mut attempt = 0;
    loop {
        let sent = client.post(webhook.url.expose()).headers(headers.clone()).body(body.to_vec()).send().await;
        let (reason, asked) = match sent {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => {
                let status = answer.status();
                let reason = format!("it answered {status}");
                if !is_passing(status) {
                    return Err(reason);
                }
                (reason, asked_pause(answer.headers(), now()))
            }
            Err(error) => (reason(&error, webhook.timeout), None),
        };
        if attempt >= webhook.retries {
            return Err(format!("{reason}, after {}", counted(attempt as usize + 1, "attempt")));
        }
        tokio::time::sleep(pause(attempt, asked)).await;
        attempt += 1;
    }
}

/// Whether another attempt may succeed.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
}

/// How long an answer asks to wait: so many seconds, or until a time (RFC 9110, section 10.2.3). Times are those of the server's clock
/// where it says what its clock shows.
fn asked_pause(headers: &HeaderMap, now: Option<Timestamp>) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let asked = text(RETRY_AFTER)?;
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let now = text(DATE).and_then(http_date).or(now)?;
    // What is past may be tried again at once.
    Some(Duration::try_from(http_date(asked)?.duration_since(now)).unwrap_or_default())
}

/// A time as HTTP writes it: in the one form that is sent today, or in one of the two that must still be read.
fn http_date(text: &str) -> Option<Timestamp> {
    let obsolete = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    let parsed = obsolete.iter().find_map(|format| DateTime::strptime(format, text).ok());
    let utc = |time: DateTime| time.to_zoned(TimeZone::UTC).ok().map(|time| time.timestamp());
    jiff::fmt::rfc2822::parse(text).ok().map(|time| time.timestamp()).or_else(|| parsed.and_then(utc))
}

#[expect(clippy::disallowed_methods, reason = "a server may say until when to wait")]
fn now() -> Option<Timestamp> {
    Timestamp::try_from(SystemTime::now()).ok()
}

/// Why there was no answer, without the address, which may be a secret.
fn reason(error: &reqwest::Error, timeout: Duration) -> String {
    if error.is_timeout() {
        return format!("no answer within {timeout:?}");
    }
    let causes: Vec<&dyn Error> = std::iter::successors(error.source(), |cause| (*cause).source()).collect();
    let cause = causes.last().map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{}{cause}", if error.is_connect() { "no connection" } else { "no answer" })
}

fn headers(body: &[u8], secret: Option<&Secret>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut insert = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    };
    insert("idempotency-key", hexadecimal(digest::digest(&digest::SHA256, body).as_ref()));
    if let Some(secret) = secret {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        insert("x-custometer-signature", format!("sha256={}", hexadecimal(hmac::sign(&key, body).as_ref())));
    }
    headers
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_written_as_everyone_does() {
        // FIPS 180-4: SHA-256 of "abc".
        let digest = digest::digest(&digest::SHA256, b"abc");
        assert_eq!(hexadecimal(digest.as_ref()), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn a_body_is_signed_as_everyone_does() {
        // RFC 4231, test case 2.
        let headers = headers(b"what do ya want for nothing?", Some(&"Jefe".to_owned().into()));
        let expected = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(headers["x-custometer-signature"], expected);
        assert!(!super::headers(b"", None).contains_key("x-custometer-signature"));
    }

    #[test]
    fn a_server_says_how_long_to_wait_in_seconds_or_until_when() {
        let pause = |answer: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in answer {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            asked_pause(&headers, "1994-11-06T08:49:30Z".parse().ok())
        };
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(pause(&[("retry-after", "120")]), seconds(120));
        // The three forms of RFC 9110, section 5.6.7, seven seconds on.
        for form in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(pause(&[("retry-after", form)]), seconds(7), "{form}");
        }
        assert_eq!(pause(&[("retry-after", "Sun, 06 Nov 1994 08:49:00 GMT")]), seconds(0));
        // The server's clock is an hour ahead.
        let clock = ("date", "Sun, 06 Nov 1994 09:49:30 GMT");
        assert_eq!(pause(&[("retry-after", "Sun, 06 Nov 1994 09:49:37 GMT"), clock]), seconds(7));
        for none in [&[][..], &[("retry-after", "soon")], &[("retry-after", "-3")]] {
            assert_eq!(pause(none), None);
        }
    }

    #[test]
    fn what_may_pass_is_tried_again_and_what_is_wrong_is_not() {
        for (status, passes) in [(500, true), (503, true), (429, true), (408, true), (400, false), (401, false), (404, false), (302, false)]
        {
            assert_eq!(is_passing(StatusCode::from_u16(status).unwrap()), passes, "{status}");
        }
    }
}
