// The Node service of the benchmark: the events and requests of docs/mesh.md, written the usual way with
// Express and socket.io. It is not made slow, and it does less: no sequence numbers, few checks, no resume,
// and chats in memory, where a restart loses them. A participant's id is that of its socket. With `REDIS_URL`
// several processes share rooms.

import { createServer } from 'node:http';
import express from 'express';
import { Server } from 'socket.io';
import { seatsInMemory } from './seats.mjs';

/** What is kept: `appointment_id` → the array that was saved last. */
const chats = new Map();

const app = express();
app.use(express.json({ limit: '1mb' }));
app.get('/api/v1/signalling/health-status', (_request, response) => response.json({}));

app.put('/api/v1/signalling/save-chats/:appointment_id', (request, response) => {
  chats.set(request.params.appointment_id, request.body.chats);
  response.json({ success: true, message: 'Chats saved Successfully' });
});

const http = createServer(app);
const io = new Server(http, { cors: { origin: '*' } });

const seats = await findSeats(process.env.REDIS_URL);

io.on('connection', (socket) => {
  socket.on('join_room', async ({ appointment_id, name }, ack) => {
    if (socket.data.room) return refuse(ack, 'already_joined', 'one connection sits in one room');
    socket.data = { room: appointment_id, name };
    const opponent = await seats.take(appointment_id, socket.id, name);
    if (!opponent) {
      socket.data = {};
      return refuse(ack, 'room_full', 'the room is full');
    }
    if (!socket.connected) return;
    socket.join(appointment_id);

    const [remoteSocket = null, opponent_name = null] = opponent;
    const joined = {
      message: 'Joined Successfully',
      remoteSocket,
      opponent_name,
      chats: chats.get(appointment_id) ?? [],
      participant: socket.id,
      polite: remoteSocket !== null,
    };
    socket.emit('joined_successfully', joined);
    ack?.({ success: true, ...joined });
    if (remoteSocket) io.to(remoteSocket).emit('peer_joined', { remoteSocket: socket.id, opponent_name: name });
  });

  socket.on('send_offer', ({ offer, remoteSocketId }, ack) => {
    io.to(remoteSocketId).emit('receive_offer', { from: socket.id, offer, name: socket.data.name });
    ack?.({ success: true });
  });

  socket.on('send_answer', ({ answer, remoteSocketId }, ack) => {
    io.to(remoteSocketId).emit('receive_answer', { from: socket.id, answer });
    ack?.({ success: true });
  });

  socket.on('ice_candidate', ({ candidate, remoteSocketId }, ack) => {
    io.to(remoteSocketId).emit('ice_candidate', { candidate });
    ack?.({ success: true });
  });

  socket.on('leave_room', async (_nothing, ack) => {
    await leave(socket);
    ack?.({ success: true });
  });

  socket.on('disconnect', () => leave(socket));
});

function refuse(ack, code, message) {
  ack?.({ success: false, message, error: { code } });
}

async function leave(socket) {
  const { room } = socket.data;
  if (room === undefined) return;
  socket.data = {};
  await seats.giveUp(room, socket.id);
  socket.to(room).emit('user_left', { message: 'User left', remoteSocket: socket.id });
  socket.leave(room);
}

/** A process that serves alone does not load the Redis adapter. */
async function findSeats(redis) {
  if (!redis) return seatsInMemory();
  const { serveTogether } = await import('./together.mjs');
  return serveTogether(io, redis);
}

// Port 0 is any free port; the parent process reads it from the output.
http.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`open http://127.0.0.1:${http.address().port}/`);
});
