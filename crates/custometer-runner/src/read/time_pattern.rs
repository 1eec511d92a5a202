//! Patterns of times: what a config writes as `%d/%m/%Y %H:%M`, and the reader of texts in that shape.
//!
//! A text is read in one pass without a general parser: most columns are of one pattern, and hold millions of times.

use jiff::civil::{DateTime, date};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use super::time_names::{month_of, weekdays_of};

/// A pattern, ready to read texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TimePattern {
    steps: Vec<Step>,
    /// The same where every number has its full width and nothing is left out; none where a step has no width of its own.
    layout: Option<Layout>,
    tells: Tells,
    /// Where names of zones hold; none where a name is passed over, since nobody has said yet where the file is from.
    zone: Option<TimeZone>,
}

/// Where the digits of a time stand in texts of one length. Most texts of a column are laid out so, and are read much faster.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Layout {
    places: Vec<Place>,
    length: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Digits(Part, usize),
    Exactly(u8),
}

impl Layout {
    fn of(steps: &[Step]) -> Option<Self> {
        let mut places = Vec::new();
        for step in steps {
            match *step {
                Step::Digits(Part::DayOfYear | Part::HourOfHalf, ..) => return None,
                Step::Digits(part, _, most) => places.push(Place::Digits(part, most)),
                Step::Exactly(character) if character.is_ascii() => places.push(Place::Exactly(u8::try_from(character).ok()?)),
                Step::Space => places.push(Place::Exactly(b' ')),
                Step::OptionalSeconds => places.extend([Place::Exactly(b':'), Place::Digits(Part::Second, 2)]),
                Step::Utc => places.push(Place::Exactly(b'Z')),
                _ => return None,
            }
        }
        let length = places.iter().map(|place| if let Place::Digits(_, width) = place { *width } else { 1 }).sum();
        Some(Self { places, length })
    }

    /// As [`TimePattern::read`] reads a text of this length; none where it is laid out in another way.
    fn read(&self, text: &str) -> Option<i64> {
        let mut rest = text.as_bytes();
        let (mut year, mut month, mut day, mut seconds) = (0, 0, 0, 0);
        for place in &self.places {
            let (part, width) = match *place {
                Place::Digits(part, width) => (part, width),
                Place::Exactly(byte) => {
                    let (first, after) = rest.split_first()?;
                    rest = after;
                    if *first != byte {
                        return None;
                    }
                    continue;
                }
            };
            let (digits, after) = rest.split_at_checked(width)?;
            rest = after;
            let mut number = 0;
            for byte in digits {
                number = number * 10 + i64::from(byte.is_ascii_digit().then(|| byte - b'0')?);
            }
            match part {
                Part::Year if number >= 1000 => year = number,
                Part::ShortYear => year = whole_year(number),
                Part::Month => month = number,
                Part::Day => day = number,
                Part::Hour if number < 24 => seconds += number * 3600,
                Part::Minute if number < 60 => seconds += number * 60,
                Part::Second if number < 60 => seconds += number,
                _ => return None,
            }
        }
        let is_day = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
        is_day.then(|| (days_since_1970(year, month, day) * SECONDS_PER_DAY + seconds) * 1_000_000)
    }
}

/// What a text of a pattern tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tells {
    /// A day.
    Day,
    /// What a clock showed.
    Clock,
    /// A point in time: there is an offset or a zone.
    Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Digits, at least and at most so many.
    Digits(Part, usize, usize),
    MonthName,
    WeekdayName,
    HalfDay,
    /// Digits of a second, after a dot that may be missing together with them.
    OptionalFraction,
    /// Digits of a second: any number of them, or so many.
    Fraction(Option<usize>),
    /// `+01:00`, `+0100`, `+01` or `Z`.
    Offset,
    /// `UTC`, a name of the table's zone such as `EST`, or an IANA name.
    Zone,
    /// White space, and how much of it does not matter.
    Space,
    Exactly(char),
    /// `:30`, `:30.5` or nothing, as ISO 8601 leaves seconds out.
    OptionalSeconds,
    /// `Z` or ` UTC`.
    Utc,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Year,
    ShortYear,
    Month,
    Day,
    DayOfYear,
    Hour,
    HourOfHalf,
    Minute,
    Second,
}

/// What the steps have found in a text.
#[derive(Default)]
struct Found<'a> {
    year: i64,
    month: i64,
    day: i64,
    day_of_year: Option<i64>,
    seconds: i64,
    microseconds: i64,
    is_afternoon: bool,
    /// The weekdays that a name may mean, as bits from Monday on; none where no name stands.
    weekdays: Option<u8>,
    /// In seconds.
    offset: Option<i64>,
    zone: Option<&'a str>,
}

const SECONDS_PER_DAY: i64 = 86_400;

