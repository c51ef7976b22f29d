//! Names: from a caller's bytes to labels, and from labels to DNS text.

use std::fmt::Write;
use std::net::IpAddr;

use trust_dns_resolver::proto::rr::{Label, Name};

use crate::error::{Error, shown};

/// The full stop and the characters that IDNA takes for one (RFC 3490, 3.1).
const DOTS: [char; 4] = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];
/// The longest label.
const LABEL_BYTES: usize = 63;
/// The longest name, in text without the trailing dot.
const NAME_BYTES: usize = 253;

/// Reads a host name: absolute, with or without its trailing dot, in any case.
///
/// A label outside ASCII is converted to its `xn--` form. Any label then may have
/// every printable ASCII character except the backslash, `/` and `:`; underscores
/// pass, as names in use have them.
pub(crate) fn parse(bytes: &[u8]) -> Result<Name, Error> {
    read(bytes).map_err(|reason| Error::BadName {
        name: shown(&String::from_utf8_lossy(bytes)),
        reason,
    })
}

fn read(bytes: &[u8]) -> Result<Name, &'static str> {
    if bytes.is_empty() {
        return Err("empty");
    }
    // No character takes more than four bytes: this bounds the work of the conversion.
    if bytes.len() > 4 * NAME_BYTES {
        return Err("longer than 253 bytes");
    }
    let text = str::from_utf8(bytes).map_err(|_| "not UTF-8")?;
    let text = text.strip_suffix(DOTS).unwrap_or(text);
    if text.is_empty() {
        return Err("the root is not a host");
    }
    refuse_address(text)?;
    let labels = text.split(DOTS).map(label).collect::<Result<Vec<_>, _>>()?;
    let ascii = labels.join(".");
    if ascii.len() > NAME_BYTES {
        return Err("longer than 253 bytes");
    }
    // Once more: full-width digits have become ASCII.
    refuse_address(&ascii)?;
    let mut name =
        Name::from_labels(labels.iter().map(String::as_bytes)).map_err(|_| "not a DNS name")?;
    name.set_fqdn(true);
    Ok(name)
}

fn refuse_address(text: &str) -> Result<(), &'static str> {
    let inner = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    match inner.parse::<IpAddr>() {
        Ok(_) => Err("an IP address, not a name"),
        Err(_) => Ok(()),
    }
}

/// One label in lower-case ASCII.
fn label(text: &str) -> Result<String, &'static str> {
    if text.is_empty() {
        return Err("an empty label");
    }
    text.chars().try_for_each(refuse_char)?;
    let ascii = if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        let label = Label::from_utf8(text)
            .map_err(|_| "a label that is no internationalized domain name")?;
        String::from_utf8_lossy(label.as_bytes()).into_owned()
    };
    // Compatibility characters can become any of these.
    ascii.chars().try_for_each(refuse_char)?;
    match ascii.len() {
        1..=LABEL_BYTES if !ascii.contains('.') => Ok(ascii),
        1..=LABEL_BYTES => Err("a label with a dot"),
        _ => Err("a label longer than 63 bytes"),
    }
}

fn refuse_char(c: char) -> Result<(), &'static str> {
    match c {
        '\0' => Err("a NUL"),
        c if c.is_whitespace() => Err("white space"),
        c if c.is_control() => Err("a control character"),
        '/' => Err("a slash"),
        ':' => Err("a colon"),
        '\\' => Err("a backslash"),
        _ => Ok(()),
    }
}

/// Writes a name as the DNS does: lower case, trailing dot, `\.` for a special
/// character inside a label, `\032` (decimal) for bytes that are not printable ASCII.
///
/// `Name` has a text form of its own, whose numbers are octal.
pub(crate) fn text(name: &Name) -> String {
    if name.is_root() {
        return ".".to_owned();
    }
    let mut text = String::new();
    for label in name.iter() {
        label.iter().for_each(|byte| push_byte(&mut text, *byte));
        text.push('.');
    }
    text
}

