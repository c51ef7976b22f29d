//! The tables of `docs/manifests.md`, manifests that other tools wrote, and large
//! ones.

#![allow(clippy::unwrap_used, reason = "a test's helper may panic")]
#![allow(clippy::panic, reason = "a test's helper may panic")]

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::slice;
use std::sync::Arc;
use std::thread;

use checksig_core::manifest::{
    Entry, Format, Line, LineError, Manifest, Options, WriteError, parse, write,
};
use checksig_core::{Algorithm, Digest, Hasher, ManifestSource, read_manifest};
use data_encoding::BASE64;

const TABLES: &str = include_str!("../../../docs/manifests.md");

/// A row of a table: its cells by their columns' heads.
type Row = HashMap<String, String>;

/// The rows of all tables that have this column.
fn rows(column: &str) -> Vec<Row> {
    let mut heads: Option<Vec<String>> = None;
    let mut rows = Vec::new();
    for line in TABLES.lines() {
        let Some(cells) = cells(line) else {
            heads = None;
            continue;
        };
        match &heads {
            None => heads = Some(cells),
            Some(_) if cells.iter().all(|cell| cell == "---") => {}
            Some(heads) => {
                assert_eq!(heads.len(), cells.len(), "{line}");
                rows.push(heads.iter().cloned().zip(cells).collect());
            }
        }
    }
    rows.retain(|row: &Row| row.contains_key(column));
    rows
}

fn cells(line: &str) -> Option<Vec<String>> {
    let cells = line.strip_prefix('|')?.strip_suffix('|')?;
    Some(
        cells
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect(),
    )
}

/// The bytes that a cell's code span stands for: those of the word `empty`, and of
/// no span, are none.
fn bytes(cell: &str) -> Vec<u8> {
    if cell.is_empty() || cell == "empty" {
        return Vec::new();
    }
    let span = cell
        .strip_prefix('`')
        .and_then(|cell| cell.strip_suffix('`'));
    unescape(&with_digests(
        span.unwrap_or_else(|| panic!("not a code span: {cell}")),
    ))
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        bytes.extend_from_slice(plain.as_bytes());
        let (letter, after) = escaped.split_at(1);
        rest = after;
        bytes.push(match letter {
            "n" => b'\n',
            "r" => b'\r',
            "t" => b'\t',
            "0" => 0,
            "\\" => b'\\',
            "x" => {
                let (digits, after) = after.split_at(2);
                rest = after;
                u8::from_str_radix(digits, 16).unwrap()
            }
            other => panic!("unknown escape {other} in {text}"),
        });
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// The text of a code span that stands for these bytes.
fn escape(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                '\\' => text.push_str("\\\\"),
                other => text.push(other),
            }
        }
        for byte in chunk.invalid() {
            write!(text, "\\x{byte:02x}").unwrap();
        }
    }
    let blank = |text: &mut String, at| {
        if text[at..].starts_with(' ') {
            text.replace_range(at..at + 1, "\\x20");
        }
    };
    blank(&mut text, 0);
    let last = text.len().saturating_sub(1);
    if text.is_char_boundary(last) {
        blank(&mut text, last);
    }
    text
}

/// The digest of the empty file: `blake2b-256` has 256 bits.
fn digest_of_nothing(name: &str) -> Digest {
    match name.strip_prefix("blake2b-") {
        Some(bits) => {
            let len = bits.parse::<usize>().unwrap() / 8;
            Hasher::like(&Digest::new(Algorithm::Blake2b, &vec![0; len]).unwrap()).finish()
        }
        None => Hasher::new(Algorithm::from_name(name).unwrap()).finish(),
    }
}

/// The text with each `{algorithm}` replaced by its digest of the empty file.
fn with_digests(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap();
        let (name, form) = name.split_once(':').unwrap_or((name, "hex"));
        let digest = digest_of_nothing(&name.to_lowercase());
        let hex = digest.to_string();
        out.push_str(plain);
        out.push_str(&match form {
            "base64" => BASE64.encode(digest.as_bytes()),
            "url" => digest.to_base64url(),
            _ if name.chars().any(char::is_lowercase) => hex,
            _ => hex.to_uppercase(),
        });
        rest = after;
    }
    out + rest
}