impl TimePattern {
    /// The pattern that a config writes, or what is wrong with it and what to write instead.
    pub(crate) fn declared(written: &str, zone: Option<&TimeZone>) -> Result<Self, String> {
        if !written.contains('%') {
            let instead = in_our_directives(written)
                .map_or_else(|| "write it such as \"%d-%m-%Y\" or \"%d-%m-%Y %H:%M\"".to_owned(), |pattern| format!("write `{pattern}`"));
            return Err(format!("`{written}` names no day; {instead}"));
        }
        let mut steps = Vec::new();
        let mut rest = written.chars();
        while let Some(character) = rest.next() {
            match character {
                '%' => steps.extend(directive(&mut rest)?),
                space if space.is_whitespace() => steps.push(Step::Space),
                other => steps.push(Step::Exactly(other)),
            }
        }
        steps.dedup_by(|one, other| *one == Step::Space && *other == Step::Space);
        is_complete(written, &steps)?;
        in_full_width(&mut steps);
        let tells = match () {
            () if steps.contains(&Step::Offset) || steps.contains(&Step::Zone) => Tells::Instant,
            () if has(&steps, Part::Hour) || has(&steps, Part::HourOfHalf) => {
                if ends_in_utc(written)? {
                    Tells::Instant
                } else {
                    Tells::Clock
                }
            }
            () => Tells::Day,
        };
        Ok(Self { layout: Layout::of(&steps), steps, tells, zone: zone.cloned() })
    }

    /// A day of ISO 8601, in its full digits.
    pub(crate) fn iso_day() -> Self {
        let mut steps = Vec::new();
        push_iso_day(&mut steps);
        Self { layout: Layout::of(&steps), steps, tells: Tells::Day, zone: None }
    }

    /// A time of ISO 8601 in its full digits, with or without seconds. `between` stands between day and clock.
    pub(crate) fn iso_time(between: char, end: IsoEnd) -> Self {
        let mut steps = Vec::new();
        push_iso_day(&mut steps);
        steps.extend([
            Step::Exactly(between),
            Step::Digits(Part::Hour, 2, 2),
            Step::Exactly(':'),
            Step::Digits(Part::Minute, 2, 2),
            Step::OptionalSeconds,
        ]);
        let tells = match end {
            IsoEnd::Local => Tells::Clock,
            IsoEnd::Utc => {
                steps.push(Step::Utc);
                Tells::Instant
            }
            IsoEnd::Offset => {
                steps.push(Step::Offset);
                Tells::Instant
            }
        };
        Self { layout: Layout::of(&steps), steps, tells, zone: None }
    }

    pub(crate) fn tells(&self) -> Tells {
        self.tells
    }

    /// The microseconds since 1970 that a text says, in UTC for instants and else as clocks showed them; none where it is not in this
    /// shape, or there is no such time.
    pub(crate) fn read(&self, text: &str) -> Option<i64> {
        let text = text.trim();
        if let Some(read) = self.layout.as_ref().filter(|layout| layout.length == text.len()).and_then(|layout| layout.read(text)) {
            return Some(read);
        }
        let mut rest = text;
        let mut found = Found::default();
        for (position, step) in self.steps.iter().enumerate() {
            rest = found.take(*step, rest, self.steps.get(position + 1))?;
        }
        if !rest.is_empty() {
            return None;
        }
        let local = found.local_seconds()?;
        let seconds = match (found.offset, found.zone) {
            (offset, Some(name)) => local - self.offset_of(name, local, offset)?,
            (Some(offset), None) => local - offset,
            (None, None) => local,
        };
        Some(seconds * 1_000_000 + found.microseconds)
    }

    /// The offset in seconds that a zone's name means at a local time. The offset that stands beside it has to be the same.
    fn offset_of(&self, name: &str, local: i64, offset: Option<i64>) -> Option<i64> {
        let fits = |other: i64| offset.is_none_or(|offset| offset == other);
        if matches!(name, "UTC" | "GMT" | "UT" | "Z") {
            return Some(0).filter(|zero| fits(*zero));
        }
        let is_iana = name.contains('/');
        let zone = if is_iana { TimeZone::get(name).ok() } else { None };
        let Some(zone) = zone.as_ref().or(self.zone.as_ref().filter(|_| !is_iana)) else {
            // Nobody has said where the file is from, so the name alone says nothing.
            return (self.zone.is_none() && !is_iana).then_some(offset.unwrap_or(0));
        };
        let means = |offset: Offset| {
            let at = jiff::Timestamp::from_second(local - i64::from(offset.seconds())).ok();
            is_iana || at.is_some_and(|at| zone.to_offset_info(at).abbreviation() == name)
        };
        let candidates: Vec<Offset> = match zone.to_ambiguous_timestamp(civil(local)?).offset() {
            AmbiguousOffset::Unambiguous { offset } => vec![offset],
            AmbiguousOffset::Fold { before, after } => vec![before, after],
            AmbiguousOffset::Gap { .. } => Vec::new(),
        };
        let mut fitting = candidates.into_iter().filter(|&one| means(one) && fits(i64::from(one.seconds())));
        // A time that clocks showed twice under one name is not told by it.
        fitting.next().filter(|_| fitting.next().is_none()).map(|offset| i64::from(offset.seconds()))
    }
}

