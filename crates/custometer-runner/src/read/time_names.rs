//! Names of months and weekdays, as people abbreviate them in ten languages.

/// Full names in English, Danish, German, Spanish, French, Italian, Norwegian, Dutch, Portuguese and Swedish, and the one common
/// abbreviation that is not a name's beginning.
const MONTHS: [&str; 12] = [
    "january januar enero janvier gennaio januari janeiro",
    "february februar febrero février febbraio februari fevereiro",
    "march marts märz marzo mars maart março mrt",
    "april abril avril aprile",
    "may maj mai mayo maggio mei maio",
    "june juni junio juin giugno junho",
    "july juli julio juillet luglio julho",
    "august agosto août augustus augusti",
    "september septiembre septembre settembre setembro",
    "october oktober octubre octobre ottobre outubro",
    "november noviembre novembre novembro",
    "december dezember diciembre décembre dicembre desember dezembro",
];

/// The same of weekdays, from Monday on.
const WEEKDAYS: [&str; 7] = [
    "monday mandag montag lunes lundi lunedì maandag segunda måndag",
    "tuesday tirsdag dienstag martes mardi martedì dinsdag terça tisdag",
    "wednesday onsdag mittwoch miércoles mercredi mercoledì woensdag quarta",
    "thursday torsdag donnerstag jueves jeudi giovedì donderdag quinta",
    "friday fredag freitag viernes vendredi venerdì vrijdag sexta",
    "saturday lørdag samstag sábado samedi sabato zaterdag lördag",
    "sunday søndag sonntag domingo dimanche domenica zondag söndag",
];

/// The month, from 1 on, that a name or an abbreviation of at least three letters means; none where it is not the name of a month, or that of several.
pub(crate) fn month_of(name: &str) -> Option<i64> {
    const ENGLISH: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    if let Some(month) = ENGLISH.iter().position(|month| *month == name) {
        return i64::try_from(month + 1).ok();
    }
    let name = name.to_lowercase();
    let mut fitting = (1..).zip(MONTHS).filter(|(_, names)| begins_one(names, &name)).map(|(month, _)| month);
    fitting.next().filter(|_| name.chars().count() >= 3 && fitting.next().is_none())
}

/// The weekdays that a name or an abbreviation of at least two letters may mean, as bits from Monday on: `mar` is Tuesday in French.
pub(crate) fn weekdays_of(name: &str) -> u8 {
    let name = name.to_lowercase();
    if name.chars().count() < 2 {
        return 0;
    }
    WEEKDAYS.iter().enumerate().filter(|(_, names)| begins_one(names, &name)).fold(0, |bits, (weekday, _)| bits | 1 << weekday)
}

fn begins_one(names: &str, abbreviation: &str) -> bool {
    names.split(' ').any(|name| name.starts_with(abbreviation))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The abbreviations of CLDR 47, by Babel: `Locale(…).months["format"]["abbreviated"]` and `["stand-alone"]`, without their dots.
    const ABBREVIATED: [&str; 11] = [
        "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
        "jan feb mar apr maj jun jul aug sep okt nov dec",
        "Jan Feb März Apr Mai Juni Juli Aug Sept Okt Nov Dez",
        "Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez",
        "ene feb mar abr may jun jul ago sept oct nov dic",
        "janv févr mars avr mai juin juil août sept oct nov déc",
        "gen feb mar apr mag giu lug ago set ott nov dic",
        "jan feb mars apr mai juni juli aug sep okt nov des",
        "jan feb mrt apr mei jun jul aug sep okt nov dec",
        "jan fev mar abr mai jun jul ago set out nov dez",
        "jan feb mars apr maj juni juli aug sep okt nov dec",
    ];

    #[test]
    fn abbreviations_of_ten_languages_are_months() {
        for names in ABBREVIATED {
            for (month, name) in (1..).zip(names.split(' ')) {
                assert_eq!(month_of(name), Some(month), "{name}");
                assert_eq!(month_of(&name.to_uppercase()), Some(month), "{name}");
            }
        }
        for (month, names) in (1..).zip(MONTHS) {
            for name in names.split(' ') {
                assert_eq!(month_of(name), Some(month), "{name}");
            }
        }
    }

    #[test]
    fn what_could_be_several_months_is_none() {
        for name in ["ju", "jui", "ma", "J", "", "Mon", "xyz", "janx", "1"] {
            assert_eq!(month_of(name), None, "{name}");
        }
    }

    #[test]
    fn a_weekday_may_mean_another_in_another_language() {
        assert_eq!(weekdays_of("Mon"), 0b1);
        assert_eq!(weekdays_of("sun"), 0b100_0000);
        // Dutch for Monday, and the start of French and Spanish for Tuesday.
        assert_eq!(weekdays_of("ma"), 0b11);
        assert_eq!(weekdays_of("Mi"), 0b100);
        assert_eq!(weekdays_of("S"), 0);
        assert_eq!(weekdays_of("March"), 0);
    }
}
