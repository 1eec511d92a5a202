//! Discord: embeds of a webhook. At most ten of them with 6000 characters together; 256 in a title, 4096 in a description, 25 fields of 256 and 1024.

use serde_json::{Value, json};

use super::{Head, Said, Shape, color, escaped};

/// Characters of the parts; with their keys, so that their texts have fewer.
pub(super) const SHAPE: Shape = Shape { part, whole, room: 6000 };

fn part(said: &Said, head: &Head<'_>) -> Value {
    let fields: Vec<Value> =
        said.facts.iter().map(|(name, fact)| json!({ "name": escaped(name), "value": escaped(fact), "inline": true })).collect();
    let mut embed = json!({
        "title": escaped(&said.name),
        "description": escaped(&said.message),
        "color": color(said.severity),
        "fields": fields,
    });
    if let Some(link) = head.link {
        embed["url"] = json!(link);
    }
    embed
}

fn whole(parts: &[Value], head: &Head<'_>) -> Value {
    // Nobody is pinged, whatever the texts say.
    json!({ "content": escaped(&head.counted(parts.len())), "embeds": parts, "allowed_mentions": { "parse": [] } })
}
