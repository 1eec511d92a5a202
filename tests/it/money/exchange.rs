//! Recurring amounts by rates that change: exchange is a movement of its own.
//!
//! Rates are the European Central Bank's of the last bank days of June to October 2024. The figures are DuckDB's, written by hand: what each customer
//! pays at an edge is `sum(amount / rate)` of the spans with `started_at < edge AND coalesce(ended_at, edge) >= edge`, at the rates of the last day
//! before it; the same spans at the rates of the next edge less that is exchange, and what is paid there less that a movement.

use std::collections::BTreeMap;

use custometer_core::prelude::*;
use custometer_runner::RunResult;
use custometer_testkit::{Case, assert_close, rejections, results};
use proptest::prelude::*;
use serde_json::Value as Json;

const RATES: &str = "Date,USD,GBP,SEK\n2024-10-31,1.0882,0.83753,11.6308\n2024-09-30,1.1196,0.83543,11.3\n2024-08-30,1.1087,0.8412,11.3355\n\
    2024-07-31,1.0828,0.8438,11.6125\n2024-06-28,1.0705,0.84638,11.3595\n";

/// The francs of `g`, of which there is no rate, were over before the period.
const SPANS: &str = "customer_id,started_at,ended_at,plan,currency,amount_per_month\n\
    a,2024-05-03,,basic,USD,100\nb,2024-06-10,2024-08-15,basic,GBP,80\nb,2024-08-15,,pro,GBP,120\nc,2024-06-30,2024-07-20,basic,SEK,900\n\
    c,2024-09-02,,basic,SEK,900\nd,2024-07-05,,pro,EUR,50\ne,2024-08-01,2024-10-10,pro,USD,75.5\nf,2024-06-01,2024-09-12,pro,USD,200\n\
    f,2024-09-12,,basic,EUR,110\ng,2024-04-01,2024-05-31,basic,CHF,70\n";

const PERIOD: &str = "from = 2024-07-01\nuntil = 2024-11-01\ngrain = \"month\"\nas_of = 2024-11-01";

fn report(of_report: &str, of_rates: &str, requests: &str) -> String {
    format!(
        "[report]\n{of_report}\ncurrency = \"EUR\"\n[report.rates]\ntable = \"ecb\"\nquoted = \"units_per_base\"\ndate = \"Date\"\n{of_rates}\n\
         [tables.ecb]\npath = \"ecb.csv\"\nunpivot = {{ columns = [\"USD\", \"GBP\", \"SEK\"], name = \"currency\", value = \"rate\" }}\n\
         [tables.s]\npath = \"s.csv\"\n{requests}"
    )
}

fn request(metric: &str, more: &str) -> String {
    format!("[[metrics]]\nmetric = \"loyalty.{metric}\"\ntable = \"s\"\n{more}\n")
}

fn case() -> Case {
    Case::new().file("ecb.csv", RATES).file("s.csv", SPANS)
}

