//! HTML: one file that holds all it needs, for people to read, print and pass on.
//!
//! Everything is there without the script: figures are inline SVG and tables. The script sorts, searches, shows values under the pointer and
//! switches the theme. Text of the data is escaped by the templates, and the page's policy lets nothing load and nothing else run.

mod change;
mod csp;
mod drawing;
mod figure;
mod page;
mod quality;
mod section;
mod status;
mod svg;
mod table;
mod tile;

#[cfg(test)]
mod tests;

use custometer_runner::result::RunResult;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior};

use page::Page;

/// The templates, each with its name.
const TEMPLATES: [(&str, &str); 14] = [
    ("bar.svg", include_str!("html/svg/bar.svg")),
    ("change.html", include_str!("html/change.html")),
    ("columns.svg", include_str!("html/svg/columns.svg")),
    ("figure.html", include_str!("html/figure.html")),
    ("figures.html", include_str!("html/figures.html")),
    ("goal.html", include_str!("html/goal.html")),
    ("headline.html", include_str!("html/headline.html")),
    ("mark.html", include_str!("html/mark.html")),
    ("page.html", include_str!("html/page.html")),
    ("plot.svg", include_str!("html/svg/plot.svg")),
    ("section.html", include_str!("html/section.html")),
    ("spark.svg", include_str!("html/svg/spark.svg")),
    ("table.html", include_str!("html/table.html")),
    ("tile.html", include_str!("html/tile.html")),
];

/// The whole file.
pub(crate) fn render(result: &RunResult) -> Result<Vec<u8>, Error> {
    templates()?.get_template("page.html")?.render(Serde(Page::of(result))).map(String::into_bytes)
}

/// A page of the figures alone.
pub(crate) fn figures(result: &RunResult) -> Result<String, Error> {
    templates()?.get_template("figures.html")?.render(Serde(Page::of(result)))
}

fn templates() -> Result<Environment<'static>, Error> {
    let mut templates = Environment::new();
    // All of it is markup, SVG too; and a name that a template gets wrong is an error.
    templates.set_auto_escape_callback(|_| AutoEscape::Html);
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    for (name, template) in TEMPLATES {
        templates.add_template(name, template)?;
    }
    Ok(templates)
}
