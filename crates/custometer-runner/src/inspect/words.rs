//! Words: what exports call the columns and rows of logical tables, in the languages around the North Sea and the Baltic.

/// What a logical column is called elsewhere, the most telling names first. Letters beyond ASCII are spelled out.
const COLUMNS: [(&str, &str); 11] = [
    (
        "time",
        "timestamp, ts, datetime, date time, date, submitted at, submitted, responded at, ordered at, purchased at, occurred at, \
         created at, created, created on, order date, purchase date, invoice date, transaction date, response date, event date, event \
         time, int date, tidspunkt, dato, tid, oprettet, oprettelsesdato, ordredato, koebsdato, fakturadato, svardato, besvaret, \
         opprettet, kjoepsdato, datum, skapad, orderdatum, koepdatum, zeitpunkt, zeitstempel, zeit, erstellt, erstellt am, \
         bestelldatum, kaufdatum, rechnungsdatum",
    ),
    (
        "customer_id",
        "customer, customer number, customer no, customer nr, cust id, client id, client, client number, user id, user, account id, \
         account, member id, member, buyer id, buyer, contact id, requester id, respondent id, customer email, email, kunde id, \
         kunde, kundenr, kunde nr, kundenummer, klient, bruger id, bruger, medlemsnummer, medlem, bruker id, bruker, kund id, kund, \
         kundnummer, kundnr, anvaendare, kunden id, kundennummer, kundennr, kunden nr, nutzer, benutzer",
    ),
    (
        "user_id",
        "user, uid, visitor id, visitor, client id, client, customer id, customer, cookie id, device id, anonymous id, ip address, \
         ip, remote host, remote addr, bruger id, bruger, besoegende, kunde id, kunde, bruker id, bruker, anvaendar id, anvaendare, \
         nutzer id, nutzer, benutzer id, benutzer, besucher",
    ),
    (
        "amount",
        "total amount, order total, order value, total price, total, price, sum, revenue, sales, dollar value, value, net amount, \
         gross amount, subtotal, paid, spend, charges, turnover, beloeb, total beloeb, ordrebeloeb, pris, omsaetning, salg, beloep, \
         omsetning, belopp, summa, omsaettning, foersaeljning, betrag, summe, preis, gesamtbetrag, gesamt, umsatz",
    ),
    (
        "score",
        "nps, nps score, netpro, net promoter, net promoter score, recommend, recommendation, likely, csat, satisfaction, rating, \
         stars, grade, answer, anbefaling, anbefale, tilfredshed, bedoemmelse, karakter, svar, vurdering, tilfredshet, rekommendera, \
         noejdhet, betyg, empfehlung, weiterempfehlung, zufriedenheit, bewertung, note",
    ),
    (
        "ticket_id",
        "ticket, ticket number, case id, case number, case, issue id, request id, sags id, sagsnr, sagsnummer, sag, saksnummer, sak, \
         aerendenummer, aerende, vorgangsnummer, vorgang, fallnummer",
    ),
    (
        "created_at",
        "created, created on, created time, creation date, date created, opened at, opened, open date, submitted at, received at, \
         received, oprettet, oprettet den, oprettelsesdato, modtaget, opprettet, mottatt, skapad, mottagen, erstellt, erstellt am, \
         eroeffnet, angelegt, eingegangen",
    ),
    (
        "first_replied_at",
        "first reply at, first reply, first response at, first response, first responded at, first answered at, first answer, foerste \
         svar, foerst besvaret, foerste respons, foersta svar, erste antwort, erstantwort",
    ),
    (
        "solved_at",
        "solved, resolved at, resolved, closed at, closed, completed at, loest, loest den, lukket, lukket den, afsluttet, avsluttet, \
         stengt, avslutad, staengd, geloest, geloest am, geschlossen, abgeschlossen",
    ),
    ("event", "event name, event type, action, activity, haendelse, handling, aktivitet, hendelse, ereignis, aktion"),
    ("session_id", "session, visit id, visit, besoegs id, besoeg, besoek, sitzungs id, sitzung, besuch"),
];

/// What speaks of a logical table's rows, in names of files and of other columns.
const TABLES: [(&str, &str); 4] = [
    (
        "responses",
        "survey, response, answer, respondent, respnum, nps, csat, question, feedback, svar, undersoegelse, spoergeskema, \
         tilfredshed, enkaet, umfrage, antwort",
    ),
    (
        "orders",
        "order, purchase, sale, sales, invoice, transaction, quantity, qty, sku, product, basket, ordre, ordrer, koeb, salg, faktura, \
         vare, varenr, antal, koep, artikel, bestellung, kauf, rechnung, menge",
    ),
    (
        "tickets",
        "ticket, case, support, helpdesk, priority, status, assignee, requester, subject, sag, sager, henvendelse, prioritet, sak, \
         saker, aerende, anfrage, vorgang, prioritaet",
    ),
    (
        "events",
        "event, access, log, page, path, url, uri, referrer, referer, agent, browser, click, haendelse, side, klik, seite, ereignis",
    ),
];

