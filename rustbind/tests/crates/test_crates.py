"""Crates of the registry, unmodified, with results that their documentation states."""

import datetime
import io
import json
import subprocess
import zlib

import pytest

import rustbind
from rustbind._build import program

CRATES = [
    "crc32fast@1.5.0",
    "deunicode@1.6.2",
    "humantime@2.3.0",
    "regex@1.13.1",
    "roaring@0.12.0",
    "rust_decimal@1.43.0",
    "semver@1.0.28",
    "strsim@0.11.1",
    "unicode-segmentation@1.13.3",
    "uuid@1.29.1",
    "whatlang@0.18.0",
]


def load(name):
    return rustbind.load(next(each for each in CRATES if each.startswith(name + "@")))


#: What takes more than a conversion, wherever in a type it stands.
ADAPTED = {"Iterator", "Like", "Function", "Trait", "Stream", "Range"}


def parts(node):
    """The names of all parts of a type in the intermediate form."""
    if isinstance(node, dict):
        yield from node
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from parts(each)
    elif isinstance(node, str):
        yield node


def definitions(node):
    """The crate's types that are mentioned."""
    if isinstance(node, dict):
        if "Named" in node:
            yield node["Named"]["definition"]
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from definitions(each)


def kind(function, known):
    """Whether a function crosses directly, with an adapter, or not at all."""
    output = function["output"]
    if isinstance(output, dict) and "Result" in output.get("Std", []):
        # Whatever the error is, it becomes an exception.
        output = output["Std"][1][0]
    types = [each["type_"] for each in function["parameters"]] + [output]
    names = {name for type_ in types for name in parts(type_)}
    if names & {"Foreign", "Unsupported"} or not known.issuperset(definitions(types)):
        return "not"
    borrowed = {"Reference", "lifetimes"} <= set(parts(output))
    return "adapted" if ADAPTED & names or borrowed or "'a" in names else "direct"


def functions(model):
    """Every function and method of the intermediate form, by its path."""
    for function in model["functions"]:
        yield "::".join([model["name"], *function["module"], function["name"]]), function
    for each in model["types"].values():
        place = each["place"]
        for function in each["functions"]:
            path = [model["name"], *place["module"], place["name"], function["name"]]
            yield "::".join(path), function


def sorted_by_kind(crate):
    """The paths of a crate's functions by their kinds, and what is skipped, with reasons."""
    line = [program(), "inspect", crate, "--json"]
    model = json.loads(subprocess.run(line, capture_output=True, check=True).stdout)
    known = set(model["types"])
    found = {"direct": set(), "adapted": set(), "not": set()}
    for path, function in functions(model):
        found[kind(function, known)].add(path)
    return found, dict(rustbind.load(crate).__skipped__)


def test_coverage():
    needing, left_out = 0, []
    for crate in CRATES:
        found, skipped = sorted_by_kind(crate)
        assert all(skipped.values()), crate
        assert found["direct"].isdisjoint(skipped), found["direct"] & skipped.keys()
        assert found["not"] <= skipped.keys(), found["not"] - skipped.keys()
        needing += len(found["adapted"])
        left_out += found["adapted"] & skipped.keys()
    assert needing > 100
    assert len(left_out) <= needing / 10, left_out


def test_strsim():
    strsim = load("strsim")
    assert strsim.hamming("hamming", "hammers") == 3
    with pytest.raises(strsim.StrSimError):
        strsim.hamming("hamming", "ham")
    assert strsim.levenshtein("kitten", "sitting") == 3
    assert strsim.normalized_levenshtein("kitten", "sitting") == pytest.approx(0.571, abs=0.001)
    assert strsim.osa_distance("ab", "bca") == 3
    assert strsim.damerau_levenshtein("ab", "bca") == 2
    assert strsim.jaro("Friedrich Nietzsche", "Jean-Paul Sartre") == pytest.approx(0.392, abs=0.001)
    assert strsim.jaro_winkler("cheeseburger", "cheese fries") == pytest.approx(0.866, abs=0.001)
    assert strsim.sorensen_dice("web applications", "applications of the web") == pytest.approx(
        0.788, abs=0.001
    )


def test_semver():
    semver = load("semver")
    requirement = semver.VersionReq.parse(">=1.2.3, <1.8.0")
    assert not requirement.matches(semver.Version.parse("1.3.0-alpha.1"))
    assert requirement.matches(semver.Version.parse("1.3.0"))
    version = semver.Version.parse("1.2.3-rc.1+build.5")
    assert (version.major, version.minor, version.patch) == (1, 2, 3)
    assert (version.pre.as_str(), version.build.as_str()) == ("rc.1", "build.5")
    assert str(version) == "1.2.3-rc.1+build.5"
    versions = [semver.Version.parse(text) for text in ("1.10.0", "1.9.0", "1.10.0-rc.1")]
    assert [str(each) for each in sorted(versions)] == ["1.9.0", "1.10.0-rc.1", "1.10.0"]
    assert semver.Version(1, 2, 3) < semver.Version(1, 2, 4)
    assert semver.Version(1, 0, 0).cmp_precedence(semver.Version(2, 0, 0)) == -1
    assert len({semver.Version(1, 2, 3), semver.Version.parse("1.2.3")}) == 1
    with pytest.raises(
        semver.Error, match="unexpected end of input while parsing major version number"
    ):
        semver.Version.parse("1")


