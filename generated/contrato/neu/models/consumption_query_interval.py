from typing import Literal

ConsumptionQueryInterval = Literal["DAILY", "HOURLY", "MONTHLY"]

CONSUMPTION_QUERY_INTERVAL_VALUES: set[ConsumptionQueryInterval] = {
    "DAILY",
    "HOURLY",
    "MONTHLY",
}


def check_consumption_query_interval(value: str) -> ConsumptionQueryInterval:
    if value in CONSUMPTION_QUERY_INTERVAL_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {CONSUMPTION_QUERY_INTERVAL_VALUES!r}")
