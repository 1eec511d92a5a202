//! Microsoft Teams: an Adaptive Card in a message to a webhook of Workflows. A message has at most 28 KB.

use custometer_runner::result::Severity;
use serde_json::{Value, json};

use super::{Head, Said, Shape};

/// Characters of the parts, which may have three bytes each.
pub(super) const SHAPE: Shape = Shape { part, whole, room: 8000 };

/// Texts are runs, which know no Markdown.
fn part(said: &Said, _head: &Head<'_>) -> Value {
    let style = match said.severity {
        Severity::Info => "accent",
        Severity::Warning => "warning",
        Severity::Critical => "attention",
    };
    let facts = said.facts.iter().map(|(name, fact)| text(&[(&format!("{name}: "), true), (fact, false)]));
    let items: Vec<Value> = [text(&[(&said.name, true)]), text(&[(&said.message, false)])].into_iter().chain(facts).collect();
    json!({ "type": "Container", "style": style, "spacing": "Medium", "items": items })
}

fn whole(parts: &[Value], head: &Head<'_>) -> Value {
    let title = json!({
        "type": "RichTextBlock",
        "inlines": [{ "type": "TextRun", "text": head.counted(parts.len()), "size": "Large", "weight": "Bolder" }],
    });
    let body: Vec<Value> = std::iter::once(title).chain(parts.iter().cloned()).collect();
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "msteams": { "width": "Full" },
    });
    if let Some(link) = head.link {
        card["actions"] = json!([{ "type": "Action.OpenUrl", "title": head.words_of_link(), "url": link }]);
    }
    json!({
        "type": "message",
        "attachments": [{ "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card }],
    })
}

/// A line of texts, some of them bold.
fn text(runs: &[(&str, bool)]) -> Value {
    let run =
        |(text, is_bold): &(&str, bool)| json!({ "type": "TextRun", "text": text, "weight": if *is_bold { "Bolder" } else { "Default" } });
    json!({ "type": "RichTextBlock", "inlines": runs.iter().map(run).collect::<Vec<_>>() })
}