/// What ends a time of ISO 8601.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IsoEnd {
    /// Nothing: it is what a clock showed.
    Local,
    /// `Z` or ` UTC`.
    Utc,
    /// An offset from UTC.
    Offset,
}

fn push_iso_day(steps: &mut Vec<Step>) {
    steps.extend([
        Step::Digits(Part::Year, 4, 4),
        Step::Exactly('-'),
        Step::Digits(Part::Month, 2, 2),
        Step::Exactly('-'),
        Step::Digits(Part::Day, 2, 2),
    ]);
}

fn civil(local: i64) -> Option<DateTime> {
    let days = i32::try_from(local.div_euclid(SECONDS_PER_DAY)).ok()?;
    let seconds = local.rem_euclid(SECONDS_PER_DAY);
    let day = date(1970, 1, 1).checked_add(jiff::Span::new().try_days(days).ok()?).ok()?;
    day.at(0, 0, 0, 0).checked_add(jiff::Span::new().seconds(seconds)).ok()
}

/// Up to so many digits from the start of a text, and what follows them.
fn digits(text: &str, least: usize, most: usize) -> Option<(i64, &str)> {
    let bytes = text.as_bytes();
    let (mut number, mut length) = (0, 0);
    while length < most {
        let Some(digit) = bytes.get(length).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10) else { break };
        number = number * 10 + i64::from(digit);
        length += 1;
    }
    (length >= least).then(|| (number, &text[length..]))
}

/// The letters at the start of a text, and what follows them.
fn word(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|character: char| !character.is_alphabetic()).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

impl<'a> Found<'a> {
    /// Reads what a step asks for from the start of a text. What follows it; none where it is not there.
    fn take(&mut self, step: Step, text: &'a str, next: Option<&Step>) -> Option<&'a str> {
        match step {
            Step::Exactly(character) => text.strip_prefix(character),
            Step::Digits(part, least, most) => {
                let (number, rest) = digits(text, least, most)?;
                self.put(part, number)?;
                Some(rest)
            }
            Step::Space => {
                let rest = text.trim_start();
                (rest.len() < text.len()).then_some(rest)
            }
            Step::MonthName => {
                let (name, rest) = word(text)?;
                self.month = month_of(name)?;
                Some(after_abbreviation(rest, next))
            }
            Step::WeekdayName => {
                let (name, rest) = word(text)?;
                self.weekdays = Some(weekdays_of(name));
                Some(after_abbreviation(rest, next))
            }
            Step::HalfDay => {
                let (half, rest) = text.split_at_checked(1)?;
                let rest = rest.strip_prefix('.').unwrap_or(rest);
                let rest = rest.strip_prefix(['m', 'M'])?;
                self.is_afternoon = match half {
                    "p" | "P" => true,
                    "a" | "A" => false,
                    _ => return None,
                };
                Some(after_abbreviation(rest, next))
            }
            Step::OptionalFraction => match text.strip_prefix(['.', ',']) {
                Some(rest) => self.fraction(rest, None),
                None => Some(text),
            },
            Step::Fraction(length) => self.fraction(text, length),
            Step::OptionalSeconds => match text.strip_prefix(':') {
                Some(rest) => {
                    let (number, rest) = digits(rest, 2, 2)?;
                    self.put(Part::Second, number)?;
                    self.take(Step::OptionalFraction, rest, next)
                }
                None => Some(text),
            },
            Step::Utc => {
                self.offset = Some(0);
                let rest = text.strip_prefix('Z');
                rest.or_else(|| text.strip_prefix(' ').unwrap_or(text).strip_prefix("UTC"))
            }
            Step::Offset => self.offset(text.trim_start()),
            Step::Zone => {
                let is_of_name = |character: char| character.is_ascii_alphanumeric() || "/_+-".contains(character);
                let (name, rest) = text.split_at(text.find(|character: char| !is_of_name(character)).unwrap_or(text.len()));
                // `AM` and `PM` do not name a zone.
                self.zone = Some(name).filter(|name| !name.is_empty() && !matches!(*name, "AM" | "PM" | "am" | "pm"));
                self.zone.map(|_| rest)
            }
        }
    }

    fn put(&mut self, part: Part, number: i64) -> Option<()> {
        match part {
            Part::Year if number >= 1000 => self.year = number,
            Part::ShortYear => self.year = whole_year(number),
            Part::Month => self.month = number,
            Part::Day => self.day = number,
            Part::DayOfYear => self.day_of_year = Some(number),
            Part::Hour if number < 24 => self.seconds += number * 3600,
            Part::HourOfHalf if (1..=12).contains(&number) => self.seconds += number % 12 * 3600,
            Part::Minute if number < 60 => self.seconds += number * 60,
            Part::Second if number < 60 => self.seconds += number,
            // A year of the first thousand is a day or a month that was taken for one.
            _ => return None,
        }
        Some(())
    }

    /// Digits after the whole seconds; what is finer than a microsecond is cut off.
    fn fraction(&mut self, text: &'a str, length: Option<usize>) -> Option<&'a str> {
        let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
        let end = length.map_or(end, |length| length.min(end));
        let (written, rest) = text.split_at(end);
        let is_whole = length.is_none_or(|length| length == end) && (1..=18).contains(&end);
        let (number, _) = digits(written, 1, 6)?;
        self.microseconds = number * 10_i64.pow(6 - u32::try_from(end.min(6)).ok()?);
        is_whole.then_some(rest)
    }

    fn offset(&mut self, text: &'a str) -> Option<&'a str> {
        if let Some(rest) = text.strip_prefix('Z') {
            self.offset = Some(0);
            return Some(rest);
        }
        let (sign, rest) = match text.strip_prefix('+') {
            Some(rest) => (1, rest),
            None => (-1, text.strip_prefix(['-', '−'])?),
        };
        let (hours, rest) = digits(rest, 2, 2)?;
        let (minutes, rest) = match rest.strip_prefix(':') {
            Some(rest) => digits(rest, 2, 2)?,
            None => digits(rest, 2, 2).unwrap_or((0, rest)),
        };
        // No clock is farther from UTC.
        self.offset = (hours < 16 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60));
        self.offset.map(|_| rest)
    }

    /// Seconds since 1970 as a clock shows them; none for a day that is not in the calendar.
    fn local_seconds(&self) -> Option<i64> {
        let days = if let Some(day) = self.day_of_year {
            let days = if days_in(self.year, 2) == 29 { 366 } else { 365 };
            (1..=days).contains(&day).then(|| days_since_1970(self.year, 1, 1) + day - 1)?
        } else {
            let is_day = (1..=12).contains(&self.month) && (1..=days_in(self.year, self.month)).contains(&self.day);
            is_day.then(|| days_since_1970(self.year, self.month, self.day))?
        };
        if let Some(weekdays) = self.weekdays {
            // 1970 began with a Thursday.
            let weekday = (days + 3).rem_euclid(7);
            if weekdays >> weekday & 1 == 0 {
                return None;
            }
        }
        let half_day = if self.is_afternoon { SECONDS_PER_DAY / 2 } else { 0 };
        Some(days * SECONDS_PER_DAY + self.seconds + half_day)
    }
}

/// A text after a name: a dot that ends an abbreviation belongs to it, unless the pattern has it.
fn after_abbreviation<'a>(text: &'a str, next: Option<&Step>) -> &'a str {
    if next == Some(&Step::Exactly('.')) { text } else { text.strip_prefix('.').unwrap_or(text) }
}

