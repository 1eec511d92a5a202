//! The catalogue's rules and golden figures, through the whole path.

use custometer_testkit::Case;
use serde_json::{Value as Json, json};

fn repeated(header: &str, lines: &[(usize, &str)]) -> String {
    let rows: Vec<String> = lines.iter().flat_map(|(times, line)| vec![(*line).to_owned(); *times]).collect();
    format!("{header}\n{}\n", rows.join("\n"))
}

fn only(json: &Json) -> Json {
    assert_eq!(json["results"].as_array().unwrap().len(), 1, "{json:#}");
    json["results"][0].clone()
}

const NPS: &str = "[tables.responses]\npath = \"responses.csv\"\n[[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"responses\"\n";

#[test]
fn nps_carries_its_evidence_and_its_interval() {
    let rows = repeated("score", &[(70, "9"), (20, "7"), (10, "0")]);
    let row = only(&Case::new().file("responses.csv", rows).json(NPS).unwrap());
    assert_eq!(row["value"], json!(60));
    assert_eq!(row["unit"], json!("points"));
    assert_eq!(row["n"], json!(100));
    assert_eq!(row["measures"], json!({ "promoters": 70, "passives": 20, "detractors": 10, "responses": 100 }));
    // The catalogue: half-width ≈ 13.0 at 95 %; exactly 100 · 1.959964 · √0.0044.
    let half = (row["high"].as_f64().unwrap() - row["low"].as_f64().unwrap()) / 2.0;
    assert!((half - 13.000_9).abs() < 1e-3, "{half}");
}

#[test]
fn nothing_is_undefined_and_still_reported() {
    let row = only(&Case::new().file("responses.csv", "score\n").json(NPS).unwrap());
    assert_eq!((&row["value"], &row["low"], &row["n"]), (&Json::Null, &Json::Null, &json!(0)));
    assert_eq!(row["measures"]["responses"], json!(0));
}

