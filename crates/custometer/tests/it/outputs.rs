//! What a run leaves behind: exit codes, files, and alerts at a webhook that a real server listens at.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value as Json;
use tempfile::TempDir;

/// Orders of 30 on average in January and of 10 in February; one row of five can't be used.
const ORDERS: &str = "time,amount\n2025-01-03,29\n2025-01-04,31\n2025-02-03,8\n2025-02-04,12\n2025-02-05,x\n";

const SECRET: &str = "a secret of this test";

/// A folder with a report and its data.
pub(super) fn report(target: &str, alerts: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("orders.csv"), ORDERS).unwrap();
    let config = format!(
        "[report]\ntitle = \"Orders\"\nfrom = 2025-01-01\nuntil = 2025-03-01\nas_of = 2025-03-01\ngrain = \"month\"\nmax_rejected_percent = 50\n\
         [tables.orders]\npath = \"orders.csv\"\n[[metrics]]\nname = \"aov\"\nmetric = \"loyalty.average_order_value\"\ntable = \"orders\"\n\
         {target}\n{alerts}\n"
    );
    fs::write(folder.path().join("report.toml"), config).unwrap();
    folder
}

pub(super) fn program(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_custometer"));
    command.args(["run", "report.toml"]).args(arguments).current_dir(folder.path()).env("HOOK_SECRET", SECRET);
    command
}

pub(super) fn run(folder: &TempDir, arguments: &[&str]) -> Output {
    program(folder, arguments).output().unwrap()
}

/// The exit code, and what was said.
pub(super) fn outcome(output: &Output) -> (i32, String) {
    (output.status.code().unwrap(), String::from_utf8(output.stderr.clone()).unwrap())
}

const LOW: &str = "[[alerts]]\nname = \"low\"\nwhen = { value_below = 20 }\nmessage = \"down to {{ shown }}\"";

#[test]
fn a_missed_target_is_an_exit_code_and_one_line_where_that_is_asked() {
    let folder = report("target = { at_least = 25 }", "");
    assert_eq!(outcome(&run(&folder, &[])), (0, String::new()));
    let line = "warning: 1 target missed: aov, 2025-02: 10.00, target at least 25.00\n".to_owned();
    assert_eq!(outcome(&run(&folder, &["--fail-on-target"])), (3, line));
    let derived = report("", "[derived.half]\nvalue = \"aov / 2\"\nunit = \"currency\"\ntarget = { at_least = 6 }");
    let line = "warning: 1 target missed: half, 2025-02: 5.00, target at least 6.00\n".to_owned();
    assert_eq!(outcome(&run(&derived, &["--fail-on-target"])), (3, line));
    let met = report("target = { at_least = 10 }", "");
    assert_eq!(outcome(&run(&met, &["--fail-on-target"])), (0, String::new()));
    // What is not known is not missed, and not met either.
    let unknown = report("target = { holds = { value_above = 5, low_above = 1 } }", "");
    fs::write(unknown.path().join("orders.csv"), "time,amount\n2025-02-03,8\n").unwrap();
    let line = "1 target unknown: aov, 2025-02: 8.00, target value above 5 and interval above 1\n".to_owned();
    assert_eq!(outcome(&run(&unknown, &["--fail-on-target"])), (0, line));
}

#[test]
fn an_alert_is_an_exit_code_where_that_is_asked() {
    let folder = report("", LOW);
    assert_eq!(outcome(&run(&folder, &[])).0, 0);
    let line = "warning: 1 alert fired: low (warning)\n".to_owned();
    assert_eq!(outcome(&run(&folder, &["--fail-on-alert"])), (5, line.clone()));
    assert_eq!(outcome(&run(&folder, &["--fail-on-alert=warning"])), (5, line));
    assert_eq!(outcome(&run(&folder, &["--fail-on-alert=critical"])), (0, String::new()));
    // Where the results have no room for it, it is said beside them.
    assert_eq!(outcome(&run(&folder, &["--format", "csv"])).1.lines().next(), Some("warning low: down to 10.00"));
}

