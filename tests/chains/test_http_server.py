"""What every server here keeps to: how many connections, how much of a body, whose name, and the end."""

import socket
import threading
from http import HTTPStatus
from urllib.parse import urlsplit

import pytest
import requests

from chains.http_server import HttpServer, Reply

JSON = {"Content-Type": "application/json"}


def echo(request):
    return Reply(body=request.path.encode() + b" " + request.body)


@pytest.fixture
def server():
    with HttpServer(name="test", posts=echo, gets=echo, body_bytes_max=10, connections_max=2) as found:
        yield found


def test_a_body_is_answered_and_a_longer_one_is_not_read(server):
    answer = requests.post(f"{server.url}/a?b=c", data=b"0123456789", headers=JSON, timeout=5)
    assert (answer.status_code, answer.content) == (200, b"/a 0123456789")
    assert requests.get(f"{server.url}/a", timeout=5).content == b"/a "
    assert requests.post(server.url, data=b"0123456789x", headers=JSON, timeout=5).status_code == 413


def test_a_method_that_nothing_answers_is_refused():
    with HttpServer(name="test", posts=echo) as posts, HttpServer(name="test", gets=echo) as gets:
        assert requests.get(posts.url, timeout=5).status_code == 501
        assert requests.post(gets.url, data=b"{}", headers=JSON, timeout=5).status_code == 501
        assert requests.put(gets.url, timeout=5).status_code == 501


def test_names_of_others_are_refused_unless_any_is_allowed(server):
    evil = {"Host": "evil.example:80"}
    assert requests.get(server.url, headers=evil, timeout=5).status_code == 403
    assert requests.post(server.url, data=b"", headers={**JSON, **evil}, timeout=5).status_code == 403
    with HttpServer(name="test", gets=echo, allowed_hosts=None) as open_one:
        assert requests.get(open_one.url, headers=evil, timeout=5).ok
    with HttpServer(name="test", gets=echo, allowed_hosts=["node.example"]) as named:
        assert requests.get(named.url, headers={"Host": "node.example"}, timeout=5).ok


def test_more_connections_than_there_is_room_for_are_told_so_at_once(server):
    address = urlsplit(server.url)
    with requests.Session() as one, requests.Session() as two:
        assert one.get(server.url, timeout=5).ok
        assert two.get(server.url, timeout=5).ok
        with socket.create_connection((address.hostname, address.port), timeout=5) as third:
            assert third.recv(100).startswith(b"HTTP/1.1 503 ")
        assert one.get(server.url, timeout=5).ok
    for _ in range(50):
        if requests.get(server.url, timeout=5).ok:
            break
    assert requests.get(server.url, timeout=5).ok


def test_a_defect_ends_no_connection():
    def broken(request):
        if request.path == "/broken":
            raise ZeroDivisionError
        return Reply(status=HTTPStatus.ACCEPTED)

    with HttpServer(name="test", gets=broken) as server, requests.Session() as session:
        assert session.get(f"{server.url}/broken", timeout=5).status_code == 500
        assert session.get(server.url, timeout=5).status_code == 202


def test_after_the_end_open_connections_are_answered_no_more():
    with requests.Session() as session:
        with HttpServer(name="test", gets=echo) as server:
            assert session.get(server.url, timeout=5).ok
        with pytest.raises(requests.ConnectionError):
            session.get(server.url, timeout=5)


def test_an_answer_under_way_holds_up_nobody():
    leave, entered = threading.Event(), threading.Event()

    def slow(request):
        if request.path == "/slow":
            entered.set()
            leave.wait(10)
        return Reply()

    with HttpServer(name="test", gets=slow) as server:
        waiting = threading.Thread(target=requests.get, args=(f"{server.url}/slow",), kwargs={"timeout": 10})
        waiting.start()
        assert entered.wait(5)
        assert requests.get(server.url, timeout=5).ok
        leave.set()
        waiting.join()
