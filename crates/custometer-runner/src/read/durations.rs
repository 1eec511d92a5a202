//! Durations as people and programs write them, in seconds.

use super::number::NumberStyle;

const MINUTE: f64 = 60.0;
const HOUR: f64 = 3600.0;
const DAY: f64 = 86_400.0;

/// Units, the longest first, each with the words for it. Months and years have no length of their own.
const UNITS: [(f64, &[&str]); 6] = [
    (
        7.0 * DAY,
        &[
            "w", "wk", "wks", "week", "weeks", "uge", "uger", "woche", "wochen", "vecka", "veckor", "semaine", "semaines", "semana",
            "semanas",
        ],
    ),
    (DAY, &["d", "day", "days", "dag", "dage", "dagar", "dager", "dagen", "tag", "tage", "tagen", "jour", "jours", "día", "días"]),
    (
        HOUR,
        &[
            "h", "hr", "hrs", "hour", "hours", "time", "timer", "tim", "timme", "timmar", "std", "stunde", "stunden", "uur", "heure",
            "heures", "hora", "horas",
        ],
    ),
    (MINUTE, &["m", "min", "mins", "minute", "minutes", "minut", "minutter", "minuter", "minuten", "minuto", "minutos"]),
    (
        1.0,
        &[
            "s", "sec", "secs", "second", "seconds", "sek", "sekund", "sekunder", "sekunde", "sekunden", "seconde", "secondes", "seconden",
            "segundo", "segundos",
        ],
    ),
    (0.001, &["ms", "msec", "millisecond", "milliseconds"]),
];

/// Words that join parts: `1 hour and 5 minutes`.
const JOINING: [&str; 6] = ["and", "og", "und", "och", "et", "en"];

/// The seconds of `444:03:00`, `1 day 02:03:04`, `4 hours 32 minutes`, `1h 05m` or `PT4H`.
pub(super) fn duration(text: &str, style: NumberStyle) -> Option<f64> {
    let (sign, text) = match text.strip_prefix(['-', '−']) {
        Some(text) => (-1.0, text),
        None => (1.0, text),
    };
    let seconds = if text.starts_with('P') { iso(text)? } else { in_words(text, sign < 0.0, style)? };
    Some(sign * seconds)
}

/// The seconds of `4:05`, hours and minutes.
pub(super) fn hours_minutes(text: &str, _: NumberStyle) -> Option<f64> {
    two_parts(text, HOUR, MINUTE)
}

/// The seconds of `4:05`, minutes and seconds.
pub(super) fn minutes_seconds(text: &str, _: NumberStyle) -> Option<f64> {
    two_parts(text, MINUTE, 1.0)
}

fn two_parts(text: &str, of_first: f64, of_second: f64) -> Option<f64> {
    let (sign, text) = text.strip_prefix(['-', '−']).map_or((1.0, text), |text| (-1.0, text));
    let (first, second) = text.split_once(':')?;
    Some(sign * (whole(first)? * of_first + below_sixty(second)? * of_second))
}

fn whole(digits: &str) -> Option<f64> {
    let is_whole = (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_whole.then(|| digits.parse().ok()).flatten()
}

fn below_sixty(digits: &str) -> Option<f64> {
    whole(digits).filter(|number| digits.len() == 2 && *number < 60.0)
}

/// The seconds of `02:03:04` or `02:03:04.5`.
fn clock(text: &str) -> Option<f64> {
    let (hours, rest) = text.split_once(':')?;
    let (minutes, seconds) = rest.split_once(':')?;
    let (seconds, fraction) = seconds.split_once(['.', ',']).map_or((seconds, None), |(seconds, fraction)| (seconds, Some(fraction)));
    let fraction = match fraction {
        Some(digits) => format!("0.{}", Some(digits).filter(|digits| whole(digits).is_some())?).parse().ok()?,
        None => 0.0,
    };
    Some(whole(hours)? * HOUR + below_sixty(minutes)? * MINUTE + below_sixty(seconds)? + fraction)
}

/// Numbers with units, from the longest unit to the shortest, and at the end perhaps hours, minutes and seconds by a clock.
fn in_words(text: &str, is_negative: bool, style: NumberStyle) -> Option<f64> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let mut total = 0.0;
    let mut longest = UNITS.len();
    let mut allowed = 0;
    let mut is_some = false;
    if let Some(seconds) = words.last().and_then(|last| clock(last)) {
        words.pop();
        // Programs disagree about whether the clock after "-1 day" goes back as well.
        if is_negative && !words.is_empty() {
            return None;
        }
        total += seconds;
        is_some = true;
        // Before a clock there are weeks and days alone.
        longest = 2;
    }
    let mut words =
        words.into_iter().map(|word| word.trim_end_matches(',')).filter(|word| !JOINING.contains(word) && !word.is_empty()).peekable();
    while let Some(word) = words.next() {
        let mut rest = word;
        // `1h05m` is one word of two parts.
        while !rest.is_empty() {
            let end = rest.find(char::is_alphabetic).unwrap_or(rest.len());
            let (number, after) = rest.split_at(end);
            let (unit, after) = if after.is_empty() {
                (words.next()?, "")
            } else {
                after.split_at(after.find(|character: char| !character.is_alphabetic()).unwrap_or(after.len()))
            };
            let after = after.strip_prefix('.').unwrap_or(after);
            let unit = unit.trim_end_matches('.').to_lowercase();
            let position = UNITS.iter().position(|(_, names)| names.contains(&unit.as_str()))?;
            if position < allowed || position >= longest {
                return None;
            }
            allowed = position + 1;
            let number = style.parse_grouped(number).filter(|number| *number >= 0.0 && !rest.starts_with(['-', '+', '−']))?;
            total += number * UNITS[position].0;
            is_some = true;
            rest = after;
        }
    }
    is_some.then_some(total)
}