/// The steps of a directive, from after its `%` on; or what is wrong with it.
fn directive(rest: &mut std::str::Chars<'_>) -> Result<Vec<Step>, String> {
    let all = rest.as_str();
    // How numbers are padded matters to who writes them: one digit or two are read all the same.
    let padded = all.trim_start_matches(['-', '_', '0']);
    let length = padded.bytes().take_while(u8::is_ascii_digit).count();
    let width = padded[..length].parse::<usize>().ok();
    let dotted = padded[length..].strip_prefix('.');
    let after_dot = dotted.unwrap_or(&padded[length..]);
    let second_length = after_dot.bytes().take_while(u8::is_ascii_digit).count();
    let width = width.or_else(|| after_dot[..second_length].parse::<usize>().ok());
    let after_dot = after_dot[second_length..].trim_start_matches(':');
    let Some(letter) = after_dot.chars().next() else {
        return Err("`%` at the end is not a directive; write `%%` for a percent sign".to_owned());
    };
    let name = format!("%{}", &all[..all.len() - after_dot.len() + letter.len_utf8()]);
    *rest = after_dot[letter.len_utf8()..].chars();
    if letter != 'f' && (width.is_some() || dotted.is_some()) {
        return Err(format!("`{name}` is not a directive; write `%{letter}`, which reads one digit or two"));
    }
    let two = |part: Part| vec![Step::Digits(part, 1, 2)];
    let by_colons = |parts: &[Part]| {
        let mut steps = Vec::new();
        for part in parts {
            steps.extend((!steps.is_empty()).then_some(Step::Exactly(':')));
            steps.push(Step::Digits(*part, 1, 2));
        }
        steps
    };
    let instead = match letter {
        'Y' => return Ok(vec![Step::Digits(Part::Year, 4, 4)]),
        'y' => return Ok(vec![Step::Digits(Part::ShortYear, 2, 2)]),
        'm' => return Ok(two(Part::Month)),
        'd' | 'e' => return Ok(two(Part::Day)),
        'j' => return Ok(vec![Step::Digits(Part::DayOfYear, 1, 3)]),
        'b' | 'B' | 'h' => return Ok(vec![Step::MonthName]),
        'a' | 'A' => return Ok(vec![Step::WeekdayName]),
        'H' | 'k' => return Ok(two(Part::Hour)),
        'I' | 'l' => return Ok(two(Part::HourOfHalf)),
        'M' => return Ok(two(Part::Minute)),
        'S' => return Ok(two(Part::Second)),
        'f' if dotted.is_some() => return Ok(vec![Step::OptionalFraction]),
        'f' => return Ok(vec![Step::Fraction(width)]),
        'p' | 'P' => return Ok(vec![Step::HalfDay]),
        'z' => return Ok(vec![Step::Offset]),
        'Z' => return Ok(vec![Step::Zone]),
        'F' => {
            let day = [Part::Month, Part::Day].into_iter().flat_map(|part| [Step::Exactly('-'), Step::Digits(part, 1, 2)]);
            return Ok(std::iter::once(Step::Digits(Part::Year, 4, 4)).chain(day).collect());
        }
        'T' => return Ok(by_colons(&[Part::Hour, Part::Minute, Part::Second])),
        'R' => return Ok(by_colons(&[Part::Hour, Part::Minute])),
        '%' => return Ok(vec![Step::Exactly('%')]),
        's' => "write `epoch_seconds` in the pattern's place".to_owned(),
        'D' | 'x' => "write the day out: `%m/%d/%y`, or as the file has it".to_owned(),
        'r' => "write `%I:%M:%S %p`".to_owned(),
        'X' => "write `%H:%M:%S`".to_owned(),
        'c' => "write it out, such as `%a %b %d %H:%M:%S %Y`".to_owned(),
        'i' => "minutes are `%M`".to_owned(),
        'L' | 'N' => "fractions of a second are `%f`, or `%.f` with their dot".to_owned(),
        'Q' => "names of zones are `%Z`".to_owned(),
        _ => "the ones that are read: `%Y %y %m %b %d %j %a %H %I %p %M %S %f %.f %z %Z %F %T %R`".to_owned(),
    };
    Err(format!("`{name}` is not read; {instead}"))
}

