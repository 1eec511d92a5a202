//! The currency of a result, wherever it is shown.

use custometer_output::{Format, render};
use custometer_runner::RunResult;
use custometer_testkit::{Case, assert_close};
use polars::prelude::{ParquetReader, SerReader as _};

const ORDERS: &str = "customer_id,time,amount,currency\n\
    a,2025-01-03,1000.5,EUR\nb,2025-01-04,26400,JPY\nc,2025-01-05,10.5,USD\nc,2025-01-06,30,USD\n";

fn run(orders: &str, rest: &str) -> RunResult {
    let report = format!("{rest}\n[tables.o]\npath = \"o.csv\"\n");
    Case::new().file("o.csv", orders).run(&report).unwrap_or_else(|problems| panic!("{problems}"))
}

fn text(result: &RunResult, format: Format) -> String {
    String::from_utf8(render(result, format, None).unwrap()).unwrap()
}

const BY_CURRENCY: &str = "[[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"o\"\nby = [[\"currency\"]]";

#[test]
fn each_group_has_its_own_currency() {
    let result = run(ORDERS, BY_CURRENCY);
    let of_rows: Vec<_> = result.results.iter().map(|row| (row.value, row.currency.map(|code| code.to_string()))).collect();
    let expected = [(1000.5, "EUR"), (26_400.0, "JPY"), (20.25, "USD")].map(|(value, code)| (Some(value), Some(code.to_owned())));
    assert_eq!(of_rows, expected);
    let markdown = text(&result, Format::Markdown);
    for shown in ["1\u{2009}000.50 EUR", "26\u{2009}400 JPY", "20.25 USD"] {
        assert!(markdown.replace('\u{a0}', " ").contains(shown), "{markdown}");
    }
    let csv = text(&result, Format::Csv);
    assert!(csv.lines().next().unwrap().contains(",value,unit,currency,direction,"), "{csv}");
    assert!(csv.contains(",26400,currency,JPY,"), "{csv}");
    let json = text(&result, Format::Json);
    assert!(json.contains("\"currency\": \"JPY\"") || json.contains("\"currency\":\"JPY\""), "{json}");
    let parquet = render(&result, Format::Parquet, None).unwrap();
    let frame = ParquetReader::new(std::io::Cursor::new(parquet)).finish().unwrap();
    let currencies: Vec<_> = frame.column("currency").unwrap().str().unwrap().iter().flatten().map(str::to_owned).collect();
    assert_eq!(currencies, ["EUR", "JPY", "USD"]);
}

#[test]
fn a_page_writes_amounts_in_the_way_of_its_language() {
    for (locale, shown) in [("en", "€1,001"), ("da", "1.001\u{a0}€"), ("sv", "1\u{a0}001\u{a0}€")] {
        let html = text(&run(ORDERS, &format!("[report]\nlocale = \"{locale}\"\n{BY_CURRENCY}")), Format::Html);
        assert!(html.contains(shown), "{locale}: no {shown:?}");
    }
    let danish = ORDERS.replace("EUR", "DKK");
    let html = text(&run(&danish, &format!("[report]\nlocale = \"da\"\n{BY_CURRENCY}")), Format::Html);
    assert!(html.contains("1.001\u{a0}kr.") && html.contains("26.400\u{a0}JPY"), "no crowns");
}

/// What nobody says is not made up: the unit is all that is known.
#[test]
fn an_unknown_currency_is_none() {
    let result =
        run("customer_id,time,amount\na,2025-01-03,12.5\n", "[[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"o\"");
    assert_eq!(result.results[0].currency, None);
    let markdown = text(&result, Format::Markdown);
    assert!(markdown.contains("loyalty.average_order_value, currency") && markdown.contains("12.50"), "{markdown}");
    // A share of customers is no amount, though it reads some.
    let result = run(ORDERS, "[[metrics]]\nmetric = \"loyalty.repeat_purchase_rate\"\ntable = \"o\"");
    assert_eq!(result.results[0].currency, None);
}

/// The only currency of the rows is known; that of the rows outside the period does not count.
#[test]
fn the_only_currency_of_the_rows_is_known() {
    let orders = ORDERS.replace("JPY", "EUR").replace("USD", "eur").replace("2025-01-03,1000.5,EUR", "2024-12-03,1000.5,SEK");
    let result =
        run(&orders, &format!("[report]\nfrom = 2025-01-01\nuntil = 2025-02-01\n{}", BY_CURRENCY.replace("by = [[\"currency\"]]", "")));
    assert_eq!(result.results[0].currency.map(|code| code.to_string()).as_deref(), Some("EUR"));
}

#[test]
fn amounts_of_several_currencies_have_no_ratio() {
    let derived = "[derived.share]\nvalue = \"eur / usd\"\nunit = \"ratio\"\n\
        [[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"o\"\nname = \"eur\"\nwhere = \"currency = 'EUR'\"\n\
        [[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"o\"\nname = \"usd\"\nwhere = \"currency = 'USD'\"";
    let result = run(ORDERS, derived);
    let row = result.results.iter().find(|row| row.request == "share").unwrap();
    assert_eq!((row.value, row.note.as_deref()), (None, Some("amounts in EUR and USD")));
    let result = run(
        &ORDERS.replace("EUR", "USD"),
        &derived.replace("'EUR'", "'USD' AND amount > 100").replace("'USD'\"", "'USD' AND amount < 100\""),
    );
    let row = result.results.iter().find(|row| row.request == "share").unwrap();
    assert_eq!(row.currency, None);
    assert_close(row.value, 1000.5 / 20.25);
}
