"""What every model of the API has in common: unknown fields are refused, and it is only built when used."""

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    """A frozen value that knows all of its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