/// The cell "reads as" of what was read.
fn reads_as(text: &[u8], options: &Options<'_>) -> (Option<Format>, String) {
    let manifest = match parse(text, options) {
        Ok(manifest) => manifest,
        Err(error) => return (None, format!("unusable: {error}")),
    };
    let is_first = |line: &Line| line.number == 1;
    let are_numbered = !manifest.lines.iter().all(is_first);
    let lines: Vec<String> = manifest
        .lines
        .iter()
        .map(|line| {
            let number = if are_numbered {
                format!("line {} ", line.number)
            } else {
                String::new()
            };
            match &line.content {
                Ok(entry) => number + &told(entry),
                Err(error) => format!("{number}error: {error}"),
            }
        })
        .collect();
    let told = if lines.is_empty() {
        "nothing".to_owned()
    } else {
        lines.join("; ")
    };
    (Some(manifest.format), told)
}

fn told(entry: &Entry) -> String {
    let name = |digest: &Digest| {
        let algorithm = digest.algorithm();
        let len = digest.as_bytes().len();
        let is_usual = len == algorithm.digest_len();
        let name = algorithm.name().to_owned();
        if is_usual {
            name
        } else {
            format!("{name}-{}", 8 * len)
        }
    };
    let names: Vec<String> = entry.digests.iter().map(name).collect();
    let is_right = |(digest, name): (&Digest, &String)| *digest == digest_of_nothing(name);
    if !entry.digests.iter().zip(&names).all(is_right) {
        return "error: the digest differs".to_owned();
    }
    let digests = if names.is_empty() {
        "no digest".to_owned()
    } else {
        names.join(" ")
    };
    let size = entry
        .size
        .map_or(String::new(), |size| format!(", {size} bytes"));
    format!("`{}` {digests}{size}", escape(&entry.name))
}

/// The options of a row, as in `zero algorithm=sha1`.
fn options(row: &Row) -> (Option<Format>, Option<Algorithm>, bool) {
    let mut options = (None, None, false);
    for option in row["options"].trim_matches('`').split_whitespace() {
        match option.split_once('=') {
            None if option == "zero" => options.2 = true,
            Some(("format", name)) => options.0 = Some(Format::from_name(name).unwrap()),
            Some(("algorithm", name)) => options.1 = Some(Algorithm::from_name(name).unwrap()),
            _ => panic!("unknown option {option}"),
        }
    }
    options
}

