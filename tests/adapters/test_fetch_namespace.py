"""The wall, seen from outside: which addresses are connected to at all."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.capabilities import lacking

WORLD = Path(__file__).parent.parent / "support" / "walled_world.py"

FORBIDDEN = [
    "http://127.0.0.1/",
    "http://localhost/",
    "http://[::1]/",
    "http://0/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.100.100.200/",
    "http://192.0.0.192/",
    "http://168.63.129.16/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://192.88.99.1/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b:1::a9fe:a9fe]/",
    "http://[2002:7f00:1::]/",
    "http://[::127.0.0.1]/",
    "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "http://[fd00:ec2::254]/",
    "http://[fec0::1]/",
    "http://[fe80::1]/",
    "http://[ff02::1]/",
    "http://[5f00::1]/",
    "http://[3fff::1]/",
    "http://[2001:db8::1]/",
    "http://10.0.0.1.name.test/",
    "http://127.0.0.1.name.test/",
    "http://169.254.169.254.name.test/",
    "https://127.0.0.1/",
    "https://10.0.0.1.name.test/",
]

REFUSED = {
    **dict.fromkeys(FORBIDDEN, "url_forbidden_address"),
    "http://2130706433/": "url_host_format",
    "http://0x7f000001/": "url_host_format",
    "http://017700000001/": "url_host_format",
    "http://127.1/": "url_host_format",
    "http://①②⑦.⓪.⓪.①/": "url_host_format",
    "http://127。0。0。1/": "url_host_format",
    "http://ⓛocalhost/": "url_host_format",
    "http://93.184.216.34@127.0.0.1/": "url_userinfo",
    "http://93.184.216.34:6379/": "url_port",
    "https://93.184.216.34/": "url_timeout",  # it answers, and hangs up on TLS
}

ADMITTED = {
    "http://93.184.216.34/": "file",
    "http://[2606:4700:4700::1111]/": "file",
    "http://8.8.8.8.name.test/": "file",
}


@pytest.fixture(scope="module")
def report():
    """What happened in a world of its own."""
    inside = ["unshare", "--net", "--mount", sys.executable, str(WORLD)]
    try:
        subprocess.run([*inside[:3], "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        lacking("network namespaces", "run the tests as root on Linux with unshare")
    done = subprocess.run(
        inside,
        input=json.dumps([*REFUSED, *ADMITTED]),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_no_connection_is_made_to_an_address_that_is_not_public(report):
    """
    I31: in a network where every address answers, only public ones hear of us;
    and the net would have caught us, as it caught a fetch without a wall.
    """
    assert report["outcomes"] == {**REFUSED, **ADMITTED}
    assert report["reached"] == ["2606:4700:4700::1111", "8.8.8.8", "93.184.216.34"]
    assert report["witness"] == ["169.254.169.254"]


def test_a_rebinding_name_server_is_asked_once_for_each_connection(report):
    """
    U07: with real lookups, the first answer is judged and used, and the second,
    private one is judged again and refused.
    """
    assert report["rebound"] == ["file", "url_forbidden_address"]
    assert report["lookups"] == 2
