//! `is_bot`: whether a user agent is that of a known bot, for the conditions of a report.
//!
//! The patterns are those of the crate `isbot`. What they miss, a report's own conditions add.

use std::collections::HashMap;
use std::sync::LazyLock;

use custometer_core::function::Function;
use custometer_core::register_function;
use isbot::Bots;
use polars::prelude::{BooleanChunked, Column, DataType, Expr, Field, IntoColumn, PolarsResult, polars_bail};

static BOTS: LazyLock<Bots> = LazyLock::new(Bots::default);

register_function!(Function {
    name: "is_bot",
    summary: "whether a user agent is that of a known bot; a missing one is not",
    arguments: 1,
    call: |arguments| is_bot(arguments[0].clone()),
});

/// Whether a user agent is that of a known bot. A missing one is not.
pub(crate) fn is_bot(user_agent: Expr) -> Expr {
    user_agent.map_with_fmt_str(
        |agents| are_bots(&agents),
        |_, field| match field.dtype() {
            DataType::String | DataType::Null => Ok(Field::new(field.name().clone(), DataType::Boolean)),
            other => polars_bail!(ComputeError: "`is_bot` takes a user agent, which is text, and not {other}"),
        },
        "is_bot",
    )
}

fn are_bots(agents: &Column) -> PolarsResult<Column> {
    // Many events have the same agent.
    let mut known: HashMap<&str, bool> = HashMap::new();
    let texts = agents.cast(&DataType::String)?;
    let bots: BooleanChunked = texts
        .str()?
        .iter()
        .map(|agent| Some(agent.is_some_and(|agent| *known.entry(agent).or_insert_with(|| BOTS.is_bot(agent)))))
        .collect();
    Ok(bots.into_column().with_name(agents.name().clone()))
}

#[cfg(test)]
mod tests {
    use polars::prelude::{IntoLazy, col, df};

    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test looks at its result")]
    fn bots_are_told_from_browsers() {
        // Agents as their makers document them.
        let agents = [
            (Some("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"), true),
            (Some("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"), true),
            (Some("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)"), true),
            (Some("curl/8.5.0"), true),
            (Some("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:133.0) Gecko/20100101 Firefox/133.0"), false),
            (
                Some(
                    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
                ),
                false,
            ),
            (None, false),
        ];
        let texts: Vec<Option<&str>> = agents.iter().map(|(agent, _)| *agent).collect();
        let found = df!("agent" => texts).unwrap().lazy().select([is_bot(col("agent"))]).collect().unwrap();
        let found: Vec<Option<bool>> = found.column("agent").unwrap().bool().unwrap().iter().collect();
        assert_eq!(found, agents.map(|(_, bot)| Some(bot)));
    }
}