#[test]
fn manifests_are_read_as_their_documentation_says() {
    let rows = rows("reads as");
    assert!(rows.len() > 230, "only {} rows", rows.len());
    let mut wrong = Vec::new();
    for row in &rows {
        let text = bytes(&row["manifest"]);
        let file_name = Some(bytes(&row["file name"])).filter(|name| !name.is_empty());
        let (format, algorithm, zero) = options(row);
        let options = Options {
            file_name: file_name.as_deref(),
            format,
            algorithm,
            zero,
            cancel: None,
        };
        let (format, told) = reads_as(&text, &options);
        let format = format.map_or("", Format::name);
        let is_wanted = row.get("format").is_none_or(|wanted| wanted == format);
        if told != row["reads as"] || !is_wanted {
            wrong.push(format!("{row:?}\nis {format} and reads as: {told}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn manifests_are_written_as_their_documentation_says() {
    let rows = rows("writes");
    assert!(rows.len() > 25, "only {} rows", rows.len());
    for row in &rows {
        let words = row["digests"].split_whitespace();
        let entry = Entry {
            name: bytes(&row["name"]),
            digests: words
                .filter(|word| *word != "none")
                .map(digest_of_nothing)
                .collect(),
            size: row["size"].parse().ok(),
        };
        let format = Format::from_name(&row["format"]).unwrap();
        let wanted = &row["writes"];
        match write(format, slice::from_ref(&entry), options(row).2) {
            Ok(text) => assert_eq!(text, bytes(wanted), "{row:?}"),
            Err(WriteError::Entry { reason, name, .. }) => {
                assert_eq!(&format!("error: {reason}"), wanted, "{row:?}");
                assert_eq!(name, entry.name);
            }
            Err(error) => assert_eq!(&format!("unusable: {error}"), wanted, "{row:?}"),
        }
    }
}

#[test]
fn every_reason_for_a_malformed_line_is_in_the_tables() {
    let md5 = Algorithm::Md5;
    let sha1 = Algorithm::Sha1;
    let fields = LineError::Fields {
        wanted: 3,
        found: 1,
    };
    let other = LineError::OtherAlgorithm {
        wanted: md5,
        found: sha1,
    };
    for error in [
        LineError::Nul,
        LineError::NotBase64(Algorithm::Sha256),
        LineError::NoSeparator,
        LineError::OneBlank,
        LineError::TwoBlanks,
        LineError::NoName,
        LineError::Escape,
        LineError::UnknownAlgorithm,
        other,
        fields,
        LineError::Quotes,
        LineError::Size,
    ] {
        assert!(TABLES.contains(&format!("error: {error}")), "{error}");
    }
}

#[test]
fn an_entry_that_cannot_be_written_is_named_in_one_line() {
    let digests = [digest_of_nothing("crc32")].into_iter().collect();
    let name = b"a\nb".to_vec();
    let entry = Entry {
        name,
        digests,
        size: None,
    };
    let error = write(Format::Sfv, slice::from_ref(&entry), false).unwrap_err();
    let text = "\"a\\nb\" - not for the format sfv: a line break in the name";
    assert_eq!(error.to_string(), text);
    let md5 = Entry {
        digests: [digest_of_nothing("md5")].into_iter().collect(),
        ..entry.clone()
    };
    let error = write(Format::Gnu, &[entry, md5], false).unwrap_err();
    let text =
        "\"a\\nb\" - not for the format gnu: want a digest of crc32 as for the whole manifest";
    assert_eq!(error.to_string(), text);
}

#[test]
fn for_no_entries_there_is_a_manifest_that_reads_as_none() {
    for format in Format::ALL {
        let text = write(format, &[], false).unwrap();
        let options = Options {
            format: Some(format),
            ..Options::default()
        };
        assert!(parse(&text, &options).unwrap().lines.is_empty());
        assert_eq!(Format::from_name(&format.to_string()), Some(format));
    }
    assert_eq!(Format::from_name("bzip"), None);
}

/// The entries of a manifest on this machine, none of whose lines is malformed.
fn entries_of_file(path: &Path) -> (Format, Vec<Entry>) {
    let text = fs::read(path).unwrap();
    let file_name = Some(path.as_os_str().as_bytes());
    let manifest = parse(
        &text,
        &Options {
            file_name,
            ..Options::default()
        },
    )
    .unwrap();
    let entries = manifest.lines.into_iter().map(|line| match line.content {
        Ok(entry) => entry,
        Err(error) => panic!("{} line {}: {error}", path.display(), line.number),
    });
    (manifest.format, entries.collect())
}

#[test]
fn the_manifests_of_debians_packages_are_read() {
    let Ok(directory) = fs::read_dir("/var/lib/dpkg/info") else {
        println!("skipped: there is no dpkg on this machine");
        return;
    };
    let paths = directory.map(|file| file.unwrap().path());
    let is_manifest = |path: &PathBuf| path.extension() == Some(OsStr::new("md5sums"));
    for path in paths.filter(is_manifest) {
        let (format, entries) = entries_of_file(&path);
        assert_eq!(format, Format::Gnu, "{}", path.display());
        for entry in entries {
            assert_eq!(entry.digests.len(), 1);
            assert_eq!(entry.digests[0].algorithm(), Algorithm::Md5);
        }
    }
}

#[test]
fn the_records_of_installed_wheels_are_read() {
    let script = "import glob, sysconfig\n\
        for path in sysconfig.get_paths()['purelib'], '/usr/lib/python3/dist-packages':\n\
        \x20   print(*glob.glob(glob.escape(path) + '/*.dist-info/RECORD'), sep='\\n')";
    let Some(paths) = output(Command::new("python3").args(["-c", script])) else {
        println!("skipped: there is no python3 on this machine");
        return;
    };
    let mut count = 0;
    for path in paths
        .split(|&byte| byte == b'\n')
        .filter(|path| !path.is_empty())
    {
        let (format, entries) = entries_of_file(Path::new(OsStr::from_bytes(path)));
        assert_eq!(format, Format::Record);
        let of_sha256 = |entry: &Entry| {
            let digest = entry.digests.first();
            digest.is_some_and(|digest| digest.algorithm() == Algorithm::Sha256)
        };
        assert!(entries.is_empty() || entries.iter().any(of_sha256));
        count += 1;
    }
    if count == 0 {
        println!("skipped: python3 has no installed wheel");
    }
}

/// What a command prints; `None` where there is no such command, or it knows no
/// such option.
fn output(command: &mut Command) -> Option<Vec<u8>> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then_some(output.stdout)
}

/// Names that manifests escape, quote or take for something else.
const ODD_NAMES: [&[u8]; 12] = [
    b"plain",
    b"two words",
    b" blank",
    b"*star",
    b"#comment",
    b"a\nb",
    b"a\rb",
    b"a\\nb",
    b"a) = b",
    b"(1)",
    b"caf\xe9",
    b"SHA1 (a) = da39a3ee5e6b4b0d3255bfef95601890afd80709",
];

#[test]
fn what_coreutils_writes_is_read_and_what_is_written_coreutils_reads() {
    let root = tempfile::tempdir().unwrap();
    for name in ODD_NAMES {
        fs::write(root.path().join(OsStr::from_bytes(name)), "").unwrap();
    }
    let sum = |arguments: &[&str]| {
        let mut command = Command::new("sha256sum");
        command.args(arguments).current_dir(&root);
        command
    };
    for (arguments, format, zero) in [
        (&[][..], Format::Gnu, false),
        (&["--binary"], Format::Gnu, false),
        (&["--zero"], Format::Gnu, true),
        (&["--tag"], Format::Bsd, false),
        (&["--tag", "--zero"], Format::Bsd, true),
    ] {
        let names = ODD_NAMES.map(OsStr::from_bytes);
        let Some(text) = output(sum(arguments).arg("--").args(names)) else {
            println!("skipped: there is no GNU sha256sum on this machine, or an old one");
            return;
        };
        let manifest = parse(
            &text,
            &Options {
                zero,
                ..Options::default()
            },
        )
        .unwrap();
        assert_eq!(manifest.format, format);
        let entries: Vec<Entry> = manifest
            .lines
            .into_iter()
            .map(|l| l.content.unwrap())
            .collect();
        let digest = digest_of_nothing("sha256");
        assert!(entries.iter().all(|entry| entry.digests[..] == [digest]));
        let names: Vec<&[u8]> = entries.iter().map(|entry| &entry.name[..]).collect();
        assert_eq!(names, ODD_NAMES);
        if !zero {
            let text = write(format, &entries, false).unwrap();
            fs::write(root.path().join("sums"), text).unwrap();
            let checked = output(&mut sum(&["--check", "--strict", "--quiet", "sums"]));
            assert_eq!(checked.as_deref(), Some(&b""[..]));
        }
    }
}

#[test]
fn what_openssl_writes_is_read() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("a) = b"), "").unwrap();
    for (option, name) in [
        ("-md5", "md5"),
        ("-sha1", "sha1"),
        ("-sha256", "sha256"),
        ("-sha3-512", "sha3-512"),
        ("-blake2b512", "blake2b"),
    ] {
        let mut command = Command::new("openssl");
        command.args(["dgst", option, "a) = b"]).current_dir(&root);
        let Some(text) = output(&mut command) else {
            println!("skipped: there is no openssl on this machine, or without {option}");
            continue;
        };
        let told = format!("`a) = b` {name}");
        assert_eq!(
            reads_as(&text, &Options::default()),
            (Some(Format::Bsd), told)
        );
    }
}

/// A text of one piece over and over, after what the format starts with.
fn large(format: Format, piece: &str, count: usize) -> Vec<u8> {
    let header = match format {
        Format::Hashdeep => "%%%% HASHDEEP-1.0\n%%%% size,md5,filename\n",
        _ => "",
    };
    [header, &piece.repeat(count)].concat().into_bytes()
}

const LONG: usize = 8 << 20;

#[test]
fn a_line_of_eight_mebibytes_is_one_line() {
    for (format, piece) in [
        (Format::Gnu, "a"),
        (Format::Gnu, "\\"),
        (Format::Bsd, "SHA1 ("),
        (Format::Bsd, "x(="),
        (Format::Sfv, " a"),
        (Format::Hashdeep, ","),
        (Format::Bagit, "a"),
        (Format::Record, ","),
        (Format::Record, "\"\""),
        (Format::Record, "\"a"),
    ] {
        let text = large(format, piece, LONG / piece.len());
        let options = Options {
            format: Some(format),
            ..Options::default()
        };
        let lines = parse(&text, &options).unwrap().lines;
        assert_eq!(lines.len(), 1, "{format} {piece}");
        assert!(lines[0].content.is_err(), "{format} {piece}");
        let detected = parse(&text, &Options::default()).unwrap().lines;
        assert_eq!(detected.len(), 1, "{format} {piece}");
    }
}

/// How long a line may be.
const LONGEST: usize = 64 << 10;

#[test]
fn a_name_that_is_longer_than_any_path_is_read_whole() {
    for (format, algorithm) in [
        (Format::Gnu, "md5"),
        (Format::Bsd, "md5"),
        (Format::Sfv, "crc32"),
        (Format::Hashdeep, "md5"),
        (Format::Bagit, "md5"),
        (Format::Record, "md5"),
    ] {
        let mut entry = Entry {
            name: "\\%\"n".repeat(LONGEST / 8).into_bytes(),
            digests: [digest_of_nothing(algorithm)].into_iter().collect(),
            size: Some(7),
        };
        let text = write(format, slice::from_ref(&entry), false).unwrap();
        let options = Options {
            format: Some(format),
            ..Options::default()
        };
        let lines = parse(&text, &options).unwrap().lines;
        let name = &lines[0].content.as_ref().unwrap().name;
        assert!(*name == entry.name, "{format}");
        // What would not be read is not written.
        entry.name.extend(vec![b'a'; LONGEST / 2]);
        let error = write(format, slice::from_ref(&entry), false).unwrap_err();
        assert!(error.to_string().ends_with("a line of more than 64 KiB"));
    }
}

#[test]
fn two_hundred_thousand_lines_are_as_many() {
    let count = 200_000;
    for format in Format::ALL {
        for piece in [
            "a\n",
            "\"\n",
            "\"\"\"\n",
            "\"a\n\"\n",
            "x (\n",
            "0,\n",
            "\0\n",
            "\\\n",
        ] {
            let text = large(format, piece, count);
            let options = Options {
                format: Some(format),
                ..Options::default()
            };
            let lines = parse(&text, &options).unwrap().lines;
            assert_eq!(
                lines.len(),
                piece.matches('\n').count() * count,
                "{format} {piece:?}"
            );
            assert!(lines.iter().all(|line| line.content.is_err()));
        }
    }
    let text = with_digests("{md5}  a\n").repeat(count);
    let lines = parse(text.as_bytes(), &Options::default()).unwrap().lines;
    assert_eq!(lines.len(), count);
    assert!(lines.iter().all(|line| line.content.is_ok()));
}

/// Texts whose lengths are those of the pieces that a file is read in, or just not.
#[test]
fn files_and_streams_are_read_as_their_text_is() {
    let line = b"d41d8cd98f00b204e9800998ecf8427e  name\n";
    for (len, long) in [
        (1 << 20, 0),
        (2 << 20, 0),
        (3 << 20, LONGEST - 2),
        (100, LONGEST - 2),
        (100, 5 << 20),
    ] {
        for short in 0..3 {
            let mut text = line.repeat(len / line.len() + 1);
            text.truncate(len - short);
            text.extend(vec![b'x'; long]);
            text.extend_from_slice(b"\n");
            text.extend_from_slice(line);
            let parsed = parse(&text, &Options::default()).unwrap();
            for read in by_file_and_stream(&text, &Options::default()) {
                assert!(read == parsed, "{len} - {short} + {long} bytes");
            }
        }
    }
}

/// What is read of a text in a file, and of one that comes through a pipe.
fn by_file_and_stream(text: &[u8], options: &Options<'_>) -> [Manifest; 2] {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("list");
    fs::write(&path, text).unwrap();
    let of_file = read_manifest(&ManifestSource::Path(path.clone()), options, true).unwrap();
    let (there, mut here) = io::pipe().unwrap();
    let of_stream = thread::scope(|scope| {
        scope.spawn(move || here.write_all(text).unwrap());
        let source = ManifestSource::Stream(path, Arc::new(there.into()));
        read_manifest(&source, options, true).unwrap()
    });
    [of_file, of_stream]
}

#[test]
fn a_line_that_is_too_long_hides_no_other() {
    for (format, line) in [
        (Format::Gnu, "{md5}  a"),
        (Format::Bsd, "MD5 (a) = {md5}"),
        (Format::Sfv, "a {crc32}"),
        (Format::Hashdeep, "0,{md5},a"),
        (Format::Bagit, "{md5}  a"),
        (Format::Record, "a,,"),
    ] {
        let line = with_digests(line);
        let rest = LONGEST - line.len() - 1;
        for (filler, more, is_too_long) in [("b", 0, false), ("b", 1, true), ("\0", LONG, true)] {
            let filler = filler.repeat(rest + more);
            let text = large(format, &format!("{line}\n{filler}{line}\n{line}\n"), 1);
            let options = Options {
                format: Some(format),
                file_name: Some(b"md5"),
                ..Options::default()
            };
            let parsed = parse(&text, &options).unwrap();
            let lines = &parsed.lines;
            assert_eq!(lines.len(), 3, "{format} {more}");
            assert!(lines[0].content.is_ok() && lines[2].content.is_ok());
            assert_eq!(lines[2].number, lines[0].number + 2);
            let found = lines[1].content == Err(LineError::TooLong);
            assert_eq!(found, is_too_long, "{format} {more}");
        }
    }
}

#[test]
fn a_quotation_mark_waits_for_the_next_no_longer_than_a_line_may_be() {
    let options = Options {
        format: Some(Format::Record),
        ..Options::default()
    };
    let count = LONGEST / 4;
    let text = format!("\"a\n{}b\",,\n", "a,,\n".repeat(count));
    let lines = parse(text.as_bytes(), &options).unwrap().lines;
    assert_eq!(lines.len(), count + 2);
    assert_eq!(lines[0].content, Err(LineError::Quotes));
    assert!(lines[1..=count].iter().all(|line| line.content.is_ok()));
    assert_eq!(lines[count + 1].content, Err(LineError::Quotes));
}

#[test]
fn a_comment_is_one_however_long_it_is() {
    for (format, comment) in [
        (Format::Gnu, "# "),
        (Format::Sfv, "; "),
        (Format::Hashdeep, "\t#"),
        (Format::Bagit, "#"),
    ] {
        let comment = format!("{comment}{}\n", "x".repeat(LONG));
        let options = Options {
            format: Some(format),
            ..Options::default()
        };
        let parsed = parse(&large(format, &comment, 1), &options).unwrap();
        assert_eq!(parsed.lines, [], "{format}");
    }
    let options = Options {
        format: Some(Format::Record),
        ..Options::default()
    };
    let text = format!("#{}\n", "x".repeat(LONG));
    assert_eq!(parse(text.as_bytes(), &options).unwrap().lines.len(), 1);
}

#[test]
fn what_tells_the_format_is_not_looked_for_without_end() {
    for (filler, wanted) in [
        ("# a comment\n", Format::Gnu),
        ("; a comment\n", Format::Sfv),
    ] {
        for (count, wanted) in [
            ((1 << 20) / filler.len() - 9, Format::Record),
            (1 << 17, wanted),
        ] {
            let text = with_digests(&format!("{}a,md5={{md5:url}},\n", filler.repeat(count)));
            let parsed = parse(text.as_bytes(), &Options::default()).unwrap();
            assert_eq!(parsed.format, wanted, "{count} of {filler:?}");
            let read = by_file_and_stream(text.as_bytes(), &Options::default());
            assert!(read.iter().all(|read| *read == parsed));
        }
    }
}

#[test]
fn hashdeep_has_few_columns() {
    let header = |commas| {
        let columns = ",x".repeat(commas);
        format!("%%%% HASHDEEP-1.0\n%%%% size,md5{columns},filename\n")
    };
    assert!(parse(header(63).as_bytes(), &Options::default()).is_ok());
    let error = parse(header(64).as_bytes(), &Options::default()).unwrap_err();
    assert_eq!(error.line(), Some(2));
}
