import csv
import io
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.contracts.catalogue import RejectedRow
from functions.shoppable import feed
from functions.shoppable.feed import FeedRefused, Row, quarantine_csv, read_rows

HEADER = "id\ttitle\tlink\timage_link\tprice\tavailability\n"


def rows(body: bytes | str) -> list[Row | RejectedRow]:
    return list(read_rows(io.BytesIO(body.encode() if isinstance(body, str) else body)))


def fields(body: bytes | str) -> list[dict[str, object]]:
    found = rows(body)
    assert all(isinstance(row, Row) for row in found), found
    return [row.fields for row in found if isinstance(row, Row)]


def code(body: bytes | str) -> str:
    with pytest.raises(FeedRefused) as caught:
        rows(body)
    return caught.value.reason.code


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "EmptyFeed"),
        (b"\n \r\n", "EmptyFeed"),
        (b"\xef\xbb\xbf", "EmptyFeed"),
        (HEADER.encode(), "EmptyFeed"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "UnknownFeedFormat"),
        (b"PK\x03\x04\x14\x00\x00\x00", "UnknownFeedFormat"),
        (b"\x1f\x8b\x08\x08" + bytes(range(1, 30)) * 9, "UnknownFeedFormat"),
        (b"%PDF-1.7\n", "UnknownFeedFormat"),
        (b'<?xml version="1.0"?><rss/>', "UnknownFeedFormat"),
        (b'[{"id": "1"}]', "UnknownFeedFormat"),
        (b"id,title,link\n1,Tea,x\n", "UnknownFeedFormat"),
        (b"hello", "UnknownFeedFormat"),
        (b"id\ttitle\n1\tTea\n", "MissingColumns"),
        (HEADER.replace("title", "title\tTitle").encode(), "DuplicateColumns"),
    ],
)
def test_file_that_is_no_feed_is_refused_with_its_reason(body: bytes, expected: str) -> None:
    assert code(body) == expected


def test_missing_columns_are_named() -> None:
    with pytest.raises(FeedRefused, match=r"lacks: image_link, price, availability\."):
        rows("id\ttitle\tlink\n1\tTea\tx\n")


def test_header_is_understood_with_spaces_capitals_prefix_and_in_any_order() -> None:
    body = "Availability\tg:price\tImage Link\tLINK\ttitle\tID\nin stock\t1 EUR\ta.png\thttps://x\tTea\t7\n"
    assert fields(body)[0] == {
        "availability": "in stock",
        "price": "1 EUR",
        "image_link": "a.png",
        "link": "https://x",
        "title": "Tea",
        "id": "7",
    }


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_line_endings_and_encodings_of_spreadsheets_are_read(encoding: str, ending: str) -> None:
    body = (HEADER + "1\tThé à la menthe – 5 €\tl\ti\tp\ta\n2\tx\tl\ti\tp\ta\n").replace("\n", ending).encode(encoding)
    assert [row["title"] for row in fields(body)] == ["Thé à la menthe – 5 €", "x"]


def test_single_bad_byte_in_a_utf8_feed_spoils_its_own_row_only() -> None:
    body = HEADER.encode() + "1\tThé\tl\ti\tp\ta\n".encode() * 3 + b"2\tTh\xe9\tl\ti\tp\ta\n"
    titles = [row["title"] for row in fields(body)]
    assert titles == ["Thé", "Thé", "Thé", "Th\udce9"]


def test_quoted_value_may_hold_tabs_line_breaks_and_doubled_quotes() -> None:
    body = HEADER + '1\t"a\tb\nc ""d"""\tl\ti\tp\ta\n2\tx\tl\ti\tp\ta\n'
    assert [row["title"] for row in fields(body)] == ['a\tb\nc "d"', "x"]


@pytest.mark.parametrize("title", ['27" screen', '"Best" tea', '"unclosed', 'a "b" c', '"', '""x'])
def test_quote_that_is_none_of_a_quoted_value_is_kept_as_it_is(title: str) -> None:
    body = HEADER + f"1\t{title}\tl\ti\tp\ta\n2\tx\tl\ti\tp\ta\n3\ty\tl\ti\tp\ta\n"
    assert [row["title"] for row in fields(body)] == [title, "x", "y"]


