"""A handler's environment variables as a frozen model, read once per process.

The aliases of the model's fields are the names of the variables, so that infra, which builds the function's environment
from the same model, cannot forget one. Imports nothing but the standard library and pydantic, since infra imports it.
"""

import os
from typing import TypeVar, cast

from pydantic import BaseModel

Model = TypeVar("Model", bound=BaseModel)

_loaded: dict[type[BaseModel], BaseModel] = {}


def variables(model: type[BaseModel]) -> tuple[str, ...]:
    """Names of the environment variables that `model` reads, in the order of its fields."""
    return tuple(field.alias or name.upper() for name, field in model.model_fields.items())


def load(model: type[Model]) -> Model:
    """The process's environment as `model`; cached. An empty variable counts as absent.

    Raises pydantic.ValidationError, which names the variable, when one is missing or not of its type.
    """
    if model not in _loaded:
        _loaded[model] = model.model_validate(
            {
                field.alias or name: os.environ[field.alias or name.upper()]
                for name, field in model.model_fields.items()
                if os.environ.get(field.alias or name.upper())
            }
        )
    return cast("Model", _loaded[model])


def forget() -> None:
    """Drops what was loaded: for tests, which change the environment between two calls."""
    _loaded.clear()
