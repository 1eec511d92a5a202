//! Mattermost: attachments of an incoming webhook. A text has at most 16 383 characters.

use serde_json::{Value, json};

use super::{Head, Said, Shape, color, escaped};

pub(super) const SHAPE: Shape = Shape { part, whole, room: 16_000 };

fn part(said: &Said, head: &Head<'_>) -> Value {
    let fields: Vec<Value> =
        said.facts.iter().map(|(name, fact)| json!({ "title": escaped(name), "value": escaped(fact), "short": true })).collect();
    let mut attachment = json!({
        "fallback": escaped(&format!("{}: {}", said.name, said.message)),
        "color": format!("#{:06x}", color(said.severity)),
        "title": escaped(&said.name),
        "text": escaped(&said.message),
        "fields": fields,
    });
    if let Some(link) = head.link {
        attachment["title_link"] = json!(link);
    }
    attachment
}

fn whole(parts: &[Value], head: &Head<'_>) -> Value {
    json!({ "text": escaped(&head.counted(parts.len())), "attachments": parts })
}
