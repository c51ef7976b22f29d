//! Properties of reading and writing, whatever the text or the names.

use std::slice;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use smallvec::SmallVec;

use super::reader::TELLING;
use super::*;

/// A digest of some length that the algorithm has.
fn digest_of(algorithm: Algorithm) -> impl Strategy<Value = Digest> {
    let len = match algorithm {
        Algorithm::Blake2b => 1..=64,
        other => other.digest_len()..=other.digest_len(),
    };
    vec(any::<u8>(), len).prop_map(move |bytes| Digest::new(algorithm, &bytes).unwrap())
}

fn digest() -> impl Strategy<Value = Digest> {
    select(&Algorithm::ALL[..]).prop_flat_map(digest_of)
}

/// Names of any bytes, and names of what the formats treat apart.
fn name() -> impl Strategy<Value = Vec<u8>> {
    let odd = " |\\t|\\n|\\r|\\\\|\\*|#|;|,|\"|=|%|\\(|\\)|/|a|0|\u{feff}|\u{e9}";
    let odd = proptest::string::string_regex(&format!("({odd}){{1,12}}")).unwrap();
    let starts = select(vec![
        &b"\xff\xfe"[..],
        b"\xef\xbb\xbf",
        b"\x1f\x8b",
        b"BZh91AY&SY",
        b"PK\x03\x04",
        b"%%%% HASHDEEP-1.0",
        b"a (b) = c",
        b"a) = ",
    ]);
    let start = (starts, vec(1..=255_u8, 0..4)).prop_map(|(start, rest)| [start, &rest].concat());
    prop_oneof![
        vec(1..=255_u8, 1..40),
        odd.prop_map(String::into_bytes),
        start
    ]
}

fn entry(digests: Vec<Digest>) -> impl Strategy<Value = Entry> {
    name().prop_map(move |name| Entry {
        name,
        digests: digests.clone().into(),
        size: None,
    })
}

/// Entries of which each has a digest of an algorithm of its own.
fn mixed() -> impl Strategy<Value = Vec<Entry>> {
    vec(digest().prop_flat_map(|digest| entry(vec![digest])), 0..6)
}

/// Entries that all have a digest of this algorithm.
fn entries_of(algorithm: Algorithm) -> impl Strategy<Value = Vec<Entry>> {
    let entry = digest_of(algorithm).prop_flat_map(|digest| entry(vec![digest]));
    vec(entry, 0..6)
}

/// Entries that all have a digest of one algorithm, and it.
fn uniform() -> impl Strategy<Value = (Algorithm, Vec<Entry>)> {
    let entries = |algorithm| (Just(algorithm), entries_of(algorithm));
    select(&Algorithm::ALL[..]).prop_flat_map(entries)
}

/// Entries with sizes and digests of the same several algorithms.
fn hashdeep() -> impl Strategy<Value = Vec<Entry>> {
    let all = Algorithm::ALL.map(|a| Digest::new(a, &[7; 64][..a.digest_len()]).unwrap());
    let digests = proptest::sample::subsequence(all.to_vec(), 1..=all.len());
    let digests = digests.prop_shuffle();
    digests.prop_flat_map(|digests| {
        let entry = (entry(digests), any::<u64>()).prop_map(|(mut entry, size)| {
            entry.size = Some(size);
            entry
        });
        vec(entry, 1..6)
    })
}

/// Entries with or without a size and a digest.
fn record() -> impl Strategy<Value = Vec<Entry>> {
    let digests = proptest::option::of(digest());
    let entry = (name(), digests, any::<Option<u64>>()).prop_map(|(name, digest, size)| Entry {
        name,
        digests: digest.into_iter().collect(),
        size,
    });
    vec(entry, 0..6)
}

/// The entries of a text, none of whose lines is malformed.
fn read(text: &[u8], options: &Options<'_>) -> Vec<Entry> {
    let lines = parse(text, options).unwrap().lines;
    lines
        .into_iter()
        .map(|line| line.content.unwrap())
        .collect()
}

fn forced(format: Format) -> Options<'static> {
    Options {
        format: Some(format),
        ..Options::default()
    }
}

