from typing import Literal

ListApportionmentsSort = Literal["id", "name"]

LIST_APPORTIONMENTS_SORT_VALUES: set[ListApportionmentsSort] = {
    "id",
    "name",
}


def check_list_apportionments_sort(value: str) -> ListApportionmentsSort:
    if value in LIST_APPORTIONMENTS_SORT_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {LIST_APPORTIONMENTS_SORT_VALUES!r}")
