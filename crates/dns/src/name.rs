//! Names: from a caller's bytes to labels, and from labels to DNS text.

use std::fmt::Write;
use std::net::IpAddr;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use trust_dns_resolver::proto::rr::Name;

use crate::error::{ErrorKind, shown};

/// The longest label.
const LABEL_BYTES: usize = 63;
/// The longest name, in text without the trailing dot.
const NAME_BYTES: usize = 253;

/// A host name as a caller has written it.
#[derive(Debug)]
pub(crate) struct HostName {
    /// In lower-case ASCII, without a trailing dot.
    pub(crate) ascii: String,
    /// Whether it was written with a trailing dot: then no search list applies.
    pub(crate) absolute: bool,
}

impl HostName {
    /// Reads a name, in any case, with or without its trailing dot.
    ///
    /// A name outside ASCII is converted as UTS-46 has it. What is accepted then is
    /// what Go's resolver accepts: labels of letters, digits, hyphens (neither first nor
    /// last) and underscores, and not digits alone in all labels.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, ErrorKind> {
        read(bytes).map_err(|reason| ErrorKind::BadName {
            name: shown(&String::from_utf8_lossy(bytes)),
            reason,
        })
    }

    /// How many dots are inside the name.
    pub(crate) fn dots(&self) -> usize {
        self.ascii.bytes().filter(|byte| *byte == b'.').count()
    }

    /// The absolute name; `None` if it is too long with this suffix.
    pub(crate) fn under(&self, suffix: &str) -> Option<Name> {
        match suffix {
            "" => from_ascii(&self.ascii),
            suffix => from_ascii(&format!("{}.{suffix}", self.ascii)),
        }
    }
}

/// The absolute name with these labels, if it is short enough.
pub(crate) fn from_ascii(text: &str) -> Option<Name> {
    if text.len() > NAME_BYTES {
        return None;
    }
    labels(text).try_fold(Name::root(), Name::append_label).ok()
}

fn labels(text: &str) -> impl Iterator<Item = &[u8]> {
    text.as_bytes().split(|byte| *byte == b'.')
}

/// Whether two absolute names are the same, in whatever case.
///
/// `Name` compares from the root on, where most names are alike, and byte by byte: to put names
/// in order, that is.
pub(crate) fn is_same(one: &Name, other: &Name) -> bool {
    let mut labels = one.iter().zip(other);
    one.len() == other.len() && labels.all(|(a, b)| a.eq_ignore_ascii_case(b))
}

fn read(bytes: &[u8]) -> Result<HostName, &'static str> {
    if bytes.is_empty() {
        return Err("empty");
    }
    // No character takes more than four bytes: this bounds the work of the conversion.
    if bytes.len() > 4 * NAME_BYTES {
        return Err("longer than 253 bytes");
    }
    let text = str::from_utf8(bytes).map_err(|_| "not UTF-8")?;
    text.chars().try_for_each(refuse_char)?;
    refuse_address(text)?;
    let mut ascii = if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        let converted = Uts46::new().to_ascii(
            bytes,
            AsciiDenyList::EMPTY,
            Hyphens::Allow,
            DnsLength::Ignore,
        );
        let not_idn = |_| "no internationalized domain name (UTS-46)";
        converted.map_err(not_idn)?.into_owned()
    };
    let absolute = ascii.ends_with('.');
    if absolute {
        ascii.pop();
    }
    if ascii.is_empty() {
        return Err("the root is not a host");
    }
    if ascii.len() > NAME_BYTES {
        return Err("longer than 253 bytes");
    }
    // Once more: full-width digits have become ASCII.
    refuse_address(&ascii)?;
    labels(&ascii).try_for_each(check_label)?;
    if ascii.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Err("digits alone");
    }
    Ok(HostName { ascii, absolute })
}

/// The characters that most often show that this is no name, each with its own reason.
fn refuse_char(c: char) -> Result<(), &'static str> {
    match c {
        '\0' => Err("a NUL"),
        c if c.is_whitespace() => Err("white space"),
        c if c.is_control() => Err("a control character"),
        '/' => Err("a slash"),
        '\\' => Err("a backslash"),
        _ => Ok(()),
    }
}

fn refuse_address(text: &str) -> Result<(), &'static str> {
    // Nearly every name has a letter that no address has: there is nothing to try then.
    if text
        .bytes()
        .any(|byte| matches!(byte, b'g'..=b'z' | b'G'..=b'Z'))
    {
        return Ok(());
    }
    let inner = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text.strip_suffix('.').unwrap_or(text));
    match inner.parse::<IpAddr>() {
        Ok(_) => Err("an IP address, not a name"),
        Err(_) => Ok(()),
    }
}

/// Go's rule for a label.
fn check_label(label: &[u8]) -> Result<(), &'static str> {
    if label.is_empty() {
        return Err("an empty label");
    }
    if label.len() > LABEL_BYTES {
        return Err("a label longer than 63 bytes");
    }
    let allowed = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if !label.iter().all(allowed) {
        return match label.contains(&b':') {
            true => Err("a colon"),
            false => Err("a character that is no letter, digit, hyphen or underscore"),
        };
    }
    if label.starts_with(b"-") || label.ends_with(b"-") {
        return Err("a hyphen at the edge of a label");
    }
    Ok(())
}

/// Writes a name as the DNS does: lower case, trailing dot, `\.` for a special
/// character inside a label, `\032` (decimal) for bytes that are not printable ASCII.
///
/// `Name` has a text form of its own, whose numbers are octal.
pub(crate) fn text(name: &Name) -> String {
    if name.is_root() {
        return ".".to_owned();
    }
    let mut text = String::with_capacity(name.len());
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
    use super::{HostName, text};
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
            ("faß.example", Ok("xn--fa-hia.example.")),
            ("1-2.3", Ok("1-2.3.")),
            ("3com.1", Ok("3com.1.")),
            ("xn--a.example", Ok("xn--a.example.")),
            ("-.example", Err("a hyphen at the edge of a label")),
            ("a-.example", Err("a hyphen at the edge of a label")),
            ("a.-b", Err("a hyphen at the edge of a label")),
            ("1.2.3", Err("digits alone")),
            ("1.2.3.4.5", Err("digits alone")),
            (
                "*.example",
                Err("a character that is no letter, digit, hyphen or underscore"),
            ),
            (
                "a@b.example",
                Err("a character that is no letter, digit, hyphen or underscore"),
            ),
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
            ("https://a.example", Err("a slash")),
            ("a.example:53", Err("a colon")),
            ("a\\.b.example", Err("a backslash")),
            (
                "a／b.example",
                Err("a character that is no letter, digit, hyphen or underscore"),
            ),
            ("a：53", Err("a colon")),
            ("\u{ad}.example", Err("an empty label")),
            (
                "a⒈b.example",
                Err("no internationalized domain name (UTS-46)"),
            ),
            (
                "ü\u{301}\u{200d}.xn--a",
                Err("no internationalized domain name (UTS-46)"),
            ),
            ("192.0.2.1", Err("an IP address, not a name")),
            ("192.0.2.1.", Err("an IP address, not a name")),
            ("１92.0.2.1", Err("an IP address, not a name")),
            ("::1", Err("an IP address, not a name")),
            ("2001:db8::1", Err("an IP address, not a name")),
            ("[2001:db8::1]", Err("an IP address, not a name")),
        ];
        for (given, expected) in table {
            let found = HostName::parse(given.as_bytes())
                .map(|name| text(&name.under("").expect("short enough")));
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
        let message = HostName::parse(b"b\xfccher.example")
            .unwrap_err()
            .to_string();
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
