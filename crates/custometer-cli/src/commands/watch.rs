//! `run --watch`: a report is computed anew whenever its config or its data change, and served to the browsers of this machine.
//!
//! The server listens on the loopback address alone, and answers only who calls it by that address, so that no page of another site can read the
//! report by a name of its own. The page around the report has a policy of its own, as narrow as the report's; the report is served as it is.
//! No alert is sent.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use custometer_core::Registry;
use custometer_output::Format;
use custometer_runner::MemoryLimit;
use ring::digest;

use super::{folder_of, load, with_input};
use crate::args::ReportArgs;
use crate::failure::Failure;
use crate::tell::{note, print};

/// How often is looked whether something has changed.
const PAUSE: Duration = Duration::from_millis(300);

/// How long a browser may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(5);

/// Longer requests are none of a browser that asks for a report.
const LONGEST_REQUEST: usize = 16 * 1024;

const STYLE: &str = include_str!("watch/page.css");
const SCRIPT: &str = include_str!("watch/page.js");

/// What browsers are given.
#[derive(Default)]
struct Served {
    /// How many times the report was computed.
    version: u64,
    is_computing: bool,
    /// The report, or what is wrong with it, as HTML.
    html: Vec<u8>,
}

/// What a file is told apart by from what it was.
type State = Option<(SystemTime, u64)>;

