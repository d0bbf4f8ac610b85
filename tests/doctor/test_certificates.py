"""Certificates: days left, read from real files."""

from __future__ import annotations

import ssl
import time
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from pacing_node.doctor.certificate_check import check_certificate
from pacing_node.doctor.diagnosis import FindingSeverity
from pacing_node.tls import validities

AUTHORITY = trustme.CA()


def written(folder, days, name="node.pem"):
    """A certificate that ends in so many days, and its key."""
    now = datetime.now(UTC)
    issued = AUTHORITY.issue_cert("node", not_before=now - timedelta(days=90), not_after=now + timedelta(days=days))
    certificate, key = folder / name, folder / f"{name}.key"
    certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    return certificate, key


@pytest.mark.parametrize(
    ("days", "severity", "text"),
    [
        (200.5, FindingSeverity.OK, "200 days left"),
        (13.5, FindingSeverity.WARNING, "13.5 days left"),
        (-2.0, FindingSeverity.ERROR, "expired 2.0 days ago"),
    ],
)
def test_days_left_decide(tmp_path, days, severity, text):
    certificate, _ = written(tmp_path, days)
    (diagnosis,) = check_certificate("http", certificate)
    assert (diagnosis.severity, diagnosis.check) == (severity, "certificates.http.node.pem")
    assert text in diagnosis.found


def test_the_first_to_expire_of_a_chain_counts(tmp_path):
    longer, _ = written(tmp_path, 300, "longer.pem")
    shorter, _ = written(tmp_path, 5, "shorter.pem")
    chain = tmp_path / "chain.pem"
    chain.write_bytes(longer.read_bytes() + shorter.read_bytes())
    (diagnosis,) = check_certificate("http", chain)
    assert diagnosis.severity is FindingSeverity.WARNING


def test_one_authority_that_still_holds_is_enough_to_go_on_with(tmp_path):
    holding, _ = written(tmp_path, 300, "holding.pem")
    expired, _ = written(tmp_path, -5, "expired.pem")
    bundle = tmp_path / "authorities.pem"
    bundle.write_bytes(expired.read_bytes() + holding.read_bytes())
    (of_authorities,) = check_certificate("http", bundle, authorities=True)
    (of_a_chain,) = check_certificate("http", bundle)
    (all_expired,) = check_certificate("http", expired, authorities=True)
    assert (of_authorities.severity, of_a_chain.severity) == (FindingSeverity.WARNING, FindingSeverity.ERROR)
    assert all_expired.severity is FindingSeverity.ERROR


def test_a_certificate_that_does_not_hold_yet_is_an_error_that_names_the_clock(tmp_path):
    certificate, _ = written(tmp_path, 300)
    (diagnosis,) = check_certificate("http", certificate, now=time.time() - 91 * 86400)
    assert diagnosis.severity is FindingSeverity.ERROR
    assert diagnosis.found.startswith("holds from ")
    assert "clock" in diagnosis.remedy


def test_a_key_must_belong_to_its_certificate(tmp_path):
    certificate, key = written(tmp_path, 100)
    _, foreign = written(tmp_path, 100, "other.pem")
    assert [each.severity for each in check_certificate("http", certificate, key)] == [
        FindingSeverity.OK,
        FindingSeverity.OK,
    ]
    assert [each.severity for each in check_certificate("http", certificate, foreign)] == [
        FindingSeverity.OK,
        FindingSeverity.ERROR,
    ]


@pytest.mark.parametrize(
    "content", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
def test_a_file_without_a_certificate_is_an_error(tmp_path, content):
    path = tmp_path / "node.pem"
    path.write_text(content)
    (diagnosis,) = check_certificate("http", path)
    assert diagnosis.severity is FindingSeverity.ERROR
    assert str(path) in diagnosis.remedy


def test_a_missing_file_is_an_error(tmp_path):
    (diagnosis,) = check_certificate("http", tmp_path / "gone.pem")
    assert diagnosis.severity is FindingSeverity.ERROR


def test_the_dates_are_read_to_the_second(tmp_path):
    path = tmp_path / "authority.pem"
    AUTHORITY.cert_pem.write_to_path(path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(path)
    (known,) = context.get_ca_certs()
    (validity,) = validities(path)
    assert validity.begins_at == ssl.cert_time_to_seconds(known["notBefore"])
    assert validity.ends_at == ssl.cert_time_to_seconds(known["notAfter"])


@pytest.mark.parametrize("length", [0, 1, 5, 40, 90])
def test_a_certificate_that_is_cut_short_is_refused(tmp_path, length):
    der = ssl.PEM_cert_to_DER_cert(AUTHORITY.cert_pem.bytes().decode())
    path = tmp_path / "short.pem"
    path.write_text(ssl.DER_cert_to_PEM_cert(der[:length]))
    (diagnosis,) = check_certificate("http", path)
    assert diagnosis.severity is FindingSeverity.ERROR
    assert diagnosis.found.startswith("cannot be read: ")


def test_a_key_beside_the_certificate_in_one_file_is_no_trouble(tmp_path):
    certificate, key = written(tmp_path, 100)
    both = tmp_path / "both.pem"
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    assert [each.severity for each in check_certificate("http", both, both)] == [FindingSeverity.OK, FindingSeverity.OK]
