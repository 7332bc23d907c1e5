"""The mesh door with python-socketio's asynchronous client, over each transport."""

import asyncio
import collections
import unittest
import uuid

import socketio

from test_mesh_door import DEADLINE_S, Server

# Without a list, the library polls and then upgrades.
WAYS = [None, ["polling"], ["websocket"], ["polling", "websocket"]]


class Client:
    """An asynchronous client that keeps the received events, by name."""

    def __init__(self):
        self._told = collections.defaultdict(asyncio.Queue)
        self.sio = socketio.AsyncClient(reconnection=False)
        self.sio.on("*", self._tell)
        self.sio.on("disconnect", lambda *_: self._tell("disconnect"))

    async def _tell(self, event, *args):
        self._told[event].put_nowait(args[0] if args else None)

    async def next(self, event):
        return await asyncio.wait_for(self._told[event].get(), DEADLINE_S)

    async def ask(self, event, payload=None):
        return await self.sio.call(event, payload, timeout=DEADLINE_S)

    async def join(self, appointment, name, **more):
        ack = await self.ask("join_room", {"appointment_id": appointment, "name": name, "session": None, **more})
        assert ack["success"], ack
        reply = await self.next("joined_successfully")
        self.id, self.session = reply["participant"], reply["session"]
        return reply


class AsyncClient(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.stop)

    async def connect(self, transports):
        client = Client()
        await client.sio.connect(self.server.url, transports=transports, wait_timeout=DEADLINE_S)
        self.addAsyncCleanup(client.sio.disconnect)
        return client

    async def test_two_people_call_chat_come_back_and_leave(self):
        for transports in WAYS:
            with self.subTest(transports=transports):
                await self.call_and_leave(transports)

    async def call_and_leave(self, transports):
        appointment = f"appointment {uuid.uuid4()}"
        ann, bob = await self.connect(transports), await self.connect(transports)
        await ann.join(appointment, "Ann")
        await bob.join(appointment, "Bob")
        self.assertEqual((await ann.next("peer_joined"))["remoteSocket"], bob.id)

        to = {"appointment_id": appointment, "remoteSocketId": ann.id}
        self.assertEqual(await bob.ask("send_offer", {**to, "offer": {"sdp": "v=0"}}), {"success": True})
        self.assertEqual((await ann.next("receive_offer"))["from"], bob.id)
        candidates = [{"candidate": f"candidate:{number}"} for number in range(20)]
        for candidate in candidates:
            await bob.sio.emit("ice_candidate", {"remoteSocketId": ann.id, "candidate": candidate})
        for candidate in candidates:
            self.assertEqual((await ann.next("ice_candidate"))["candidate"], candidate)
        await ann.ask("send_message", {"id": "one", "body": "hello"})
        self.assertEqual((await bob.next("receive_message"))["body"], "hello")

        again = await self.connect(transports)
        reply = await again.join(appointment, "Bob", session=bob.session, received=0)
        self.assertEqual((reply["resumed"], again.id), (True, bob.id))
        await bob.next("replaced")
        self.assertEqual(await again.ask("leave_room"), {"success": True})
        self.assertEqual((await ann.next("user_left"))["remoteSocket"], bob.id)


if __name__ == "__main__":
    unittest.main()
