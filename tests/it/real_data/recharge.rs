//! What a connector to subscription orders writes. The values are those of joins written by hand in DuckDB.

use custometer_testkit::{Case, rejections, results};

use super::shared;
use super::shopify::{are, values};

/// A subscription pays each 28 or 45 days, and a month has 30.436875:
///
/// ```sql
/// WITH spans AS (SELECT created_at, cancelled_at, price * quantity * 30.436875 / charge_interval_frequency paid FROM subscription_history)
/// SELECT edge, sum(paid) FROM edges JOIN spans ON created_at < edge AND (cancelled_at IS NULL OR cancelled_at >= edge) GROUP BY 1
/// ```
#[test]
#[cfg_attr(not(data = "recharge"), ignore = "there is no ../shared/data/recharge")]
fn subscriptions_that_are_charged_in_days_have_a_revenue_by_month() {
    let folder = shared("recharge").display().to_string();
    let json = Case::new()
        .json(&format!(
            "[report]\nfrom = 2022-05-01\nuntil = 2022-10-01\nas_of = 2022-10-01\ngrain = \"month\"\n\
             [tables.subscriptions]\npath = \"{folder}/subscription_history_data.csv\"\n\
             columns = {{ started_at = \"created_at\", ended_at = \"cancelled_at\" }}\n\
             derive = {{ amount_per_month = \"price * quantity * 30.436875 / charge_interval_frequency\" }}\n\
             [[metrics]]\nmetric = \"loyalty.mrr\"\ntable = \"subscriptions\"\n[[metrics]]\nmetric = \"loyalty.mrr_movement\"\ntable = \"subscriptions\"\n"
        ))
        .unwrap();
    assert!(rejections(&json).is_empty(), "{:?}", rejections(&json));
    let (one, both) = (8.082_681_25, 28.138_407_812_5);
    are(&values(&json, "loyalty.mrr"), &[("", one, 1), ("", both, 2), ("", both, 2), ("", both, 2), ("", one, 1)]);
    let moved: Vec<_> = values(&json, "loyalty.mrr_movement").into_iter().filter(|(.., n)| *n > 0).collect();
    are(&moved, &[("new", both - one, 1), ("churn", both - one, 1)]);
}

/// `SELECT date_trunc('month', created_at), avg(total_price), count(*), count(customers.id) FROM orders LEFT JOIN customers ON … GROUP BY 1`; and of the
/// charges, whose column of refunds is empty so far, `sum(total_price - coalesce(total_refunds, 0))`.
#[test]
#[cfg_attr(not(data = "recharge"), ignore = "there is no ../shared/data/recharge")]
fn orders_have_an_average_value_and_charges_an_amount_without_refunds() {
    let folder = shared("recharge").display().to_string();
    let json = Case::new()
        .json(&format!(
            "[report]\nfrom = 2022-01-01\nuntil = 2023-01-01\nas_of = 2023-01-01\n\
             [tables.orders]\npath = \"{folder}/orders_data.csv\"\ncolumns = {{ time = \"created_at\", amount = \"total_price\", order_id = \"id\" }}\n\
             lookup.customers = {{ on = {{ customer_id = \"id\" }}, columns = [\"has_valid_payment_method\"] }}\n\
             [tables.customers]\npath = \"{folder}/customer_data.csv\"\n\
             [tables.charges]\npath = \"{folder}/charge_data.csv\"\ncolumns = {{ time = \"created_at\" }}\n\
             derive = {{ amount = \"total_price - COALESCE(total_refunds, 0)\" }}\n\
             [[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"orders\"\nby = [[\"has_valid_payment_method\"]]\n\
             [[metrics]]\nmetric = \"loyalty.repeat_purchase_rate\"\ntable = \"orders\"\n\
             [[metrics]]\nmetric = \"loyalty.cohort_revenue\"\ntable = \"orders\"\n\
             [[metrics]]\nname = \"charged\"\nmetric = \"loyalty.average_order_value\"\ntable = \"charges\"\n"
        ))
        .unwrap();
    assert!(rejections(&json).is_empty(), "{:?}", rejections(&json));
    are(&values(&json, "loyalty.average_order_value"), &[("TRUE", 13.2, 2)]);
    are(&values(&json, "loyalty.repeat_purchase_rate"), &[("", 0.0, 2)]);
    are(&values(&json, "loyalty.cohort_revenue"), &[("0", 13.2, 2)]);
    are(&values(&json, "charged"), &[("", 10.95, 2)]);
    assert_eq!(results(&json).iter().filter(|row| row["request"] == "charged").count(), 1);
}