/// The seconds of a duration of ISO 8601 without months and years.
fn iso(text: &str) -> Option<f64> {
    let (days, clock) =
        text.strip_prefix('P')?.split_once('T').map_or((text.strip_prefix('P')?, None), |(days, clock)| (days, Some(clock)));
    let mut total = 0.0;
    let mut is_some = false;
    for (part, units) in [(Some(days), [('W', 7.0 * DAY), ('D', DAY), ('\0', 0.0)]), (clock, [('H', HOUR), ('M', MINUTE), ('S', 1.0)])] {
        let Some(mut rest) = part else { continue };
        // Nothing after the T does not make a duration.
        if rest.is_empty() && clock == part {
            return None;
        }
        for (letter, seconds) in units {
            let Some((number, after)) = rest.split_once(letter) else { continue };
            let plain = number.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','));
            total += number.replace(',', ".").parse::<f64>().ok().filter(|_| plain)? * seconds;
            is_some = true;
            rest = after;
        }
        if !rest.is_empty() {
            return None;
        }
    }
    is_some.then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Option<f64> {
        duration(text, NumberStyle::default())
    }

    #[test]
    fn durations_are_seconds() {
        // By Python: datetime.timedelta(…).total_seconds().
        for (text, seconds) in [
            ("444:03:00", 1_598_580.0),
            ("00:40:00", 2400.0),
            ("0:00:00", 0.0),
            ("02:03:04.5", 7384.5),
            ("1 day 02:03:04", 93_784.0),
            ("2 days, 3:04:05", 183_845.0),
            ("4 hours 32 minutes", 16_320.0),
            ("1 hour and 5 minutes", 3900.0),
            ("1h 05m", 3900.0),
            ("1h05m", 3900.0),
            ("2d 3h", 183_600.0),
            ("1.5 hours", 5400.0),
            ("90s", 90.0),
            ("250 ms", 0.25),
            ("1 wk. 2 d.", 777_600.0),
            ("2 timer og 3 minutter", 7380.0),
            ("3 Std. 10 Min.", 11_400.0),
            ("PT4H", 14_400.0),
            ("PT1H30M", 5400.0),
            ("P1DT2H3M4.5S", 93_784.5),
            ("P2W", 1_209_600.0),
            ("-PT5M", -300.0),
            ("-00:05:00", -300.0),
        ] {
            assert_eq!(plain(text), Some(seconds), "{text}");
        }
        assert_eq!(duration("1,5 timer", NumberStyle { decimal_comma: true, thousands: None }), Some(5400.0));
        assert_eq!(hours_minutes("4:05", NumberStyle::default()), Some(14_700.0));
        assert_eq!(minutes_seconds("4:05", NumberStyle::default()), Some(245.0));
        assert_eq!(hours_minutes("-0:30", NumberStyle::default()), Some(-1800.0));
    }

    #[test]
    fn what_is_no_duration_in_one_way_is_none() {
        for text in [
            "",
            "4",
            "4:05",
            "1:2:3",
            "1:60:00",
            "1:00:60",
            ":00:00",
            "1:00:00.",
            "1 month",
            "2 years 3 days",
            "5 minutes 1 hour",
            "1 hour 2 hours",
            "1 hour 00:05:00",
            "hour",
            "1 hour 5",
            "h1",
            "-1 day, 23:59:00",
            "1 day -02:03:04",
            "1h -5m",
            "P",
            "PT",
            "P1DT",
            "P1M",
            "P1Y",
            "PT1M1H",
            "PT-1H",
            "P1H",
            "1e3 s",
            "12:30 PM",
            "4 hours 32",
        ] {
            assert_eq!(plain(text), None, "{text}");
        }
        for text in ["4:5", "4:60", "4", "1:02:03", ":30", "4:05 h"] {
            assert_eq!(hours_minutes(text, NumberStyle::default()), None, "{text}");
        }
    }
}