/// Computes and serves a report until the program is ended.
pub(super) fn run(args: &ReportArgs, memory: &MemoryLimit, port: u16, quiet: bool, registry: &Registry) -> Result<(), Failure> {
    let [path] = args.paths.as_slice() else {
        return Err(Failure::usage("one report is watched at a time: start the program once for each"));
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .map_err(|error| Failure::run(format!("port {port} of this machine can't be listened at: {error}; `--port` names another")))?;
    let port = listener.local_addr().map_err(Failure::run)?.port();
    let served = Arc::new(Mutex::new(Served { is_computing: true, ..Served::default() }));
    let shared = Arc::clone(&served);
    thread::spawn(move || serve(&listener, port, &shared));
    print(&format!("http://127.0.0.1:{port}/\n"))?;
    note(quiet, "the report is computed anew when it or its data change; Ctrl-C ends this");
    let mut seen = states(path, args);
    loop {
        set(&served, |served| served.is_computing = true);
        let (html, said) = match computed(path, args, memory, registry) {
            Ok(html) => (html, "computed".to_owned()),
            Err(failure) => (problems_page(&failure.render_plain()).into_bytes(), failure.render()),
        };
        set(&served, |served| *served = Served { version: served.version + 1, is_computing: false, html });
        note(quiet, &said);
        // What is still being written is waited for.
        loop {
            thread::sleep(PAUSE);
            let now = states(path, args);
            if now == seen {
                continue;
            }
            thread::sleep(PAUSE);
            let settled = states(path, args) == now;
            if settled {
                seen = now;
                break;
            }
        }
    }
}

fn set(served: &Mutex<Served>, change: impl FnOnce(&mut Served)) {
    change(&mut served.lock().unwrap_or_else(PoisonError::into_inner));
}

/// The report as HTML.
fn computed(path: &Path, args: &ReportArgs, memory: &MemoryLimit, registry: &Registry) -> Result<Vec<u8>, Failure> {
    let mut report = load(path, args, registry)?;
    report.memory = memory.clone();
    let result = crate::fault::caught(|| custometer_runner::run(&report, folder_of(path), &|_| ())).map_err(Failure::run)?;
    custometer_output::render(&result.map_err(Failure::run)?, Format::Html, None).map_err(Failure::run)
}

/// The files that a report is made of, each with what it is told apart by; none of one that can't be looked at.
fn states(path: &Path, args: &ReportArgs) -> BTreeMap<PathBuf, State> {
    // A report that can't be read just now may be so again.
    let files = with_input(path, args, custometer_runner::files_of).unwrap_or_default();
    let state = |path: &Path| fs::metadata(path).and_then(|found| Ok((found.modified()?, found.len()))).ok();
    files.into_iter().chain([path.to_owned()]).map(|path| (path.clone(), state(&path))).collect()
}

/// Answers browsers, each on a thread of its own.
fn serve(listener: &TcpListener, port: u16, served: &Arc<Mutex<Served>>) {
    for browser in listener.incoming().flatten() {
        let served = Arc::clone(served);
        // Who goes away has no answer to miss.
        thread::spawn(move || _ = answer(browser, port, &served));
    }
}

fn answer(mut browser: TcpStream, port: u16, served: &Mutex<Served>) -> io::Result<()> {
    browser.set_read_timeout(Some(PATIENCE))?;
    browser.set_write_timeout(Some(PATIENCE))?;
    let Some(head) = head(&mut browser)? else { return respond(&mut browser, "400 Bad Request", "text/plain", "", b"") };
    let mut lines = head.lines();
    let mut asked = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (asked.next().unwrap_or_default(), asked.next().unwrap_or_default());
    let host = lines.filter_map(|line| line.split_once(':')).find(|(name, _)| name.eq_ignore_ascii_case("host"));
    let host = host.map(|(_, host)| host.trim().to_owned()).unwrap_or_default();
    if host != format!("127.0.0.1:{port}") && host != format!("localhost:{port}") {
        return respond(&mut browser, "403 Forbidden", "text/plain", "", b"this is not the address of the report\n");
    }
    if method != "GET" {
        return respond(&mut browser, "405 Method Not Allowed", "text/plain", "", b"");
    }
    let (status, kind, policy, body) = {
        let served = served.lock().unwrap_or_else(PoisonError::into_inner);
        match target {
            "/" => ("200 OK", "text/html", page_policy(), page().into_bytes()),
            "/report" => ("200 OK", "text/html", "frame-ancestors 'self'".to_owned(), served.html.clone()),
            "/state" => ("200 OK", "text/plain", String::new(), format!("{} {}", served.version, served.is_computing).into_bytes()),
            _ => ("404 Not Found", "text/plain", String::new(), b"there is nothing here\n".to_vec()),
        }
    };
    respond(&mut browser, status, kind, &policy, &body)
}

/// The head of a request; none of what is too long or no text.
fn head(browser: &mut TcpStream) -> io::Result<Option<String>> {
    let mut read = Vec::new();
    let mut buffer = [0; 1024];
    while !read.windows(4).any(|end| end == b"\r\n\r\n") {
        let count = browser.read(&mut buffer)?;
        if count == 0 || read.len() + count > LONGEST_REQUEST {
            return Ok(None);
        }
        read.extend_from_slice(&buffer[..count]);
    }
    Ok(String::from_utf8(read).ok())
}

fn respond(browser: &mut TcpStream, status: &str, kind: &str, policy: &str, body: &[u8]) -> io::Result<()> {
    let policy = if policy.is_empty() { "default-src 'none'; frame-ancestors 'none'" } else { policy };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {}\r\nContent-Security-Policy: {policy}\r\n\
         Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n\
         Cross-Origin-Resource-Policy: same-origin\r\nConnection: close\r\n\r\n",
        body.len()
    );
    browser.write_all(head.as_bytes())?;
    browser.write_all(body)?;
    browser.flush()
}

/// The page around the report: it shows the newest one.
fn page() -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>custometer</title>\n<style>{STYLE}</style>\n\
         <p id=\"state\" role=\"status\" hidden>computing…</p>\n<iframe id=\"report\" title=\"the report\"></iframe>\n<script>{SCRIPT}</script>\n</html>\n"
    )
}

/// What the page may do: run its own script, and ask this server.
fn page_policy() -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(digest::digest(&digest::SHA256, text.as_bytes())));
    format!(
        "default-src 'none'; script-src {}; style-src {}; frame-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
        hash(SCRIPT),
        hash(STYLE)
    )
}

/// What is wrong with a report, in place of it.
fn problems_page(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'\">\n<title>The report can't be computed</title>\n\
         <h1>The report can't be computed</h1>\n<pre>{text}</pre>\n</html>\n"
    )
}