/// The logical tables of which one entity has many rows, with its column.
const MANY_ROWS: [(&str, &str); 2] = [("orders", "customer_id"), ("events", "user_id")];

/// The column of a logical table's entity, of which it has many rows; none where nothing is known of it.
pub(super) fn entity_of_many(table: &str) -> Option<&'static str> {
    MANY_ROWS.into_iter().find(|(name, _)| *name == table).map(|(_, column)| column)
}

/// The words of a name: in small letters of ASCII, `Købsdato` as koebsdato and `customerID` as customer and id.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut before = ' ';
    for character in name.chars() {
        let starts = !character.is_alphanumeric() || character.is_uppercase() && before.is_lowercase();
        if starts && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if let (Some(word), true) = (words.last_mut(), character.is_alphanumeric()) {
            for lower in character.to_lowercase() {
                match lower {
                    'æ' | 'ä' => word.push_str("ae"),
                    'ø' | 'ö' => word.push_str("oe"),
                    'å' => word.push_str("aa"),
                    'ü' => word.push_str("ue"),
                    'ß' => word.push_str("ss"),
                    'é' | 'è' => word.push('e'),
                    other => word.push(other),
                }
            }
        }
        before = character;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a name is one of times.
pub(super) fn are_of_time(name: &str) -> bool {
    const TIMES: [&str; 13] =
        ["time", "timestamp", "datetime", "ts", "date", "created", "updated", "epoch", "tid", "tidspunkt", "dato", "datum", "zeit"];
    let words = words(name);
    words.iter().any(|word| TIMES.contains(&word.as_str())) || words.len() > 1 && words.last().is_some_and(|last| last == "at")
}

/// Whether a name is one of what tells rows or people apart.
pub(super) fn are_of_id(name: &str) -> bool {
    const IDS: [&str; 12] = ["id", "ids", "nr", "no", "number", "key", "uuid", "guid", "email", "nummer", "num", "code"];
    let words = words(name);
    let ends = |word: &String| IDS.contains(&word.as_str()) || ["nummer", "nr", "num", "id"].iter().any(|end| word.ends_with(end));
    words.last().is_some_and(ends)
}

/// How surely a file's column is a logical one by its name, from 0 to 1.
pub(super) fn likeness(logical: &str, name: &str) -> f64 {
    let (wanted, found) = (words(logical), words(name));
    if wanted.concat() == found.concat() {
        return 1.0;
    }
    let known: Vec<&str> = COLUMNS.iter().filter(|(column, _)| *column == logical).flat_map(|(_, names)| names.split(", ")).collect();
    let mut best: f64 = if strsim::jaro_winkler(&wanted.concat(), &found.concat()) > 0.93 { 0.6 } else { 0.0 };
    for (position, synonym) in known.iter().enumerate() {
        let synonym: Vec<&str> = synonym.split(' ').collect();
        // The first names are the most telling ones.
        let telling = 0.95 - 0.2 * position as f64 / known.len() as f64;
        if synonym.concat() == found.concat() {
            best = best.max(telling);
        } else if found.windows(synonym.len()).any(|window| window == synonym.as_slice()) {
            let share = synonym.concat().len() as f64 / found.concat().len() as f64;
            best = best.max((0.4 + 0.5 * share).min(telling - 0.05));
        }
    }
    best
}

/// How many of the words that speak of a logical table are among those of a name or several.
pub(super) fn hits<'a>(table: &str, names: impl IntoIterator<Item = &'a str>) -> usize {
    let own = words(table);
    let known = TABLES.iter().filter(|(name, _)| *name == table).flat_map(|(_, words)| words.split(", "));
    let found: Vec<String> = names.into_iter().flat_map(words).collect();
    let is_known = |word: &str| found.iter().any(|found| found == word || found.strip_suffix('s') == Some(word));
    known.filter(|word| is_known(word)).count() + usize::from(own.iter().any(|word| is_known(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart_into_words_of_ascii() {
        for (name, expected) in [
            ("customerID", "customer id"),
            ("Købsdato", "koebsdato"),
            ("Submitted at", "submitted at"),
            ("order_TOTAL (DKK)", "order total dkk"),
            ("NETPRO", "netpro"),
            ("Größe", "groesse"),
        ] {
            assert_eq!(words(name).join(" "), expected);
        }
    }

    #[test]
    fn a_column_is_known_by_its_other_names() {
        for (logical, surest, less) in [
            ("amount", "dollar_value", "valued customer since the year"),
            ("time", "Ordredato", "timezone"),
            ("customer_id", "Kundenr", "customer segment of the year"),
            ("score", "NPS", "scoreboard"),
            ("solved_at", "lukket", "unresolvable"),
        ] {
            assert!(likeness(logical, surest) > 0.75, "{surest}: {}", likeness(logical, surest));
            assert!(likeness(logical, less) < 0.62, "{less}: {}", likeness(logical, less));
        }
        assert!(likeness("created_at", "created_at") > likeness("created_at", "opened_at"));
    }
}
