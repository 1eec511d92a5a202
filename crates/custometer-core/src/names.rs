//! What exports call what nearly every table has: when it happened, and who it was.

/// When something happened.
pub const TIME: &str = "timestamp, ts, datetime, date time, date, submitted at, submitted, responded at, ordered at, purchased at, occurred at, \
     created at, created, created on, order date, purchase date, invoice date, transaction date, response date, event date, \
     event time, int date, sent at, sent, posted at, published at, published, reviewed at, evaluated at, invited at, changed \
     at, updated at, updated, tidspunkt, dato, tid, oprettet, oprettelsesdato, ordredato, koebsdato, fakturadato, svardato, \
     besvaret, opprettet, kjoepsdato, datum, skapad, orderdatum, koepdatum, zeitpunkt, zeitstempel, zeit, erstellt, erstellt \
     am, bestelldatum, kaufdatum, rechnungsdatum";

/// Who a customer is.
pub const CUSTOMER: &str = "customer, customer number, customer no, customer nr, cust id, client id, client, client number, user id, user, account \
     id, account, member id, member, buyer id, buyer, contact id, requester id, respondent id, customer email, email, kunde \
     id, kunde, kundenr, kunde nr, kundenummer, klient, bruger id, bruger, medlemsnummer, medlem, bruker id, bruker, kund id, \
     kund, kundnummer, kundnr, anvaendare, kunden id, kundennummer, kundennr, kunden nr, nutzer, benutzer";
