//! Objects behind addresses: the same results as of files, and a clear error of what can't be relied on.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use custometer_testkit::Case;
use flate2::Compression;
use flate2::write::GzEncoder;
use polars::prelude::{ParquetWriter, df};
use serde_json::Value as Json;

/// How a server behaves.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Good,
    /// It gives whole files, whatever it is asked for.
    WithoutParts,
    /// Of four requests it fails one, and cuts another one off.
    Unreliable,
    /// What it has is another version from the fifth request on.
    Changing,
    Refusing,
    /// It names no version of what it has.
    Nameless,
}

/// A web server with files, on this machine.
struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn new(files: &[(&str, &[u8])], manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let files: BTreeMap<String, Vec<u8>> = files.iter().map(|(name, bytes)| (format!("/{name}"), bytes.to_vec())).collect();
        let (files, requests, served) = (Arc::new(files), Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
        let known = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (files, requests, served) = (Arc::clone(&files), Arc::clone(&known), Arc::clone(&served));
                thread::spawn(move || while answer(stream.as_ref().unwrap(), &files, manner, &requests, &served).is_some() {});
            }
        });
        Self { port, requests }
    }

    fn address(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/{name}", self.port)
    }

    fn asked(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// Answers one request, if there is one.
fn answer(
    mut stream: &TcpStream,
    files: &BTreeMap<String, Vec<u8>>,
    manner: Manner,
    requests: &Mutex<Vec<String>>,
    served: &AtomicUsize,
) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        (reader.read_line(&mut head).ok()? > 0).then_some(())?;
    }
    let number = served.fetch_add(1, Ordering::SeqCst);
    let mut words = head.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let range = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("range: bytes=").map(str::to_owned));
    requests.lock().unwrap().push(format!("{method} {target} {}", range.clone().unwrap_or_default()));
    let empty = |status: &str| format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
    let path = target.split('?').next()?;
    let Some(bytes) = files.get(path) else { return stream.write_all(empty("404 Not Found").as_bytes()).ok() };
    if manner == Manner::Refusing {
        return stream.write_all(empty("403 Forbidden").as_bytes()).ok();
    }
    if manner == Manner::Unreliable && number % 4 == 1 {
        return stream.write_all(empty("503 Slow Down").as_bytes()).ok();
    }
    let version = if manner == Manner::Changing && number >= 5 { "\"2\"" } else { "\"1\"" };
    let mut lines = if manner == Manner::Nameless { String::new() } else { format!("ETag: {version}\r\n") };
    let (from, until) = match range.as_deref().and_then(|range| range.split_once('-')) {
        Some((from, until)) if manner != Manner::WithoutParts => {
            (from.parse::<usize>().ok()?, until.parse::<usize>().map_or(bytes.len(), |last| (last + 1).min(bytes.len())))
        }
        _ => (0, bytes.len()),
    };
    let is_part = range.is_some() && manner != Manner::WithoutParts;
    if is_part && from >= bytes.len() {
        return stream.write_all(empty("416 Range Not Satisfiable").as_bytes()).ok();
    }
    if is_part {
        let _ = write!(lines, "Content-Range: bytes {from}-{}/{}\r\n", until - 1, bytes.len());
    }
    let status = if is_part { "206 Partial Content" } else { "200 OK" };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{lines}\r\n", until - from);
    stream.write_all(head.as_bytes()).ok()?;
    if method == "HEAD" {
        return Some(());
    }
    if manner == Manner::Unreliable && number % 4 == 3 && until - from > 2 {
        stream.write_all(&bytes[from..from.midpoint(until)]).ok()?;
        let _ = stream.shutdown(std::net::Shutdown::Both);
        return None;
    }
    stream.write_all(&bytes[from..until]).ok()
}

fn report(path: &str, more: &str) -> String {
    format!(
        "[report]\ntimezone = \"Europe/Copenhagen\"\n[tables.t]\npath = \"{path}\"\n{more}\n\
         [[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"t\"\nby = [[], [\"shop\"]]\n"
    )
}

fn results(case: &Case, path: &str, more: &str) -> Result<Json, String> {
    case.json(&report(path, more)).map(|json| json["results"].clone())
}

