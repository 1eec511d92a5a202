//! The survey of San Francisco's airport in 2017: a score of each day that was published, and weights.

use std::collections::BTreeMap;

use custometer_testkit::Case;
use serde_json::{Value as Json, json};

use super::{shared, taken_for};
use crate::own_metrics::define::{NPS, assert_same, rows};

const SFO: &str = r#"
[report]
timezone = "America/Los_Angeles"

[tables.responses]
path = "FOLDER/2017_SFO_Customer_Survey_20250817.csv"
columns = { score = "NETPRO" }
where = "NETPRO <> 11"

# The file has the day of the month only. The survey ran in May 2017; two answers came on a weekday that May does not have on that day,
# and the publisher put them in the month that does.
[tables.responses.derive]
month = "CASE WHEN INTDATE = 5 AND DAY = 'MON' THEN '2017-06-' WHEN INTDATE = 15 AND DAY = 'TUE' THEN '2017-08-' ELSE '2017-05-' END"
time = "STRPTIME(CONCAT(month, LPAD(CAST(INTDATE AS VARCHAR), 2, '0')), '%Y-%m-%d')"

[[metrics]]
name = "total"
metric = "loyalty.nps"
table = "responses"

[[metrics]]
name = "daily"
metric = "loyalty.nps"
table = "responses"
grain = "day"
"#;

#[test]
#[cfg_attr(not(data = "sfo_survey"), ignore = "there is no ../shared/data/sfo_survey")]
fn the_airport_survey_gives_the_published_scores_on_every_day() {
    let folder = shared("sfo_survey");
    let json = Case::new().json(&SFO.replace("FOLDER", folder.to_str().unwrap())).unwrap();
    let rows = json["results"].as_array().unwrap();
    assert_eq!(rows[0]["measures"], json!({ "promoters": 1436, "passives": 968, "detractors": 342, "responses": 2746 }));

    let daily: BTreeMap<&str, &Json> = rows[1..].iter().map(|row| (&row["start"].as_str().unwrap()[..10], row)).collect();
    let published = std::fs::read_to_string(folder.join("published_nps_daily_2017.csv")).unwrap();
    let mut answers = 0.0;
    for line in published.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let row = daily[cells[0]];
        for (measure, published) in ["detractors", "passives", "promoters", "responses"].iter().zip(&cells[1..5]) {
            assert_eq!(row["measures"][measure].as_f64(), published.parse().ok(), "{measure} on {}", cells[0]);
        }
        let (value, published): (f64, f64) = (row["value"].as_f64().unwrap(), cells[5].parse().unwrap());
        assert!((value - published).abs() < 1e-9, "{value} is not {published} on {}", cells[0]);
        answers += row["n"].as_f64().unwrap();
    }
    // No day outside the published table has an answer.
    assert_eq!(answers, 2746.0);
}

#[test]
#[cfg_attr(not(data = "sfo_survey"), ignore = "there is no ../shared/data/sfo_survey")]
fn the_airport_survey_gives_the_weighted_scores_of_pandas_and_statsmodels() {
    let folder = shared("sfo_survey");
    let config = format!(
        "[tables.recommendation]\npath = \"{folder}/2017_SFO_Customer_Survey_20250817.csv\"\n\
         columns = {{ score = \"NETPRO\", weight = \"WEIGHT\" }}\nwhere = \"NETPRO <> 11\"\n\
         [tables.satisfaction]\npath = \"{folder}/2017_SFO_Customer_Survey_20250817.csv\"\n\
         columns = {{ score = \"Q7ALL\", weight = \"WEIGHT\" }}\nwhere = \"Q7ALL <> 'Blank'\"\n\
         [[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"recommendation\"\nparams = {{ weighted = true }}\n\
         [[metrics]]\nmetric = \"support.csat\"\ntable = \"satisfaction\"\nparams = {{ weighted = true }}\n\
         [[metrics]]\nmetric = \"support.csat_score\"\ntable = \"satisfaction\"\nparams = {{ weighted = true }}\n",
        folder = folder.display()
    );
    let json = Case::new().json(&config).unwrap();
    let rows = json["results"].as_array().unwrap();
    // Values from pandas; effective sizes as (Σw)²/Σw² there; intervals from statsmodels 0.15 for answers whose weights sum to that size:
    // DescrStatsW(ddof=0) with the normal quantile, proportion_confint(method="wilson"), and DescrStatsW.tconfint_mean.
    let expected = [
        (2746, [40.398_435_511_707_42, 37.543_361_400_069_6, 43.253_509_623_345_24, 2_266.512_355_086_742_4]),
        (2688, [82.279_306_485_058_21, 80.636_796_508_273_22, 83.810_461_390_501_23, 2_223.261_898_548_94]),
        (2688, [4.071_202_637_939_74, 4.042_037_148_514_513, 4.100_368_127_364_966, 2_223.261_898_548_94]),
    ];
    for (row, (n, expected)) in rows.iter().zip(expected) {
        assert_eq!(row["n"], json!(n));
        let found = [&row["value"], &row["low"], &row["high"], &row["measures"]["effective_n"]].map(|number| number.as_f64().unwrap());
        for (found, expected) in found.into_iter().zip(expected) {
            assert!((found / expected - 1.0).abs() < 1e-9, "{found} is not {expected} in {}", row["metric"]);
        }
    }
    assert_eq!(rows.len(), 3);
}

#[test]
#[cfg_attr(not(data = "sfo_survey"), ignore = "there is no ../shared/data/sfo_survey")]
fn the_airport_survey_has_its_published_score_by_a_definition() {
    let folder = shared("sfo_survey");
    let config = format!(
        "[tables.responses]\npath = \"{}/2017_SFO_Customer_Survey_20250817.csv\"\ncolumns = {{ score = \"NETPRO\" }}\nwhere = \"NETPRO <> 11\"\n{NPS}\
         [[metrics]]\nname = \"linked\"\nmetric = \"loyalty.nps\"\ntable = \"responses\"\nby = [[], [\"DAY\"], [\"DAY\", \"AIRLINE\"]]\n\
         [[metrics]]\nname = \"own\"\nmetric = \"acme.nps\"\ntable = \"responses\"\nby = [[], [\"DAY\"], [\"DAY\", \"AIRLINE\"]]\n",
        folder.display()
    );
    let json = Case::new().json(&config).unwrap();
    assert_same(&json, "linked", "own", 80);
    let total = &rows(&json, "own")[0];
    assert_eq!(total["measures"], json!({ "promoters": 1436, "passives": 968, "detractors": 342, "responses": 2746 }));
}

#[test]
#[cfg_attr(not(data = "sfo_survey"), ignore = "there is no ../shared/data/sfo_survey")]
fn the_airport_survey_is_taken_for_responses() {
    assert_eq!(taken_for(&shared("sfo_survey/2017_SFO_Customer_Survey_20250817.csv")).as_deref(), Some("responses"));
}