fn run(case: &Case, config: &str) -> RunResult {
    case.run(config).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The values of a request by month, in the order of the results.
fn by_month(result: &RunResult, request: &str) -> BTreeMap<i8, Vec<f64>> {
    let mut found: BTreeMap<i8, Vec<f64>> = BTreeMap::new();
    for row in result.results.iter().filter(|row| row.request == request) {
        found.entry(row.start.as_ref().unwrap().month()).or_default().push(row.value.unwrap_or(f64::NAN));
    }
    found
}

/// Of each month the opening and closing MRR, and new, expansion, reactivation, contraction, churn and exchange.
const WALKS: [(i8, f64, f64, [f64; 6]); 4] = [
    (7, 453.991_908_333_699_26, 421.868_671_926_119_53, [50.0, 0.0, 0.0, 0.0, 77.502_691_065_661_99, -4.620_545_341_917_747]),
    (8, 421.868_671_926_119_53, 531.338_298_687_324_1, [68.097_772_165_599_35, 47.551_117_451_260_1, 0.0, 0.0, 0.0, -6.179_262_855_654_94]),
    (9, 531.338_298_687_324, 540.037_034_543_820_6, [0.0, 0.0, 79.646_017_699_115_05, 68.635_226_866_738_15, 0.0, -2.312_054_975_880_386]),
    (10, 540.037_034_543_820_6, 472.554_069_663_281_2, [0.0, 0.0, 0.0, 0.0, 69.380_628_560_926_3, 1.897_663_680_386_898_5]),
];

#[test]
fn exchange_is_a_movement_of_its_own() {
    let requests =
        [request("mrr", ""), request("mrr", "name = \"arpc\"\nparams = { show = \"per_customer\" }"), request("mrr_movement", "")].concat();
    let result = run(&case(), &report(PERIOD, "", &requests));
    assert!(result.rejected.is_empty());
    let (mrr, arpc, movements) = (by_month(&result, "loyalty.mrr"), by_month(&result, "arpc"), by_month(&result, "loyalty.mrr_movement"));
    let customers = [(7, 4.0), (8, 5.0), (9, 6.0), (10, 5.0)];
    for ((month, opening, closing, walk), (_, customers)) in WALKS.into_iter().zip(customers) {
        assert_close(mrr[&month][0], closing);
        assert_close(arpc[&month][0], closing / customers);
        movements[&month].iter().zip(walk).for_each(|(found, expected)| assert_close(*found, expected));
        assert_eq!(movements[&month].len(), 6);
        let of_month = |row: &&custometer_runner::ResultRow| row.start.as_ref().unwrap().month() == month && row.dimensions.len() == 1;
        for row in result.results.iter().filter(of_month) {
            let measure = |name: &str| row.measures.iter().find(|(known, _)| known == name).and_then(|(_, value)| *value);
            assert_close(measure("opening_mrr"), opening);
            assert_close(measure("closing_mrr"), closing);
            assert_eq!(row.currency.unwrap().to_string(), "EUR");
        }
    }
    // Two customers each moved by exchange in dollars and pounds, and one in kronor; whoever pays in euros never is.
    let exchanged = result.results.iter().filter(|row| row.dimensions.iter().any(|(_, kind)| kind.to_string() == "exchange"));
    assert_eq!(exchanged.map(|row| row.n).collect::<Vec<_>>(), [4.0, 3.0, 4.0, 4.0].map(Some));
}

#[test]
fn exchange_of_groups_is_that_of_their_customers() {
    let result = run(&case(), &report(PERIOD, "", &request("mrr_movement", "by = [[\"plan\"]]")));
    let exchange: Vec<f64> = result
        .results
        .iter()
        .filter(|row| row.dimensions.iter().any(|(_, value)| value.to_string() == "exchange"))
        .map(|row| row.value.unwrap())
        .collect();
    let expected = [
        (-2.498_277_524_487_306_8, -2.122_267_817_430_440_6),
        (-1.864_395_344_911_315_5, -4.314_867_510_743_625),
        (-0.878_111_289_279_061_7, -1.433_943_686_601_324_4),
        (0.311_988_803_623_123_1, 1.585_674_876_763_775_4),
    ];
    assert_eq!(exchange.len(), 8);
    for (found, expected) in exchange.chunks(2).zip(expected) {
        assert_close(found[0], expected.0);
        assert_close(found[1], expected.1);
    }
}

/// What is set in relation to the opening has the rates of the bucket's end above and below.
#[test]
fn revenue_retention_churn_and_the_quick_ratio_are_at_constant_rates() {
    let net = request("revenue_churn_rate", "name = \"net\"\nparams = { kind = \"net\" }");
    let requests =
        ["net_revenue_retention", "gross_revenue_retention", "revenue_churn_rate", "quick_ratio"].map(|id| request(id, "")).concat();
    let result = run(&case(), &report(PERIOD, "", &(requests + &net)));
    let of = |name: &str, month: i8| by_month(&result, name).remove(&month).map(|values| values[0]);
    for (month, opening, _, [new, expansion, reactivation, contraction, churn, exchange]) in WALKS {
        let base = opening + exchange;
        let lost = contraction + churn;
        assert_close(of("loyalty.net_revenue_retention", month), 100.0 * (base + expansion - lost) / base);
        assert_close(of("loyalty.gross_revenue_retention", month), 100.0 * (base - lost) / base);
        assert_close(of("loyalty.revenue_churn_rate", month), 100.0 * lost / base);
        assert_close(of("net", month), 100.0 * (lost - expansion - reactivation) / base);
        if lost > 0.0 {
            assert_close(of("loyalty.quick_ratio", month), (new + expansion) / lost);
        }
    }
    for row in &result.results {
        assert!(row.note.as_ref().unwrap().contains("at constant rates: those of each bucket's end"), "{:?}", row.note);
    }
    // The interval of July's retention, of four customers: scipy's t of 3 degrees of freedom times the linearised deviation of closing over opening,
    // both at the rates of July's end.
    let row = result.results.iter().find(|row| row.request == "loyalty.net_revenue_retention").unwrap();
    let [opening, closing] =
        [[100.0 / 1.0828, 80.0 / 0.8438, 900.0 / 11.6125, 200.0 / 1.0828], [100.0 / 1.0828, 80.0 / 0.8438, 0.0, 200.0 / 1.0828]];
    let same = [opening.iter().sum::<f64>(), closing.iter().sum::<f64>()];
    assert_close(row.value, 100.0 * same[1] / same[0]);
    let at_one_rate = "customer_id,started_at,ended_at,amount_per_month\n".to_owned()
        + &opening.iter().zip(closing).enumerate().fold(String::new(), |lines, (customer, (opening, closing))| {
            let end = if closing == 0.0 { "2024-07-20" } else { "" };
            lines + &format!("{customer},2024-06-01,{end},{opening}\n")
        });
    let once = Case::new().file("s.csv", at_one_rate).run(&format!(
        "[report]\nfrom = 2024-07-01\nuntil = 2024-08-01\ngrain = \"month\"\nas_of = 2024-11-01\n[tables.s]\npath = \"s.csv\"\n{}",
        request("net_revenue_retention", "")
    ));
    let once = once.unwrap().results.remove(0);
    assert_close(row.low, once.low.unwrap());
    assert_close(row.high, once.high.unwrap());
}

#[test]
fn a_rate_that_a_span_needs_and_there_is_none_of_rejects_it() {
    let spans = SPANS.to_owned()
        + "h,2024-06-01,,pro,CHF,10\n\
           i,2024-08-31,2024-09-03,pro,CHF,10\n\
           j,2024-08-02,2024-08-03,pro,CHF,10\n\
           k,2024-06-01,2024-10-15,pro,,10\n";
    let case = Case::new().file("ecb.csv", RATES).file("s.csv", spans);
    let json = case.json(&report(&format!("{PERIOD}\nmax_rejected_percent = 100"), "", &request("mrr", ""))).unwrap();
    let reasons = [("`currency` is missing, which says the currency", 1), ("there is no exchange rate to EUR", 2)];
    let mut found = rejections(&json);
    found.sort_unstable();
    assert_eq!(found, reasons);
    // Those of `i` begin and end in different months, and those of `j`, like those of `g`, are never there as one closes.
    let examples: Vec<&str> = json["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|reason| reason["examples"].as_array().unwrap())
        .filter_map(|row| row["value"].as_str().filter(|value| !value.is_empty()))
        .collect();
    assert_eq!(examples, ["CHF on 2024-06-30", "CHF on 2024-08-31"]);
    let values: Vec<f64> = results(&json).iter().filter_map(|row| row["value"].as_f64()).collect();
    values.iter().zip(WALKS).for_each(|(value, (_, _, closing, _))| assert_close(*value, closing));
    // What is lost in a month is valued at its end, so a rate is needed there too.
    let october_only = RATES.replace("2024-10-31,1.0882,0.83753,11.6308\n", "2024-10-31,,0.83753,11.6308\n");
    let case = Case::new().file("ecb.csv", october_only).file("s.csv", SPANS);
    let without = report(&format!("{PERIOD}\nmax_rejected_percent = 100"), "", &request("mrr", ""))
        .replace("path = \"ecb.csv\"\n", "path = \"ecb.csv\"\nwhere = \"rate IS NOT NULL\"\n");
    let json = case.json(&without).unwrap();
    // `a` and `e`; `f` had gone on to euros before.
    assert_eq!(rejections(&json), [("there is no exchange rate to EUR", 2)]);
}

/// Where rates end in a bucket, the last of them stand for its end, and that is said.
#[test]
fn of_a_bucket_that_is_not_over_the_last_rates_stand_for_its_end() {
    let rates = RATES.replace("2024-10-31,1.0882", "2024-10-11,1.0882");
    let case = Case::new().file("ecb.csv", &rates).file("s.csv", SPANS);
    let known = |as_of: &str, until: &str| format!("from = 2024-07-01\nuntil = {until}\ngrain = \"month\"\n{as_of}");
    let expected = WALKS[3].2;
    for (as_of, is_said) in [("", true), ("as_of = 2024-10-12", false), ("as_of = 2024-10-15", false), ("as_of = 2024-11-01", true)] {
        let result = run(&case, &report(&known(as_of, "2024-11-01"), "", &request("mrr", "")));
        assert_close(by_month(&result, "loyalty.mrr")[&10][0], expected);
        let said = result.notes.iter().any(|note| note.text.contains("exchange rates end on 2024-10-11"));
        assert_eq!(said, is_said, "{as_of}: {:?}", result.notes);
    }
    // A month later they are too old, and nothing is converted by them.
    let later = report(&known("max_rejected_percent = 100", "2024-12-01"), "", &request("mrr", ""));
    let json = case.json(&later).unwrap();
    assert_eq!(rejections(&json), [("there is no exchange rate to EUR", 3)]);
    assert_eq!(json["rejected"][0]["examples"][0]["value"], "USD on 2024-11-01");
}

/// Rates that never change are constant ones: nothing is exchanged, and all else is the same to the last digit.
#[test]
fn by_rates_that_stay_everything_is_as_by_constant_ones() {
    let days = ["2024-06-28", "2024-07-31", "2024-08-30", "2024-09-30", "2024-10-31"];
    let rates = days.iter().fold("Date,USD,GBP,SEK\n".to_owned(), |rates, day| rates + &format!("{day},1.25,0.8,10\n"));
    let ids = ["mrr", "mrr_movement", "net_revenue_retention", "gross_revenue_retention", "revenue_churn_rate", "quick_ratio"];
    let requests = ids.map(|id| request(id, "by = [[], [\"plan\"]]\nparams = { overlaps = \"unite\" }")).concat();
    let of = |of_rates: &str| run(&Case::new().file("ecb.csv", &rates).file("s.csv", SPANS), &report(PERIOD, of_rates, &requests));
    let (moving, constant) = (of(""), of("at = 2024-06-28"));
    let is_exchange = |row: &&custometer_runner::ResultRow| row.dimensions.iter().any(|(_, kind)| kind.to_string() == "exchange");
    assert_eq!(
        moving.results.iter().filter(is_exchange).map(|row| (row.value, row.n)).collect::<Vec<_>>(),
        vec![(Some(0.0), Some(0.0)); 12]
    );
    let said = |result: &RunResult| -> Vec<_> {
        let rows = result.results.iter().filter(|row| !is_exchange(row));
        rows.map(|row| (row.request.clone(), row.start.clone(), format!("{:?}", row.dimensions), row.value, row.low, row.high, row.n))
            .collect()
    };
    assert_eq!(said(&moving), said(&constant));
    assert!(constant.results.iter().all(|row| !is_exchange(&row)));
}

#[test]
fn the_same_months_a_year_before_have_the_rates_of_then() {
    let requests = request("mrr_movement", "compare = [\"previous\"]");
    let result = run(
        &case(),
        &report(&PERIOD.replace("2024-07-01", "2024-09-01").replace("until = 2024-11-01", "until = 2024-10-01"), "", &requests),
    );
    let august: Vec<f64> = result.results.iter().map(|row| row.comparisons[0].value.unwrap()).collect();
    august.iter().zip(WALKS[1].3).for_each(|(found, expected)| assert_close(*found, expected));
    assert_eq!(august.len(), 6);
}

/// A metric of another crate that does not say what it is by rates that change.
struct Dues;

impl Metric for Dues {
    type Params = NoParams;
    const ABOUT: &'static About = &About {
        id: "test.dues",
        title: "Dues",
        summary: "What is due.",
        formula: "Σ amount",
        unit: Unit::Currency,
        range: "any",
        direction: Direction::Neutral,
        edge_cases: &[],
        examples: &[],
        references: &[],
    };
    fn define(_: &NoParams) -> Result<Definition, ParamError> {
        let due = Column::number("amount_per_month").unit(Unit::Currency).recurring();
        Ok(Definition::over(Source::table("spans").at("started_at").column(due))
            .measure(sum("due", col("amount_per_month")))
            .value(Value::measure("due")))
    }
}
register_metric!(Dues);

#[test]
fn a_metric_that_does_not_say_what_it_is_by_changing_rates_is_refused() {
    let dues = "[[metrics]]\nmetric = \"test.dues\"\ntable = \"s\"\n";
    for of_rates in ["", "on = \"month_end\""] {
        let problem = case().run(&report(PERIOD, of_rates, dues)).unwrap_err();
        assert!(
            problem.contains("`test.dues` is of amounts that are due again each month") && problem.contains("at = 2025-01-31"),
            "{problem}"
        );
    }
    assert!(case().run(&report(&PERIOD.replace("as_of", "max_rejected_percent = 100\nas_of"), "at = 2024-07-31", dues)).is_ok());
}

/// What each bucket opens with, what moves, and what it closes with, in millionths.
fn reconciles(json: &Json) {
    let millionths = |value: &Json| {
        let millionths = value.as_f64().unwrap() * 1e6;
        assert!((millionths - millionths.round()).abs() < 1e-3, "{value}");
        millionths.round()
    };
    let mut walks: BTreeMap<(String, String), (f64, f64, f64)> = BTreeMap::new();
    for row in results(json).iter().filter(|row| row["request"] == "loyalty.mrr_movement") {
        let sign = if ["contraction", "churn"].contains(&row["dimensions"]["movement"].as_str().unwrap()) { -1.0 } else { 1.0 };
        let key = (row["dimensions"]["plan"].to_string(), row["start"].to_string());
        let measure = |name: &str| millionths(&row["measures"][name]);
        let walk = walks.entry(key).or_insert_with(|| (measure("opening_mrr"), 0.0, measure("closing_mrr")));
        walk.1 += sign * millionths(&row["value"]);
    }
    assert!(!walks.is_empty());
    let mut closed: BTreeMap<&str, f64> = BTreeMap::new();
    for ((plan, start), (opening, moved, closing)) in &walks {
        assert_eq!(opening + moved, *closing, "{plan} {start}");
        if let Some(before) = closed.insert(plan, *closing) {
            assert_eq!(before, *opening, "{plan} {start}");
        }
    }
    for row in results(json).iter().filter(|row| row["request"] == "loyalty.mrr") {
        let key = (row["dimensions"]["plan"].to_string(), row["start"].to_string());
        assert_eq!(millionths(&row["value"]), walks[&key].2, "{key:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Amounts in hundredths and rates in ten-thousandths come to millionths, which are shown in full: opening and movements are the closing to the
    /// last digit, whatever customers do in how many currencies, and wherever rows stand.
    #[test]
    fn openings_and_movements_come_to_closings_to_the_last_digit(
        spans in prop::collection::vec((0..6_u8, 0..150_i64, 0..120_i64, 1..20_000_u32, 0..3_usize, 0..2_usize), 1..25),
        rates in prop::collection::vec((5000..20_000_u32, 500..2000_u32), 6),
    ) {
        let from = jiff::civil::date(2024, 5, 20);
        let day = |days: i64| from.checked_add(jiff::ToSpan::days(days)).unwrap();
        let lines = spans.iter().map(|(customer, start, length, cents, currency, plan)| {
            let end = if *length > 100 { String::new() } else { day(start + length).to_string() };
            let (currency, plan) = (["EUR", "USD", "SEK"][*currency], ["x", "y"][*plan]);
            format!("{customer},{},{end},{plan},{currency},{}.{:02}\n", day(*start), cents / 100, cents % 100)
        });
        let lines: Vec<String> = lines.collect();
        let ends = ["2024-05-31", "2024-06-30", "2024-07-31", "2024-08-31", "2024-09-30", "2024-10-31"];
        let table = ends.iter().zip(&rates).fold("date,currency,rate\n".to_owned(), |table, (day, (usd, sek))| {
            table + &format!("{day},USD,{:.4}\n{day},SEK,{:.4}\n", f64::from(*usd) / 1e4, f64::from(*sek) / 1e4)
        });
        let header = "customer_id,started_at,ended_at,plan,currency,amount_per_month\n";
        let requests = ["mrr", "mrr_movement"].map(|id| request(id, "by = [[], [\"plan\"]]\nparams = { overlaps = \"unite\" }")).concat();
        let config = |path: &str| format!(
            "[report]\nfrom = 2024-06-01\nuntil = 2024-11-01\ngrain = \"month\"\nas_of = 2024-11-01\ncurrency = \"EUR\"\n\
             rates = {{ table = \"r\", quoted = \"base_per_unit\" }}\n[tables.r]\npath = \"r.csv\"\n[tables.s]\npath = \"{path}\"\n{requests}"
        );
        let json = Case::new().file("r.csv", &table).file("s.csv", header.to_owned() + &lines.concat()).json(&config("s.csv")).unwrap();
        reconciles(&json);
        // The other way round, and in two files.
        let mut turned = lines.clone();
        turned.reverse();
        let (one, other) = turned.split_at(turned.len() / 2);
        let split = Case::new().file("r.csv", &table);
        let split = split.file("s1.csv", header.to_owned() + &one.concat()).file("s2.csv", header.to_owned() + &other.concat());
        let split = split.json(&config("s*.csv")).unwrap();
        prop_assert_eq!(results(&split), results(&json));
    }
}