/// Each entry that the format can state comes back, alone and in one text.
fn survive(format: Format, entries: &[Entry], options: &Options<'_>, is_odd: fn(&[u8]) -> bool) {
    let mut stated = Vec::new();
    for entry in entries {
        match write(format, slice::from_ref(entry), options.zero) {
            Ok(text) => {
                assert_eq!(read(&text, options), slice::from_ref(entry), "{text:?}");
                stated.push(entry.clone());
            }
            Err(error) => assert!(is_odd(&entry.name), "{error}"),
        }
    }
    let text = write(format, &stated, options.zero).unwrap();
    assert_eq!(read(&text, options), stated, "{text:?}");
}

proptest! {
    #[test]
    fn names_survive_in_gnu_lines((algorithm, entries) in uniform(), zero: bool) {
        let algorithm = Some(algorithm);
        let options = Options { algorithm, zero, ..forced(Format::Gnu) };
        survive(Format::Gnu, &entries, &options, |_| false);
    }

    #[test]
    fn names_and_algorithms_survive_in_bsd_lines(entries in mixed(), zero: bool) {
        let options = Options { zero, ..forced(Format::Bsd) };
        survive(Format::Bsd, &entries, &options, |_| false);
    }

    #[test]
    fn names_survive_in_sfv(entries in entries_of(Algorithm::Crc32)) {
        let is_odd = |name: &[u8]| name.contains(&b'\n') || text::trim_start(name).starts_with(b";");
        survive(Format::Sfv, &entries, &forced(Format::Sfv), is_odd);
    }

    #[test]
    fn names_survive_in_bags((algorithm, entries) in uniform()) {
        let options = Options { algorithm: Some(algorithm), ..forced(Format::Bagit) };
        let is_odd = |name: &[u8]| matches!(name[0], b' ' | b'\t' | b'*');
        survive(Format::Bagit, &entries, &options, is_odd);
    }

    #[test]
    fn names_digests_and_sizes_survive_in_hashdeep(entries in hashdeep()) {
        let is_odd = |name: &[u8]| name.contains(&b'\n') || name.ends_with(b"\r");
        survive(Format::Hashdeep, &entries, &Options::default(), is_odd);
    }

    #[test]
    fn names_digests_and_sizes_survive_in_records(entries in record()) {
        survive(Format::Record, &entries, &forced(Format::Record), |_| false);
    }

    #[test]
    fn any_bytes_give_at_most_one_line_for_each_line(
        text in vec(any::<u8>(), 0..400),
        format in select(&Format::ALL[..]),
        forced: bool,
        zero: bool,
    ) {
        check_lines(&text, &Options { format: forced.then_some(format), zero, ..Options::default() });
    }

    #[test]
    fn text_that_is_almost_a_manifest_never_panics(
        text in ALMOST,
        format in select(&Format::ALL[..]),
        forced: bool,
        zero: bool,
    ) {
        let text = text.as_bytes();
        let format = forced.then_some(format);
        check_lines(text, &Options { format, zero, ..Options::default() });
        let text = [b"%%%% HASHDEEP-1.0\n%%%% size,md5,filename\n", text].concat();
        check_lines(&text, &Options { format, zero, ..Options::default() });
    }

    #[test]
    fn any_file_name_is_looked_at(path in vec(any::<u8>(), 0..60)) {
        let _ = detect::algorithm(&path);
        let options = Options { file_name: Some(&path), ..Options::default() };
        check_lines(b"a b\n", &options);
    }

    #[test]
    fn gnu_lines_are_read_as_by_a_second_reader(text in GNU) {
        let text = text.as_bytes();
        let options = Options { algorithm: Some(Algorithm::Crc32), ..forced(Format::Gnu) };
        let lines = parse(text, &options).unwrap().lines;
        let got: Vec<_> = lines.into_iter().map(|l| (l.number, l.content.ok())).collect();
        let got: Vec<_> = got.into_iter().map(|(number, entry)| {
            (number, entry.map(|e| (e.digests[0].to_string().into_bytes(), e.name)))
        }).collect();
        prop_assert_eq!(got, naive::read(text));
    }

    #[test]
    fn pieces_of_a_text_are_read_as_the_whole(
        text in ALMOST,
        head in select(vec!["", "%%%% HASHDEEP-1.0\n%%%% size,md5,filename\n", "\u{feff}"]),
        name in select(vec!["list", "RECORD", "list.sfv", "manifest-md5.txt", "SHA1SUMS"]),
        format in proptest::option::of(select(&Format::ALL[..])),
        algorithm in proptest::option::of(select(&Algorithm::ALL[..])),
        zero in any::<bool>(),
        len in 1..80_usize,
    ) {
        let file_name = Some(name.as_bytes());
        let options = Options { file_name, format, algorithm, zero, ..Options::default() };
        let text = format!("{head}{text}");
        let all = parse(text.as_bytes(), &options);
        prop_assert_eq!(&by_pieces(text.as_bytes(), len, Reader::new(options)), &all);
        // With lines that are too long, the longest ones or all.
        for (longest, telling) in [(len, 40), (40, len), (40, 400), (400, 40)] {
            let reader = || Reader::with_limits(options, longest, telling);
            let all = by_pieces(text.as_bytes(), usize::MAX, reader());
            let read = by_pieces(text.as_bytes(), len, reader());
            prop_assert_eq!(read, all, "lines of {}, format in {} bytes", longest, telling);
        }
    }

    #[test]
    fn only_lines_that_are_too_long_are_lost(
        lines in vec(prop_oneof!["a{1,4} [0-9a-f]{8}", "[0-9a-f]{8}  a{1,30}", "#a{0,40}"], 0..20),
        longest in 12..40_usize,
        len in 1..80_usize,
        zero: bool,
    ) {
        let separator = if zero { "\0" } else { "\n" };
        let text: String = lines.iter().map(|line| format!("{line}{separator}")).collect();
        let options = Options { zero, ..forced(Format::Gnu) };
        let read = by_pieces(text.as_bytes(), len, Reader::with_limits(options, longest, TELLING)).unwrap();
        let mut expected = parse(text.as_bytes(), &options).unwrap().lines;
        let is_too_long = |number: u64| lines[number as usize - 1].len() >= longest;
        for line in expected.iter_mut().filter(|line| is_too_long(line.number)) {
            line.content = Err(LineError::TooLong);
        }
        // A comment is one however long it is.
        let is_comment = |number: u64| !zero && lines[number as usize - 1].starts_with('#');
        let (lost, kept): (Vec<_>, Vec<_>) =
            read.lines.into_iter().partition(|line| line.content == Err(LineError::TooLong));
        let lost: Vec<u64> = lost.iter().map(|line| line.number).collect();
        let long = (1..=lines.len() as u64).filter(|line| is_too_long(*line) && !is_comment(*line));
        prop_assert_eq!(lost, long.collect::<Vec<_>>());
        expected.retain(|line| line.content != Err(LineError::TooLong));
        prop_assert_eq!(kept, expected);
    }

    #[test]
    fn a_quotation_mark_hides_no_line(text in "(,|\"|\"\"|a|\\n|\\r\\n|\\r|[0-9]|sha1=|,,\\n){0,24}") {
        let lines = parse(text.as_bytes(), &forced(Format::Record)).unwrap().lines;
        let mut said = std::collections::HashSet::new();
        for line in lines {
            let breaks = |entry: Entry| entry.name.iter().filter(|&&byte| byte == b'\n').count();
            let more = line.content.map_or(0, breaks) as u64;
            for number in line.number..=line.number + more {
                prop_assert!(said.insert(number), "two lines say {}", number);
            }
        }
        for (number, line) in (1..).zip(text::lines(text.as_bytes())) {
            prop_assert!(line.is_empty() || said.contains(&number), "nothing says {}", number);
        }
    }
}

