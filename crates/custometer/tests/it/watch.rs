//! A watched report: served to this machine alone, computed anew when something changes, and still there when something is wrong.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

const ORDERS: &str = "time,amount\n2025-01-03,20\n2025-01-04,30\n";
const REPORT: &str = "include = [\"tables.toml\"]\n[[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"orders\"\n";
const TABLES: &str = "[report]\ntitle = \"Orders\"\n[tables.orders]\npath = \"orders*.csv\"\n";

/// The program at work; it is ended with the test.
struct Watched {
    child: Child,
    port: u16,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn watched(folder: &Path) -> Watched {
    let mut program = Command::new(env!("CARGO_BIN_EXE_custometer"));
    program.args(["run", "report.toml", "--watch", "--quiet"]).current_dir(folder);
    let mut child = program.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let port = line.trim().trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
    Watched { child, port }
}

impl Watched {
    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8(answer).unwrap()
    }

    fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", self.port))
    }

    /// The report once it has a text in it.
    fn report_with(&self, text: &str) -> String {
        for _ in 0..300 {
            let report = self.get("/report");
            if report.contains(text) {
                return report;
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("no `{text}` in {}", self.get("/report"));
    }
}

fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in [("orders.csv", ORDERS), ("report.toml", REPORT), ("tables.toml", TABLES)] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn a_watched_report_follows_its_data_and_its_config() {
    let folder = folder();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let watched = watched(folder.path());
    watched.report_with("25.00");
    write("orders.csv", "time,amount\n2025-01-03,20\n2025-01-04,46\n");
    watched.report_with("33.00");
    // A file that a pattern finds for the first time, and a file that is included.
    write("orders_2.csv", "time,amount\n2025-01-05,66\n");
    watched.report_with("44.00");
    write("tables.toml", &TABLES.replace("Orders", "Orders of <all>"));
    watched.report_with("Orders of &lt;all&gt;");
    // What is wrong is shown, and mended without a new start.
    write("report.toml", &REPORT.replace("order_value", "order_valu"));
    let wrong = watched.report_with("did you mean `loyalty.average_order_value`?");
    assert!(wrong.contains("The report can't be computed"), "{wrong}");
    write("report.toml", REPORT);
    watched.report_with("44.00");
}

#[test]
fn the_report_is_as_a_run_writes_it_and_goes_to_no_other_site() {
    let folder = folder();
    let watched = watched(folder.path());
    let served = watched.report_with("25.00");
    let output = Command::new(env!("CARGO_BIN_EXE_custometer"))
        .args(["run", "report.toml", "--format", "html"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let (head, body) = served.split_once("\r\n\r\n").unwrap();
    assert!(body.as_bytes() == output.stdout);
    assert!(head.contains("Content-Security-Policy: frame-ancestors 'self'"), "{head}");
    let page = watched.get("/");
    assert!(page.contains("default-src 'none'; script-src 'sha256-") && !page.contains("unsafe") && !page.contains("https://"), "{page}");
    assert!(watched.get("/state").ends_with("1 false"));
    assert!(watched.get("/orders.csv").starts_with("HTTP/1.1 404"));
    // A page of another site, that calls this machine by a name of its own, is told nothing.
    let other = watched.ask("GET /report HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    assert!(other.starts_with("HTTP/1.1 403") && !other.contains("25.00"), "{other}");
    assert!(watched.ask(&format!("POST / HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", watched.port)).starts_with("HTTP/1.1 405"));
}

#[test]
fn it_is_one_report_that_is_watched_and_nothing_is_written() {
    let output =
        |arguments: &[&str]| Command::new(env!("CARGO_BIN_EXE_custometer")).args(arguments).current_dir(folder().path()).output().unwrap();
    let two = output(&["run", "report.toml", "report.toml", "--watch"]);
    assert!(two.status.code() == Some(2) && String::from_utf8_lossy(&two.stderr).contains("one report is watched at a time"));
    assert_eq!(output(&["run", "report.toml", "--watch", "--out", "x"]).status.code(), Some(2));
}
