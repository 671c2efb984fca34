"""Contains all the data models used in inputs/outputs"""

from .apportionment import Apportionment
from .apportionment_create import ApportionmentCreate
from .apportionment_measure_unit import ApportionmentMeasureUnit
from .apportionment_page import ApportionmentPage
from .apportionment_tariff_type import ApportionmentTariffType
from .apportionment_type import ApportionmentType
from .apportionment_update import ApportionmentUpdate
from .company import Company
from .list_apportionments_order import ListApportionmentsOrder
from .list_apportionments_sort import ListApportionmentsSort
from .validation_errors import ValidationErrors

__all__ = (
    "Apportionment",
    "ApportionmentCreate",
    "ApportionmentMeasureUnit",
    "ApportionmentPage",
    "ApportionmentTariffType",
    "ApportionmentType",
    "ApportionmentUpdate",
    "Company",
    "ListApportionmentsOrder",
    "ListApportionmentsSort",
    "ValidationErrors",
)