#[test]
fn of_several_reasons_the_gravest_is_the_exit_code_and_all_are_said() {
    let folder = report("target = { at_least = 25 }", LOW);
    let rejected = ["--set", "report.max_rejected_percent=1"];
    let (code, said) = outcome(&run(&folder, &[&rejected[..], &["--fail-on-alert", "--fail-on-target"]].concat()));
    assert_eq!(code, 3, "{said}");
    let starts: Vec<&str> = said.lines().map(|line| &line[..line.len().min(20)]).collect();
    assert_eq!(starts, ["warning: 1 target mi", "warning: 1 alert fir", "warning: more rows w"]);
    assert_eq!(outcome(&run(&folder, &[&rejected[..], &["--fail-on-alert"]].concat())).0, 5);
    assert_eq!(outcome(&run(&folder, &rejected)).0, 4);
    assert_eq!(outcome(&run(&folder, &[&rejected[..], &["--fail-on-target", "--strict"]].concat())).0, 1);
}

#[test]
fn targets_and_alerts_are_counted_and_explained() {
    let hook = "webhook = \"team\"\n[webhooks.team]\nurl = \"https://hooks.example.com/T0P\"\nsecret_env = \"HOOK_SECRET\"";
    let half = "[derived.half]\nvalue = \"aov / 2\"\nunit = \"currency\"\ntarget = { between = [5, 10] }";
    let folder = report("target = { at_least = 25 }", &format!("{LOW}\n{hook}\n{half}"));
    let said = |command: &str| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_custometer"));
        let output = program.args([command, "report.toml"]).current_dir(folder.path()).env("HOOK_SECRET", SECRET).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(said("validate"), "the report is in order: 1 request over 1 table, 1 derived result, 2 targets, 1 alert, 1 webhook\n");
    let expected = "derived `half`: aov / 2\ntargets, decided by the last complete bucket\n  `aov`: at least 25.00, for the total\n  \
                    `half`: between 5.00 and 10.00, for the total\nalerts\n  \
                    `low` (warning): value below 20, of `aov`, `half`, posted to `team` (https://hooks.example.com)\n";
    assert!(said("explain").ends_with(expected), "{}", said("explain"));
}

/// What a webhook was told.
pub(super) struct Told {
    path: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

/// A server of this machine that gives these answers, one to each connection, and then no more. None keeps a connection waiting.
pub(super) fn server(answers: &[Option<&'static str>]) -> (u16, Receiver<Told>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = channel();
    let answers = answers.to_vec();
    thread::spawn(move || {
        let mut waiting = Vec::new();
        for answer in answers {
            let (stream, _) = listener.accept().unwrap();
            let told = read(&stream);
            let _ = sender.send(told);
            match answer {
                Some(answer) => {
                    let answer = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                    let _ = (&stream).write_all(answer.as_bytes());
                }
                None => waiting.push(stream),
            }
        }
        // Whoever waits, waits for longer than it may take.
        thread::sleep(Duration::from_secs(if waiting.is_empty() { 0 } else { 20 }));
    });
    (port, receiver)
}

fn read(stream: &TcpStream) -> Told {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let path = line.split(' ').nth(1).unwrap().to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers["content-length"].parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    Told { path, headers, body }
}

/// The bytes that are written as hexadecimal digits.
fn bytes(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|start| u8::from_str_radix(&digits[start..start + 2], 16).unwrap()).collect()
}

/// A report whose alert goes to a port of this machine.
fn posted(port: u16, more: &str) -> TempDir {
    let hook = format!(
        "{LOW}\nwebhook = \"team\"\n[webhooks.team]\nurl = \"http://127.0.0.1:{port}/hook/T0P-S3CRET\"\nsecret_env = \"HOOK_SECRET\"\n{more}"
    );
    report("", &hook)
}

#[test]
fn an_alert_is_posted_signed_and_says_what_the_report_says() {
    let (port, told) = server(&[Some("204 No Content")]);
    let folder = posted(port, "");
    let output = run(&folder, &["--format", "json"]);
    assert_eq!(outcome(&output), (0, format!("sent 1 alert to `team` (http://127.0.0.1:{port})\n")));
    let Told { path, headers, body } = told.recv_timeout(Duration::from_secs(5)).unwrap();
    assert_eq!(path, "/hook/T0P-S3CRET");
    assert_eq!(headers["content-type"], "application/json");
    let signature = headers["x-custometer-signature"].strip_prefix("sha256=").unwrap();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    ring::hmac::verify(&key, &body, &bytes(signature)).unwrap();
    let payload: Json = serde_json::from_slice(&body).unwrap();
    let json: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(payload["schema_version"], json["schema_version"]);
    assert_eq!(payload["alert"]["message"], "down to 10.00");
    assert_eq!(payload["report"]["title"], "Orders");
    assert_eq!(payload["report"]["config_hash"], json["manifest"]["config_hash"]);
    assert_eq!(payload["result"], json["results"][1]);
    let shown = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&body);
    assert!(!shown.contains(SECRET) && !shown.contains("T0P"), "{shown}");
}

