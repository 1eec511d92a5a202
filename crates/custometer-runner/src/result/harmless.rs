//! Text from data, configs and file names that can't drive a terminal, turn a line around, or tell a password.

use std::borrow::Cow;
use std::ops::Range;

/// Text on one line. Characters that would do something rather than show something are spelled out, such as `\n` and `\u{1b}`.
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, acts)
}

/// Text of several lines, such as a message. All but the ends of its lines is as in [`line()`], and the names and passwords of addresses
/// are left out.
pub fn lines(text: &str) -> Cow<'_, str> {
    match without_passwords(text, |_| "…".to_owned()) {
        Cow::Borrowed(text) => escaped(text, |character| character != '\n' && acts(character)),
        Cow::Owned(text) => Cow::Owned(escaped(&text, |character| character != '\n' && acts(character)).into_owned()),
    }
}

/// Text as in [`lines`] with every character at its place: to point into it.
pub(crate) fn in_place(text: &str) -> String {
    let text = without_passwords(text, |secret| "*".repeat(secret.len()));
    let kept = |character: char| !acts(character) || matches!(character, '\n' | '\r' | '\t');
    text.chars()
        .map(|character| {
            if kept(character) { character } else { ["?", "·", "�"][character.len_utf8().clamp(1, 3) - 1].chars().next().unwrap_or('?') }
        })
        .collect()
}

/// Whether a character controls a terminal or the direction of a line. Two of Unicode's line ends are not control characters.
fn acts(character: char) -> bool {
    character.is_control() || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn escaped(text: &str, acts: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&acts) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if acts(character) {
            escaped.extend(character.escape_default());
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// Text with something else in place of the secrets in its addresses.
fn without_passwords(text: &str, instead: impl Fn(&str) -> String) -> Cow<'_, str> {
    let secrets = secrets(text);
    if secrets.is_empty() {
        return Cow::Borrowed(text);
    }
    let (mut cleaned, mut from) = (String::with_capacity(text.len()), 0);
    for secret in secrets {
        cleaned.push_str(&text[from..secret.start]);
        from = secret.end;
        cleaned.push_str(&instead(&text[secret]));
    }
    cleaned.push_str(&text[from..]);
    Cow::Owned(cleaned)
}

/// What stands in addresses between `://` and `@`, and the values of parameters that are called like keys and signatures.
fn secrets(text: &str) -> Vec<Range<usize>> {
    const CALLED: [&str; 7] = ["auth", "credential", "key", "pass", "secret", "sig", "token"];
    let mut secrets = Vec::new();
    for (before, _) in text.match_indices("://") {
        let start = before + "://".len();
        let ends = |character: char| character.is_whitespace() || matches!(character, '"' | '\'' | '`' | '<' | '>');
        let address = text[start..].find(ends).map_or(&text[start..], |end| &text[start..start + end]);
        let authority = address.find(['/', '?', '#']).map_or(address, |end| &address[..end]);
        secrets.extend(authority.rfind('@').map(|length| start..start + length));
        let mut at = start + address.find('?').map_or(address.len(), |query| query + 1);
        for parameter in text[at..start + address.len()].split(['&', ';', '#']) {
            if let Some((name, value)) = parameter.split_once('=').filter(|(_, value)| !value.is_empty()) {
                let lower = name.to_lowercase();
                let is_secret = CALLED.iter().any(|called| lower.contains(called));
                secrets.extend(is_secret.then(|| at + name.len() + 1..at + name.len() + 1 + value.len()));
            }
            at += parameter.len() + 1;
        }
    }
    // One address may stand in another.
    secrets.sort_by_key(|secret| (secret.start, secret.end));
    secrets.dedup_by(|later, earlier| {
        let overlaps = later.start < earlier.end;
        if overlaps {
            earlier.end = earlier.end.max(later.end);
        }
        overlaps
    });
    secrets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_act_is_spelled_out() {
        for (text, expected) in [
            ("Ærø, 東京, 👩‍👩‍👧", "Ærø, 東京, 👩‍👩‍👧"),
            ("a\u{1b}[31m\nb\t\r", "a\\u{1b}[31m\\nb\\t\\r"),
            ("\u{7f}\u{9b}31m", "\\u{7f}\\u{9b}31m"),
            // The characters that turn the direction are those of the property Bidi_Control.
            ("\u{61c}\u{200e}\u{200f}", "\\u{61c}\\u{200e}\\u{200f}"),
            ("\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}", "\\u{202a}\\u{202b}\\u{202c}\\u{202d}\\u{202e}"),
            ("\u{2066}\u{2067}\u{2068}\u{2069}", "\\u{2066}\\u{2067}\\u{2068}\\u{2069}"),
            ("\u{2028}\u{2029}", "\\u{2028}\\u{2029}"),
        ] {
            assert_eq!(line(text), expected);
        }
        assert_eq!(lines("a\u{1b}\n\rb"), "a\\u{1b}\n\\rb");
    }

    #[test]
    fn an_address_does_not_tell_its_password() {
        for (text, expected) in [
            ("`https://user:pw@host/a@b`", "`https://…@host/a@b`"),
            ("https://a:b@c:d@host and s3://key@bucket", "https://…@host and s3://…@bucket"),
            ("https://host/path?a=x@y, me@host", "https://host/path?a=x@y, me@host"),
            ("`s3://b/o.csv?X-Amz-Signature=hunter2&part=3`, `https://h/?`", "`s3://b/o.csv?X-Amz-Signature=…&part=3`, `https://h/?`"),
            ("https://u:p@h/?sv=1&sig=2&to=http://a:b@c/?token=3", "https://…@h/?sv=1&sig=…&to=http://…@c/?token=…"),
            ("https://h/?key=http://a:b@c&page=2#token=4", "https://h/?key=…&page=2#token=…"),
            ("://", "://"),
            ("https://@", "https://…@"),
        ] {
            assert_eq!(lines(text), expected);
        }
    }

    #[test]
    fn a_text_that_is_pointed_into_keeps_its_places() {
        let text = "a = \"\u{1b}\u{9b}\u{202e}é\"\n\turl = \"https://user:pâss@host\"\r\n";
        let shown = in_place(text);
        assert_eq!(shown, "a = \"?·�é\"\n\turl = \"https://**********@host\"\r\n");
        assert_eq!(shown.len(), text.len());
        assert_eq!(shown.find("host"), text.find("host"));
    }
}
