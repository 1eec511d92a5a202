//! Words: what exports call the columns and rows of logical tables, in the languages around the North Sea and the Baltic.

/// What a logical column is called elsewhere, the most telling names first. Letters beyond ASCII are spelled out.
const COLUMNS: [(&str, &str); 68] = [
    (
        "time",
        "timestamp, ts, datetime, date time, date, submitted at, submitted, responded at, ordered at, purchased at, occurred at, \
         created at, created, created on, order date, purchase date, invoice date, transaction date, response date, event date, event \
         time, int date, sent at, sent, posted at, published at, published, reviewed at, evaluated at, invited at, changed at, \
         updated at, updated, tidspunkt, dato, tid, oprettet, oprettelsesdato, ordredato, koebsdato, fakturadato, svardato, besvaret, \
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
        "ticket, ticket number, case id, case number, case, issue id, request id, conversation id, conversation, thread id, thread, \
         sags id, sagsnr, sagsnummer, sag, saksnummer, sak, aerendenummer, aerende, vorgangsnummer, vorgang, fallnummer",
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
    (
        "started_at",
        "started, start date, start time, start, starts at, valid from, from, begin, began, subscribed at, subscription start, \
         activated at, activation date, session start, visit start, startdato, starttid, start dato, startet, gyldig fra, fra, \
         tegnet, startdatum, giltig fraan, beginn, gueltig ab, abgeschlossen am",
    ),
    (
        "ended_at",
        "ended, end date, end, ends at, valid to, valid until, until, to, cancelled at, canceled at, cancelled on, cancellation \
         date, churned at, churn date, expired at, expires at, terminated at, slutdato, slut, opsagt, opsagt den, udloeb, gyldig \
         til, til, sluttdato, oppsagt, slutdatum, uppsagd, giltig till, enddatum, ende, gekuendigt, gekuendigt am, gueltig bis",
    ),
    (
        "amount_per_month",
        "mrr, monthly amount, monthly charges, monthly price, monthly fee, monthly revenue, monthly recurring revenue, price per \
         month, amount monthly, plan amount, recurring amount, maanedspris, maanedlig pris, pris pr maaned, maanedsbeloeb, pris per \
         maaned, maanadspris, maanadsavgift, monatspreis, monatsbetrag, monatlicher betrag",
    ),
    (
        "plan",
        "plan name, plan id, subscription plan, subscription type, tier, package, product, contract, abonnement, abonnementstype, \
         pakke, aftale, abonnemang, paket, tarif",
    ),
    (
        "referrer_id",
        "referrer, referred by, referring customer, referring customer id, inviter id, inviter, invited by, advocate id, advocate, \
         sender id, recommender, anbefaler, anbefalet af, henviser, anbefalt av, rekommenderad av, vaervad av, empfehlender, \
         empfohlen von",
    ),
    (
        "referred_id",
        "referred, referred customer, referred customer id, referee id, referee, invitee id, invitee, invited, friend id, friend, \
         recipient id, anbefalet, henvist, anbefalt, rekommenderad, vaervad, empfohlener, geworbener",
    ),
    (
        "converted_at",
        "converted, conversion date, conversion time, converted on, accepted at, redeemed at, became customer at, signed up at, \
         konverteret, konverteret den, konvertert, konverterad, konvertiert, konvertiert am",
    ),
    (
        "source",
        "acquisition source, acquisition channel, acquired by, acquired through, lead source, signup source, how did you hear about \
         us, heard from, utm source, origin, channel, kilde, hvordan fandt du os, hvor hoerte du om os, kanal, kaella, quelle, \
         herkunft, kanal der gewinnung",
    ),
    (
        "is_member",
        "member, is loyalty member, loyalty member, loyalty, in loyalty programme, in loyalty program, club member, has loyalty \
         card, medlem, er medlem, kundeklub, loyalitetsklub, mitglied, ist mitglied",
    ),
    (
        "is_trained",
        "trained, has training, training completed, completed training, training, took training, attended training, onboarded, \
         uddannet, har deltaget i kursus, kursus, oplaert, opplaert, utbildad, geschult, schulung",
    ),
    (
        "is_referrer",
        "has referred, referred others, is advocate, advocate, has recommended, referrer, har anbefalet, anbefaler, har anbefalt, \
         har rekommenderat, hat empfohlen",
    ),
    (
        "is_referred",
        "was referred, referred, came by referral, from referral, by referral, anbefalet, er anbefalet, anbefalt, rekommenderad, \
         empfohlen, geworben",
    ),
    (
        "last_active_at",
        "last active, last activity, last activity at, last seen at, last seen, last login at, last login, last logged in, last \
         visit, last order date, last purchase, sidst aktiv, sidst set, sidste login, seneste login, sist aktiv, siste innlogging, \
         senast aktiv, senaste inloggning, zuletzt aktiv, zuletzt gesehen, letzte anmeldung, letzter login",
    ),
    (
        "kind",
        "type, movement type, transaction type, entry type, ticket type, case type, case kind, reason, category, art, slags, type \
         sag, sagstype, sakstype, typ, aerendetyp, vorgangsart, buchungsart",
    ),
    (
        "points",
        "point, points amount, loyalty points, bonus points, miles, coins, stars earned, balance change, bonuspoint, poeng, \
         bonuspoeng, poaeng, bonuspoaeng, punkte, bonuspunkte, treuepunkte",
    ),
    (
        "rating",
        "stars, star rating, review rating, review score, stjerner, anmeldelse, bedoemmelse, karakter, vurdering, stjaernor, betyg, \
         sterne, bewertung",
    ),
    (
        "author",
        "author type, author role, sender type, sender, sent by, written by, afsender, skrevet af, forfatter, avsender, skrevet av, \
         avsaendare, skriven av, absender, verfasser, geschrieben von",
    ),
    (
        "is_public",
        "public, public comment, is public comment, visible, visible to customer, customer visible, offentlig, synlig for kunden, \
         publik, oeffentlich, sichtbar",
    ),
    (
        "queued_at",
        "queued, queue time, enqueued at, entered queue at, call start, call time, call date, started at, offered at, ringing at, \
         sat i koe, i koe, opkaldstid, opkald, ringt, samtaletid, samtalstid, i koen, anrufzeit, anrufbeginn, eingegangen",
    ),
    (
        "answered_at",
        "answered, answer time, picked up at, pickup time, connected at, accepted at, besvaret, besvaret den, besvart, besvarad, \
         angenommen, angenommen am, beantwortet",
    ),
    (
        "wait_seconds",
        "wait, wait time, waiting time, wait sec, wait time seconds, seconds waited, time in queue, queue seconds, queue duration, \
         hold time, speed of answer, ventetid, ventetid sekunder, koetid, vaentetid, vaentetid sekunder, wartezeit, wartezeit \
         sekunden, wartedauer",
    ),
    (
        "is_answered",
        "answered, was answered, handled, connected, picked up, besvaret, er besvaret, besvart, besvarad, angenommen, beantwortet",
    ),
    (
        "is_short_abandon",
        "short abandon, short abandoned, is short abandoned, abandoned short, abandoned within threshold, short call, abandon in \
         threshold, kort opgivet, hurtigt opgivet, kort lagt paa, kort avbrutet, schnell aufgelegt, kurzabbruch",
    ),
    (
        "review_id",
        "review, evaluation id, evaluation, assessment id, audit id, scorecard id, qa id, qa review id, conversation review id, \
         evaluering, evaluerings id, vurderings id, granskning, granskning id, pruefung, pruefungs id, bewertungs id",
    ),
    (
        "category",
        "criterion, criteria, question, categories, topic, topics, theme, themes, tag, tags, label, labels, rating category, \
         section, subject, kategori, kategorier, emne, emner, tema, kriterium, aemne, aemnen, kategorie, kategorien, thema, themen",
    ),
    (
        "weight",
        "weighting, weights, weight factor, sample weight, importance, share, vaegt, vaegtning, vekt, vekting, vikt, viktning, \
         gewicht, gewichtung",
    ),
    ("min", "minimum, lowest, scale min, min score, lower bound, scale from, mindste, laveste, minst, laegst, kleinster"),
    (
        "max",
        "maximum, highest, scale max, max score, upper bound, scale to, max points, possible points, stoerste, hoejeste, stoerst, \
         hoegst, groesster",
    ),
    (
        "is_critical",
        "critical, auto fail, autofail, is auto fail, fatal, critical error, knockout, kritisk, er kritisk, kritisch, ko kriterium",
    ),
    (
        "received_at",
        "received, received on, date received, arrived at, submitted at, submitted, created at, created, modtaget, modtaget den, \
         mottatt, mottatt den, mottagen, inkommen, eingegangen, eingegangen am, erhalten",
    ),
    (
        "responded_at",
        "responded, response at, response date, response time, replied at, replied, reply date, answered at, answered, besvaret, \
         besvaret den, svaret, svaret den, besvart, svart, besvarad, svarad, beantwortet, beantwortet am, geantwortet",
    ),
    (
        "sentiment",
        "sentiment label, tone, polarity, mood, attitude, overall sentiment, stemning, holdning, tone of voice, stemming, toneleie, \
         stimmung, tonalitaet, attityd",
    ),
    (
        "brand",
        "brand name, company, competitor, about brand, account name, maerke, brand navn, varemaerke, firma, virksomhed, merke, \
         merkevare, varumaerke, foeretag, marke, firmenname",
    ),
    (
        "page",
        "page url, landing page, url, page path, path, page location, address, target url, top pages, page title, request, uri, \
         side, landingsside, sidevisning, sideadresse, landningssida, sida, seite, zielseite, zielseiten, landingpage",
    ),
    (
        "duration_seconds",
        "duration, session duration, visit duration, length, length seconds, time on site, engagement time, seconds, session \
         length, varighed, varighed sekunder, besoegstid, varighet, laengd, besoekstid, dauer, sitzungsdauer, besuchsdauer",
    ),
    (
        "page_views",
        "pageviews, views, pages, page count, pages viewed, screen views, hits, actions, sidevisninger, visninger, sidor, \
         sidvisningar, seitenaufrufe, seitenansichten, aufrufe",
    ),
    (
        "conversions",
        "conversion, key events, goals, goal completions, goal conversions, purchases, transactions, konverteringer, koeb, maal, \
         konverteringar, konvertierungen, abschluesse, zielvorhaben",
    ),
    ("date", "day, dato, dag, datum, tag, report date, search date"),
    (
        "query",
        "queries, search query, search term, search terms, keyword, keywords, top queries, search phrase, term, forespoergsel, \
         forespoergsler, soegning, soegeord, soegeterm, mest populaere forespoergsler, soek, soekeord, soekord, soekfraaga, \
         soekning, suchanfrage, suchanfragen, haeufigste suchanfragen, suchbegriff, keyword phrase",
    ),
    ("clicks", "click, url clicks, organic clicks, total clicks, klik, klikk, klick, klicks, antal klik"),
    (
        "impressions",
        "impression, shown, times shown, total impressions, eksponeringer, visninger, eksponering, exponeringar, visningar, \
         impressionen",
    ),
    (
        "position",
        "average position, avg position, avg pos, average rank, mean position, rank, ranking, gennemsnitlig position, gns position, \
         placering, gjennomsnittlig posisjon, posisjon, plassering, genomsnittlig position, genomsnittlig placering, \
         durchschnittliche position, rang",
    ),
    (
        "duration",
        "tenure, tenure months, months, customer for, lifetime, age in months, months active, anciennitet, varighed, maaneder, \
         varighet, maaneder som kunde, laengd, maanader, dauer, laufzeit, monate, kundendauer",
    ),
    (
        "has_ended",
        "churn, churned, has churned, is churned, exited, left, cancelled, canceled, terminated, attrition, is closed, opsagt, har \
         opsagt, afsluttet, oppsagt, avsluttet, uppsagd, avslutad, gekuendigt, beendet",
    ),
    (
        "preferred_channel",
        "preferred contact channel, preferred contact, contact preference, channel preference, preference, favourite channel, \
         favorite channel, foretrukken kanal, oensket kanal, foretrukket kanal, oenskad kanal, bevorzugter kanal, wunschkanal",
    ),
    (
        "order_id",
        "order, order number, order no, order nr, invoice id, invoice number, invoice no, invoice, transaction id, transaction, \
         receipt id, receipt number, basket id, purchase id, ordrenr, ordre nr, ordrenummer, ordre, fakturanr, fakturanummer, \
         bilagsnr, ordernr, ordernummer, bestellnummer, bestellung, rechnungsnummer, belegnummer",
    ),
    (
        "margin_rate",
        "margin, gross margin, margin percent, margin pct, profit margin, contribution margin, daekningsgrad, avance, bruttoavance, \
         daekningsbidrag, dekningsgrad, marginal, taeckningsgrad, marge, deckungsbeitrag, spanne",
    ),
    (
        "agent_replies",
        "replies, agent comments, public replies, number of replies, reply count, responses, agent responses, touches, antal svar, \
         svar, antall svar, antworten, anzahl antworten",
    ),
    (
        "reopens",
        "reopened, reopen count, times reopened, number of reopens, reopened count, genaabnet, genaabninger, gjenaapnet, \
         aateroeppnad, wiedereroeffnet, wiedereroeffnungen",
    ),
    ("priority", "prio, severity, urgency, importance, prioritet, hastegrad, alvorlighed, prioritaet, dringlichkeit"),
    (
        "escalated_at",
        "escalated, escalation date, escalation time, escalated on, eskaleret, eskaleret den, eskalert, eskalerad, eskaliert, \
         eskaliert am",
    ),
    (
        "first_solved_at",
        "first solved, first resolved at, first resolved, initially solved at, foerst loest, foerste loesning, foersta loesning, \
         zuerst geloest, erstmals geloest",
    ),
    (
        "reopened_at",
        "reopened, reopen date, reopened on, reopen time, genaabnet den, genaabnet, gjenaapnet, aateroeppnad, wiedereroeffnet, \
         wiedereroeffnet am",
    ),
    (
        "status",
        "state, new status, status to, to status, new state, new value, value, stage, status efter, ny status, tilstand, status \
         etter, neuer status, zustand",
    ),
    ("channel", "via, via channel, contact channel, source channel, medium, source, kanal, kontaktkanal, henvendelseskanal, kontaktweg"),
    ("value", "event value, revenue, amount, price, conversion value, vaerdi, beloeb, verdi, vaerde, wert"),
    ("user_agent", "useragent, agent, browser, ua, http user agent, browserkennung"),
];

/// What speaks of a logical table's rows, in names of files and of other columns.
const TABLES: [(&str, &str); 17] = [
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
    (
        "subscriptions",
        "subscription, plan, mrr, recurring, billing, renewal, cancel, contract, trial, abonnement, abonnementer, opsigelse, \
         fornyelse, abonnemang, uppsaegning, abo, vertrag, kuendigung, seats, interval",
    ),
    (
        "customers",
        "customer, client, account, user, contact, person, member, profile, crm, signup, birthday, gender, phone, city, country, \
         language, kunde, kunder, bruger, brugere, medlem, medlemmer, kontakt, koen, telefon, by, bruker, brukere, kund, \
         anvaendare, kundin, nutzer, kontakte, geschlecht, stadt, churn, tenure",
    ),
    (
        "points",
        "point, loyalty, bonus, reward, ledger, movement, redeem, earn, expire, balance, membership, optjent, indloest, udloebet, \
         loyalitet, opptjent, innloest, intjaenad, inloest, punkte, praemie, eingeloest, treue",
    ),
    (
        "referrals",
        "referral, invite, invitation, recommend, recommendation, refer, ambassador, advocate, friend, anbefaling, anbefalinger, \
         henvisning, henvisninger, rekommendation, vaervning, empfehlung, empfehlungen, einladung",
    ),
    (
        "reviews",
        "review, rating, star, trustpilot, product, site, title, verified, helpful, anmeldelse, anmeldelser, stjerner, omtale, \
         omtaler, recension, recensioner, omdoeme, bewertung, bewertungen, rezension",
    ),
    (
        "messages",
        "message, comment, reply, conversation, chat, thread, transcript, body, text, via, besked, beskeder, kommentar, \
         kommentarer, samtale, melding, meldinger, meddelande, meddelanden, nachricht, nachrichten, kommentare",
    ),
    (
        "calls",
        "call, queue, phone, telephony, acd, agent, skill, dialer, abandon, ring, talk, hold, opkald, samtale, samtaler, koe, \
         telefon, anrop, samtal, anruf, anrufe, warteschlange",
    ),
    (
        "quality_scores",
        "quality, qa, scorecard, evaluation, assessment, criterion, reviewer, reviewee, agent, iqs, audit, kvalitet, evaluering, \
         bedoemmelse, kvalitetsscore, granskning, qualitaet, pruefung, bewertungsbogen",
    ),
    (
        "feedback",
        "feedback, suggestion, complaint, idea, inbox, praise, forslag, ris, ros, klage, klager, tilbagemelding, tilbakemelding, \
         synpunkt, synpunkter, rueckmeldung, rueckmeldungen, anregung",
    ),
    (
        "mentions",
        "mention, social, sentiment, tweet, post, hashtag, platform, follower, reach, influencer, listening, brand, omtale, \
         omtaler, opslag, stemning, innlegg, omnaemnande, inlaegg, erwaehnung, erwaehnungen, beitrag",
    ),
    (
        "sessions",
        "session, visit, visitor, landing, bounce, engagement, device, browser, medium, campaign, analytics, besoeg, besoek, \
         sitzung, sitzungen, besuch, besuche",
    ),
    (
        "search",
        "search, query, queries, keyword, seo, serp, console, ctr, gsc, organic, ranking, soegning, soegeord, forespoergsel, \
         forespoergsler, soek, soekord, soekeord, suche, suchanfrage, suchanfragen",
    ),
    (
        "ticket_history",
        "history, audit, field, status, change, changes, old, new, previous, log, transition, update, historik, aendring, \
         aendringer, endring, endringer, aendringar, verlauf, aenderung",
    ),
];

/// The logical tables of which one entity has many rows, with its column.
const MANY_ROWS: [(&str, &str); 6] = [
    ("orders", "customer_id"),
    ("events", "user_id"),
    ("points", "customer_id"),
    ("messages", "ticket_id"),
    ("ticket_history", "ticket_id"),
    ("quality_scores", "review_id"),
];

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
    known.filter(|word| is_known(word)).count() + usize::from(own.iter().all(|word| is_known(word)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

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
            ("ended_at", "Opsagt", "weekend"),
            ("amount_per_month", "MonthlyCharges", "month"),
            ("referrer_id", "invited_by", "preferred"),
            ("wait_seconds", "Ventetid (sekunder)", "seconds"),
            ("query", "Mest populære forespørgsler", "queried by the whole department"),
            ("position", "gns. position", "opposition"),
            ("has_ended", "Churn", "churning the butter"),
        ] {
            assert!(likeness(logical, surest) > 0.75, "{surest}: {}", likeness(logical, surest));
            assert!(likeness(logical, less) < 0.62, "{less}: {}", likeness(logical, less));
        }
        assert!(likeness("created_at", "created_at") > likeness("created_at", "opened_at"));
    }

    #[test]
    fn every_word_is_there_once_and_written_as_names_are_taken_apart() {
        for list in [&COLUMNS[..], &TABLES[..]] {
            let mut tables = BTreeSet::new();
            for (name, known) in list {
                assert!(tables.insert(name), "{name} twice");
                let mut seen = BTreeSet::new();
                for word in known.split(", ") {
                    assert_eq!(words(word).join(" "), word, "of {name}");
                    assert!(seen.insert(word), "`{word}` twice, of {name}");
                }
            }
        }
        assert!(TABLES.iter().all(|(_, known)| known.split(", ").all(|word| !word.contains(' '))));
    }

    #[test]
    fn a_name_of_two_words_speaks_of_a_table_only_as_a_whole() {
        assert_eq!(hits("quality_scores", ["final_score"]), 0);
        assert_eq!(hits("ticket_history", ["ticket", "history_2025"]), 2);
    }
}
