"""How the DokStamp wire says that a signer cannot be asked."""

from testamur.core.refusals import SignerUnavailable
from testamur.dialects.dokstamp.problems import spell_fault


def test_a_token_that_is_gone_is_told_by_its_own_code():
    """503, and that the PIN is to be sent again; what the token said stays here."""
    gone = SignerUnavailable("the token is not there", was_tried=False)

    status, body = spell_fault(gone, request_id="req_1")

    assert status == 503
    assert body["code"] == "signer_unavailable"
    assert "pin" in body["detail"]
    assert "is not there" not in str(body)