def test_row_with_more_fields_than_the_header_is_rejected_and_the_next_read() -> None:
    found = rows(HEADER + "1\tx\tl\ti\tp\ta\textra\n2\tx\tl\ti\tp\ta\t\t\n")
    assert isinstance(found[0], RejectedRow)
    assert (found[0].row, found[0].feed_id) == (1, "1")
    assert isinstance(found[1], Row)


def test_row_with_fewer_fields_has_the_others_empty_and_blank_lines_count() -> None:
    found = rows(HEADER + "\n1\tx\n")
    assert found == [Row(2, {"id": "1", "title": "x"})]


def test_repeated_additional_image_columns_are_one_list() -> None:
    body = HEADER.strip() + "\tadditional_image_link\tadditional image link\n1\tx\tl\ti\tp\ta\tb\tc\n"
    assert fields(body)[0]["additional_image_link"] == "b,c"


def test_line_beyond_the_limit_is_rejected_and_the_next_read() -> None:
    found = rows(HEADER + "1\t" + "x" * 500_000 + "\tl\n2\tx\tl\ti\tp\ta\n")
    assert isinstance(found[0], RejectedRow)
    assert isinstance(found[1], Row)
    assert found[1].fields["id"] == "2"


def test_json_lines_are_read_with_numbers_and_lists_and_empty_values_left_out() -> None:
    body = json.dumps({"id": 7, "title": "Tea", "additional_image_link": ["b"], "brand": None, "mpn": ""})
    assert fields("\ufeff" + body + "\n\n" + body) == [{"id": 7, "title": "Tea", "additional_image_link": ["b"]}] * 2


@pytest.mark.parametrize("line", ["{", '{"a": 1} x', "[1]", "7", "[" * 100_000, '{"a": ' + "9" * 5000 + "}"])
def test_bad_json_line_is_rejected_and_the_next_read(line: str) -> None:
    found = rows('{"id": "1"}\n' + line + '\n{"id": "2"}\n')
    assert [type(row) for row in found] == [Row, RejectedRow, Row]


def test_feed_with_more_rows_than_allowed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "MAX_ROWS", 3)
    assert len(rows(HEADER + "1\tx\n" * 3)) == 3
    assert code(HEADER + "1\tx\n" * 4) == "TooManyRows"


def test_feed_of_open_quotes_takes_no_quadratic_time() -> None:
    body = HEADER + ('1\t"open\tl\ti\tp\ta\n' + '2\tx ""\tl\ti\tp\ta\n' * 60) * 100
    started = time.process_time()
    assert len(rows(body)) > 100
    assert time.process_time() - started < 10


def test_line_of_open_quotes_takes_no_quadratic_time() -> None:
    body = HEADER + ('"a\t' * 60_000 + "\n") * 3
    started = time.process_time()
    assert [type(row) for row in rows(body)] == [RejectedRow] * 3
    assert time.process_time() - started < 3


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20), min_size=6, max_size=6),
        min_size=1,
        max_size=5,
    )
)
def test_every_table_written_by_google_s_rules_is_read_back(table: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter="\t", quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(table)
    columns = HEADER.strip().split("\t")
    expected = [{name: value for name, value in zip(columns, row, strict=True) if value.strip()} for row in table]
    assert fields(HEADER + text.getvalue()) == expected


@given(st.binary(max_size=400), st.sampled_from([b"", HEADER.encode(), b'{"id": 1}\n', b"\xff\xfe", b"\xef\xbb\xbf"]))
def test_any_bytes_are_rows_or_refused(body: bytes, start: bytes) -> None:
    try:
        found = rows(start + body)
    except FeedRefused:
        return
    assert all(isinstance(row, (Row, RejectedRow)) for row in found)


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_quarantine_holds_no_formula(value: str) -> None:
    body = quarantine_csv([RejectedRow(row=1, feed_id=value, field="id", reason=f"{value} is bad")])
    written = list(csv.reader(io.StringIO(body.decode(), newline="")))
    assert written[0] == ["row", "id", "field", "reason"]
    assert written[1][1] == f"'{value}"
    assert written[1][3].startswith("'")


@given(st.text(max_size=50))
def test_any_rejected_row_can_be_written(text: str) -> None:
    written = list(
        csv.reader(
            io.StringIO(quarantine_csv([RejectedRow(row=1, feed_id=text, field="f", reason="r")]).decode(), newline="")
        )
    )
    assert written[1][1] in {text, f"'{text}"}
    assert not written[1][1].startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
