//! What each group adds to the change of a total: against values worked out elsewhere, and never more than is shown.

use custometer_testkit::{Case, assert_close};
use serde_json::Value as Json;

/// Scores of two months, by region and product.
fn answers(of: &[(&str, &str, usize, usize)]) -> String {
    let rows = of.iter().map(|(month, region, promoters, detractors)| {
        format!("2025-{month}-10,10,{region}\n").repeat(*promoters) + &format!("2025-{month}-10,0,{region}\n").repeat(*detractors)
    });
    "time,score,region\n".to_owned() + &rows.collect::<String>()
}

fn config(report: &str, request: &str) -> String {
    format!(
        "[report]\nfrom = 2025-01-01\nuntil = 2025-03-01\nas_of = 2025-03-01\ngrain = \"month\"\ncompare = [\"previous\"]\n{report}\n[tables.t]\npath = \"t.csv\"\n\
         [[metrics]]\ntable = \"t\"\nby = [[], [\"region\"]]\ncontributions = true\n{request}\n"
    )
}

fn json(rows: &str, report: &str, request: &str) -> Json {
    Case::new().file("t.csv", rows).json(&config(report, request)).unwrap()
}

const NPS: &str = "metric = \"loyalty.nps\"";

#[test]
fn a_score_changes_by_the_shares_and_the_scores_of_groups() {
    // In January 60 of 80 in the north, at +50, and 20 in the south at -50; in February 20 at +60, and 60 at -40. The west comes in February.
    let of = [("01", "N", 45, 15), ("01", "S", 5, 15), ("02", "N", 16, 4), ("02", "S", 18, 42), ("02", "W", 20, 0)];
    let json = json(&answers(&of), "", NPS);
    let all = json["contributions"].as_array().unwrap();
    assert_eq!(all.len(), 1);
    let february = &all[0];
    assert_eq!((&february["method"], &february["baseline"]), (&Json::from("kitagawa"), &Json::from("previous")));
    assert_eq!(february["start"], "2025-02-01T00:00:00+00:00");
    // +25 and +8. By hand, with R = 16.5: north 0.75 to 0.2 at 50 and 60, south 0.25 to 0.6 at -50 and -40, west 0 to 0.2 at 100.
    assert_close(&february["change"], 8.0 - 25.0);
    assert_close(&february["mix"], -0.55 * (55.0 - 16.5) + 0.35 * (-45.0 - 16.5) + 0.2 * (100.0 - 16.5));
    assert_close(&february["rate"], 10.0 * 0.475 + 10.0 * 0.425);
    let groups = february["groups"].as_array().unwrap();
    let regions: Vec<&str> = groups.iter().map(|group| group["dimensions"]["region"].as_str().unwrap()).collect();
    assert_eq!(regions, ["S", "W", "N"]);
    assert_close(&groups[0]["contribution"], 0.35 * (-45.0 - 16.5) + 10.0 * 0.425);
    assert_close(&groups[1]["mix"], 0.2 * (100.0 - 16.5));
    assert_eq!((&groups[1]["rate"], &groups[1]["before"], &groups[1]["share_before"]), (&Json::from(0), &Json::Null, &Json::from(0)));
    assert_close(&groups[2]["share_now"], 20.0);
    let sum: f64 = groups.iter().map(|group| group["contribution"].as_f64().unwrap()).sum();
    assert!((sum + 17.0).abs() < 1e-9, "{sum}");
}

