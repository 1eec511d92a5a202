//! Reports as mail, at a server of this machine that speaks SMTP.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

use crate::outputs::{outcome, program, report, run};

/// What a server was given: from whom, for whom, by which user, and the message.
struct Mailed {
    from: String,
    to: Vec<String>,
    user: Option<String>,
    message: String,
}

/// A server (RFC 5321) that answers the message of each connection like this, and then takes no more.
fn server(answers: &[&'static str]) -> (u16, Receiver<Mailed>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = channel();
    let answers = answers.to_vec();
    thread::spawn(move || {
        for answer in answers {
            let (stream, _) = listener.accept().unwrap();
            let say = |line: &str| (&stream).write_all(format!("{line}\r\n").as_bytes()).unwrap();
            let mut lines = BufReader::new(&stream).lines().map(Result::unwrap);
            let mut mailed = Mailed { from: String::new(), to: Vec::new(), user: None, message: String::new() };
            say("220 here");
            while let Some(line) = lines.next() {
                match line.split([' ', ':']).next().unwrap() {
                    "EHLO" => say("250-here\r\n250-8BITMIME\r\n250 AUTH PLAIN"),
                    "AUTH" => {
                        mailed.user = Some(line);
                        say("235 welcome");
                    }
                    "MAIL" => {
                        mailed.from = line;
                        say("250 fine");
                    }
                    "RCPT" => {
                        mailed.to.push(line);
                        say("250 fine");
                    }
                    "DATA" => {
                        say("354 go on");
                        for line in lines.by_ref().take_while(|line| line != ".") {
                            // A dot at the beginning of a line is doubled on the way.
                            mailed.message += line.strip_prefix('.').unwrap_or(&line);
                            mailed.message += "\n";
                        }
                        say(answer);
                    }
                    "QUIT" => {
                        say("221 bye");
                        break;
                    }
                    other => say(&format!("502 {other} is not known")),
                }
            }
            let _ = sender.send(mailed);
        }
    });
    (port, receiver)
}

fn mailing(port: u16, more: &str) -> TempDir {
    let mail = format!(
        "[[alerts]]\nname = \"low\"\nwhen = {{ value_below = 20 }}\nmessage = \"down to {{{{ shown }}}}\"\nmail = \"team\"\n\
         [mail.team]\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\nfrom = \"Reports <reports@example.com>\"\n\
         to = [\"anna@example.com\", \"Bo <bo@example.com>\"]\n{more}\n"
    );
    report("", &mail)
}

fn received(mails: &Receiver<Mailed>) -> Mailed {
    mails.recv_timeout(Duration::from_secs(5)).unwrap()
}

/// The text of a part, as its head says that it is written (RFC 2045).
fn text((head, body): &(String, String)) -> String {
    if !head.contains("Content-Transfer-Encoding: base64") {
        return unquoted(body);
    }
    let digits: String = body.split_whitespace().collect();
    String::from_utf8(STANDARD.decode(digits).unwrap()).unwrap().replace("\r\n", "\n")
}

/// A quoted-printable text (RFC 2045) as it was.
fn unquoted(text: &str) -> String {
    let joined = text.replace("=\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let [first, others @ ..] = rest {
        if let (b'=', Some(digits)) = (first, others.get(..2)) {
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap());
            rest = &others[2..];
        } else {
            bytes.push(*first);
            rest = others;
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// The parts of a message with several: the head and the body of each.
fn parts(message: &str) -> Vec<(String, String)> {
    let boundary = message.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap();
    let mark = format!("--{boundary}");
    let parts = message.split(&mark).skip(1).filter(|part| !part.starts_with("--"));
    parts.map(|part| part.split_once("\n\n").map(|(head, body)| (head.to_owned(), body.to_owned())).unwrap()).collect()
}

#[test]
fn the_report_comes_as_a_file_beside_what_is_told() {
    let (port, mails) = server(&["250 taken"]);
    let folder = mailing(port, "username_env = \"HOOK_SECRET\"\npassword_env = \"HOOK_SECRET\"");
    let output = run(&folder, &["--format", "html", "--out", "out"]);
    let (code, said) = outcome(&output);
    assert!(code == 0 && said.contains(&format!("mailed to 2 addresses of `team` through 127.0.0.1:{port}")), "{said}");
    let Mailed { from, to, user, message } = received(&mails);
    assert_eq!(from.split(' ').nth(1), Some("FROM:<reports@example.com>"));
    assert_eq!(to, ["RCPT TO:<anna@example.com>", "RCPT TO:<bo@example.com>"]);
    assert!(user.unwrap().starts_with("AUTH PLAIN "));
    for head in ["From: Reports <reports@example.com>", "Subject: Orders: 1 alert", "MIME-Version: 1.0", "Date: ", "Message-ID: "] {
        assert!(message.contains(head), "{head} in {message}");
    }
    let parts = parts(&message);
    assert_eq!(parts.len(), 2);
    assert!(parts[0].0.contains("text/plain; charset=utf-8") && text(&parts[0]).contains("warning low: down to 10.00"), "{:?}", parts[0]);
    assert!(parts[1].0.contains("attachment; filename=\"report.html\"") && parts[1].0.contains("text/html"), "{}", parts[1].0);
    let html = fs::read_to_string(folder.path().join("out/results.html")).unwrap();
    assert_eq!(text(&parts[1]).trim_end(), html.trim_end());
}

#[test]
fn a_report_in_a_mail_is_text_and_the_same_in_html() {
    let (port, mails) = server(&["250 taken"]);
    let folder = mailing(port, "report = \"inline\"");
    assert_eq!(outcome(&run(&folder, &["--quiet"])), (0, String::new()));
    let message = received(&mails).message;
    assert!(message.contains("multipart/alternative"));
    let parts = parts(&message);
    let [plain, html] = [0, 1].map(|part: usize| text(&parts[part]));
    assert!(plain.contains("aov (loyalty.average_order_value)") && plain.contains("10.00"), "{plain}");
    assert!(html.contains("<td align=\"right\"") && html.contains("10.00") && !html.contains("<script"), "{html}");
}

#[test]
fn a_mail_is_sent_when_there_is_something_to_tell_or_after_every_run() {
    let quiet = ["--quiet", "--set", "alerts.0.when.value_below=5"];
    let (port, mails) = server(&["250 taken"]);
    assert_eq!(outcome(&run(&mailing(port, ""), &quiet)), (0, String::new()));
    assert!(mails.try_recv().is_err());
    assert_eq!(outcome(&run(&mailing(port, "when = \"every_run\""), &quiet)), (0, String::new()));
    assert!(received(&mails).message.contains("Subject: Orders\n"));
}

#[test]
fn an_alert_that_is_remembered_is_mailed_once_and_again_when_it_could_not_be() {
    let (port, mails) = server(&["550 no such user", "250 taken", "250 taken"]);
    let folder = mailing(port, "");
    let night = |day: &str, more: &[&str]| {
        let arguments = [&["--format", "json", "--quiet", "--state", "state", "--as-of", day][..], more].concat();
        outcome(&run(&folder, &arguments)).0
    };
    assert_eq!((night("2025-03-01", &[]), night("2025-03-02", &[])), (1, 0));
    for day in ["2025-03-03", "2025-03-04", "2025-03-08"] {
        assert_eq!(night(day, &[]), 0);
    }
    assert_eq!(mails.try_iter().count(), 2);
    assert_eq!((night("2025-03-09", &["--set", "alerts.0.remind_after=7 days"]), mails.try_iter().count()), (0, 1));
}

#[test]
fn what_passes_is_tried_again_and_what_is_refused_is_told_beside_the_report() {
    let (port, mails) = server(&["451 later", "250 taken"]);
    assert_eq!(outcome(&run(&mailing(port, ""), &["--quiet"])), (0, String::new()));
    let identity = |message: &str| message.lines().find(|line| line.starts_with("Message-ID")).unwrap().to_owned();
    assert_eq!(identity(&received(&mails).message), identity(&received(&mails).message));
    let (port, _mails) = server(&["550 not here"]);
    let folder = mailing(port, "");
    let (code, said) = outcome(&run(&folder, &["--quiet", "--out", "out"]));
    assert!(code == 1 && said.contains("error: the report could not be mailed to 2 addresses of `team`") && said.contains("550"), "{said}");
    assert!(folder.path().join("out/results.txt").exists());
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (code, said) = outcome(&run(&mailing(port, "retries = 0"), &["--quiet"]));
    assert!(code == 1 && said.contains("refused"), "{said}");
}

#[test]
fn a_server_that_does_not_encrypt_gets_nothing() {
    let (port, mails) = server(&["250 taken"]);
    let folder = mailing(port, "retries = 0");
    let (code, said) = outcome(&run(&folder, &["--quiet", "--set", "mail.team.security=starttls"]));
    assert_eq!(code, 1, "{said}");
    let mailed = mails.recv_timeout(Duration::from_secs(5));
    assert!(mailed.is_err() || mailed.is_ok_and(|mailed| mailed.to.is_empty() && mailed.message.is_empty()));
}

#[test]
fn a_dry_run_shows_the_mail_and_sends_none() {
    let (port, mails) = server(&["250 taken"]);
    let (code, said) = outcome(&run(&mailing(port, ""), &["--dry-run", "--quiet"]));
    assert!(
        code == 0 && said.contains(&format!("would mail to 2 addresses of `team` through 127.0.0.1:{port}: Orders: 1 alert")),
        "{said}"
    );
    assert!(said.contains("warning low: down to 10.00") && said.contains("[report.html, "), "{said}");
    assert!(mails.try_recv().is_err());
}

#[test]
fn what_is_wrong_with_a_mail_is_said_before_anything_is_read() {
    for (setting, expected) in [
        ("mail.team.to=[]", "sent to nobody"),
        ("mail.team.to=[\"anna\"]", "no e-mail address"),
        ("mail.team.from=a@b@c", "no e-mail address"),
        ("mail.team.host=smtp.example.com", "sent over TLS"),
        ("mail.team.host=http://x/", "no name of a server"),
        ("mail.team.username_env=HOOK_SECRET", "belong together"),
        ("mail.team.timeout_seconds=0", "above 0"),
        ("alerts.0.mail=teem", "no mail `teem`"),
        ("report.link=here", "not an address of a page"),
    ] {
        let (code, said) = outcome(&run(&mailing(25, ""), &["--set", setting]));
        assert!(code == 2 && said.contains(expected), "{setting}: {said}");
    }
    let folder = mailing(25, "username_env = \"HOOK_SECRET\"\npassword_env = \"HOOK_SECRET\"");
    let (code, said) = outcome(&program(&folder, &[]).env_remove("HOOK_SECRET").output().unwrap());
    assert!(code == 2 && said.contains("the environment variable `HOOK_SECRET` is not set"), "{said}");
}
