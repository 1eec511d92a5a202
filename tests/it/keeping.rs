//! Runs that take what was kept of files: every night the bytes of a run that reads all of them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use custometer_output::Format;
use custometer_runner::stages::{Reuse, States, run_keeping};
use custometer_testkit::Case;
use jiff::ToSpan as _;
use jiff::civil::{Date, date};

/// A shop's export: a file of orders for each day, and one of its customers.
struct Shop {
    case: Case,
    report: String,
    /// What makes one row differ from the next.
    seed: u64,
}

const TABLES: &str = "[tables.orders]\npath = \"orders_*.csv\"\nlookup.customers = { on = \"customer_id\", columns = [\"segment\"] }\n\
    [tables.customers]\npath = \"customers.csv\"\n";

/// A metric of each way in which rows go: counts, distinct ones, quantiles, stories of customers, details, words, windows, stocks.
const REQUESTS: &str = r#"
[[metrics]]
metric = "loyalty.average_order_value"
table = "orders"
by = [[], ["segment"], ["channel"]]
compare = ["previous", "year_ago"]
[[metrics]]
name = "medians"
metric = "shop.median"
table = "orders"
window = "30 days"
grain = "day"
[define."shop.median"]
table = "orders"
measures = { median = "median(score)", customers = "count(distinct customer_id)" }
value = "median"
unit = "ratio"
[[metrics]]
metric = "loyalty.repeat_purchase_rate"
table = "orders"
[[metrics]]
metric = "loyalty.cohort_retention"
table = "orders"
[[metrics]]
metric = "loyalty.rfm"
table = "orders"
"#;

impl Shop {
    fn new(report: &str, requests: &str) -> Self {
        let customers: String = (0..40).fold("customer_id,segment\n".to_owned(), |mut text, customer| {
            let _ = writeln!(text, "C{customer},{}", ["small", "large"][customer % 3 / 2]);
            text
        });
        let case = Case::new().file("customers.csv", customers);
        Self { case, report: format!("[report]\ntimezone = \"Europe/Copenhagen\"\n{report}\n{TABLES}{requests}"), seed: 1 }
    }

    fn random(&mut self, below: u64) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % below
    }

    fn path(&self, day: Date) -> PathBuf {
        self.case.path().join(format!("orders_{day}.csv"))
    }

    /// Writes the orders of a day: some of them damaged, some late, some of odd numbers.
    fn day(&mut self, day: Date, rows: u64) {
        let mut text = String::from("order_id,time,customer_id,amount,channel,score\n");
        for row in 0..rows {
            let late = if self.random(9) == 0 { day.saturating_sub((1 + i64::try_from(self.random(50)).unwrap()).days()) } else { day };
            let amount = match self.random(14) {
                0 => "x".to_owned(),
                1 => "1e15".to_owned(),
                2 => String::new(),
                _ => format!("{}.{:02}", self.random(300), self.random(100)),
            };
            let (hour, minute, customer) = (self.random(24), self.random(60), self.random(40));
            let (channel, score) = (self.random(3), self.random(10));
            let _ = writeln!(
                text,
                "{day}-{row},{late}T{hour:02}:{minute:02}:00Z,C{customer},{amount},{},{score}",
                ["web", "shop", ""][usize::try_from(channel).unwrap()]
            );
        }
        fs::write(self.path(day), text).unwrap();
    }

    fn states(&self) -> PathBuf {
        self.case.path().join("state")
    }

    /// A night: the results of a run that keeps are those of one that reads all.
    fn night(&self) -> Reuse {
        let report = self.case.load(&self.report).unwrap();
        let json = |result| String::from_utf8(custometer_output::render(&result, Format::Json, None).unwrap()).unwrap();
        let all = custometer_runner::run(&report, self.case.path(), &|_| {}).unwrap();
        let (kept, reuse) = run_keeping(&report, self.case.path(), &States::new(&self.states()), &|_| {}).unwrap();
        let used: u64 = all.manifest.tables.iter().flat_map(|table| &table.uses).filter_map(|uses| uses.rows_used.shown()).sum();
        assert!(used > 0, "rows are used");
        let (all, kept) = (json(all), json(kept));
        if all != kept {
            let differ = all.lines().zip(kept.lines()).enumerate().find(|(_, (all, kept))| all != kept);
            panic!("a run with states differs: {reuse:?}: {differ:?}");
        }
        reuse
    }
}

fn litter(folder: &Path) -> usize {
    let entries = fs::read_dir(folder.join("scans")).unwrap();
    entries.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(".scan-")).count()
}

#[test]
fn every_night_has_the_bytes_of_a_full_run() {
    let mut shop = Shop::new("from = 2024-01-01\nuntil = 2025-01-01\ngrain = \"month\"\nmax_rejected_percent = 50", REQUESTS);
    let first = date(2024, 2, 20);
    for night in 0..11_i64 {
        let today = first.saturating_add(night.days());
        shop.day(today, 30);
        match night {
            // A day comes again with other rows, one goes, one gets another name, and one is empty.
            3 => shop.day(first, 25),
            5 => fs::remove_file(shop.path(first.saturating_add(1.days()))).unwrap(),
            7 => fs::rename(shop.path(today), shop.case.path().join("orders_9.csv")).unwrap(),
            9 => shop.day(today, 0),
            _ => {}
        }
        let reuse = shop.night();
        match night {
            0 => assert_eq!((reuse.kept, reuse.new), (0, 1)),
            1 | 2 => assert_eq!((reuse.kept + reuse.other, reuse.new), (usize::try_from(night).unwrap(), 1), "{reuse:?}"),
            // The numbers of the rows behind it are others.
            3 => assert!(reuse.new >= 2, "{reuse:?}"),
            _ => assert_eq!(reuse.damaged, 0, "{reuse:?}"),
        }
        assert_eq!(shop.night().new, 0, "a second run of the night reads nothing");
        assert_eq!(litter(&shop.states()), 0);
    }
}

