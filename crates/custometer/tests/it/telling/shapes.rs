//! What the services say of messages that they take, as checks. Lengths are counted in units of UTF-16.

use serde_json::Value as Json;

fn length(text: &Json) -> usize {
    text.as_str().unwrap_or_else(|| panic!("{text} is no text")).encode_utf16().count()
}

fn within(text: &Json, most: usize) {
    assert!((1..=most).contains(&length(text)), "{} of {most}: {text}", length(text));
}

fn items(of: &Json, most: usize) -> &[Json] {
    let items = of.as_array().unwrap_or_else(|| panic!("{of} is no list"));
    assert!((1..=most).contains(&items.len()), "{} of {most}", items.len());
    items
}

/// Only these keys are known.
fn keys(object: &Json, known: &[&str]) {
    let object = object.as_object().unwrap();
    assert!(object.keys().all(|key| known.contains(&key.as_str())), "{:?} of {known:?}", object.keys());
}

/// Block Kit: docs.slack.dev/reference/block-kit/blocks, and the text of incoming webhooks.
pub(super) fn slack(message: &Json) {
    keys(message, &["text", "blocks"]);
    within(&message["text"], 40_000);
    let is_plain = |text: &Json, most: usize| {
        keys(text, &["type", "text", "emoji"]);
        assert_eq!(text["type"], "plain_text");
        within(&text["text"], most);
    };
    for block in items(&message["blocks"], 50) {
        match block["type"].as_str().unwrap() {
            "header" => is_plain(&block["text"], 150),
            "divider" => keys(block, &["type"]),
            "section" if block["text"]["type"] == "mrkdwn" => {
                within(&block["text"]["text"], 3000);
                // Of what is formatted there is the link alone, with one address and one text.
                let link = block["text"]["text"].as_str().unwrap();
                assert!(link.starts_with("<https://") && link.ends_with('>') && link.matches(['<', '>', '|']).count() == 3, "{link}");
            }
            "section" => {
                keys(block, &["type", "text", "fields"]);
                is_plain(&block["text"], 3000);
                for field in items(&block["fields"], 10) {
                    is_plain(field, 2000);
                }
            }
            other => panic!("{other}"),
        }
    }
}

/// An Adaptive Card of version 1.4 in a message to Workflows: learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors.
pub(super) fn teams(message: &Json) {
    assert!(message.to_string().len() <= 28 * 1024, "{}", message.to_string().len());
    assert_eq!(message["type"], "message");
    let [attachment] = items(&message["attachments"], 1) else { panic!() };
    assert_eq!(attachment["contentType"], "application/vnd.microsoft.card.adaptive");
    assert!(attachment["contentUrl"].is_null());
    let card = &attachment["content"];
    keys(card, &["$schema", "type", "version", "body", "actions", "msteams"]);
    assert_eq!((&card["type"], &card["version"]), (&"AdaptiveCard".into(), &"1.4".into()));
    items(&card["body"], 100).iter().for_each(element);
    for action in card["actions"].as_array().into_iter().flatten() {
        assert!(action["type"] == "Action.OpenUrl" && action["url"].as_str().unwrap().starts_with("https://"), "{action}");
    }
}

fn element(element: &Json) {
    match element["type"].as_str().unwrap() {
        "Container" => {
            assert!(["default", "emphasis", "good", "attention", "warning", "accent"].contains(&element["style"].as_str().unwrap()));
            items(&element["items"], 100).iter().for_each(self::element);
        }
        // Runs know no Markdown, which text blocks do.
        "RichTextBlock" => {
            for run in items(&element["inlines"], 100) {
                keys(run, &["type", "text", "weight", "size"]);
                assert_eq!(run["type"], "TextRun");
                within(&run["text"], 10_000);
            }
        }
        other => panic!("{other}"),
    }
}

/// Embeds: discord.com/developers/docs/resources/message#embed-object-embed-limits.
pub(super) fn discord(message: &Json) {
    keys(message, &["content", "embeds", "allowed_mentions"]);
    within(&message["content"], 2000);
    assert_eq!(message["allowed_mentions"]["parse"], Json::Array(Vec::new()));
    let mut all = 0;
    for embed in items(&message["embeds"], 10) {
        keys(embed, &["title", "description", "url", "color", "fields"]);
        within(&embed["title"], 256);
        within(&embed["description"], 4096);
        assert!(embed["color"].as_u64().unwrap() <= 0x00FF_FFFF);
        all += length(&embed["title"]) + length(&embed["description"]);
        for field in items(&embed["fields"], 25) {
            within(&field["name"], 256);
            within(&field["value"], 1024);
            all += length(&field["name"]) + length(&field["value"]);
            assert!(field["inline"].is_boolean());
        }
        nothing_is_markdown(embed);
    }
    assert!(all <= 6000, "{all}");
}

/// Attachments: developers.mattermost.com/integrate/reference/message-attachments.
pub(super) fn mattermost(message: &Json) {
    keys(message, &["text", "attachments"]);
    within(&message["text"], 16_383);
    assert!(message.to_string().encode_utf16().count() <= 800_000);
    for attachment in items(&message["attachments"], 100) {
        keys(attachment, &["fallback", "color", "title", "title_link", "text", "fields"]);
        for key in ["fallback", "title", "text"] {
            within(&attachment[key], 16_383);
        }
        let color = attachment["color"].as_str().unwrap();
        assert!(color.len() == 7 && color.starts_with('#') && u32::from_str_radix(&color[1..], 16).is_ok(), "{color}");
        for field in items(&attachment["fields"], 100) {
            keys(field, &["title", "value", "short"]);
            within(&field["title"], 1000);
        }
        nothing_is_markdown(attachment);
    }
}

/// No sign of Markdown stands without a backslash before it, no name follows an `@`, and no address can be followed.
fn nothing_is_markdown(part: &Json) {
    for (key, text) in part.as_object().unwrap().iter().filter_map(|(key, value)| Some((key, value.as_str()?))) {
        if ["url", "title_link", "color"].contains(&key.as_str()) {
            continue;
        }
        let plain = text.replace("\\\\", "");
        let marks = plain.char_indices().filter(|(_, character)| "*_`[]<>|~".contains(*character));
        for (at, mark) in marks {
            assert!(plain[..at].ends_with('\\'), "{mark} at {at} in {plain}");
        }
        assert!(!text.contains("@everyone") && !text.contains("@channel") && !text.contains("://"), "{text}");
    }
}