/// Rows enough that a reader goes on to parts that it asked for beforehand.
fn rows(count: usize) -> String {
    let mut text = String::from("amount,shop,note\n");
    for row in 0..count {
        let _ = writeln!(text, "{}.{:02},{},{}", row % 997, row % 100, ["north", "south", "west"][row % 3], "x".repeat(row % 200));
    }
    text
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn parquet() -> Vec<u8> {
    let count = 100_000_u32;
    let mut frame = df!(
        "amount" => (0..count).map(|row| f64::from(row % 97) / 4.0).collect::<Vec<_>>(),
        "shop" => (0..count).map(|row| ["north", "south"][row as usize % 2]).collect::<Vec<_>>(),
        "note" => (0..count).map(|row| format!("{:x}", u64::from(row).wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect::<Vec<_>>(),
    )
    .unwrap();
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).with_row_group_size(Some(25_000)).finish(&mut frame).unwrap();
    bytes
}

#[test]
fn an_object_is_read_as_a_file_is() {
    let text = rows(120_000);
    assert!(text.len() > 3 << 22, "{}", text.len());
    let packed = gzip(text.as_bytes());
    let lines = "{\"amount\": 1.5, \"shop\": \"a\"}\n{\"amount\": 2, \"shop\": \"b\"}\n".repeat(3000);
    let zstd = zstd::encode_all(lines.as_bytes(), 1).unwrap();
    let parquet = parquet();
    let files: [(&str, &[u8]); 5] = [
        ("o.csv", text.as_bytes()),
        ("o.csv.gz", &packed),
        ("o.ndjson", lines.as_bytes()),
        ("p.ndjson.zst", &zstd),
        ("o.parquet", &parquet),
    ];
    let server = Server::new(&files, Manner::Good);
    let case = files.iter().fold(Case::new(), |case, (name, bytes)| case.file(name, bytes));
    for (name, bytes) in files {
        assert_eq!(results(&case, &server.address(name), "").unwrap(), results(&case, name, "").unwrap(), "{name}");
        let of_file = &case.json(&report(&server.address(name), "")).unwrap()["manifest"]["tables"][0]["files"][0];
        assert_eq!(of_file["bytes"], bytes.len(), "{name}");
        let hash = if name == "o.parquet" { "etag:\"1\"".to_owned() } else { blake3::hash(bytes).to_hex().to_string() };
        assert_eq!(of_file["hash"], hash, "{name}");
    }
}

#[test]
fn an_object_whose_version_has_no_name_is_known_by_its_content() {
    let parquet = parquet();
    let server = Server::new(&[("o.parquet", &parquet)], Manner::Nameless);
    let of_file = &Case::new().json(&report(&server.address("o.parquet"), "")).unwrap()["manifest"]["tables"][0]["files"][0];
    assert_eq!(of_file["hash"], blake3::hash(&parquet).to_hex().to_string());
}

#[test]
fn of_columns_that_are_not_used_nothing_is_asked_for() {
    let parquet = parquet();
    let server = Server::new(&[("o.parquet", &parquet)], Manner::Good);
    results(&Case::new(), &server.address("o.parquet"), "").unwrap();
    let asked = server.asked();
    let bytes = asked.iter().filter_map(|request| request.rsplit(' ').next()?.split_once('-'));
    let bytes: usize = bytes.map(|(from, last)| last.parse::<usize>().unwrap().min(parquet.len()) - from.parse::<usize>().unwrap()).sum();
    assert!(bytes < parquet.len() * 3 / 4, "{bytes} of {}: {asked:#?}", parquet.len());
}

#[test]
fn what_fails_for_once_is_asked_for_again() {
    let text = rows(15_000);
    let server = Server::new(&[("o.csv", text.as_bytes())], Manner::Unreliable);
    let case = Case::new().file("o.csv", &text);
    assert_eq!(results(&case, &server.address("o.csv"), "").unwrap(), results(&case, "o.csv", "").unwrap());
    assert!(server.asked().len() > 8, "{:?}", server.asked());
}

#[test]
fn an_object_that_changes_while_it_is_read_is_an_error() {
    let text = rows(50_000);
    let server = Server::new(&[("o.csv", text.as_bytes())], Manner::Changing);
    let error = results(&Case::new(), &server.address("o.csv"), "").unwrap_err();
    assert!(error.contains("has changed while it was read"), "{error}");
}

#[test]
fn what_a_server_does_not_give_is_said_without_secrets() {
    let text = rows(10);
    let wrong = |manner: Manner, name: &str| {
        let server = Server::new(&[("o.csv", text.as_bytes()), ("empty.csv", b"")], manner);
        results(&Case::new(), &format!("{}?signature=hush", server.address(name)), "").unwrap_err()
    };
    for (manner, name, expected) in [
        (Manner::Good, "none.csv", "there is no such object"),
        (Manner::Good, "empty.csv", "is empty"),
        (Manner::WithoutParts, "o.csv", "its server gives no parts of a file: download it, and give its path"),
        (Manner::Refusing, "o.csv", "403 Forbidden"),
    ] {
        let error = wrong(manner, name).replace("\n  │ ", " ");
        assert!(error.contains(expected), "{expected}: {error}");
        assert!(!error.contains("hush"), "{error}");
    }
}

#[test]
fn a_signed_address_is_read_and_not_shown() {
    let text = rows(10);
    let server = Server::new(&[("o.csv", text.as_bytes())], Manner::Good);
    let address = format!("{}?X-Signature=hush", server.address("o.csv"));
    let json = Case::new().json(&report(&address, "")).unwrap();
    assert!(server.asked().iter().all(|request| request.contains("/o.csv?X-Signature=hush ")), "{:?}", server.asked());
    assert!(!json.to_string().contains("hush"));
    assert_eq!(json["manifest"]["tables"][0]["files"][0]["path"], server.address("o.csv"));
}
