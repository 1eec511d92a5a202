//! The report over the files that are beside it.

use acme_metrics as _;

use custometer_testkit::Case;

/// What scipy 1.17 fits to the same parcels, their hours counted in the zone of the report, whose clocks change on 30 March: the shape by
/// `optimize.brentq`, the 95 % quantile in seconds by `stats.weibull_min`.
const FITTED: [(&str, &str, f64, f64); 4] = [
    ("2025-01-01", "Hermod", 2.353_653_328_752_173_5, 273_825.285_315_872_86),
    ("2025-01-01", "Sleipnir", 2.371_718_029_266_830_4, 327_114.561_671_312_6),
    ("2025-03-01", "Hermod", 2.150_278_056_743_985_6, 437_371.898_563_920_23),
    ("2025-03-01", "Sleipnir", 2.639_890_174_476_963_4, 277_473.846_392_892_5),
];

#[test]
fn the_fit_is_that_of_scipy() {
    let json = Case::new()
        .file("parcels.csv", include_str!("../parcels.csv"))
        .file("attempts.csv", include_str!("../attempts.csv"))
        .json(include_str!("../report.toml"))
        .unwrap();
    let results = json["results"].as_array().unwrap();
    for (start, carrier, shape, seconds) in FITTED {
        let row = results.iter().find(|row| {
            let is_here = row["metric"] == "acme.transit_time" && row["dimensions"]["carrier"] == carrier;
            is_here && row["start"].as_str().unwrap().starts_with(start)
        });
        let row = row.unwrap();
        let near = |found: &f64, expected: f64| (found / expected - 1.0).abs() < 1e-9;
        assert!(row["value"].as_f64().is_some_and(|found| near(&found, seconds)), "{row}");
        assert!(row["measures"]["shape"].as_f64().is_some_and(|found| near(&found, shape)), "{row}");
    }
}
