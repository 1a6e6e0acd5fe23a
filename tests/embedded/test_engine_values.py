"""Values survive the wire."""

import hypothesis.strategies as st
from google.protobuf import struct_pb2
from hypothesis import given

from embedded.engine.values import (
    UNKNOWN,
    Archive,
    Asset,
    Reference,
    Secret,
    contains_unknown,
    from_struct,
    from_wire,
    mask,
    reveal,
    to_struct,
    to_wire,
)

_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: not number.is_integer())
    | st.text()
    | st.just(UNKNOWN)
    | st.builds(Asset, path=st.text(min_size=1), hash=st.text())
    | st.builds(Asset, text=st.text())
    | st.builds(Archive, path=st.text(min_size=1))
    | st.builds(Reference, urn=st.text(min_size=1), id=st.text())
)
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner) | st.builds(Secret, inner),
    max_leaves=12,
)


@given(_values)
def test_should_read_back_what_it_wrote(value: object) -> None:
    assert from_wire(to_wire(value)) == value


@given(st.dictionaries(st.text(max_size=8), _values.filter(lambda value: value is not None), max_size=4))
def test_should_carry_properties_through_a_protobuf_struct(properties: dict[str, object]) -> None:
    struct = struct_pb2.Struct.FromString(to_struct(properties).SerializeToString())
    assert from_struct(struct) == properties


def test_should_turn_whole_numbers_into_integers() -> None:
    struct = struct_pb2.Struct()
    struct.update({"days": 7, "share": 0.5})
    read = from_struct(struct)
    assert read == {"days": 7, "share": 0.5}
    assert isinstance(read["days"], int)


def test_should_find_an_unknown_inside_a_text_inside_a_secret() -> None:
    assert contains_unknown({"policy": [Secret(f'{{"Resource": "{UNKNOWN}"}}')]})
    assert not contains_unknown({"policy": [Secret("{}")]})


def test_should_hide_secrets_from_people_and_reveal_them_to_providers() -> None:
    value = {"password": Secret({"nested": "hunter2"}), "user": "admin"}
    assert mask(value) == {"password": "[secret]", "user": "admin"}
    assert reveal(value) == {"password": {"nested": "hunter2"}, "user": "admin"}