#[test]
fn a_server_in_trouble_is_asked_again_for_the_same() {
    let (port, told) = server(&[Some("500 Internal Server Error"), Some("200 OK")]);
    let (code, said) = outcome(&run(&posted(port, ""), &["--quiet"]));
    assert_eq!((code, said.as_str()), (0, ""));
    let [first, second] = [(); 2].map(|()| told.recv_timeout(Duration::from_secs(5)).unwrap());
    assert_eq!(first.body, second.body);
    assert_eq!(first.headers["idempotency-key"], second.headers["idempotency-key"]);
}

#[test]
fn an_alert_that_can_not_be_delivered_fails_the_run_and_not_the_report() {
    for (answers, retries, reason) in [
        (vec![Some("404 Not Found")], 3, "it answered 404 Not Found"),
        (vec![Some("302 Found\r\nLocation: https://example.com")], 3, "it answered 302 Found"),
        (vec![Some("503 Service Unavailable"); 2], 1, "it answered 503 Service Unavailable, after 2 attempts"),
        (vec![None; 2], 1, "no answer within 300ms, after 2 attempts"),
    ] {
        let (port, told) = server(&answers);
        let folder = posted(port, &format!("timeout_seconds = 0.3\nretries = {retries}"));
        let (code, said) = outcome(&run(&folder, &["--out", "out", "--fail-on-alert"]));
        assert_eq!(code, 1, "{said}");
        assert!(folder.path().join("out/results.txt").exists());
        let line = format!("error: the alert `low` could not be delivered to `team` (http://127.0.0.1:{port}): {reason}\n");
        assert!(said.contains(&line), "{said}");
        // The other reason is said too.
        assert!(said.contains("1 alert fired"), "{said}");
        assert!(!said.contains("T0P"), "{said}");
        assert_eq!(told.iter().take(answers.len()).count(), answers.len());
    }
}

#[test]
fn an_alert_that_is_remembered_is_posted_once_and_again_when_it_could_not_be() {
    let (port, told) = server(&[Some("400 Bad Request"), Some("204 No Content"), Some("204 No Content")]);
    let folder = posted(port, "");
    let night = |day: &str, more: &[&str]| {
        let arguments = [&["--format", "json", "--quiet", "--state", "state", "--as-of", day][..], more].concat();
        outcome(&run(&folder, &arguments)).0
    };
    // What could not be delivered was not told.
    assert_eq!((night("2025-03-01", &[]), night("2025-03-02", &[])), (1, 0));
    for day in ["2025-03-03", "2025-03-04", "2025-03-08"] {
        assert_eq!(night(day, &[]), 0);
    }
    let posts = || told.try_iter().count();
    assert_eq!(posts(), 2);
    // It was told on the second.
    let reminded = ["--set", "alerts.0.remind_after=7 days"];
    assert_eq!((night("2025-03-08", &reminded), posts()), (0, 0));
    assert_eq!((night("2025-03-09", &reminded), posts()), (0, 1));
    // It is gone, which is said once.
    let gone = ["--set", "alerts.0.when.value_below=5"];
    let arguments = [&["--format", "json", "--state", "state", "--as-of", "2025-03-10"][..], &gone].concat();
    let (code, said) = outcome(&run(&folder, &arguments));
    assert!(code == 0 && said.contains("resolved: the alert `low` on aov (down to 10.00)"), "{said}");
    // Without a memory it is as ever.
    assert_eq!(outcome(&run(&folder, &["--quiet"])).0, 1);
}

