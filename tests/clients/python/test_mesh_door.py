"""The mesh door with python-socketio: join, signal, chat, resume, leave, over each transport at each path."""

import functools
import itertools
import os
import queue
import re
import signal
import subprocess
import tempfile
import unittest
import uuid

import socketio

# Only ends a test that hangs; no test depends on how long a wait took.
DEADLINE_S = 30

PATHS = ["socket.io", "api/v1/signalling/socket"]
WEBSOCKET, POLLING, UPGRADED = ["websocket"], ["polling"], ["polling", "websocket"]
# Without a list, the library polls and then upgrades.
DEFAULT = None


class Server:
    """The server that SWITCHBOARD_BIN names, on ports and with a data folder of its own."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="switchboard-python-")
        settings = {
            "LISTEN": "127.0.0.1:0",
            "OPS_LISTEN": "127.0.0.1:0",
            "MEDIA": "off",
            "DATA_DIR": os.path.join(self._folder.name, "data"),
            "NEW_SESSIONS_PER_ADDRESS": "0",
            "EVENTS_PER_ADDRESS": "0",
        }
        # The one setting that the tests take from outside: they run with each of its values.
        if "MESH_DIRECT_PATH" in os.environ:
            settings["MESH_DIRECT_PATH"] = os.environ["MESH_DIRECT_PATH"]
        with open(os.path.join(self._folder.name, "stderr"), "w") as log:
            self._process = subprocess.Popen(
                [os.path.abspath(os.environ["SWITCHBOARD_BIN"])],
                cwd=self._folder.name, env=settings, stdout=subprocess.PIPE, stderr=log, text=True)
        self.url = self._greeting()

    def _greeting(self):
        for line in self._process.stdout:
            if found := re.match(r"  open +(http://localhost:\d+)/$", line):
                return found[1]
        raise RuntimeError(f"the server did not start:\n{self._log()}")

    def _log(self):
        with open(os.path.join(self._folder.name, "stderr")) as log:
            return log.read()

    def stop(self):
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(DEADLINE_S)
        self._process.stdout.close()
        log = self._log()
        self._folder.cleanup()
        if code != 0 or "panick" in log:
            raise RuntimeError(f"the server ended with {code}:\n{log}")


class Client:
    """A python-socketio client that keeps the received events, by name."""

    def __init__(self, test, path, transports):
        self._told = {}
        self._sio = socketio.Client(reconnection=False)
        self._sio.on("*", lambda event, *args: self._box(event).put(args[0] if args else None))
        self._sio.on("disconnect", lambda *_: self._box("disconnect").put(None))
        self._sio.connect(test.server.url, socketio_path=path, transports=transports, wait_timeout=DEADLINE_S)
        test.addCleanup(self.disconnect)

    def _box(self, event):
        return self._told.setdefault(event, queue.Queue())

    def next(self, event):
        try:
            return self._box(event).get(timeout=DEADLINE_S)
        except queue.Empty:
            raise AssertionError(f"no {event} within the deadline") from None

    def has_heard(self, event):
        return not self._box(event).empty()

    def ask(self, event, payload=None):
        return self._sio.call(event, payload, timeout=DEADLINE_S)

    def emit(self, event, payload):
        self._sio.emit(event, payload)

    def join(self, appointment, name, **more):
        ack = self.ask("join_room", {"appointment_id": appointment, "name": name, **more})
        assert ack.pop("success"), ack
        reply = self.next("joined_successfully")
        assert {**ack, "session": reply["session"]} == reply, (ack, reply)
        self.id, self.session = reply["participant"], reply["session"]
        return reply

    def time_until_free(self, appointment, name):
        """Joins a full room until the server says when a lease ends: the other side may be told a moment earlier
        that a connection is lost."""
        while True:
            refusal = self.ask("join_room", {"appointment_id": appointment, "name": name})["error"]
            assert refusal["code"] == "room_full", refusal
            if "retry_after_ms" in refusal:
                return refusal["retry_after_ms"]

    def disconnect(self):
        self._sio.disconnect()

    def close_connection(self):
        """Closes the WebSocket like a `disconnect` with a slow writer thread: only a Close frame 1000."""
        self._sio.eio.ws.close()

    def lose_connection(self):
        """Ends the WebSocket like a lost network, without a Close frame."""
        self._sio.eio.ws.shutdown()


def each_way(*transports):
    """Runs a test at each path over each of `transports`, with a function that connects such a client."""
    def decorate(run):
        @functools.wraps(run)
        def run_each_way(test):
            for path, way in itertools.product(PATHS, transports):
                with test.subTest(path=path, transports=way):
                    run(test, lambda: Client(test, path, way))
        return run_each_way
    return decorate


class MeshDoor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.stop)

    def test_all_that_waited_reaches_a_polling_client(self):
        for path in PATHS:
            appointment = f"appointment {uuid.uuid4()}"
            ann, bob = (Client(self, path, WEBSOCKET) for _ in range(2))
            session = ann.join(appointment, "Ann", session=None)["session"]
            bob.join(appointment, "Bob", session=None)
            seq = ann.next("peer_joined")["seq"]
            ann.lose_connection()
            bob.next("peer_reconnecting")
            for number in range(50):
                candidate = {"remoteSocketId": ann.id, "candidate": {"number": number}}
                self.assertTrue(bob.ask("ice_candidate", candidate)["success"])
            ann = Client(self, path, POLLING)
            self.assertTrue(ann.join(appointment, "Ann", session=session, received=seq)["resumed"])
            for number in range(50):
                self.assertEqual(ann.next("ice_candidate")["candidate"]["number"], number)

    @each_way(WEBSOCKET, POLLING, UPGRADED)
    def test_large_events_and_attachments_are_refused(self, connect):
        ann = connect()
        for body, code in [("x" * 200_000, "payload_too_large"), ([b"1", b"2"], "binary_not_supported")]:
            self.assertEqual(ann.ask("send_message", {"body": body})["error"]["code"], code)
            self.assertEqual(ann.next("error")["code"], code)

    def pair(self, connect, **more):
        appointment = f"appointment {uuid.uuid4()}"
        ann, bob = connect(), connect()
        self.assertIsNone(ann.join(appointment, "Ann", **more)["remoteSocket"])
        self.assertEqual(bob.join(appointment, "Bob", **more)["remoteSocket"], ann.id)
        self.assertEqual(ann.next("peer_joined")["remoteSocket"], bob.id)
        return appointment, ann, bob

    @each_way(WEBSOCKET, POLLING, UPGRADED)
    def test_two_people_exchange_offer_answer_candidates_and_messages(self, connect):
        appointment, ann, bob = self.pair(connect)
        offer = {"type": "offer", "sdp": "v=0\r\n", "unknown": [None, 1e3, "é👩‍⚕️"]}
        to = {"appointment_id": appointment, "remoteSocketId": ann.id}
        self.assertEqual(bob.ask("send_offer", {**to, "offer": offer}), {"success": True})
        offered = ann.next("receive_offer")
        self.assertEqual((offered["from"], offered["name"], offered["offer"]), (bob.id, "Bob", offer))

        to = {"appointment_id": appointment, "remoteSocketId": offered["from"]}
        self.assertEqual(ann.ask("send_answer", {**to, "answer": {"type": "answer"}}), {"success": True})
        answered = bob.next("receive_answer")
        self.assertEqual((answered["from"], answered["answer"]), (ann.id, {"type": "answer"}))

        for candidate in ({"candidate": "c", "sdpMid": "0"}, {"candidate": ""}, None):
            bob.ask("ice_candidate", {"remoteSocketId": ann.id, "candidate": candidate})
            self.assertEqual(ann.next("ice_candidate")["candidate"], candidate)

        sent = bob.ask("send_message", {"id": "one", "body": "hello"})
        self.assertEqual((sent["success"], sent["id"]), (True, "one"))
        message = ann.next("receive_message")
        self.assertEqual((message["from"], message["body"], message["sent_at"]), (bob.id, "hello", sent["sent_at"]))

    @each_way(DEFAULT, WEBSOCKET, POLLING, UPGRADED)
    def test_twenty_candidates_at_once_arrive_in_order(self, connect):
        appointment, ann, bob = self.pair(connect)
        candidates = [{"candidate": f"candidate:{number}"} for number in range(20)]
        for candidate in candidates:
            bob.emit("ice_candidate", {"remoteSocketId": ann.id, "candidate": candidate})
        self.assertEqual([ann.next("ice_candidate")["candidate"] for _ in candidates], candidates)

    @each_way(WEBSOCKET, POLLING, UPGRADED)
    def test_what_is_wrong_is_refused_with_its_code(self, connect):
        client = connect()
        for event, payload, code in [
            ("leave_room", {}, "not_joined"),
            ("join_room", None, "invalid_payload"),
            ("join_room", {"name": "Ann"}, "invalid_field"),
            ("join_room", {"name": b"Ann"}, "binary_not_supported"),
            ("no_such_event", {}, "unknown_event"),
        ]:
            ack = client.ask(event, payload)
            self.assertEqual((ack["success"], ack["error"]["code"]), (False, code))
            self.assertEqual(client.next("error")["code"], code)

    @each_way(WEBSOCKET, POLLING, UPGRADED)
    def test_a_third_person_finds_the_room_full(self, connect):
        appointment, ann, bob = self.pair(connect)
        refusal = connect().ask("join_room", {"appointment_id": appointment, "name": "Eve"})
        self.assertEqual(refusal.get("error"), {"code": "room_full"})
        bob.ask("ice_candidate", {"remoteSocketId": ann.id, "candidate": None})
        ann.next("ice_candidate")
        self.assertFalse(ann.has_heard("user_left") or bob.has_heard("replaced"))

    @each_way(WEBSOCKET, POLLING, UPGRADED)
    def test_a_person_comes_back_to_the_same_seat_and_misses_nothing(self, connect):
        appointment, ann, bob = self.pair(connect)
        again = connect()
        reply = again.join(appointment, "Bob", session=bob.session, received=0)
        self.assertEqual((reply["resumed"], again.id, reply["remoteSocket"]), (True, bob.id, ann.id))
        bob.next("replaced")
        bob.next("disconnect")
        ann.ask("ice_candidate", {"remoteSocketId": bob.id, "candidate": {"candidate": "c"}})
        again.next("ice_candidate")
        self.assertFalse(ann.has_heard("user_left"))

    @each_way(WEBSOCKET, UPGRADED)
    def test_a_lost_connection_is_told_and_resumed(self, connect):
        appointment, ann, bob = self.pair(connect, session=None)
        bob.lose_connection()
        self.assertEqual(ann.next("peer_reconnecting")["remoteSocket"], bob.id)
        ann.ask("ice_candidate", {"remoteSocketId": bob.id, "candidate": {"candidate": "meanwhile"}})
        again = connect()
        self.assertTrue(again.join(appointment, "Bob", session=bob.session, received=0)["resumed"])
        self.assertEqual(again.next("ice_candidate")["candidate"], {"candidate": "meanwhile"})
        self.assertEqual(ann.next("peer_resumed")["remoteSocket"], bob.id)

    @each_way(WEBSOCKET, POLLING, UPGRADED)
    def test_leaving_is_told_at_once_and_the_seat_is_free_again(self, connect):
        appointment, ann, bob = self.pair(connect)
        self.assertEqual(bob.ask("leave_room"), {"success": True})
        self.assertEqual(ann.next("user_left")["remoteSocket"], bob.id)
        self.assertEqual(bob.join(appointment, "Bob")["remoteSocket"], ann.id)
        self.assertEqual(ann.next("peer_joined")["remoteSocket"], bob.id)

    # Over WebSocket `disconnect` sends a Close frame 1000, and a DISCONNECT packet before it only if its
    # writer thread is fast enough; over long polling a DISCONNECT packet.
    @each_way(WEBSOCKET, POLLING, UPGRADED)
    def test_disconnect_without_a_session_gives_the_seat_up_at_once(self, connect):
        appointment, ann, bob = self.pair(connect)
        bob.disconnect()
        self.assertEqual(ann.next("user_left")["remoteSocket"], bob.id)
        self.assertFalse(ann.has_heard("peer_reconnecting"))
        self.assertEqual(connect().join(appointment, "Carol")["remoteSocket"], ann.id)

    @each_way(WEBSOCKET, UPGRADED)
    def test_disconnect_that_only_closes_keeps_the_seat_of_a_client_with_a_session(self, connect):
        appointment, ann, bob = self.pair(connect, session=None)
        bob.close_connection()
        self.assertEqual(ann.next("peer_reconnecting")["remoteSocket"], bob.id)
        for name in ("Carol", "Bob"):
            self.assertIn(connect().time_until_free(appointment, name), range(1000, 31000, 1000))
        again = connect()
        again.join(appointment, "Bob", session=bob.session)
        self.assertEqual(again.id, bob.id)
        self.assertEqual(ann.next("peer_resumed")["remoteSocket"], bob.id)
        self.assertFalse(ann.has_heard("user_left"))

    @each_way(WEBSOCKET, POLLING, UPGRADED)
    def test_leave_room_before_disconnect_gives_the_seat_up_at_once(self, connect):
        appointment, ann, bob = self.pair(connect, session=None)
        self.assertEqual(bob.ask("leave_room"), {"success": True})
        bob.disconnect()
        self.assertEqual(ann.next("user_left")["remoteSocket"], bob.id)
        self.assertFalse(ann.has_heard("peer_reconnecting"))
        self.assertEqual(connect().join(appointment, "Carol", session=None)["remoteSocket"], ann.id)


if __name__ == "__main__":
    unittest.main()
