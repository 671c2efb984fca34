"""Contains all the data models used in inputs/outputs"""

from .account import Account
from .account_consumption import AccountConsumption
from .account_service import AccountService
from .active_rule_query import ActiveRuleQuery
from .bill import Bill
from .bill_concept import BillConcept
from .bill_query import BillQuery
from .consumption_query import ConsumptionQuery
from .consumption_query_interval import ConsumptionQueryInterval
from .due_date import DueDate
from .due_date_page import DueDatePage
from .due_date_query import DueDateQuery
from .neuget_transaction import NeugetTransaction
from .notification import Notification
from .notification_interaction import NotificationInteraction
from .notification_interaction_page import NotificationInteractionPage
from .notification_interaction_query import NotificationInteractionQuery
from .notification_page import NotificationPage
from .notification_query import NotificationQuery
from .overdue_bill import OverdueBill
from .platform_payment import PlatformPayment
from .pqr import Pqr
from .pqr_query import PqrQuery
from .reading import Reading
from .rule import Rule
from .rule_history import RuleHistory
from .rule_history_event import RuleHistoryEvent
from .rule_history_page import RuleHistoryPage
from .rule_history_query import RuleHistoryQuery
from .service import Service
from .used_neuget import UsedNeuget

__all__ = (
    "Account",
    "AccountConsumption",
    "AccountService",
    "ActiveRuleQuery",
    "Bill",
    "BillConcept",
    "BillQuery",
    "ConsumptionQuery",
    "ConsumptionQueryInterval",
    "DueDate",
    "DueDatePage",
    "DueDateQuery",
    "NeugetTransaction",
    "Notification",
    "NotificationInteraction",
    "NotificationInteractionPage",
    "NotificationInteractionQuery",
    "NotificationPage",
    "NotificationQuery",
    "OverdueBill",
    "PlatformPayment",
    "Pqr",
    "PqrQuery",
    "Reading",
    "Rule",
    "RuleHistory",
    "RuleHistoryEvent",
    "RuleHistoryPage",
    "RuleHistoryQuery",
    "Service",
    "UsedNeuget",
)