#[test]
fn a_sum_changes_by_what_its_groups_change_by() {
    let rows = "time,region,amount\n2025-01-05,N,10.10\n2025-01-06,S,20.20\n2025-01-07,W,5\n2025-02-05,N,30.30\n2025-02-06,S,10.10\n2025-02-07,E,2\n";
    let define = "[define.\"test.revenue\"]\ntable = \"t\"\ntypes = { amount = \"number\" }\nmeasures = { revenue = \"sum(amount)\" }\nvalue = \"revenue\"\nunit = \"count\"";
    let config = config("", "metric = \"test.revenue\"") + define;
    let json = Case::new().file("t.csv", rows).json(&config).unwrap();
    let february = &json["contributions"][0];
    assert_eq!((&february["method"], &february["mix"], &february["rate"]), (&Json::from("difference"), &Json::Null, &Json::Null));
    assert_close(&february["change"], 42.4 - 35.3);
    let found: Vec<(&str, f64)> = february["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| (group["dimensions"]["region"].as_str().unwrap(), group["contribution"].as_f64().unwrap()))
        .collect();
    assert_eq!(found, [("N", 20.2), ("S", -10.1), ("W", -5.0), ("E", 2.0)]);
}

#[test]
fn what_is_hidden_is_in_no_contribution() {
    // Of the west there are too few before, and enough now.
    let of = [("01", "N", 45, 15), ("01", "S", 15, 15), ("01", "W", 2, 0), ("02", "N", 16, 24), ("02", "S", 18, 42), ("02", "W", 20, 20)];
    let hidden = json(&answers(&of), "min_group_size = 5", NPS);
    assert_eq!(hidden.get("contributions"), None);
    let note = hidden["notes"][0]["text"].as_str().unwrap();
    assert_eq!(note, "some changes by `region` are not taken apart: groups are hidden, and what the others contribute would tell of them");
    let enough = [("01", "N", 45, 15), ("01", "S", 15, 15), ("02", "N", 16, 24), ("02", "S", 18, 42)];
    assert_eq!(json(&answers(&enough), "min_group_size = 5", NPS)["contributions"].as_array().unwrap().len(), 1);
}

#[test]
fn a_change_that_is_not_known_is_not_taken_apart() {
    let json = json(&answers(&[("02", "N", 3, 1), ("02", "S", 1, 1)]), "", NPS);
    assert_eq!((json.get("contributions"), &json["notes"]), (None, &Json::from(Vec::<Json>::new())));
}

#[test]
fn what_can_not_be_taken_apart_is_refused_by_name() {
    let refused = |request: &str, more: &str| {
        let rows = "time,score,region,user_id,created_at,first_replied_at\n2025-01-05,10,N,a,2025-01-05T10:00:00Z,2025-01-05T11:00:00Z\n";
        Case::new().file("t.csv", rows).load(&config(more, request)).err().unwrap()
    };
    for (request, why) in [
        ("metric = \"web.visitors\"", "what is measured of groups does not add up to what is measured of all"),
        ("metric = \"support.first_response_time\"\nparams = { statistic = \"median\" }", "it is neither a sum nor a share nor a mean"),
        ("metric = \"loyalty.nps_distribution\"", "can't be taken apart by groups"),
    ] {
        let said = refused(request, "");
        // Messages are wrapped.
        let said = said.replace("\n  │ ", " ");
        assert!(said.contains(why), "{said}");
    }
    assert!(refused("metric = \"loyalty.nps\"\ncompare = []", "").contains("`loyalty.nps` is compared with nothing"));
    let alone = config("", NPS).replace("by = [[], [\"region\"]]", "by = [[\"region\"]]");
    let said = Case::new().file("t.csv", answers(&[("01", "N", 1, 1)])).load(&alone).err().unwrap();
    assert!(said.contains("a total is taken apart by its groups, and the request has not both"), "{said}");
}

#[test]
fn stored_results_have_them_too() {
    let of = [("01", "N", 45, 15), ("01", "S", 5, 15), ("02", "N", 16, 4), ("02", "S", 18, 42)];
    let result = Case::new().file("t.csv", answers(&of)).run(&config("", NPS)).unwrap();
    let render = |result| custometer_output::render(result, custometer_output::Format::Json, None).unwrap();
    let json = render(&result);
    let stored = custometer_output::stored(std::str::from_utf8(&json).unwrap()).unwrap();
    assert_eq!(render(&stored), json);
    let html = String::from_utf8(custometer_output::render(&stored, custometer_output::Format::Html, None).unwrap()).unwrap();
    assert!(html.contains("Why it changed") && html.contains("By mix"), "{html}");
}
