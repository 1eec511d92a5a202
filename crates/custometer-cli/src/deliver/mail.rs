//! Mail: the report sent through a server of mail, with the alerts that name it.
//!
//! What passes is tried again, as with webhooks; what a server refuses for good is not. All attempts
//! send the same message, so that one which arrived twice is seen to be the same.

use std::error::Error;
use std::thread;

use custometer_output::{Format, Letter, render};
use custometer_runner::{Mail, MailReport, MailSecurity, MailWhen, Report, RunResult};
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Message, SmtpTransport, Transport as _};

use super::pause;
use crate::failure::Shortcoming;
use crate::tell::{counted, note};

/// The name of the attached report.
const ATTACHED: &str = "report.html";

/// Sends the report to all who get it now; what could not be sent. A dry run sends nothing and shows what it would.
pub(super) fn deliver(
    result: &RunResult,
    report: &Report,
    tells: &dyn Fn(usize) -> bool,
    dry_run: bool,
    quiet: bool,
) -> Result<Vec<Shortcoming>, Box<dyn Error>> {
    let mut failed = Vec::new();
    for (name, mail) in &report.mails {
        let is_of_it = |alert: &str| report.mail_of_alert(alert) == Some(name.as_str());
        let alerts = result.alerts.iter().enumerate().filter(|(position, alert)| tells(*position) && is_of_it(&alert.name));
        let alerts: Vec<usize> = alerts.map(|(position, _)| position).collect();
        if alerts.is_empty() && mail.when == MailWhen::Alerts {
            continue;
        }
        let is_inline = mail.report == MailReport::Inline;
        let letter = custometer_output::letter(result, &alerts, report.link.as_deref(), is_inline)?;
        let attached = if is_inline { None } else { Some(render(result, Format::Html, None)?) };
        let to = format!("{} of `{name}` through {}:{}", addresses(mail), mail.host, mail.port);
        if dry_run {
            let file = attached.map(|file| format!("\n[{ATTACHED}, {} bytes]", file.len())).unwrap_or_default();
            note(false, &format!("would mail to {to}: {}\n\n{}{file}", letter.subject, letter.text));
            continue;
        }
        let sent = message(mail, letter, attached).and_then(|message| send(mail, &message));
        match sent {
            Ok(()) => note(quiet, &format!("mailed to {to}")),
            Err(reason) => failed.push(Shortcoming::Delivery(format!("the report could not be mailed to {to}: {reason}"))),
        }
    }
    Ok(failed)
}

/// The message: text with the report in a file, or text and the same in HTML.
fn message(mail: &Mail, letter: Letter, attached: Option<Vec<u8>>) -> Result<Message, String> {
    let address = |text: &String| text.parse::<Mailbox>().map_err(|error| format!("`{text}` is no address: {error}"));
    let mut message = Message::builder().from(address(&mail.from)?).subject(letter.subject).message_id(None);
    for to in &mail.to {
        message = message.to(address(to)?);
    }
    let text = SinglePart::plain(letter.text);
    let parts = match (letter.html, attached) {
        (Some(html), _) => MultiPart::alternative().singlepart(text).singlepart(SinglePart::html(html)),
        (None, Some(file)) => {
            let file = Attachment::new(ATTACHED.to_owned()).body(file, ContentType::TEXT_HTML);
            MultiPart::mixed().singlepart(text).singlepart(file)
        }
        (None, None) => MultiPart::mixed().singlepart(text),
    };
    message.multipart(parts).map_err(|error| error.to_string())
}

/// Sends a message, as often as it takes and the mail allows.
fn send(mail: &Mail, message: &Message) -> Result<(), String> {
    let server = server(mail)?;
    let mut attempt = 0;
    loop {
        let Err(error) = server.send(message) else { return Ok(()) };
        let reason = reason(&error, mail);
        if error.is_permanent() || error.is_tls() || error.is_client() {
            return Err(reason);
        }
        if attempt >= mail.retries {
            return Err(format!("{reason}, after {}", counted(attempt as usize + 1, "attempt")));
        }
        thread::sleep(pause(attempt, None));
        attempt += 1;
    }
}

fn server(mail: &Mail) -> Result<SmtpTransport, String> {
    let encrypted = || TlsParameters::new(mail.host.clone()).map_err(|error| error.to_string());
    let tls = match mail.security {
        MailSecurity::Starttls => Tls::Required(encrypted()?),
        MailSecurity::Tls => Tls::Wrapper(encrypted()?),
        MailSecurity::None => Tls::None,
    };
    // Called so because it begins without encryption, which is what is said right after it.
    let mut server = SmtpTransport::builder_dangerous(mail.host.as_str()).port(mail.port).timeout(Some(mail.timeout)).tls(tls);
    if let Some((name, password)) = &mail.credentials {
        server = server.credentials(Credentials::new(name.expose().to_owned(), password.expose().to_owned()));
    }
    Ok(server.build())
}

/// To how many it goes.
fn addresses(mail: &Mail) -> String {
    if mail.to.len() == 1 { "1 address".to_owned() } else { format!("{} addresses", mail.to.len()) }
}

/// Why it was not sent.
fn reason(error: &lettre::transport::smtp::Error, mail: &Mail) -> String {
    if error.is_timeout() {
        return format!("no answer within {:?}", mail.timeout);
    }
    let causes: Vec<String> = std::iter::successors(error.source(), |cause| (*cause).source()).map(ToString::to_string).collect();
    match (error.status(), causes.last()) {
        (Some(code), Some(said)) => format!("it answered {code} {said}"),
        (Some(code), None) => format!("it answered {code}"),
        (None, Some(cause)) => format!("no connection: {cause}"),
        (None, None) => error.to_string(),
    }
}