#[test]
fn a_flood_of_alerts_is_cut_off_and_said() {
    let (port, told) = server(&[Some("200 OK"); 100]);
    let folder = posted(port, "");
    let rows: Vec<String> = (0..120).map(|group| format!("2025-02-03,8,{group}")).collect();
    fs::write(folder.path().join("orders.csv"), format!("time,amount,group\n{}\n", rows.join("\n"))).unwrap();
    let (code, said) = outcome(&run(&folder, &["--set", "metrics.0.by=[[\"group\"]]", "--quiet"]));
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("error: 20 alerts could not be delivered to `team`"), "{said}");
    assert_eq!(told.iter().take(100).count(), 100);
}

#[test]
fn where_nobody_listens_that_is_said() {
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (code, said) = outcome(&run(&posted(port, "retries = 0"), &[]));
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("no connection") && said.contains("refused") && !said.contains("T0P"), "{said}");
}

#[test]
fn a_dry_run_shows_what_it_would_post_and_posts_nothing() {
    let (port, told) = server(&[Some("200 OK")]);
    let (code, said) = outcome(&run(&posted(port, ""), &["--dry-run", "--quiet"]));
    assert_eq!(code, 0);
    let payload = said.strip_prefix(&format!("would post to `team` (http://127.0.0.1:{port}): ")).unwrap();
    let payload: Json = serde_json::from_str(payload.trim()).unwrap();
    assert_eq!(payload["alert"]["name"], "low");
    assert!(told.try_recv().is_err());
    assert!(!said.contains(SECRET) && !said.contains("T0P"), "{said}");
}

#[test]
fn values_are_shown_with_as_many_decimals_as_the_report_says() {
    let folder = report("", "[derived.half]\nvalue = \"aov / 2\"\nunit = \"ratio\"");
    let shown = |more: &[&str]| String::from_utf8(run(&folder, more).stdout).unwrap();
    let digits = ["--set", "report.digits=4"];
    assert!(shown(&[]).contains("  5.00") && shown(&digits).contains("  5.0000"), "{}", shown(&digits));
    let json: Json = serde_json::from_str(&shown(&[&digits[..], &["--format", "json"]].concat())).unwrap();
    assert_eq!((&json["digits"], &json["results"][3]["value"]), (&4.into(), &5.into()));
    let (code, said) = outcome(&run(&folder, &["--set", "report.digits=9"]));
    assert!(code == 2 && said.contains("0 to 6 decimals, not 9"), "{said}");
}

#[test]
fn a_secret_that_is_not_there_is_said_before_anything_is_read() {
    let folder = posted(1, "");
    let output = program(&folder, &["--out", "out"]).env_remove("HOOK_SECRET").output().unwrap();
    let (code, said) = outcome(&output);
    assert_eq!(code, 2);
    assert!(said.contains("the environment variable `HOOK_SECRET` is not set"), "{said}");
    assert!(!folder.path().join("out").exists());
}

#[test]
fn a_run_that_is_killed_while_it_writes_leaves_the_report_before_it_whole() {
    let folder = report("", "");
    // So many rejected rows that writing them takes a while.
    let rows: Vec<String> = (0..100_000).map(|row| format!("2025-01-03,a value that is not a number {row}\n")).collect();
    fs::write(folder.path().join("orders.csv"), format!("{ORDERS}{}", rows.concat())).unwrap();
    let settings = ["--format", "json,csv,markdown", "--out", "out", "--set", "report.max_rejected_percent=100"];
    let all_rows = [&settings[..], &["--set", "report.rejected_rows=true"]].concat();
    assert_eq!(run(&folder, &all_rows).status.code(), Some(0));
    let out = folder.path().join("out");
    let files = |out: &Path| -> BTreeMap<String, Vec<u8>> {
        let files = fs::read_dir(out).unwrap().map(|file| file.unwrap());
        let files = files.filter(|file| !file.file_name().to_string_lossy().starts_with('.'));
        files.map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap())).collect()
    };
    let before = files(&out);
    assert_eq!(before.len(), 6, "{:?}", before.keys());
    let is_writing = || fs::read_dir(&out).unwrap().any(|file| file.unwrap().file_name().to_string_lossy().starts_with('.'));

    let mut killed = program(&folder, &[&all_rows[..], &["--set", "report.title=Another"]].concat());
    let mut killed = killed.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !is_writing() {
        assert!(killed.try_wait().unwrap().is_none(), "the program was done before it was seen writing");
    }
    killed.kill().unwrap();
    assert!(!killed.wait().unwrap().success(), "the program was done before it was killed");
    assert!(files(&out) == before, "the report before it is not whole");
}