#[test]
fn a_period_that_moves_is_no_old_period() {
    // What is outside of one period is in the next one, and months have other numbers.
    let mut shop = Shop::new("grain = \"month\"\nmax_rejected_percent = 50", REQUESTS);
    for day in 0..12_i64 {
        shop.day(date(2024, 1, 15).saturating_add((8 * day).days()), 20);
    }
    let plain = shop.report.clone();
    for (from, until) in
        [("2024-01-01", "2024-04-01"), ("2024-02-01", "2024-04-01"), ("2024-02-01", "2024-03-01"), ("2024-02-01", "2024-05-01")]
    {
        shop.report = plain.replace("[report]\n", &format!("[report]\nfrom = {from}\nuntil = {until}\n"));
        shop.night();
        assert_eq!(shop.night().kept, 12);
    }
    // Without a period, it is that of the data.
    shop.report = plain;
    shop.night();
    shop.day(date(2023, 10, 2), 20);
    shop.night();
}

#[test]
fn what_does_not_fit_is_made_anew() {
    let mut shop = Shop::new("from = 2024-01-01\nuntil = 2025-01-01\ngrain = \"month\"\nmax_rejected_percent = 50", REQUESTS);
    for day in 1..5 {
        shop.day(date(2024, 3, day), 20);
    }
    assert_eq!(shop.night().new, 4);
    // Another config.
    let before = shop.report.clone();
    shop.report = before.replace("max_rejected_percent = 50", "max_rejected_percent = 60");
    assert_eq!(shop.night().other, 4);
    shop.report = before;
    assert_eq!(shop.night().other, 4);
    // A table that is looked up.
    let customers = shop.case.path().join("customers.csv");
    fs::write(&customers, fs::read_to_string(&customers).unwrap().replace("C1,small", "C1,other")).unwrap();
    assert_eq!(shop.night().other, 4);
    // Damage: a byte of one, the end of another.
    let states: Vec<PathBuf> = fs::read_dir(shop.states().join("scans")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let mut states = states.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "scan"));
    let (one, other) = (states.next().unwrap(), states.next().unwrap());
    let mut bytes = fs::read(&one).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&one, bytes).unwrap();
    let bytes = fs::read(&other).unwrap();
    fs::write(&other, &bytes[..bytes.len() - 1]).unwrap();
    let all = States::new(&shop.states()).all().unwrap();
    assert_eq!((all.len(), all.iter().filter(|state| state.is_damaged).count()), (4, 2));
    let reuse = shop.night();
    assert_eq!((reuse.kept, reuse.damaged), (2, 2));
    fs::write(shop.states().join("scans/files.json"), "{").unwrap();
    assert_eq!(shop.night().kept, 4);
    States::new(&shop.states()).prune().unwrap();
    assert_eq!(shop.night().new, 4);
}

#[test]
fn rows_that_repeat_others_are_known_by_all_files() {
    let mut shop = Shop::new("from = 2024-01-01\nuntil = 2025-01-01\ngrain = \"month\"\nmax_rejected_percent = 50", REQUESTS);
    shop.report =
        shop.report.replace("path = \"orders_*.csv\"\n", "path = \"orders_*.csv\"\ndeduplicate = [\"order_id\"]\nkeep = \"last\"\n");
    for day in 1..6 {
        shop.day(date(2024, 3, day), 20);
        shop.night();
    }
    // A later file has an order of an earlier one again.
    let again = fs::read_to_string(shop.path(date(2024, 3, 2))).unwrap();
    fs::write(shop.path(date(2024, 3, 6)), again).unwrap();
    let reuse = shop.night();
    assert!(reuse.other >= 1 && reuse.kept >= 3, "{reuse:?}");
}

#[test]
fn two_runs_at_once_do_not_spoil_each_other() {
    let mut shop = Shop::new("from = 2024-01-01\nuntil = 2025-01-01\ngrain = \"month\"\nmax_rejected_percent = 50", REQUESTS);
    for day in 1..5 {
        shop.day(date(2024, 3, day), 20);
    }
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| shop.night());
        }
    });
    assert_eq!(shop.night().kept, 4);
    assert_eq!(litter(&shop.states()), 0);
}

#[test]
fn ids_that_are_hashed_are_not_kept() {
    let mut shop =
        Shop::new("from = 2024-01-01\nuntil = 2025-01-01\ngrain = \"month\"\nmax_rejected_percent = 50\nhash_ids = \"KEY\"", REQUESTS);
    shop.case = shop.case.variable("KEY", "correct horse battery staple");
    shop.day(date(2024, 3, 1), 20);
    let reuse = shop.night();
    assert!(reuse.not_kept.is_some() && !shop.states().exists(), "{reuse:?}");
}
