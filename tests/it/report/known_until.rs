//! What is known after a period, and what is not known yet: the as-of date, and how far the data reach. Right values are counted by hand.

use custometer_testkit::Case;
use jiff::civil::date;

const TICKETS: &str = "\
ticket_id,customer_id,created_at,solved_at,priority
1,a,2025-01-30 10:00:00,2025-02-03 10:00:00,low
2,a,2025-02-05 10:00:00,2025-02-06 10:00:00,low
3,b,2025-01-30 10:00:00,,low
";

const EVENTS: &str = "\
user_id,event,time
a,view,2025-01-10 10:00:00
a,buy,2025-01-10 10:30:00
b,view,2025-01-31 23:00:00
b,buy,2025-01-31 23:30:00
c,view,2025-01-31 23:00:00
c,buy,2025-02-01 00:30:00
d,view,2025-02-10 23:00:00
";

const REPEAT: &str = "metric = \"support.repeat_contact_rate\"\nparams = { within_days = 10 }";
const FUNNEL: &str =
    "metric = \"web.funnel\"\nparams = { steps = [{ event = \"view\" }, { event = \"buy\" }], window_hours = 2, statistic = \"reached\" }";

fn report(head: &str, requests: &[&str]) -> String {
    let requests = requests.iter().map(|request| format!("[[metrics]]\ntable = \"rows\"\n{request}\n")).collect::<Vec<_>>().concat();
    format!("[report]\n{head}\n[tables.rows]\npath = \"rows.csv\"\n{requests}")
}

fn january(requests: &[&str]) -> String {
    report("from = 2025-01-01\nuntil = 2025-02-01", requests)
}

fn values(result: &custometer_runner::RunResult) -> Vec<Option<f64>> {
    result.results.iter().map(|row| row.value).collect()
}

#[test]
fn what_is_known_after_the_period_counts() {
    let tickets = || Case::new().file("rows.csv", TICKETS);
    let result = tickets().as_of(date(2025, 3, 1)).run(&january(&[REPEAT])).unwrap();
    assert_eq!(values(&result), [Some(50.0)]);
    assert!(!result.results[0].partial);
    assert_eq!(result.manifest.as_of, Some(date(2025, 3, 1)));
    // Until 1 February, nobody's ten days are over; where nobody says, until the data end on 6 February, neither.
    assert_eq!(values(&tickets().as_of(date(2025, 2, 1)).run(&january(&[REPEAT])).unwrap()), [None]);
    assert_eq!(values(&tickets().run(&january(&[REPEAT])).unwrap()), [None]);
    let events = || Case::new().file("rows.csv", EVENTS);
    assert_eq!(values(&events().as_of(date(2025, 3, 1)).run(&january(&[FUNNEL])).unwrap()), [Some(3.0), Some(3.0)]);
    // The events of 10 February tell that all windows are over.
    assert_eq!(values(&events().run(&january(&[FUNNEL])).unwrap()), [Some(3.0), Some(3.0)]);
    assert_eq!(values(&events().as_of(date(2025, 2, 1)).run(&january(&[FUNNEL])).unwrap()), [Some(1.0), Some(1.0)]);
}

#[test]
fn outcomes_of_a_period_are_known_up_to_the_as_of_date() {
    let requests = [
        "metric = \"support.resolution_rate\"",
        "metric = \"support.resolution_time\"",
        "metric = \"support.sla_attainment\"\nparams = { for = \"resolution\", target_minutes = { low = 7200 } }",
        "metric = \"support.ticket_volume\"",
    ];
    let of = |as_of| values(&Case::new().file("rows.csv", TICKETS).as_of(as_of).run(&january(&requests)).unwrap());
    // One of two solved after four days, within a target of five; the other is late on 4 February.
    let days = |days: f64| Some(days * 86_400.0);
    assert_eq!(of(date(2025, 3, 1)), [Some(50.0), days(4.0), Some(50.0), Some(2.0)]);
    assert_eq!(of(date(2025, 2, 4)), [Some(50.0), days(4.0), Some(100.0), Some(2.0)]);
    assert_eq!(of(date(2025, 2, 3)), [Some(0.0), None, None, Some(2.0)]);
    assert_eq!(of(date(2025, 1, 30))[3], Some(0.0), "a ticket of the as-of date is not known yet");
}

