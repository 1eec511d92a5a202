//! What a payment provider's connector writes: amounts in cents. The values are those of joins written by hand in DuckDB.

use custometer_testkit::{Case, assert_close, rejections, results};

use super::shared;
use super::shopify::{are, values};

/// The rates are the European Central Bank's.
///
/// ```sql
/// WITH paid AS (SELECT created, current_period_end, quantity * amount / interval_count / 100.0 a FROM items JOIN plans ON plans.id = plan_id)
/// SELECT sum(a) / 1.0828, sum(a) / 1.1087 FROM paid WHERE created < '2024-08-01' AND current_period_end >= '2024-08-01'
/// ```
#[test]
#[cfg_attr(not(data = "stripe"), ignore = "there is no ../shared/data/stripe")]
fn items_in_dollars_have_a_revenue_in_euros_with_exchange_among_its_movements() {
    let folder = shared("stripe").display().to_string();
    let rates = "date,currency,rate\n2024-06-28,usd,1.0705\n2024-07-31,usd,1.0828\n2024-08-30,usd,1.1087\n";
    let config = |currency: &str| {
        format!(
            "[report]\nfrom = 2024-07-01\nuntil = 2024-09-01\nas_of = 2024-09-01\ngrain = \"month\"\nmax_rejected_percent = 10\n{currency}\n\
             [tables.ecb]\npath = \"ecb.csv\"\n[tables.items]\npath = \"{folder}/subscription_item_data.csv\"\namounts_in = \"minor_units\"\n\
             columns = {{ customer_id = \"subscription_id\", started_at = \"created\", ended_at = \"current_period_end\" }}\n\
             lookup.plans = {{ on = {{ plan_id = \"id\" }}, columns = [\"amount\", \"interval_count\", \"currency\"] }}\n\
             derive = {{ amount_per_month = \"quantity * amount / interval_count\" }}\n[tables.plans]\npath = \"{folder}/plan_data.csv\"\n\
             [[metrics]]\nmetric = \"loyalty.mrr\"\ntable = \"items\"\n[[metrics]]\nmetric = \"loyalty.mrr_movement\"\ntable = \"items\"\n"
        )
    };
    let case = || Case::new().file("ecb.csv", rates);
    let json = case().json(&config("currency = \"EUR\"\nrates = { table = \"ecb\", quoted = \"units_per_base\" }")).unwrap();
    assert_eq!(rejections(&json), [("`amount_per_month` is missing", 1)], "the plan of one item is none of the plans");
    are(&values(&json, "loyalty.mrr"), &[("", 10_932.951_606_944_958, 13), ("", 0.0, 0)]);
    let moved: Vec<_> = values(&json, "loyalty.mrr_movement").into_iter().filter(|(.., n)| *n > 0).collect();
    let (churn, exchange) = (10_677.550_284_116_533, -255.401_322_828_425_7);
    are(&moved, &[("new", 10_932.951_606_944_958, 13), ("churn", churn, 13), ("exchange", exchange, 13)]);
    let json = case().json(&config("")).unwrap();
    are(&values(&json, "loyalty.mrr"), &[("", 11_838.2, 13), ("", 0.0, 0)]);
    assert_eq!(results(&json)[0]["currency"], "USD");
}

/// ```sql
/// SELECT avg(amount) / 100 FROM charges;
/// SELECT 100.0 * count(*) FILTER (n >= 2) / count(*) FROM (SELECT customer_id, count(*) n FROM charges GROUP BY 1);
/// SELECT reason, sum(refunds.amount) / 100, count(*), count(charges.id) FROM refunds LEFT JOIN charges ON charges.id = charge_id GROUP BY ROLLUP (1)
/// ```
#[test]
#[cfg_attr(not(data = "stripe"), ignore = "there is no ../shared/data/stripe")]
fn charges_and_refunds_are_in_dollars() {
    let folder = shared("stripe").display().to_string();
    let config = format!(
        "[tables.charges]\npath = \"{folder}/charge_data.csv\"\ncolumns = {{ time = \"created\" }}\namounts_in = \"minor_units\"\n\
         [tables.refunds]\npath = \"{folder}/refund_data.csv\"\ncolumns = {{ time = \"created\" }}\namounts_in = \"minor_units\"\n\
         lookup.charges = {{ on = {{ charge_id = \"id\" }}, columns = [\"customer_id\"] }}\n\
         [define.\"shop.refunds\"]\ntable = \"refunds\"\namounts = [\"amount\"]\nunit = \"currency\"\nvalue = \"refunded\"\n\
         measures = {{ refunded = \"sum(amount)\", refunds = \"count(*)\", of_known_customers = \"count(customer_id)\" }}\n\
         [[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"charges\"\n\
         [[metrics]]\nmetric = \"loyalty.repeat_purchase_rate\"\ntable = \"charges\"\n\
         [[metrics]]\nmetric = \"shop.refunds\"\ntable = \"refunds\"\nby = [[], [\"reason\"]]\n"
    );
    let json = Case::new().json(&config).unwrap();
    assert!(rejections(&json).is_empty(), "{:?}", rejections(&json));
    are(&values(&json, "loyalty.average_order_value"), &[("", 4173.56, 16)]);
    are(&values(&json, "loyalty.repeat_purchase_rate"), &[("", 400.0 / 11.0, 11)]);
    are(&values(&json, "shop.refunds"), &[("", 23_914.21, 4), ("duplicate", 6750.0, 1), ("requested_by_customer", 17_164.21, 3)]);
    let refunds = results(&json).iter().find(|row| row["request"] == "shop.refunds").unwrap();
    assert_eq!((&refunds["currency"], &refunds["measures"]["of_known_customers"]), (&"USD".into(), &0.into()));
    assert_close(refunds["measures"]["refunded"].as_f64(), 23_914.21);
}
