//! Packs: each sample in `tests/packs` is claimed by one table and read right, and a report says what it wants otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use custometer_core::Registry;
use custometer_runner::init::{self, Place};
use custometer_runner::inspect::Answers;
use custometer_runner::packs::{Packs, lines};
use custometer_testkit::{Case, rejections, results};
use jiff::civil::date;
use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};
use proptest::sample::subsequence;

/// The samples of a pack, or of all.
fn samples(pack: Option<&str>) -> Vec<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("packs");
    let mut files = files(&pack.map_or_else(|| root.clone(), |pack| root.join(pack)));
    files.retain(|path| path.file_name().is_some_and(|name| name != "expected.toml"));
    files.sort();
    files
}

/// All files in a folder and below it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn packs() -> Packs {
    Packs::all(Path::new("no such folder")).unwrap()
}

/// The columns of a sample, and its first line.
fn header(path: &Path) -> (Vec<String>, String) {
    let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    let line = text.lines().next().unwrap_or_default().trim_start_matches('\u{feff}').to_owned();
    if path.extension().is_some_and(|extension| extension == "ndjson" || extension == "json") {
        let document: serde_json::Value = serde_json::from_str(&text).or_else(|_| serde_json::from_str(&line)).unwrap_or_default();
        let rows = document
            .as_object()
            .into_iter()
            .flatten()
            .find_map(|(_, rows)| rows.as_array().filter(|rows| rows.iter().all(serde_json::Value::is_object)));
        // An event has lists of objects, too, and is a row itself.
        let row = rows.filter(|_| path.extension().is_some_and(|extension| extension == "json")).map_or(&document, |rows| &rows[0]);
        return (row.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect(), line);
    }
    let delimiter = [';', '\t', ','].into_iter().max_by_key(|delimiter| line.matches(*delimiter).count()).unwrap();
    // No name of a sample holds a delimiter.
    (line.split(delimiter).map(|name| name.trim_matches('"').to_owned()).collect(), line)
}

/// The tables that a sample could be, where nobody names its pack unless it has to be named.
fn claims(packs: &Packs, path: &Path) -> Vec<String> {
    let (columns, line) = header(path);
    let pack = path.parent().and_then(|folder| folder.file_name()?.to_str()).unwrap_or_default();
    let is_named = packs.get(pack).is_some_and(|pack| pack.tables.values().all(|table| table.is_only_named));
    let packs = &if is_named { packs.clone().only(pack).unwrap() } else { packs.clone() };
    let by_line = packs.claims_line(&line);
    if by_line.is_empty() { packs.claims(&columns.iter().map(String::as_str).collect::<Vec<_>>()) } else { by_line }
}

#[test]
fn each_sample_is_of_one_table_and_each_table_has_one() {
    let packs = packs();
    let mut found = BTreeSet::new();
    for path in samples(None) {
        let claims = claims(&packs, &path);
        let pack = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
        assert_eq!(claims.len(), 1, "{}: {claims:?}", path.display());
        assert_eq!(claims[0].split_once('.').unwrap().0, pack, "{}", path.display());
        found.extend(claims);
    }
    let known: BTreeSet<String> = packs.tables().map(|(name, _)| name).collect();
    assert_eq!(found, known);
}

#[test]
fn no_file_is_of_two_tables() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    // Those of the repository, and of the data that lies beside it.
    let folders = [root.join("datasets"), root.join("tests/field"), root.join("../shared/data"), root.join("../shared/field")];
    let packs = packs();
    for path in folders.iter().flat_map(|folder| files(folder)).filter(|path| path.extension().is_some_and(|extension| extension == "csv"))
    {
        let claims = claims(&packs, &path);
        assert!(claims.len() < 2, "{}: {claims:?}", path.display());
        assert!(!path.starts_with(root.join("datasets")) || claims.is_empty(), "{}: {claims:?}", path.display());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What a header has beside what tells it, and in which order, makes no other table of it; with less, it is of none or of the same.
    #[test]
    fn a_header_in_part_or_with_more_is_of_no_other_table(pick in 0..1_000_usize, keep in subsequence((0..60_usize).collect::<Vec<_>>(), 0..60), rotated in 0..60_usize) {
        let packs = packs();
        let is_told = |path: &PathBuf| !path.ends_with("google_forms/responses.csv") && packs.claims_line(&header(path).1).is_empty();
        let samples: Vec<PathBuf> = samples(None).into_iter().filter(is_told).collect();
        let path = &samples[pick % samples.len()];
        let whole = claims(&packs, path);
        let (mut columns, _) = header(path);
        let (own, length) = (columns.clone(), columns.len());
        columns.rotate_left(rotated % length);
        let more = ["Cost centre", "betyg_2", "Notiz"];
        let with_more: Vec<&str> = columns.iter().map(String::as_str).chain(more).collect();
        prop_assert_eq!(&packs.claims(&with_more), &whole);
        let part: Vec<&str> = own.iter().enumerate().filter(|(at, _)| keep.contains(at)).map(|(_, name)| name.as_str()).collect();
        let of_part = packs.claims(&part);
        assert!(of_part.is_empty() || of_part == whole, "{}: {of_part:?}", path.display());
    }
}