#[test]
fn buckets_that_the_data_do_not_cover_are_partial_without_being_told() {
    let months =
        |more: &str| report(&format!("from = 2025-01-01\nuntil = 2025-04-01\ngrain = \"month\"\n{more}"), &["metric = \"web.visitors\""]);
    let partial = |config: &str| -> Vec<(Option<f64>, bool)> {
        let result = Case::new().file("rows.csv", EVENTS).run(config).unwrap();
        assert_eq!(result.manifest.tables[0].uses[0].data_until.as_deref(), Some("2025-02-10T23:00:00+00:00"));
        result.results.iter().map(|row| (row.value, row.partial)).collect()
    };
    assert_eq!(partial(&months("")), [(Some(3.0), false), (Some(2.0), true), (Some(0.0), true)]);
    assert_eq!(partial(&months("complete_periods_only = true")), [(Some(3.0), false)]);
    // Who says up to when the data are known says that nothing happened after the last row.
    assert_eq!(partial(&months("as_of = 2025-03-01")), [(Some(3.0), false), (Some(2.0), false), (Some(0.0), true)]);
    // A day that has a row is covered, and so is an hour.
    let days = report("from = 2025-02-10\nuntil = 2025-02-12\ngrain = \"day\"", &["metric = \"web.visitors\""]);
    assert_eq!(partial(&days), [(Some(1.0), false), (Some(0.0), true)]);
    let hours = report("from = 2025-02-10\nuntil = 2025-02-12\ngrain = \"hour\"", &["metric = \"web.visitors\""]);
    assert_eq!(partial(&hours).iter().position(|(_, partial)| *partial), Some(24));
    // A time that is rejected tells nothing of how far the data reach.
    let wrong = format!("{EVENTS}d,view,2345-01-01 00:00:00\n");
    let result = Case::new().file("rows.csv", wrong).run(&months("")).unwrap();
    assert_eq!(result.results.iter().map(|row| row.partial).collect::<Vec<_>>(), [false, true, true]);
}

#[test]
fn the_parts_of_a_share_know_the_same() {
    let file = "user_id,time\na,2025-03-01 10:00:00\na,2025-03-02 10:00:00\na,2025-03-03 10:00:00\n";
    let run = |head: &str, request: &str| Case::new().file("rows.csv", file).run(&report(head, &[request])).unwrap();
    let march = "from = 2025-03-01\nuntil = 2025-04-01\ngrain = \"month\"";
    let stickiness = "metric = \"web.stickiness\"";
    assert_eq!(values(&run(&format!("{march}\nas_of = 2025-03-03"), stickiness)), [Some(100.0)]);
    // Three of the three days that the data cover; and three of 31, where somebody says that there were no more.
    assert_eq!(values(&run(march, stickiness)), [Some(100.0)]);
    let all = values(&run(&format!("{march}\nas_of = 2025-04-01"), stickiness))[0].unwrap();
    assert!((all - 300.0 / 31.0).abs() < 1e-9, "{all}");
    let hours = run("from = 2025-03-02\nuntil = 2025-03-03\ngrain = \"hour\"", "metric = \"web.stickiness\"\nparams = { window_days = 1 }");
    // The window that ends at ten has parts of two days; the one that ends at midnight has one day.
    assert!(hours.results[..23].iter().all(|row| row.value.is_none() && row.note.as_deref().unwrap().contains("ends with a day")));
    assert_eq!(hours.results[23].value, Some(100.0));
}

#[test]
fn who_comes_back_after_the_period_was_retained() {
    let file = "customer_id,time\na,2025-01-05\nb,2025-01-06\na,2025-03-05\n";
    let request = "metric = \"loyalty.cohort_retention\"\nparams = { kind = \"unbounded\" }";
    let head = "from = 2025-01-01\nuntil = 2025-03-01\ngrain = \"month\"";
    let shares = |as_of| values(&Case::new().file("rows.csv", file).as_of(as_of).run(&report(head, &[request])).unwrap());
    assert_eq!(shares(date(2025, 3, 1))[..2], [Some(100.0), Some(0.0)]);
    assert_eq!(shares(date(2025, 4, 1))[..2], [Some(100.0), Some(50.0)]);
}

