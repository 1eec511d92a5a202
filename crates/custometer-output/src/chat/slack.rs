//! Slack: blocks of an incoming webhook. At most 50 blocks, 3000 characters in a section, 150 in a header, and ten fields of 2000.

use serde_json::{Value, json};

use super::{Head, Said, Shape};

pub(super) const SHAPE: Shape = Shape { part, whole, room: 30_000 };

/// Texts are plain, so that nothing in them is read as a format, a link or a person.
fn part(said: &Said, _head: &Head<'_>) -> Value {
    let fields: Vec<Value> = said.facts.iter().map(|(name, fact)| plain(&format!("{name}\n{fact}"))).collect();
    json!({ "type": "section", "text": plain(&format!("{}\n{}", said.name, said.message)), "fields": fields })
}

fn whole(parts: &[Value], head: &Head<'_>) -> Value {
    let counted = head.counted(parts.len());
    let mut blocks = vec![json!({ "type": "header", "text": plain(&head.title) })];
    for part in parts {
        blocks.extend([json!({ "type": "divider" }), part.clone()]);
    }
    blocks.extend(head.link.map(|link| {
        // What would end the address or the text of a link.
        let link = link.replace('&', "&amp;").replace('|', "%7C").replace('<', "%3C").replace('>', "%3E");
        json!({ "type": "section", "text": { "type": "mrkdwn", "text": format!("<{link}|{}>", head.words_of_link()) } })
    }));
    // What notifications show, which is no plain text.
    json!({ "text": counted.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"), "blocks": blocks })
}

fn plain(text: &str) -> Value {
    json!({ "type": "plain_text", "text": text, "emoji": false })
}