/// Pieces of manifests in all formats.
const ALMOST: &str = "([0-9a-f]{38,42}|[0-9a-f]{8}|[0-9a-f]{64}|\\\\|#|;| |\\*|a|\\n|\\r|\\x00|\
    MD5 ?\\(|SHA1 \\(|BLAKE2b-256 \\(|\\)= |\\) = |,|\"|\"\"|sha256=|=|%|%0A|\\\\n|%%%% |\
    size,|,filename|[0-9]{1,22}|d41d8cd98f00b204e9800998ecf8427e){0,30}";

/// What is read of a text that comes in pieces of this length.
fn by_pieces(text: &[u8], len: usize, mut reader: Reader<'_>) -> Result<Manifest, ManifestError> {
    let (mut lines, mut waiting) = (Vec::new(), Vec::new());
    let mut take = |line| {
        lines.push(line);
        ControlFlow::Continue(())
    };
    for piece in text.chunks(len) {
        waiting.extend_from_slice(piece);
        let read = reader.read(&waiting, false, &mut take)?;
        waiting.drain(..read);
    }
    let read = reader.read(&waiting, true, &mut take)?;
    assert_eq!(read, waiting.len());
    let format = reader.format();
    Ok(Manifest { format, lines })
}

/// Pieces of lines with a CRC-32.
const GNU: &str = "([0-9a-fA-F]{8}(  | \\*| |\\t|\\t )a|[0-9a-f]{8}|[0-9a-f]{1,9}| |  |\\*|\\t|\
    \\n|\\r\\n|\\r|\\n[0-9a-f]{8}  |\\n\\\\[0-9a-f]{8}  |\\\\|\\\\n|n|r|g|#|\\x00){0,16}";

