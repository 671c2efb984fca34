from typing import Literal

ListApportionmentsOrder = Literal["asc", "desc"]

LIST_APPORTIONMENTS_ORDER_VALUES: set[ListApportionmentsOrder] = {
    "asc",
    "desc",
}


def check_list_apportionments_order(value: str) -> ListApportionmentsOrder:
    if value in LIST_APPORTIONMENTS_ORDER_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {LIST_APPORTIONMENTS_ORDER_VALUES!r}")
