//! Paths in messages: between quotation marks, and unable to forge a line.

/// Appends `path` between quotation marks, so that the text around it can't be
/// mistaken for part of it and it can't end a line or drive a terminal.
///
/// Quotation marks, backslashes and every control or text-direction character
/// are escaped as in a Rust or C string (`\n`, `\x1b`, `\u{202e}`). All other
/// characters stand as they are, and so do bytes that are not UTF-8: whoever
/// decodes the message gets the very name back.
pub(crate) fn push_quoted(message: &mut Vec<u8>, path: &[u8]) {
    message.push(b'"');
    for chunk in path.utf8_chunks() {
        for character in chunk.valid().chars() {
            push_escaped(message, character);
        }
        message.extend_from_slice(chunk.invalid());
    }
    message.push(b'"');
}

fn push_escaped(message: &mut Vec<u8>, character: char) {
    let escape = match character {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\0'..='\x1f' | '\x7f' => format!("\\x{:02x}", u32::from(character)),
        // C1 controls, what is invisible, line separators, and what turns text around
        // (Unicode's bidirectional algorithm, UAX #9). The command line has the same list.
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => format!("\\u{{{:x}}}", u32::from(character)),
        plain => {
            let mut utf_8 = [0; 4];
            message.extend_from_slice(plain.encode_utf8(&mut utf_8).as_bytes());
            return;
        }
    };
    message.extend_from_slice(escape.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_could_mislead_is_escaped() {
        for (path, quoted) in [
            (&b"logs/httpd-08.log"[..], &b"\"logs/httpd-08.log\""[..]),
            (b"", b"\"\""),
            (b"a b: OK", b"\"a b: OK\""),
            ("naïve/日本".as_bytes(), "\"naïve/日本\"".as_bytes()),
            (b"a\"b\\c", b"\"a\\\"b\\\\c\""),
            (b"a\n\r\t\x1b[2J\x7f", b"\"a\\n\\r\\t\\x1b[2J\\x7f\""),
            ("\u{9b}x\u{202e}".as_bytes(), b"\"\\u{9b}x\\u{202e}\""),
            (
                "a\u{200b}\u{feff}\u{ad}".as_bytes(),
                b"\"a\\u{200b}\\u{feff}\\u{ad}\"",
            ),
            (b"caf\xe9\xff", b"\"caf\xe9\xff\""),
        ] {
            let mut message = Vec::new();
            push_quoted(&mut message, path);
            assert_eq!(message, quoted, "{path:?}");
        }
    }
}
