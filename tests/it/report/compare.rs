//! Comparison with earlier times, from end to end, against figures worked out elsewhere.

use custometer_testkit::{Case, assert_close};
use serde_json::Value as Json;

fn results(rows: &str, report: &str, metric: &str) -> Vec<Json> {
    let config = format!("[report]\n{report}\n[tables.t]\npath = \"t.csv\"\n[[metrics]]\ntable = \"t\"\n{metric}\n");
    let json = Case::new().file("t.csv", rows).json(&config).unwrap();
    json["results"].as_array().unwrap().clone()
}

const AOV: &str = "metric = \"loyalty.average_order_value\"";

#[test]
fn a_change_of_a_mean_has_welchs_test() {
    let rows = "time,amount\n2025-01-05,10\n2025-01-06,20\n2025-01-07,35\n2025-02-05,40\n2025-02-06,50\n2025-02-07,60\n2025-02-08,75\n";
    let rows = results(rows, "from = 2025-01-01\nuntil = 2025-03-01\ngrain = \"month\"\ncompare = [\"previous\", \"year_ago\"]", AOV);
    let [january, february] = rows.as_slice() else { panic!("two months") };
    // The data begin in January: nothing is known of the December before.
    assert_eq!(january["comparisons"][0]["value"], Json::Null);
    assert_eq!(january["comparisons"][0]["change"], Json::Null);
    let change = &february["comparisons"][0];
    assert_eq!(change["baseline"], "previous");
    assert_close(&change["change"], 56.25 - 65.0 / 3.0);
    assert_close(&change["relative_change"], 100.0 * (56.25 - 65.0 / 3.0) / (65.0 / 3.0));
    // scipy.stats.ttest_ind([40, 50, 60, 75], [10, 20, 35], equal_var=False)
    assert_close(&change["p_value"], 0.021_996_893_898_412_757);
    assert_eq!(change["significant"], true);
    assert_eq!(february["comparisons"][1]["change"], Json::Null);
}

#[test]
fn a_change_of_a_share_has_the_test_of_two_proportions_and_can_be_corrected() {
    let answers = |month: &str, satisfied: usize, others: usize| {
        format!("2025-{month}-10,5\n").repeat(satisfied) + &format!("2025-{month}-10,2\n").repeat(others)
    };
    let rows = format!("time,score\n{}{}{}", answers("01", 60, 60), answers("02", 30, 70), answers("03", 40, 60));
    let report = "from = 2025-01-01\nuntil = 2025-04-01\ngrain = \"month\"\ncompare = [\"previous\"]";
    let plain = results(&rows, report, "metric = \"support.csat\"");
    // The pooled z test of 30 of 100 against 60 of 120, its tail from scipy.stats.norm.sf.
    assert_close(&plain[1]["comparisons"][0]["p_value"], 0.002_662_185_508_944_995);
    let corrected = results(&rows, &format!("{report}\nmultiple_comparisons = \"benjamini_hochberg\""), "metric = \"support.csat\"");
    // Of two tests the smaller p-value is doubled, and the larger stays.
    assert_close(&corrected[1]["comparisons"][0]["p_value"], 2.0 * 0.002_662_185_508_944_995);
    assert_eq!(corrected[2]["comparisons"][0]["p_value"], plain[2]["comparisons"][0]["p_value"]);
}

#[test]
fn days_are_compared_with_the_same_weekday_of_the_year_before() {
    // Wednesday 1 January 2025 and Wednesday 3 January 2024.
    let rows = "time,amount\n2024-01-01,1\n2024-01-03,7\n2025-01-01,10\n";
    let rows = results(rows, "from = 2025-01-01\nuntil = 2025-01-02\ngrain = \"day\"\ncompare = [\"year_ago\"]", AOV);
    let comparison = &rows[0]["comparisons"][0];
    assert_eq!(comparison["start"], "2024-01-03T00:00:00+00:00");
    assert_close(&comparison["change"], 3.0);
}

#[test]
fn a_part_of_a_month_is_compared_with_the_same_part_of_the_one_before() {
    let rows = "time,amount\n2025-04-10,1\n2025-05-03,4\n2025-05-20,1000\n2025-06-02,6\n";
    let report = "last = \"1 month\"\nas_of = 2025-06-15\ngrain = \"month\"\ncompare = [\"previous\"]";
    let rows = results(rows, report, AOV);
    assert_eq!((rows.len(), rows[0]["partial"].as_bool()), (1, Some(true)));
    let comparison = &rows[0]["comparisons"][0];
    assert_eq!(
        (&comparison["start"], &comparison["end"]),
        (&Json::from("2025-05-01T00:00:00+00:00"), &Json::from("2025-05-15T00:00:00+00:00"))
    );
    assert_close(&comparison["change"], 2.0);
}

#[test]
fn a_group_that_is_gone_has_a_change_too() {
    let rows = "time,user_id,shop\n2025-01-05,a,old\n2025-01-06,b,old\n2025-02-05,a,new\n";
    let rows = results(
        rows,
        "from = 2025-02-01\nuntil = 2025-03-01\ngrain = \"month\"\ncompare = [\"previous\"]",
        "metric = \"web.visitors\"\nby = [[\"shop\"]]",
    );
    let found: Vec<(&Json, i64, i64)> = rows
        .iter()
        .map(|row| (&row["dimensions"]["shop"], row["value"].as_i64().unwrap(), row["comparisons"][0]["change"].as_i64().unwrap()))
        .collect();
    assert_eq!(found, [(&Json::from("new"), 1, 1), (&Json::from("old"), 0, -2)]);
}

#[test]
fn what_is_not_placed_in_time_can_not_be_compared() {
    let config =
        "[tables.t]\npath = \"t.csv\"\n[[metrics]]\ntable = \"t\"\nmetric = \"loyalty.average_order_value\"\ncompare = [\"previous\"]\n";
    let problems = Case::new().file("t.csv", "amount\n1\n").load(config).err().unwrap();
    assert!(problems.contains("there is nothing to compare it with"), "{problems}");
}