#[test]
fn dated_folders_are_kept_and_the_last_one_is_found() {
    let folder = report("", "");
    for day in ["2025-03-01", "2025-03-02"] {
        let (code, said) = outcome(&run(&folder, &["--format", "json,markdown", "--out", "out", "--dated", "--as-of", day]));
        assert_eq!(code, 0, "{said}");
        assert!(said.contains(&format!("wrote out/{day}/results.md")), "{said}");
    }
    let read = |name: &str| fs::read(folder.path().join("out").join(name).join("results.md")).unwrap();
    assert_eq!(read("latest"), read("2025-03-02"));
    assert!(folder.path().join("out/2025-03-01/results.json").exists());
    assert_eq!(run(&folder, &["--dated"]).status.code(), Some(2));
}

/// What a reader finds in a folder: every file with its bytes, links followed, without what is hidden.
fn found(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if name.starts_with('.') {
            continue;
        }
        if entry.path().is_dir() {
            found.extend(self::found(&entry.path()).into_iter().map(|(below, bytes)| (format!("{name}/{below}"), bytes)));
        } else if let Ok(bytes) = fs::read(entry.path()) {
            found.insert(name, bytes);
        }
    }
    found
}

const EVERY_FORMAT: [&str; 4] = ["--format", "table,markdown,json,csv,parquet,html,xlsx", "--out", "results"];

