"""The rules that Schemathesis judges by, in our words. Its names are kept: its documentation knows them."""

from __future__ import annotations

from contrato.verify._rules import RULES, Layer, Rule

STOCK: dict[str, Rule] = {
    name: Rule(name, sentence, explanation, Layer.CONFORMANCE)
    for name, sentence, explanation in (
        (
            "answer",
            "Every request gets a complete HTTP answer in time.",
            "The connection was refused, broke, or the answer did not arrive in full within the time limit. If it"
            " is the network between here and the server, repeat the run; otherwise look into the server's log at"
            " that time.",
        ),
        (
            "valid_request_acceptance",
            "A valid request made of values that the server itself gave is answered with 2XX.",
            "The suite takes identifiers, names and dates from the server's own lists and asks for them in the"
            " way that the spec describes. A refusal means that the operation cannot be used as the contract says.",
        ),
        (
            "not_a_server_error",
            "No request, right or wrong, makes the server fail with 5XX.",
            "An invalid request is to be refused with 4XX. A 5XX is a fault that was not handled: look into the"
            " server's log.",
        ),
        (
            "status_code_conformance",
            "The status of an answer is one that the spec has for the operation.",
            "Clients branch on the status, and cannot handle one that the contract does not have. Which 4XX"
            " refuses an invalid request is left to the server, where no source says it.",
        ),
        (
            "content_type_conformance",
            "The Content-Type of an answer is the one in the spec.",
            "Clients choose by it how to decode the body. Parameters such as charset are left to the server.",
        ),
        (
            "response_headers_conformance",
            "An answer has the headers that the spec asks for, in their form.",
            "Only headers that the spec describes are looked at; all others are left to the server.",
        ),
        (
            "response_schema_conformance",
            "The body of an answer has the fields, types and values that the spec describes.",
            "Judged by JSON Schema. Unknown additional fields are allowed. A field that may be null or absent"
            " says so in the spec; its evidence tells who says that it may not.",
        ),
        (
            "negative_data_rejection",
            "A request that the spec does not allow is refused with 4XX.",
            "A wrong type, a missing field, a value out of its range or list. A server that accepts it hides the"
            " mistakes of its clients. What no source describes is left to the server.",
        ),
        (
            "missing_required_header",
            "A request without a required header is refused with 4XX.",
            "Only headers that the spec requires are left out.",
        ),
        (
            "unsupported_method",
            "A method that the path does not have is refused with 4XX.",
            "With which 4XX is left to the server.",
        ),
        (
            "allow_header_conformance",
            "A path that does not have a method names those that it has.",
            "RFC 9110 asks for an Allow header in an answer with 405, and that it is true.",
        ),
        (
            "ignored_auth",
            "A request without a valid token is refused with 401 or 403.",
            "The request is repeated without the token and with a wrong one. An answer with data means that"
            " anybody can read it.",
        ),
    )
}


def rules() -> dict[str, Rule]:
    """Every rule that a run may judge by, in the order in which reports have them."""
    return STOCK | RULES