#[test]
fn bad_values_are_counted_by_reason_and_blanks_are_no_responses() {
    let case = Case::new().file("responses.csv", "score\n10\n\n11\n-1\n8.5\nmany\n7\n \nNaN\ninf\n");
    let json = case.json(NPS).unwrap();
    assert_eq!(only(&json)["n"], json!(2));
    let rejected: Vec<(String, u64)> = json["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rejection| (rejection["reason"].as_str().unwrap().to_owned(), rejection["rows"].as_u64().unwrap()))
        .collect();
    assert_eq!(rejected, [("`score` is not a number".to_owned(), 3), ("`score` is not a whole number from 0 to 10".to_owned(), 3)]);
}

#[test]
fn totals_of_visitors_are_counted_anew_and_never_summed() {
    let rows = "user_id,time,device\na,2025-01-10,phone\na,2025-01-11,desk\nb,2025-01-12,phone\na,2025-02-01,phone\n";
    let config = "[report]\nfrom = 2025-01-01\nuntil = 2025-03-01\n[tables.events]\npath = \"events.csv\"\n\
        [[metrics]]\nmetric = \"web.visitors\"\ntable = \"events\"\nby = [[], [\"device\"]]\n\
        [[metrics]]\nname = \"monthly\"\nmetric = \"web.visitors\"\ntable = \"events\"\ngrain = \"month\"\n";
    let json = Case::new().file("events.csv", rows).json(config).unwrap();
    let values: Vec<(String, i64)> = json["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["dimensions"]["device"].as_str().unwrap_or("all").to_owned(), row["value"].as_i64().unwrap()))
        .collect();
    let expected = [("all", 2), ("desk", 1), ("phone", 2), ("all", 2), ("all", 1)];
    assert_eq!(values, expected.map(|(device, visitors)| (device.to_owned(), visitors)));
}

#[test]
fn shares_of_tickets_sum_to_a_hundred_in_every_bucket() {
    let rows = "ticket_id,created_at,channel\n1,2025-01-01,mail\n2,2025-01-02,mail\n3,2025-01-03,\n4,2025-02-01,chat\n";
    let config = "[report]\nfrom = 2025-01-01\nuntil = 2025-04-01\ngrain = \"month\"\n[tables.tickets]\npath = \"t.csv\"\n\
        [[metrics]]\nmetric = \"support.ticket_volume\"\ntable = \"tickets\"\nparams = { show = \"share\" }\nby = [[\"channel\"]]\n";
    let json = Case::new().file("t.csv", rows).json(config).unwrap();
    let shares = |month: &str| -> Vec<Option<f64>> {
        let rows = json["results"].as_array().unwrap().iter().filter(|row| row["start"].as_str().unwrap().starts_with(month));
        rows.map(|row| row["value"].as_f64()).collect()
    };
    let january: Vec<f64> = shares("2025-01").into_iter().flatten().collect();
    assert!((january.iter().sum::<f64>() - 100.0).abs() < 1e-9);
    assert_eq!(january, [33.333_333_333_3, 0.0, 66.666_666_666_7]);
    assert_eq!(shares("2025-02"), [Some(0.0), Some(100.0), Some(0.0)]);
    // March has no ticket: a share of nothing is not 0.
    assert_eq!(shares("2025-03"), [None, None, None]);
    assert_eq!(json["results"][0]["dimensions"], json!({ "channel": null }));
}

#[test]
fn repeat_customers_belong_to_the_groups_they_bought_in() {
    let rows = "customer_id,time,region\na,2025-01-01,n\na,2025-01-02,s\nb,2025-01-03,n\nb,2025-02-03,n\nc,2025-02-04,s\nc,2024-12-31,s\n";
    let config = |scope: &str| {
        format!(
            "[report]\nfrom = 2025-01-01\nuntil = 2025-03-01\ngrain = \"month\"\n[tables.orders]\npath = \"o.csv\"\n[[metrics]]\n\
             metric = \"loyalty.repeat_purchase_rate\"\ntable = \"orders\"\nparams = {{ scope = \"{scope}\" }}\nby = [[], [\"region\"]]\n"
        )
    };
    let counts = |scope: &str| -> Vec<(i64, i64)> {
        let json = Case::new().file("o.csv", rows).json(&config(scope)).unwrap();
        let count = |row: &Json, name: &str| row["measures"][name].as_i64().unwrap();
        json["results"].as_array().unwrap().iter().map(|row| (count(row, "repeat_customers"), count(row, "customers"))).collect()
    };
    // Total in January and February; then north and south in each. By hand:
    // January: a twice, b once → 1 of 2; February: b and c once → 0 of 2. In the north, a and b once each; in the south a once.
    assert_eq!(counts("period"), [(1, 2), (0, 2), (0, 2), (0, 1), (0, 1), (0, 1)]);
    // So far: c bought in December. January: a repeat of {a, b, c}; February: b and c too.
    assert_eq!(counts("lifetime"), [(1, 3), (3, 3), (0, 2), (0, 2), (1, 2), (1, 2)]);
}

#[test]
fn waiting_times_are_distributions_and_unanswered_tickets_are_counted() {
    let rows = "created_at,first_replied_at\n\
        2025-01-06T09:00:00,2025-01-06T09:01:00\n2025-01-06T09:00:00,2025-01-06T09:02:00\n2025-01-06T09:00:00,2025-01-06T09:09:00\n\
        2025-01-06T09:00:00,\n2025-01-06T09:00:00,2025-01-06T08:00:00\n";
    let value = |statistic: &str| {
        let config = format!(
            "[tables.tickets]\npath = \"t.csv\"\n[[metrics]]\nmetric = \"support.first_response_time\"\ntable = \"tickets\"\n\
             params = {{ statistic = \"{statistic}\" }}\n"
        );
        let json = Case::new().file("t.csv", rows).json(&config).unwrap();
        assert_eq!(json["rejected"][0]["reason"], json!("`first_replied_at` is before `created_at`"));
        let row = only(&json);
        assert_eq!((&row["n"], &row["measures"]["unanswered"]), (&json!(3), &json!(1)));
        row["value"].as_f64().unwrap()
    };
    // numpy.quantile([60, 120, 540], 0.9) = 456
    assert_eq!((value("mean"), value("median"), value("p90")), (240.0, 120.0, 456.0));
}

#[test]
fn weights_are_used_only_where_they_are_asked_for() {
    let rows = "score,weight\n9,0.5\n9,0.5\n7,1\n0,2\n10,\n10,-1\n10,heavy\n10,0\n,3\n";
    let plain = only(&Case::new().file("responses.csv", rows).json(NPS).unwrap());
    assert_eq!((&plain["value"], &plain["n"]), (&json!(62.5), &json!(8)));

    let json = Case::new().file("responses.csv", rows).json(&format!("{NPS}params = {{ weighted = true }}\n")).unwrap();
    let row = only(&json);
    // By hand: promoters 1, passives 1, detractors 2; 4²/(2 · 0.25 + 1 + 4). The answer of weight 0 is one of the five, and counts nothing.
    assert_eq!((&row["value"], &row["n"]), (&json!(-25), &json!(5)));
    assert_eq!(
        row["measures"],
        json!({
            "promoter_weight": 1, "passive_weight": 1, "detractor_weight": 2, "total_weight": 4,
            "squared_weights": 5.5, "responses": 5, "effective_n": 2.909_090_909_09
        })
    );
    let reasons: Vec<&str> = json["rejected"].as_array().unwrap().iter().map(|rejected| rejected["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["`weight` is missing", "`weight` is not 0 or more", "`weight` is not a number"]);
}
