//! Paths in messages and lists: unable to forge a line or drive a terminal.

/// Appends `path` between quotation marks, so that the text around it can't be
/// mistaken for part of it and it can't end a line or drive a terminal.
///
/// Quotation marks, backslashes and every control or text-direction character
/// are escaped as in a Rust or C string (`\n`, `\x1b`, `\u{202e}`). All other
/// characters stand as they are, and so do bytes that are not UTF-8: whoever
/// decodes the message gets the very name back.
pub(crate) fn push_quoted(message: &mut Vec<u8>, path: &[u8]) {
    message.push(b'"');
    push_text(message, path, &['"', '\\']);
    message.push(b'"');
}

/// Appends a `name` that begins a line. The same is escaped, but quotation marks.
pub(crate) fn push_name(line: &mut Vec<u8>, name: &[u8]) {
    push_text(line, name, &['\\']);
}

/// Appends a `message`, whose paths are quoted already, and thus its backslashes as they are.
pub(crate) fn push_message(line: &mut Vec<u8>, message: &str) {
    push_text(line, message.as_bytes(), &[]);
}

/// Appends `text`, with an escape for each of the `special` characters, too.
fn push_text(message: &mut Vec<u8>, text: &[u8], special: &[char]) {
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            if special.contains(&character) {
                message.push(b'\\');
                push_plain(message, character);
            } else {
                push_escaped(message, character);
            }
        }
        message.extend_from_slice(chunk.invalid());
    }
}

fn push_escaped(message: &mut Vec<u8>, character: char) {
    let escape = match character {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\0'..='\x1f' | '\x7f' => format!("\\x{:02x}", u32::from(character)),
        // C1 controls, what is invisible (Unicode's Default_Ignorable_Code_Point), line
        // separators, and what turns text around (UAX #9). The command line has the same list.
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => format!("\\u{{{:x}}}", u32::from(character)),
        plain => return push_plain(message, plain),
    };
    message.extend_from_slice(escape.as_bytes());
}

fn push_plain(message: &mut Vec<u8>, character: char) {
    let mut utf_8 = [0; 4];
    message.extend_from_slice(character.encode_utf8(&mut utf_8).as_bytes());
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
            (
                "\u{3164}\u{fe0f}\u{e0101}".as_bytes(),
                b"\"\\u{3164}\\u{fe0f}\\u{e0101}\"",
            ),
            (b"caf\xe9\xff", b"\"caf\xe9\xff\""),
        ] {
            let mut message = Vec::new();
            push_quoted(&mut message, path);
            assert_eq!(message, quoted, "{path:?}");
        }
    }

    #[test]
    fn a_name_that_begins_a_line_may_have_quotation_marks() {
        let mut line = Vec::new();
        push_name(&mut line, b"a\"b\\c\n\xff");
        assert_eq!(line, b"a\"b\\\\c\\n\xff");
    }

    #[test]
    fn a_message_is_not_escaped_twice() {
        let mut line = Vec::new();
        push_message(&mut line, "\"a\\nb\"\u{9b}\n");
        assert_eq!(line, b"\"a\\nb\"\\u{9b}\\n");
    }
}