def test_crc32fast():
    crc32fast = load("crc32fast")
    assert crc32fast.hash(b"foo bar baz") == zlib.crc32(b"foo bar baz")
    hasher = crc32fast.Hasher()
    hasher.update(b"foo ")
    hasher.update(bytearray(b"bar baz"))
    assert hasher.copy().finalize() == zlib.crc32(b"foo bar baz")


def test_humantime():
    humantime = load("humantime")
    assert humantime.parse_duration("2h 37min") == datetime.timedelta(hours=2, minutes=37)
    assert str(humantime.format_duration(datetime.timedelta(minutes=154))) == "2h 34m"
    with pytest.raises(humantime.DurationError):
        humantime.parse_duration("2 fortnights")
    time = humantime.parse_rfc3339("2018-02-16T00:31:37Z")
    assert time == datetime.datetime(2018, 2, 16, 0, 31, 37, tzinfo=datetime.timezone.utc)
    assert str(humantime.format_rfc3339(time)) == "2018-02-16T00:31:37Z"


def test_roaring():
    roaring = load("roaring")
    one = roaring.RoaringBitmap()
    assert one.insert(1)
    assert not one.insert(1)
    assert one.insert_range(range(2, 6)) == 4
    assert len(one) == 5
    two = roaring.RoaringBitmap.from_iter([4, 5, 6, 2**32 - 1])
    assert list(one & two) == [4, 5]
    assert list(one | two) == [1, 2, 3, 4, 5, 6, 2**32 - 1]
    assert list(one - two) == [1, 2, 3]
    assert list(one ^ two) == [1, 2, 3, 6, 2**32 - 1]
    assert one.contains(3)
    assert (one.min(), one.max()) == (1, 5)
    file = io.BytesIO()
    one.serialize_into(file)
    file.seek(0)
    assert roaring.RoaringBitmap.deserialize_from(file) == one
    assert len(file.getvalue()) == one.serialized_size()
    with pytest.raises(OSError, match="cookie"):
        roaring.RoaringBitmap.deserialize_from(io.BytesIO(b"nonsense!"))
    with pytest.raises(OverflowError, match="is not a u32"):
        one.insert(2**32)


def test_regex():
    regex = load("regex")
    date = regex.Regex(r"(?<y>\d{4})-(?<m>\d{2})-(?<d>\d{2})")
    text = "from 2010-03-14 to 2012-03-14"
    assert date.is_match(text)
    assert [match.as_str() for match in date.find_iter(text)] == ["2010-03-14", "2012-03-14"]
    found = date.captures(text)
    assert found.name("y").as_str() == "2010"
    assert found.get(0).range() == range(5, 15)
    assert date.captures("no date") is None
    assert list(regex.Regex(r"[ \t]+").split("a b \t  c")) == ["a", "b", "c"]
    with pytest.raises(regex.Error, match="unclosed group"):
        regex.Regex("(")
    assert regex.escape("a.b") == r"a\.b"


def test_uuid():
    uuid = load("uuid")
    known = uuid.Uuid.parse_str("a1a2a3a4-b1b2-c1c2-d1d2-d3d4d5d6d7d8")
    assert str(known) == "a1a2a3a4-b1b2-c1c2-d1d2-d3d4d5d6d7d8"
    assert known.as_u128() == 0xA1A2A3A4B1B2C1C2D1D2D3D4D5D6D7D8
    assert known == uuid.Uuid.from_u128(known.as_u128())
    assert str(known.simple()) == "a1a2a3a4b1b2c1c2d1d2d3d4d5d6d7d8"
    assert uuid.Uuid.nil().is_nil()
    with pytest.raises(uuid.Error):
        uuid.Uuid.parse_str("x")


def test_whatlang():
    whatlang = load("whatlang")
    assert whatlang.Lang.from_code("eng") is whatlang.Lang.Eng
    assert whatlang.Lang.Epo.eng_name() == "Esperanto"
    found = whatlang.Detector().detect("Ĉu vi ne volas eklerni Esperanton? Bonvolu!")
    assert found.lang() is whatlang.Lang.Epo
    assert found.script() is whatlang.Script.Latin


def test_deunicode():
    deunicode = load("deunicode")
    assert deunicode.deunicode("Æneid") == "AEneid"
    assert deunicode.deunicode("北京") == "Bei Jing"
    assert deunicode.deunicode_char("ß") == "ss"


def test_rust_decimal():
    decimal = load("rust_decimal").Decimal
    price = decimal.from_str("19.99")
    assert str(price * decimal(3, 0)) == "59.97"
    assert str(price.round_dp(1)) == "20.0"
    assert decimal.from_str("0.1") + decimal.from_str("0.2") == decimal.from_str("0.3")
    assert price < decimal.MAX