fn has(steps: &[Step], part: Part) -> bool {
    steps.iter().any(|step| matches!(step, Step::Digits(other, ..) if *other == part))
}

/// Whether steps tell a time once, and nothing of one without what it needs.
fn is_complete(written: &str, steps: &[Step]) -> Result<(), String> {
    let count = |is: &dyn Fn(&Step) -> bool| steps.iter().filter(|step| is(step)).count();
    let digits = |part: Part| count(&|step| matches!(step, Step::Digits(other, ..) if *other == part));
    let is = |one: Step| count(&|step| *step == one);
    let years = digits(Part::Year) + digits(Part::ShortYear);
    let (months, days, hours) = (digits(Part::Month) + is(Step::MonthName), digits(Part::Day), digits(Part::Hour));
    let (halves, hours_of_half) = (is(Step::HalfDay), digits(Part::HourOfHalf));
    let (minutes, seconds) = (digits(Part::Minute), digits(Part::Second));
    let fractions = is(Step::OptionalFraction) + count(&|step| matches!(step, Step::Fraction(_)));
    let clock = hours + hours_of_half;
    let day_of_year = digits(Part::DayOfYear);
    let refused = |reason: &str| Err(format!("`{written}` {reason}"));
    match () {
        () if digits(Part::Month) > 1 && minutes == 0 => refused("has the month twice: `%m` is the month, and `%M` the minute"),
        () if minutes > 1 && months == 0 => refused("has the minute twice: `%M` is the minute, and `%m` the month"),
        () if [years, months, days + day_of_year, clock, minutes, seconds, fractions, is(Step::Offset), is(Step::Zone)]
            .iter()
            .any(|n| *n > 1) =>
        {
            refused("says something twice: leave one of them out")
        }
        () if days + day_of_year == 0 => refused("names no day; write it such as \"%d-%m-%Y\" or \"%d-%m-%Y %H:%M\""),
        () if day_of_year == 0 && months == 0 => refused("names no month: write `%m` for its number, or `%b` for its name"),
        () if years == 0 => refused("names no year: write `%Y` for four digits, or `%y` for two"),
        () if halves > 0 && hours > 0 => refused("has an hour of 24 with `%p`: write `%I`, the hour of 12"),
        () if hours_of_half > 0 && halves == 0 => refused("has an hour of 12 without `%p`: write `%H`, or add `%p` where AM and PM stand"),
        () if halves > 0 && clock == 0 => refused("has `%p` without an hour: write `%I` for it"),
        () if minutes > 0 && clock == 0 => refused("has minutes without an hour: write `%H` for it"),
        () if seconds > 0 && minutes == 0 => refused("has seconds without minutes: write `%M` for them"),
        () if fractions > 0 && seconds == 0 => refused("has a fraction without seconds: write `%S` for them"),
        () if clock == 0 && is(Step::Offset) + is(Step::Zone) > 0 => refused("has a zone without a time of day: write `%H:%M` for it"),
        () => Ok(()),
    }
}