/// What the run of a title writes, undisturbed.
fn whole(folder: &TempDir, title: &str) -> BTreeMap<String, Vec<u8>> {
    let alone = format!("alone-{title}");
    let output = run(folder, &["--set", &titled(title), "--format", EVERY_FORMAT[1], "--out", &alone]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    found(&folder.path().join(alone))
}

fn titled(title: &str) -> String {
    format!("report.title=\"{title}\"")
}

/// Ends a run by the signal that a system out of memory, a service, a user, or a closed terminal sends.
#[cfg(unix)]
fn stop(child: &mut Child, which: u64) {
    let signal = ["-KILL", "-TERM", "-INT", "-HUP"][usize::try_from(which).unwrap()];
    // A run that is done is no longer there.
    let _ = Command::new("kill").args([signal, &child.id().to_string()]).stderr(Stdio::null()).status().unwrap();
    child.wait().unwrap();
}

/// Dated folders appear whole, and `latest` leads to a whole one, whenever a run is stopped.
#[cfg(unix)]
#[test]
fn a_dated_folder_is_whole_or_not_there() {
    let folder = report("", LOW);
    let (out, days) = (folder.path().join("results"), ["2025-03-01", "2025-03-02", "2025-03-03"]);
    let arguments = |day: usize| [&EVERY_FORMAT[..], &["--dated", "--quiet", "--as-of", days[day]]].concat();
    let wholes: Vec<_> = (0..3)
        .map(|day| {
            let arguments = [&arguments(day)[..2], &["--dated", "--quiet", "--as-of", days[day], "--out", "alone"]].concat();
            assert_eq!(outcome(&run(&folder, &arguments)), (0, String::new()));
            found(&folder.path().join("alone").join(days[day]))
        })
        .collect();
    // From before a run writes until after it is done.
    for (stopped, wait) in (0..300).step_by(12).enumerate() {
        let day = stopped % 3;
        let mut child = program(&folder, &arguments(day)).spawn().unwrap();
        thread::sleep(Duration::from_millis(wait));
        stop(&mut child, stopped as u64 % 4);
        for (day, whole) in days.iter().zip(&wholes).filter(|(day, _)| out.join(day).exists()) {
            assert!(found(&out.join(day)) == *whole, "{day}, stopped after {wait} ms");
        }
        let latest = found(&out.join("latest"));
        assert!(latest.is_empty() || wholes.contains(&latest), "stopped after {wait} ms");
    }
    assert_eq!(outcome(&run(&folder, &arguments(2))), (0, String::new()));
    assert!(found(&out.join("latest")) == wholes[2]);
}

/// Kills runs at random moments, most of them while they write. However many and whenever: the folder has the files of one run.
#[cfg(unix)]
#[test]
fn a_kill_at_any_moment_leaves_one_whole_set() {
    let kills = std::env::var("CUSTOMETER_KILLS").map_or(24, |kills| kills.parse().unwrap());
    let seed = std::env::var("CUSTOMETER_SEED").map_or_else(|_| std::process::id().into(), |seed| seed.parse::<u64>().unwrap());
    println!("CUSTOMETER_SEED={seed}");
    let mut state = seed | 1;
    // Marsaglia's xorshift.
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let folder = report("", LOW);
    let titles = ["one", "two"];
    let sets = titles.map(|title| whole(&folder, title));
    assert_ne!(sets[0], sets[1]);
    let results = folder.path().join("results");
    let store = results.join(".custometer");
    let sets_in_store = || {
        let entries = fs::read_dir(&store).into_iter().flatten().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        entries.filter(|name| name.starts_with("set-")).collect::<Vec<_>>()
    };
    let step = || thread::sleep(Duration::from_micros(200));
    let start = |kill: usize| program(&folder, &["--set", &titled(titles[kill % 2]), "--quiet"]).args(EVERY_FORMAT).spawn().unwrap();
    // How long a run takes to write, in steps: until its set is there, and until it is done.
    let until_it_writes = |child: &mut Child| {
        let before = sets_in_store();
        while sets_in_store() == before && child.try_wait().unwrap().is_none() {
            step();
        }
    };
    let mut child = start(1);
    until_it_writes(&mut child);
    let mut steps = 1;
    while child.try_wait().unwrap().is_none() {
        step();
        steps += 1;
    }
    let mut seen = [0, 0];
    for kill in 0..kills {
        let mut child = start(kill);
        if kill % 8 == 0 {
            thread::sleep(Duration::from_millis(random(400)));
        } else {
            until_it_writes(&mut child);
            (0..random(steps + steps / 2)).for_each(|_| step());
        }
        stop(&mut child, random(4));
        let found = found(&results);
        let which = sets.iter().position(|set| *set == found);
        let which = which.unwrap_or_else(|| panic!("kill {kill} of seed {seed} left {:?}", found.keys()));
        seen[usize::from(which == kill % 2)] += 1;
    }
    println!("{} runs were killed before they switched, {} after", seen[0], seen[1]);
    let last = program(&folder, &["--set", &titled(titles[1]), "--quiet"]).args(EVERY_FORMAT).output().unwrap();
    assert_eq!(outcome(&last), (0, String::new()));
    assert!(found(&results) == sets[1]);
    let mut left: Vec<String> = fs::read_dir(&store).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    left.retain(|name| !name.starts_with("set-"));
    left.sort();
    assert_eq!((left, sets_in_store().len()), (vec!["current".to_owned(), "lock".to_owned()], 1));
}

#[test]
fn two_runs_into_one_folder_leave_one_whole_set() {
    let folder = report("", LOW);
    let titles = ["one", "two"];
    let sets = titles.map(|title| whole(&folder, title));
    for _ in 0..4 {
        let start = |title: &str| program(&folder, &["--set", &titled(title), "--quiet"]).args(EVERY_FORMAT).spawn().unwrap();
        for mut child in titles.map(start) {
            assert!(child.wait().unwrap().success());
        }
        assert!(sets.contains(&found(&folder.path().join("results"))));
    }
}

#[test]
fn a_folder_in_the_way_is_said_and_nothing_is_replaced() {
    let folder = report("", "");
    assert_eq!(outcome(&run(&folder, &["--format", "json,csv", "--out", "results", "--quiet"])).0, 0);
    fs::create_dir(folder.path().join("results/results.parquet")).unwrap();
    let before = found(&folder.path().join("results"));
    let (code, said) = outcome(&run(&folder, &EVERY_FORMAT));
    assert_eq!(code, 1);
    assert_eq!(said, "error: `results/results.parquet` is a folder, and a file has to be there: move it away; nothing was written\n");
    assert!(found(&folder.path().join("results")) == before);
}

/// Runs the program in a shell, after what the shell does first.
#[cfg(unix)]
fn after(folder: &TempDir, first: &str, arguments: &str) -> (i32, String) {
    let command = format!("{first} exec {} run report.toml --quiet {arguments}", env!("CARGO_BIN_EXE_custometer"));
    let mut shell = Command::new("bash");
    let output = shell.args(["-c", &command]).current_dir(folder.path()).env("POLARS_MAX_THREADS", "2").output().unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_the_earlier_files() {
    let folder = report("", "");
    assert_eq!(outcome(&run(&folder, &["--format", "json,csv", "--out", "results", "--quiet"])).0, 0);
    let before = found(&folder.path().join("results"));
    // No file may be longer than a block: a write fails as on a full disk, without one.
    let (code, said) = after(&folder, "trap '' XFSZ; ulimit -f 1;", &EVERY_FORMAT.join(" "));
    assert_eq!(code, 1, "{said}");
    assert!(said.starts_with("error: could not write `results/results.") && said.contains("because: File too large"), "{said}");
    assert!(found(&folder.path().join("results")) == before);
}

#[cfg(target_os = "linux")]
#[test]
fn a_lack_of_memory_is_said() {
    let folder = report("", "");
    let rows = (0..400_000).map(|row| format!("2025-01-{:02},{row}\n", 1 + row % 28)).collect::<Vec<_>>().concat();
    fs::write(folder.path().join("orders.csv"), format!("time,amount\n{rows}")).unwrap();
    // How many addresses the program needs to begin with is not known: below, it does not start; above, there is enough.
    let outcomes = (0..12).map(|step| after(&folder, &format!("ulimit -v {};", 240_000 + 20_000 * step), ""));
    let mut outcomes = outcomes.inspect(|outcome| println!("{outcome:?}"));
    assert!(outcomes.any(|(code, said)| code == 1 && said.starts_with("error: out of memory while asking for ")));
}

#[cfg(unix)]
#[test]
fn a_closed_standard_output_is_said() {
    let folder = report("", "");
    let message = "error: there is no standard output to write to: it was closed when this program started\n";
    assert_eq!(after(&folder, "", ">&-"), (1, message.to_owned()));
    // Nothing is written to it here.
    assert_eq!(after(&folder, "", "--format json --out results >&-"), (0, String::new()));
    assert_eq!(after(&folder, "", ">/dev/null"), (0, String::new()));
    // Who reads no more has seen enough.
    assert_eq!(after(&folder, "set -o pipefail; true |", "| true"), (0, String::new()));
}

#[test]
fn an_impossible_number_of_threads_is_said() {
    let folder = report("", "");
    let output = program(&folder, &[]).env("POLARS_MAX_THREADS", "0").output().unwrap();
    let expected = "error: the environment variable `POLARS_MAX_THREADS` is `0`: set it to a number from 1 to 1024, or to nothing\n";
    assert_eq!(outcome(&output), (2, expected.to_owned()));
}

#[test]
fn names_and_data_do_not_drive_the_terminal() {
    let acts = |text: &str| text.chars().any(|character| (character.is_control() && character != '\n') || character == '\u{202e}');
    let folder = report("", "");
    let config = fs::read_to_string(folder.path().join("report.toml")).unwrap();
    fs::write(folder.path().join("orders.csv"), "time,a\u{1b}[31m\u{202e}mount\n2025-01-03,29\n").unwrap();
    fs::write(folder.path().join("report.toml"), config.replace("title = \"Orders\"", "title = \"\u{202e}sredrO\"\nwrong = 1")).unwrap();
    for command in ["run", "validate", "explain"] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_custometer"));
        let (code, said) = outcome(&program.args([command, "report.toml"]).current_dir(folder.path()).output().unwrap());
        assert_eq!(code, 2);
        assert!(said.contains("wrong") && said.contains("[31m") && !acts(&said), "{said:?}");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_custometer")).args(["run", "no\u{1b}[2Jsuch.toml"]).output().unwrap();
    let (_, said) = outcome(&output);
    assert!(said.contains("no\\u{1b}[2Jsuch.toml") && !acts(&said), "{said:?}");
}

#[test]
fn an_address_in_a_report_does_not_tell_its_password() {
    let hook = "webhook = \"team\"\n[webhooks.team]\nurl = \"https://me:hunter2@hooks.example.com/T0P\"";
    let (code, said) = outcome(&run(&report("", &format!("{LOW}\n{hook}")), &[]));
    assert_eq!(code, 2);
    assert!(said.contains("hooks.example.com") && !said.contains("hunter2"), "{said}");
}