#[test]
fn a_span_that_ends_on_the_as_of_date_or_later_goes_on() {
    let file = "customer_id,started_at,ended_at\na,2024-06-01,2025-01-20\nb,2024-06-01,\nc,2025-01-15,\n";
    let request = "metric = \"loyalty.churn_rate\"";
    let churn = |as_of| values(&Case::new().file("rows.csv", file).as_of(as_of).run(&january(&[request])).unwrap());
    assert_eq!(churn(date(2025, 2, 1)), [Some(50.0)]);
    assert_eq!(churn(date(2025, 1, 20)), [Some(0.0)]);
}

#[test]
fn a_day_without_impressions_changes_nothing() {
    let chart = "Date,Clicks,Impressions,CTR,Position\n2025-03-01,10,200,5%,4\n2025-03-02,0,0,0%,0\n2025-03-03,3,100,3%,10\n";
    let german = "Datum;Klicks;Impressionen;CTR;Position\n2025-03-01;10;1.200;0,83 %;4,5\n2025-03-02;0;0;0 %;0\n2025-03-03;3;100;3 %;10\n";
    let queries = "Top queries,Clicks,Impressions,CTR,Position\ncompress image to 50kb,12,900,1.33%,11.2\n\"resize image, keep ratio\",3,150,2%,14\n\
                   passport photo,0,420,0%,22.5\nwebp to jpg,50,400,12.5%,4.1\n\"1,5 inch photo\",1,\"1,204\",0.08%,31\nrotate image,0,0,0%,0\n";
    let english = "columns = { date = \"Date\", clicks = \"Clicks\", impressions = \"Impressions\", position = \"Position\" }";
    let of_queries = "thousands = \",\"\ncolumns = { query = \"Top queries\", clicks = \"Clicks\", impressions = \"Impressions\", position = \"Position\" }";
    let in_german = "delimiter = \";\"\ndecimal_comma = true\nthousands = \".\"\n\
                     columns = { date = \"Datum\", clicks = \"Klicks\", impressions = \"Impressionen\", position = \"Position\" }";
    for (file, table, position, rate) in [
        (chart, english, 6.0, 13.0 / 3.0),
        (german, in_german, 4.923_076_923_076_923, 1.0),
        (queries, of_queries, 19.711_776_187_378_01, 2.147_039_687_703_318),
    ] {
        let config = format!(
            "[tables.search]\npath = \"search.csv\"\n{table}\n[[metrics]]\nmetric = \"web.average_position\"\ntable = \"search\"\n\
             [[metrics]]\nmetric = \"web.click_through_rate\"\ntable = \"search\"\n"
        );
        let result = Case::new().file("search.csv", file).run(&config).unwrap();
        assert_eq!(result.rejected, []);
        for (found, expected) in values(&result).into_iter().zip([position, rate]) {
            assert!((found.unwrap() - expected).abs() < 1e-9, "{found:?} is not {expected}");
        }
    }
    // Where the result was shown, there is no place above the first.
    let shown = "Date,Clicks,Impressions,CTR,Position\n2025-03-01,10,200,5%,0\n";
    let config =
        format!("[tables.search]\npath = \"search.csv\"\n{english}\n[[metrics]]\nmetric = \"web.average_position\"\ntable = \"search\"\n");
    let result = Case::new().file("search.csv", shown).run(&config).unwrap();
    assert_eq!(result.rejected[0].reason, "impressions at a position below 1");
}

#[test]
fn what_is_counted_below_a_line_is_the_number_of_observations() {
    let file = "shop,buyer,amount\nx,a,10\nx,a,20\ny,b,30\n";
    let config = "[tables.sales]\npath = \"sales.csv\"\n[define.\"acme.per_buyer\"]\ntable = \"sales\"\n\
                  measures = { revenue = \"sum(amount)\", buyers = \"count(distinct buyer)\" }\nvalue = \"revenue / buyers\"\nunit = \"currency\"\n\
                  [[metrics]]\nmetric = \"acme.per_buyer\"\ntable = \"sales\"\n";
    let result = Case::new().file("sales.csv", file).run(config).unwrap();
    assert_eq!((result.results[0].value, result.results[0].n), (Some(30.0), Some(2.0)));
}