/// What a value was calculated to be elsewhere.
#[derive(serde::Deserialize)]
struct Expected {
    value: Vec<ExpectedValue>,
}

#[derive(serde::Deserialize)]
struct ExpectedValue {
    table: String,
    metric: String,
    #[serde(default)]
    params: toml::Table,
    value: f64,
}

fn expected() -> Vec<ExpectedValue> {
    let text = fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("packs/expected.toml")).unwrap();
    toml::from_str::<Expected>(&text).unwrap().value
}

/// Tables over the samples of a pack, each by its pack alone.
fn tables(packs: &Packs, pack: &str) -> String {
    let table = |path: PathBuf| {
        let name = claims(packs, &path).remove(0);
        let delimiter = if header(&path).1.contains(';') { "delimiter = \";\"\n" } else { "" };
        let asked = packs.table(&name).unwrap().asks.keys().map(|column| format!("columns.{column} = \"{ASKED}\"\n"));
        let asked = asked.collect::<Vec<_>>().concat();
        let table = name.split_once('.').unwrap().1;
        format!("[tables.{table}]\npack = \"{name}\"\npath = \"{}\"\n{delimiter}{asked}", path.display())
    };
    samples(Some(pack)).into_iter().map(table).collect()
}

/// What the samples of surveys ask.
const ASKED: &str = "How likely are you to recommend us?";

#[test]
fn the_values_of_each_pack_are_those_of_duckdb() {
    let packs = packs();
    let all = expected();
    for (pack, _) in packs.iter() {
        let values: Vec<&ExpectedValue> = all.iter().filter(|value| value.table.starts_with(&format!("{pack}."))).collect();
        let is_read = packs.get(pack).unwrap().tables.values().any(|table| table.reads.is_some());
        assert_eq!(values.is_empty(), !is_read, "{pack}");
        if values.is_empty() {
            continue;
        }
        let request = |(number, value): (usize, &&ExpectedValue)| {
            let table = value.table.split_once('.').unwrap().1;
            let params = lines(&value.params).join(", ");
            let params = if params.is_empty() { String::new() } else { format!("params = {{ {params} }}\n") };
            format!("[[metrics]]\nname = \"{number}\"\nmetric = \"{}\"\ntable = \"{table}\"\n{params}", value.metric)
        };
        let requests: String = values.iter().enumerate().map(request).collect();
        // Tables of search without a day have no period.
        let period = if pack == "search_console" { "" } else { "from = 2025-01-01\nuntil = 2025-04-01\n" };
        let config = format!("[report]\n{period}as_of = 2025-04-01\n{}{requests}", tables(&packs, pack));
        let json = Case::new().json(&config).unwrap_or_else(|problems| panic!("{config}\n{problems}"));
        assert!(rejections(&json).is_empty(), "{pack}: {:?}", rejections(&json));
        for (number, value) in values.iter().enumerate() {
            let name = number.to_string();
            let found = results(&json).iter().find(|row| row["request"].as_str() == Some(name.as_str())).unwrap();
            let is = found["value"].as_f64().unwrap_or(f64::NAN);
            assert!(
                (is - value.value).abs() <= 1e-9 * value.value.abs().max(1.0),
                "{} of {}: {is}, and not {}",
                value.metric,
                value.table,
                value.value
            );
        }
    }
}

/// What `init` writes of a pack's samples, with the answers of one who knows their survey.
fn first_report(packs: &Packs, pack: &str, case: &Case) -> String {
    let registry = Registry::linked().unwrap();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("packs").join(pack).display().to_string();
    let is_named = packs.get(pack).unwrap().tables.values().any(|table| table.is_only_named);
    let named = if is_named { packs.clone().only(pack).unwrap() } else { packs.clone() };
    let draft = init::draft(&[folder], &registry, &named, is_named).unwrap();
    let mut answers: BTreeMap<String, Answers> = BTreeMap::new();
    for question in draft.questions() {
        let asked = question.choice.options.iter().position(|option| option.means == format!("`{ASKED}`"));
        answers.entry(question.table).or_default().insert(question.choice.key, asked.unwrap());
    }
    let written =
        draft.report(&answers, &Place { folder: case.path(), path: &str::to_owned, registry: &registry, today: date(2025, 4, 1) });
    assert!(written.open.is_empty(), "{pack}: {:?}", written.open);
    written.text
}