/// Digits that touch others have their full width: nothing else tells where they end.
fn in_full_width(steps: &mut [Step]) {
    let of_digits = |step: Option<&Step>| match step {
        Some(Step::Digits(..) | Step::Fraction(_)) => true,
        Some(Step::Exactly(character)) => character.is_ascii_digit(),
        _ => false,
    };
    for position in 0..steps.len() {
        let touches = of_digits(position.checked_sub(1).and_then(|before| steps.get(before))) || of_digits(steps.get(position + 1));
        if let (Step::Digits(_, least, most), true) = (&mut steps[position], touches) {
            *least = *most;
        }
    }
}

/// Whether a pattern ends in what means UTC. Another name would be passed over without a word.
fn ends_in_utc(written: &str) -> Result<bool, String> {
    let before = written.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    // A letter right after `%` is a directive's own, unless that is the second half of `%%`.
    let percents = before.len() - before.trim_end_matches('%').len();
    let name = written.get(before.len() + percents % 2..).unwrap_or_default();
    let is_name = (2..=5).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_uppercase());
    match name {
        "Z" | "UTC" | "GMT" => Ok(true),
        _ if is_name => Err(format!("`{name}` in `{written}` would be passed over: write `%Z`, which reads it as a zone's name")),
        _ => Ok(false),
    }
}

/// A pattern of spreadsheets and other languages, `dd/MM/yyyy HH:mm`, in our directives; none where it is not one.
fn in_our_directives(written: &str) -> Option<String> {
    const LETTERS: [(&str, &str); 17] = [
        ("yyyy", "%Y"),
        ("YYYY", "%Y"),
        ("yy", "%y"),
        ("YY", "%y"),
        ("MMMM", "%b"),
        ("MMM", "%b"),
        ("MM", "%m"),
        ("M", "%m"),
        ("dd", "%d"),
        ("DD", "%d"),
        ("d", "%d"),
        ("HH", "%H"),
        ("H", "%H"),
        ("hh", "%I"),
        ("mm", "%M"),
        ("ss", "%S"),
        ("a", "%p"),
    ];
    let mut pattern = String::new();
    let mut rest = written;
    while let Some(character) = rest.chars().next() {
        if let Some((letters, directive)) = LETTERS.iter().find(|(letters, _)| rest.starts_with(letters)) {
            pattern.push_str(directive);
            rest = &rest[letters.len()..];
        } else if character.is_alphabetic() && character != 'T' {
            return None;
        } else {
            // Quotes enclose letters that mean themselves.
            pattern.extend(Some(character).filter(|character| *character != '\''));
            rest = &rest[character.len_utf8()..];
        }
    }
    (pattern.contains('%') && TimePattern::declared(&pattern, None).is_ok()).then_some(pattern)
}

