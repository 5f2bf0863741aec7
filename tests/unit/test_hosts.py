"""Hosts: which are this machine."""

import pytest

from subtitler.hosts import is_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "LOCALHOST", "api.localhost"])
def test_this_machine_is_known_by_all_its_names(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["example.org", "localhost.example.org", "10.0.0.1", "", "127.0.0.1.nip.io"])
def test_no_other_machine_passes_for_this_one(host):
    assert not is_loopback(host)