#[test]
fn a_first_report_on_each_pack_comes_to_the_same() {
    let packs = packs();
    let all = expected();
    for (pack, is) in packs.iter().filter(|(_, is)| is.tables.values().any(|table| table.reads.is_some())) {
        let mut case = Case::new().as_of(date(2025, 4, 1)).set("report.grain=\"total\"").set("report.compare=[]");
        if pack != "search_console" {
            case = case.set("report.from=2025-01-01").set("report.until=2025-04-01");
        }
        let text = first_report(&packs, pack, &case);
        let json = case.json(&text).unwrap_or_else(|problems| panic!("{text}\n{problems}"));
        assert!(rejections(&json).is_empty(), "{pack}: {:?}", rejections(&json));
        let written: toml::Table = toml::from_str(&text).unwrap();
        let requests = written["metrics"].as_array().unwrap();
        let asked: usize = is.tables.values().map(|table| table.metrics.len()).sum();
        assert_eq!(requests.len(), asked, "{text}");
        let mut compared = 0;
        for value in all.iter().filter(|value| value.table.starts_with(&format!("{pack}."))) {
            let table = value.table.split_once('.').unwrap().1;
            let is_same = |request: &&toml::Value| {
                let params = request.get("params").and_then(|params| params.as_table()).cloned().unwrap_or_default();
                request["metric"].as_str() == Some(value.metric.as_str())
                    && request["table"].as_str() == Some(table)
                    && params == value.params
            };
            let Some(request) = requests.iter().find(is_same) else { continue };
            let name = request.get("name").and_then(|name| name.as_str()).unwrap_or(&value.metric).to_owned();
            // Requests of one metric on several tables are told apart by these.
            let names = [format!("{name} ({table})"), name];
            let is_total = |row: &&serde_json::Value| {
                let is_of = names.iter().any(|name| row["request"] == name.as_str());
                is_of && row["dimensions"].as_object().is_none_or(serde_json::Map::is_empty)
            };
            let Some(found) = results(&json).iter().find(is_total) else { panic!("{} of {} in {json}", value.metric, value.table) };
            let is = found["value"].as_f64().unwrap_or(f64::NAN);
            assert!((is - value.value).abs() <= 1e-9 * value.value.abs().max(1.0), "{} of {}: {is}", value.metric, value.table);
            compared += 1;
        }
        assert!(compared > 0, "{pack}");
    }
}

#[test]
fn every_request_of_a_pack_runs_on_its_sample() {
    let packs = packs();
    for (pack, is) in packs.iter() {
        if is.tables.values().all(|table| table.metrics.is_empty()) {
            continue;
        }
        let mut requests = String::new();
        for (table, is) in &is.tables {
            for metric in &is.metrics {
                requests += "[[metrics]]\ntable = \"";
                requests += table;
                requests += "\"\n";
                requests += &lines(metric).join("\n");
                requests.push('\n');
            }
        }
        let config = format!("[report]\nas_of = 2025-04-01\ngrain = \"month\"\n{}{requests}", tables(&packs, pack));
        let result = Case::new().run(&config).unwrap_or_else(|problems| panic!("{config}\n{problems}"));
        assert!(result.results.iter().any(|row| row.value.is_some()), "{pack}");
        assert_eq!(result.rejected, [], "{pack}");
    }
}

const CHARGES: &str = "id,amount,amount_refunded,balance_transaction_id,captured,created,currency,customer_id,payment_intent_id,status\n\
    ch_1,1000,0,t1,TRUE,2025-01-02 09:00:00,eur,c1,p1,succeeded\n\
    ch_2,3000,0,t2,TRUE,2025-01-03 09:00:00,eur,c2,p2,succeeded\n\
    ch_3,9000,0,t3,TRUE,2025-01-04 09:00:00,eur,c2,p3,failed\n";

const ORDER_VALUE: &str = "[[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"charges\"\n";

fn charges(more: &str) -> String {
    format!("[tables.charges]\npack = \"stripe.charges\"\npath = \"charges.csv\"\n{more}{ORDER_VALUE}")
}

fn value(case: &Case, config: &str) -> f64 {
    results(&case.json(config).unwrap_or_else(|problems| panic!("{config}\n{problems}")))[0]["value"].as_f64().unwrap()
}

