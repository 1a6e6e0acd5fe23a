"""The schemas under version control are those of the code."""

from pathlib import Path

import pytest
from jsonschema.validators import Draft202012Validator

from functions.contracts.schema import PUBLISHED, render

SCHEMA = Path(__file__).parents[2] / "schema"


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_committed_schema_is_the_one_the_contract_generates(name: str) -> None:
    assert (SCHEMA / f"{name}.json").read_text() == render(PUBLISHED[name]), "run `make schema` and commit"


def test_schema_folder_holds_nothing_else() -> None:
    assert {path.stem for path in SCHEMA.glob("*.json")} == set(PUBLISHED)


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_schema_is_valid_draft_2020_12_and_refuses_unknown_fields(name: str) -> None:
    schema = PUBLISHED[name].model_json_schema(mode="serialization")
    Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False