/// There are no more lines than the text has, they are in order, and their names
/// are ones that a file may have.
fn check_lines(text: &[u8], options: &Options<'_>) {
    let Ok(manifest) = parse(text, options) else {
        return;
    };
    let lines = manifest.lines;
    let end = if options.zero { 0 } else { b'\n' };
    let most = 1 + text.iter().filter(|&&byte| byte == end).count();
    assert!(lines.len() <= most);
    let is_in_order = |pair: &[Line]| pair[0].number < pair[1].number;
    assert!(lines.windows(2).all(is_in_order));
    let last = lines.last().map_or(0, |line| line.number);
    assert!(last <= most as u64);
    for line in &lines {
        if let Ok(entry) = &line.content {
            assert!(!entry.name.is_empty() && !entry.name.contains(&0));
        }
    }
}

/// Reads GNU lines with a CRC-32 once more, step by step as the manual tells it.
mod naive {
    type Said = Option<(Vec<u8>, Vec<u8>)>;

    pub(super) fn read(text: &[u8]) -> Vec<(u64, Said)> {
        let mut first_width = 0;
        let mut lines = Vec::new();
        for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
            let mut line = line.to_vec();
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            while matches!(line.first(), Some(b' ' | b'\t')) {
                line.remove(0);
            }
            if line.is_empty() || line[0] == b'#' {
                continue;
            }
            lines.push((index as u64 + 1, read_line(&line, &mut first_width)));
        }
        lines
    }

    fn read_line(line: &[u8], first_width: &mut usize) -> Said {
        if line.contains(&0) {
            return None;
        }
        let is_escaped = line[0] == b'\\';
        let line = &line[usize::from(is_escaped)..];
        if line.len() < 10 || !line[..8].iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        if line[8] != b' ' && line[8] != b'\t' {
            return None;
        }
        let width = if line[9] == b' ' || line[9] == b'*' {
            2
        } else {
            1
        };
        let name = &line[8 + width..];
        if name.is_empty() {
            return None;
        }
        if *first_width == 0 {
            *first_width = width;
        }
        if width != *first_width {
            return None;
        }
        let name = if is_escaped {
            unescape(name)?
        } else {
            name.to_vec()
        };
        Some((line[..8].to_ascii_lowercase(), name))
    }

    /// Looks each escape up in a list of them.
    fn unescape(name: &[u8]) -> Option<Vec<u8>> {
        let mut plain = Vec::new();
        let mut position = 0;
        while position < name.len() {
            if name[position] != b'\\' {
                plain.push(name[position]);
                position += 1;
                continue;
            }
            let meant = [(b'\\', b'\\'), (b'n', b'\n'), (b'r', b'\r')];
            let letter = *name.get(position + 1)?;
            plain.push(meant.iter().find(|(l, _)| *l == letter)?.1);
            position += 2;
        }
        Some(plain)
    }
}

#[test]
fn a_line_takes_no_more_memory_than_its_documentation_says() {
    assert!(size_of::<Line>() <= 150, "{}", size_of::<Line>());
    let entry = Entry {
        name: Vec::new(),
        digests: SmallVec::new(),
        size: None,
    };
    assert!(!entry.digests.spilled());
}
