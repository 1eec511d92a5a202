//! Amounts of money as exports write them: with their currency before or after, negative in several ways.

use super::number::NumberStyle;

/// Signs and words for currencies that stand beside amounts, without the dot of an abbreviation.
const SIGNS: [&str; 42] = [
    "$", "US$", "A$", "AU$", "C$", "CA$", "NZ$", "HK$", "S$", "R$", "MX$", "€", "£", "¥", "CN¥", "JP¥", "₹", "₩", "₺", "₽", "₴", "₪", "₫",
    "฿", "₱", "₦", "₡", "₲", "₵", "₸", "₮", "kr", "zł", "Kč", "Ft", "lei", "Fr", "SFr", "Rs", "Rp", "RM", "лв",
];

/// Codes of ISO 4217.
const CODES: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY \
    COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK \
    JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD \
    NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL \
    THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG";

/// The currency that a sign, a code or a word means, as it is called here.
pub(super) fn known(name: &str) -> Option<&'static str> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let sign = SIGNS.into_iter().find(|sign| sign.to_lowercase() == name.to_lowercase());
    sign.or_else(|| CODES.split_ascii_whitespace().find(|code| *code == name))
}

/// The amount in a currency. An amount without any is in it, too.
pub(super) fn in_currency(text: &str, style: NumberStyle, currency: &str) -> Option<f64> {
    let (amount, found) = amount(text, style)?;
    found.is_none_or(|found| found == currency).then_some(amount)
}

/// The amount that a text writes, and its currency where it has one.
pub(super) fn amount(text: &str, style: NumberStyle) -> Option<(f64, Option<&'static str>)> {
    let text = text.trim();
    let point = if style.decimal_comma { ',' } else { '.' };
    let start = text.find(|character: char| character.is_ascii_digit())?;
    let end = text.rfind(|character: char| character.is_ascii_digit())? + 1;
    // A decimal point before the first digit is a part of the number, save after a letter, whose dot it is.
    let before = &text[..start];
    let has_point = before.strip_suffix(point).is_some_and(|before| !before.ends_with(char::is_alphabetic));
    let start = if has_point { start - point.len_utf8() } else { start };
    let (before, after) = (&text[..start], &text[end..]);
    // `12,-` has no part of a whole.
    let after = ["-", "–", "--"].into_iter().find_map(|dash| after.strip_prefix(point)?.strip_prefix(dash)).unwrap_or(after);
    let mut around = Around::default();
    around.read(before, true)?;
    around.read(after, false)?;
    let number = style.parse_grouped(&text[start..end])?;
    let is_negative = around.is_negative()?;
    around.has_one_currency().then(|| (if is_negative { -number } else { number }, around.currency()))
}

fn is_code(name: &str) -> bool {
    CODES.split_ascii_whitespace().any(|code| code == name)
}

/// What stands around the digits of an amount.
#[derive(Default)]
struct Around {
    minuses: usize,
    opened: usize,
    closed: usize,
    currencies: Vec<&'static str>,
}

impl Around {
    fn read(&mut self, text: &str, is_before: bool) -> Option<()> {
        let mut rest = text.trim();
        while let Some(first) = rest.chars().next() {
            let after = &rest[first.len_utf8()..];
            match first {
                '-' | '−' => self.minuses += 1,
                '+' if is_before => {}
                '(' if is_before => self.opened += 1,
                ')' if !is_before => self.closed += 1,
                _ => {
                    let end = rest.find(|character: char| character.is_whitespace() || "-−+()".contains(character)).unwrap_or(rest.len());
                    self.currencies.push(known(&rest[..end])?);
                    rest = rest[end..].trim_start();
                    continue;
                }
            }
            rest = after.trim_start();
        }
        Some(())
    }

    fn is_negative(&self) -> Option<bool> {
        match (self.minuses, self.opened, self.closed) {
            (0, 0, 0) => Some(false),
            (1, 0, 0) | (0, 1, 1) => Some(true),
            _ => None,
        }
    }

    /// Whether there is at most one currency, a sign and a code for it counted as one.
    fn has_one_currency(&self) -> bool {
        match *self.currencies.as_slice() {
            [] | [_] => true,
            [one, other] => is_code(one) != is_code(other),
            _ => false,
        }
    }

    /// The currency, where there is one; of a sign and a code the code, which tells dollars apart.
    fn currency(&self) -> Option<&'static str> {
        self.currencies.iter().copied().find(|name| is_code(name)).or(self.currencies.first().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::super::number::Thousands;
    use super::*;

    const POINT: NumberStyle = NumberStyle { decimal_comma: false, thousands: None };
    const COMMA: NumberStyle = NumberStyle { decimal_comma: true, thousands: None };

    #[test]
    fn amounts_are_read_with_their_currency() {
        for (style, text, expected, currency) in [
            (POINT, "$1,234.50", 1234.5, Some("$")),
            (POINT, "$ 1,234.50 USD", 1234.5, Some("USD")),
            (POINT, "€12", 12.0, Some("€")),
            (POINT, "$.50", 0.5, Some("$")),
            (POINT, "-$5.00", -5.0, Some("$")),
            (POINT, "$-5.00", -5.0, Some("$")),
            (POINT, "(12.00)", -12.0, None),
            (POINT, "($12.00)", -12.0, Some("$")),
            (POINT, "$(12.00)", -12.0, Some("$")),
            (POINT, "12.00-", -12.0, None),
            (POINT, "12.00 USD-", -12.0, Some("USD")),
            (POINT, "CHF 1'234.50", 1234.5, Some("CHF")),
            (POINT, "Fr. 1’234.50", 1234.5, Some("Fr")),
            (POINT, "Rs. 500", 500.0, Some("Rs")),
            (POINT, "kr.50", 50.0, Some("kr")),
            (POINT, "+7", 7.0, None),
            (POINT, "0.00", 0.0, None),
            (COMMA, "1 234,50 kr", 1234.5, Some("kr")),
            (COMMA, "1\u{202f}234,50\u{a0}€", 1234.5, Some("€")),
            (COMMA, "kr. 1.234,50", 1234.5, Some("kr")),
            (COMMA, "−12,00 kr.", -12.0, Some("kr")),
            (COMMA, "129,-", 129.0, None),
            (COMMA, "kr 1.129,-", 1129.0, Some("kr")),
            (COMMA, "1.129.000 DKK", 1_129_000.0, Some("DKK")),
        ] {
            // 1.129 before a dash could have three decimals elsewhere: a point between thousands has to be declared there.
            let style = if text == "kr 1.129,-" { NumberStyle { thousands: Some(Thousands('.')), ..style } } else { style };
            assert_eq!(amount(text, style), Some((expected, currency)), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_in_one_way_is_none() {
        for text in [
            "",
            "$",
            "abc",
            "1,234",
            "1.234,50",
            "12.00 x",
            "12 pcs",
            "(12.00",
            "12.00)",
            "(-12.00)",
            "--5",
            "5--",
            "-5-",
            "$5 €",
            "5 USD EUR",
            "1 2",
            "5.00 CR",
            "$5 - $7",
            "12 MIN",
            "1e999",
            "$1,23",
        ] {
            assert_eq!(amount(text, POINT), None, "{text}");
        }
        assert_eq!(amount("1,234.50", COMMA), None);
        assert_eq!(in_currency("€5", POINT, "$"), None);
        assert_eq!(in_currency("5", POINT, "$"), Some(5.0));
    }
}