fn push_byte(text: &mut String, byte: u8) {
    match byte {
        b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$' => {
            text.push('\\');
            text.push(char::from(byte));
        }
        b'!'..=b'~' => text.push(char::from(byte.to_ascii_lowercase())),
        // Writing to a `String` cannot fail.
        _ => drop(write!(text, "\\{byte:03}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, text};
    use trust_dns_resolver::proto::rr::Name;

    fn repeated(label_bytes: &[usize]) -> String {
        let labels: Vec<_> = label_bytes.iter().map(|n| "a".repeat(*n)).collect();
        labels.join(".")
    }

    #[test]
    fn names_accepted_and_rejected() {
        let label_63 = format!("{}.example", "a".repeat(63));
        let label_64 = format!("{}.example", "a".repeat(64));
        let name_253 = repeated(&[63, 63, 63, 61]);
        let name_254 = repeated(&[63, 63, 63, 62]);
        let huge = "ü".repeat(1 << 20);
        let table: &[(&str, Result<&str, &str>)] = &[
            ("example", Ok("example.")),
            ("www.example.com.", Ok("www.example.com.")),
            ("WWW.Example.COM", Ok("www.example.com.")),
            ("_sip._tcp.example", Ok("_sip._tcp.example.")),
            ("a_b.example", Ok("a_b.example.")),
            ("xn--bcher-kva.example", Ok("xn--bcher-kva.example.")),
            ("bücher.example", Ok("xn--bcher-kva.example.")),
            ("BÜCHER.example", Ok("xn--bcher-kva.example.")),
            ("_tcp.bücher.example", Ok("_tcp.xn--bcher-kva.example.")),
            ("例え。example。", Ok("xn--r8jz45g.example.")),
            ("-.example", Ok("-.example.")),
            ("1.2.3", Ok("1.2.3.")),
            ("1.2.3.4.5", Ok("1.2.3.4.5.")),
            ("*.example", Ok("*.example.")),
            ("a@b.example", Ok("a\\@b.example.")),
            (&label_63, Ok(&format!("{label_63}."))),
            (&label_64, Err("a label longer than 63 bytes")),
            (&name_253, Ok(&format!("{name_253}."))),
            (&format!("{name_253}."), Ok(&format!("{name_253}."))),
            (&name_254, Err("longer than 253 bytes")),
            (&huge, Err("longer than 253 bytes")),
            ("", Err("empty")),
            (".", Err("the root is not a host")),
            ("..", Err("an empty label")),
            ("a..b", Err("an empty label")),
            (".a", Err("an empty label")),
            ("a.example..", Err("an empty label")),
            ("a b.example", Err("white space")),
            (" a.example", Err("white space")),
            ("a.example\n", Err("white space")),
            ("a\u{a0}b.example", Err("white space")),
            ("a\0.example", Err("a NUL")),
            ("a\u{7f}.example", Err("a control character")),
            ("a\u{1b}.example", Err("a control character")),
            ("a/b.example", Err("a slash")),
            ("https://a.example", Err("a colon")),
            ("a.example:53", Err("a colon")),
            ("a\\.b.example", Err("a backslash")),
            (
                "a／b.example",
                Err("a label that is no internationalized domain name"),
            ),
            (
                "\u{ad}.example",
                Err("a label that is no internationalized domain name"),
            ),
            (
                "a⒈b.example",
                Err("a label that is no internationalized domain name"),
            ),
            ("192.0.2.1", Err("an IP address, not a name")),
            ("192.0.2.1.", Err("an IP address, not a name")),
            ("１92.0.2.1", Err("an IP address, not a name")),
            ("::1", Err("an IP address, not a name")),
            ("2001:db8::1", Err("an IP address, not a name")),
            ("[2001:db8::1]", Err("an IP address, not a name")),
        ];
        for (given, expected) in table {
            let found = parse(given.as_bytes()).map(|name| text(&name));
            match expected {
                Ok(name) => assert_eq!(found.as_deref().ok(), Some(*name), "{given:?}"),
                Err(reason) => {
                    let message = found.expect_err(given).to_string();
                    assert!(message.ends_with(&format!(": {reason}")), "{message}");
                    assert!(message.len() < 4096, "{given:.9}");
                }
            }
        }
    }

    #[test]
    fn not_utf8() {
        let message = parse(b"b\xfccher.example").unwrap_err().to_string();
        assert_eq!(message, "bad name \"b\u{fffd}cher.example\": not UTF-8");
    }

    #[test]
    fn text_escapes_in_decimal() {
        let table: &[(&[u8], &str)] = &[
            (b"a b", "a\\032b.example."),
            (b"A.b", "a\\.b.example."),
            (b"a\\b", "a\\\\b.example."),
            (b"\0\x7f\xff", "\\000\\127\\255.example."),
            (b"a\"(;)@$b", "a\\\"\\(\\;\\)\\@\\$b.example."),
        ];
        for (label, expected) in table {
            let name = Name::from_labels([*label, b"example"]).unwrap();
            assert_eq!(text(&name), *expected);
        }
        assert_eq!(text(&Name::root()), ".");
    }
}