#[test]
fn what_a_report_says_stands_before_its_pack() {
    let case = Case::new().file("charges.csv", CHARGES);
    let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found}, and not {expected}");
    near(value(&case, &charges("")), 20.0);
    // Other keys as a whole, columns entry by entry; what the report derives is not what the pack maps.
    near(value(&case, &charges("where = \"status = 'failed'\"\n")), 90.0);
    near(value(&case, &charges("amounts_in = \"units\"\n")), 2000.0);
    near(value(&case, &charges("columns = { amount = \"amount_refunded\" }\n")), 0.0);
    near(value(&case, &charges("derive = { time = \"created\", amount = \"100.0 * 100\" }\n")), 100.0);
}

#[test]
fn a_team_has_packs_of_its_own() {
    let own = "title = \"Till\"\nabout = \"Our till.\"\n[tables.receipts]\nrow = \"one receipt\"\nexport = \"nightly\"\ntried = \"real file\"\n\
               source = \"https://example.com/till\"\nhas = [\"Bon\", \"Sum\"]\n[tables.receipts.settings]\ncolumns = { amount = \"Sum\" }\n";
    let case = Case::new().file("r.csv", "Bon,Sum\n1,10\n2,30\n");
    let config = "[tables.charges]\npack = \"till.receipts\"\npath = \"r.csv\"\n";
    let config = format!("{config}{ORDER_VALUE}");
    assert!(case.load(&config).err().unwrap().contains("there is no pack `till`"));
    fs::create_dir(case.path().join("packs")).unwrap();
    fs::write(case.path().join("packs/till.toml"), own).unwrap();
    assert!((value(&case, &config) - 20.0).abs() < 1e-9);
    // What is wrong in it is shown in it.
    fs::write(case.path().join("packs/till.toml"), own.replace("columns =", "colums =")).unwrap();
    let problem = case.load(&config).err().unwrap();
    assert!(problem.contains("unknown key `colums`") && problem.contains("till.toml"), "{problem}");
    fs::write(case.path().join("packs/till.toml"), own.replace("tried = \"real file\"", "tried = \"never\"")).unwrap();
    let problem = case.load(&config).err().unwrap();
    assert!(problem.contains("`never`") && problem.contains("till.toml"), "{problem}");
    // They may lie elsewhere.
    fs::rename(case.path().join("packs"), case.path().join("ours")).unwrap();
    fs::write(case.path().join("ours/till.toml"), own).unwrap();
    assert!((value(&case, &format!("[report]\npacks = \"ours\"\n{config}")) - 20.0).abs() < 1e-9);
}

#[test]
fn what_is_not_there_is_said() {
    let case =
        Case::new().file("charges.csv", CHARGES).file("items.csv", "id,plan_id,subscription_id,quantity,created\n1,p,s,1,2025-01-01\n");
    let said = |config: &str, words: &[&str]| {
        let problem = case.load(config).err().unwrap();
        for word in words {
            assert!(problem.contains(word), "{word}: {problem}");
        }
    };
    said(&charges("").replace("stripe.charges", "stripe"), &["`stripe` names no table of a pack"]);
    said(&charges("").replace("stripe.charges", "strip.charges"), &["there is no pack `strip`", "did you mean `stripe`?"]);
    said(
        &charges("").replace("stripe.charges", "stripe.charge"),
        &["the pack `stripe` has no table `charge`", "did you mean `stripe.charges`?"],
    );
    let items = "[tables.items]\npack = \"stripe.subscription_items\"\npath = \"items.csv\"\n[[metrics]]\nmetric = \"loyalty.mrr\"\ntable = \"items\"\n";
    said(items, &["needs the table `stripe.plans` beside it", "needs the table `stripe.subscriptions` beside it"]);
    // A column that the files do not have makes none, and the metric that needs it says why.
    let case = Case::new().file("charges.csv", CHARGES.replace("created", "made"));
    let problem = case.load(&charges("")).err();
    assert!(problem.is_none(), "{problem:?}");
    let problem = case.load(&format!("[report]\ngrain = \"month\"\n{}", charges(""))).err().unwrap();
    let words = problem.replace(['\n', '│'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("its pack makes it of `created`, which the files do not have"), "{problem}");
    // What chooses rows can't be left out.
    let case = Case::new().file("charges.csv", CHARGES.replace("status", "state"));
    let problem = case.load(&charges("")).err().unwrap();
    assert!(problem.contains("there is no column `status`") && problem.contains("pack stripe"), "{problem}");
}