/// The year that two digits mean, as POSIX has it.
fn whole_year(number: i64) -> i64 {
    if number < 69 { 2000 + number } else { 1900 + number }
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The days from 1970-01-01 to a date of the Gregorian calendar: years are counted from March, so that a leap day ends one.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    const BEFORE_1970: i64 = 719_468;
    let year = if month <= 2 { year - 1 } else { year };
    let since_march = (month + 9) % 12;
    let days_in_full_months = (153 * since_march + 2) / 5;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + days_in_full_months + day - 1 - BEFORE_1970
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;

    use super::*;

    fn pattern(written: &str) -> TimePattern {
        TimePattern::declared(written, Some(&TimeZone::get("America/New_York").unwrap())).unwrap_or_else(|reason| panic!("{reason}"))
    }

    /// What a text says, as another library writes it.
    fn read(written: &str, text: &str) -> Option<String> {
        let micros = pattern(written).read(text)?;
        Some(jiff::Timestamp::from_microsecond(micros).unwrap().to_zoned(TimeZone::UTC).datetime().to_string())
    }

    #[test]
    fn every_day_of_a_thousand_years_is_the_calendars() {
        let pattern = pattern("%d.%m.%Y %H:%M:%S");
        let mut day = date(1600, 1, 1);
        while day < date(2600, 1, 1) {
            let expected = day.at(23, 59, 58, 0).in_tz("UTC").unwrap().timestamp().as_microsecond();
            assert_eq!(pattern.read(&day.strftime("%d.%m.%Y 23:59:58").to_string()), Some(expected), "{day}");
            day = day.checked_add(1.day()).unwrap();
        }
    }

    #[test]
    fn every_directive_reads_one_digit_or_two() {
        for (written, text, expected) in [
            ("%d/%m/%Y %H:%M", "3/2/2025 9:05", "2025-02-03T09:05:00"),
            ("%d/%m/%Y %H:%M", "03/02/2025 09:05", "2025-02-03T09:05:00"),
            ("%d/%m/%Y %H:%M", "29/2/2016 01:00", "2016-02-29T01:00:00"),
            ("%m/%d/%Y %H:%M", "6/21/2025 16:14", "2025-06-21T16:14:00"),
            ("%-d/%-m/%Y %-H:%-M", "3/2/2025 9:5", "2025-02-03T09:05:00"),
            ("%F %T", "2025-2-3 9:5:7", "2025-02-03T09:05:07"),
            ("%Y年%m月%d日 %H時", "2025年2月3日 9時", "2025-02-03T09:00:00"),
            ("%Y-%m-%d %H %%", "2025-2-3 9 %", "2025-02-03T09:00:00"),
            ("%d/%b/%y %I:%M %p", "03/Feb/25 9:05 AM", "2025-02-03T09:05:00"),
            ("%d/%b/%y %I:%M %p", "04/Feb/25 12:30 AM", "2025-02-04T00:30:00"),
            ("%m/%d/%Y %I:%M:%S %p", "03/03/2025 12:30:00 PM", "2025-03-03T12:30:00"),
            ("%m/%d/%Y %I:%M:%S %p", "03/05/2025 11:59:59\u{202f}p.m.", "2025-03-05T23:59:59"),
            ("%e. %B %Y", "3. marts 2025", "2025-03-03T00:00:00"),
            ("%d. %b %Y", "03. févr. 2025", "2025-02-03T00:00:00"),
            ("%d.%b.%Y", "03.Feb.2025", "2025-02-03T00:00:00"),
            ("%d de %B de %Y", "3 de marzo de 2025", "2025-03-03T00:00:00"),
            ("%a %b %d %H:%M:%S %Y", "Mon Feb  3 09:05:00 2025", "2025-02-03T09:05:00"),
            ("%Y%m%d", "20250203", "2025-02-03T00:00:00"),
            ("%Y%m%dT%H%M%S", "20250203T090507", "2025-02-03T09:05:07"),
            ("%Y-%j", "2024-366", "2024-12-31T00:00:00"),
            ("%d-%m-%y", "31-12-68", "2068-12-31T00:00:00"),
            ("%d-%m-%y", "31-12-69", "1969-12-31T00:00:00"),
            ("%d.%m.%Y %H.%M Uhr", "3.2.2025 9.05 Uhr", "2025-02-03T09:05:00"),
            ("%Y年%m月%d日", "2025年2月3日", "2025-02-03T00:00:00"),
            ("%Y-%m-%d %H:%M:%S.%f", "2025-02-03 09:35:00.5", "2025-02-03T09:35:00.5"),
            ("%Y-%m-%d %H:%M:%S%.f", "2025-02-03 09:35:00", "2025-02-03T09:35:00"),
            ("%Y-%m-%d %H:%M:%S%.f", "2025-02-03 09:35:00,1234567", "2025-02-03T09:35:00.123456"),
            ("%Y-%m-%d %H:%M:%S.%3f", "2025-02-03 09:35:00.040", "2025-02-03T09:35:00.04"),
            ("%Y%m%d%H%M%S%3f", "20250203093500040", "2025-02-03T09:35:00.04"),
        ] {
            assert_eq!(read(written, text).as_deref(), Some(expected), "{written}: {text}");
        }
    }

    #[test]
    fn what_is_no_time_of_the_shape_is_none() {
        for (written, text) in [
            ("%Y-%m-%d", "2025-02-29"),
            ("%Y-%m-%d", "1900-02-29"),
            ("%Y-%m-%d", "2025-00-10"),
            ("%Y-%m-%d", "2025-13-01"),
            ("%Y-%m-%d", "2025-04-31"),
            ("%Y-%m-%d", "2025-01-01x"),
            ("%Y-%m-%d", "2025-01-011"),
            ("%Y-%m-%d", "25-01-01"),
            ("%Y-%m-%d", "0025-01-01"),
            ("%Y-%m-%d", ""),
            ("%Y-%m-%d", "２025-01-01"),
            ("%Y-%m-%d", "2025-01-1é"),
            ("%Y%m%d", "2025011"),
            ("%Y-%m-%d %H:%M", "2025-01-01 24:00"),
            ("%Y-%m-%d %H:%M", "2025-01-01 23:60"),
            ("%Y-%m-%d %I:%M %p", "2025-01-01 13:00 PM"),
            ("%Y-%m-%d %I:%M %p", "2025-01-01 0:30 AM"),
            ("%Y-%m-%d %I:%M %p", "2025-01-01 9:30"),
            ("%Y-%m-%d %H:%M:%S%.f", "2025-01-01 09:30:00."),
            ("%Y-%m-%d %H:%M:%S.%3f", "2025-01-01 09:30:00.04"),
            ("%Y-%j", "2025-366"),
            // The third of February 2025 was a Monday.
            ("%a %d %b %Y", "Tue 03 Feb 2025"),
            ("%a %d %b %Y", "Xyz 03 Feb 2025"),
            ("%d %b %Y", "03 Jui 2025"),
        ] {
            assert_eq!(read(written, text), None, "{written}: {text}");
        }
    }

    #[test]
    fn offsets_and_names_of_zones_are_read_and_have_to_agree() {
        for (text, expected) in [
            ("2025-02-03 09:00:00 EST", Some("2025-02-03T14:00:00")),
            ("2025-11-02 01:45:00 EDT", Some("2025-11-02T05:45:00")),
            ("2025-11-02 01:15:00 EST", Some("2025-11-02T06:15:00")),
            ("2025-02-03 09:00:00 UTC", Some("2025-02-03T09:00:00")),
            ("2025-02-03 09:00:00 Z", Some("2025-02-03T09:00:00")),
            ("2025-02-03 09:00:00 Europe/Copenhagen", Some("2025-02-03T08:00:00")),
            // Clocks in New York show no summer time in February, and no time between two and three on this day.
            ("2025-02-03 09:00:00 EDT", None),
            ("2025-03-09 02:30:00 EST", None),
            ("2025-02-03 09:00:00 CET", None),
            ("2025-10-26 02:30:00 Europe/Copenhagen", None),
            ("2025-02-03 09:00:00 Europe/Nowhere", None),
            ("2025-02-03 09:00:00", None),
        ] {
            assert_eq!(read("%Y-%m-%d %H:%M:%S %Z", text).as_deref(), expected, "{text}");
        }
        for (text, expected) in [
            ("2025-02-03 09:00:00 -0500 EST", Some("2025-02-03T14:00:00")),
            ("2025-02-03 09:00:00 +0000 UTC", Some("2025-02-03T09:00:00")),
            ("2025-10-26 02:30:00 +01:00 Europe/Copenhagen", Some("2025-10-26T01:30:00")),
            ("2025-02-03 09:00:00 -0400 EST", None),
            ("2025-02-03 09:00:00 +0100 UTC", None),
            ("2025-02-03 09:00:00 +0200 Europe/Copenhagen", None),
        ] {
            assert_eq!(read("%Y-%m-%d %H:%M:%S %z %Z", text).as_deref(), expected, "{text}");
        }
        for (text, expected) in [
            ("3/Feb/2025:09:00:00 +0100", Some("2025-02-03T08:00:00")),
            ("3/Feb/2025:09:00:00 -01:30", Some("2025-02-03T10:30:00")),
            ("3/Feb/2025:09:00:00+01", Some("2025-02-03T08:00:00")),
            ("3/Feb/2025:09:00:00Z", Some("2025-02-03T09:00:00")),
            ("3/Feb/2025:09:00:00 +1", None),
            ("3/Feb/2025:09:00:00 +0160", None),
            ("3/Feb/2025:09:00:00 +1600", None),
        ] {
            assert_eq!(read("%d/%b/%Y:%H:%M:%S%z", text).as_deref(), expected, "{text}");
        }
        assert_eq!(read("%Y-%m-%d %H:%M:%S UTC", "2025-02-03 09:00:00 UTC").as_deref(), Some("2025-02-03T09:00:00"));
        assert_eq!(pattern("%Y-%m-%d %H:%M:%S UTC").tells(), Tells::Instant);
    }

    #[test]
    fn what_can_not_be_used_is_refused_with_what_to_write() {
        for (written, told) in [
            ("day", "names no day"),
            ("", "names no day"),
            ("{{", "names no day"),
            ("2025-01-31", "names no day"),
            ("%H:%M", "names no day"),
            ("%d/%m", "names no year"),
            ("%d %Y", "names no month"),
            ("%d/%m/%Y %H:%m", "`%M` the minute"),
            ("%d/%M/%Y", "names no month"),
            ("%d/%M/%Y %H:%M", "`%m` the month"),
            ("%d/%m/%Y %H:%M %p", "write `%I`"),
            ("%d/%m/%Y %I:%M", "write `%H`"),
            ("%d/%m/%Y %p", "`%I`"),
            ("%d/%m/%Y %M:%S", "`%H`"),
            ("%d/%m/%Y %Y", "twice"),
            ("%d/%m/%Y %z", "`%H:%M`"),
            ("%Q", "`%Z`"),
            ("%s", "`epoch_seconds`"),
            ("%G-W%V-%u", "`%G` is not read"),
            ("%d/%m/%Y %c", "write it out"),
            ("%d/%m/%Y %H:%i", "minutes are `%M`"),
            ("%d/%m/%Y %", "`%%`"),
            ("%3d/%m/%Y", "`%d`"),
            ("%d/%m/%Y %H:%M EST", "write `%Z`"),
            ("dd/MM/yyyy HH:mm", "write `%d/%m/%Y %H:%M`"),
            ("yyyy-MM-dd'T'HH:mm", "write `%Y-%m-%dT%H:%M`"),
        ] {
            let reason = TimePattern::declared(written, None).unwrap_err();
            assert!(reason.contains(told), "{written}: {reason}");
        }
    }
}
