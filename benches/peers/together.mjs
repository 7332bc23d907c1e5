// Several processes that serve together: socket.io's own adapter carries events from one to the other over Redis, and seats
// are there too.

import { createAdapter } from '@socket.io/redis-adapter';
import { createClient } from 'redis';
import { SEATS } from './seats.mjs';

/** Joins all others that have the Redis at `url`, and answers with the seats of all. */
export async function serveTogether(io, url) {
  const redis = createClient({ url });
  const subscriber = redis.duplicate();
  await Promise.all([redis.connect(), subscriber.connect()]);
  io.adapter(createAdapter(redis, subscriber));
  return seatsInRedis(redis);
}

/** A hash for each room, socket id → name. Whoever came too late withdraws. */
function seatsInRedis(redis) {
  const key = (room) => `seats:${room}`;
  return {
    async take(room, id, name) {
      const [, seats] = await redis.multi().hSet(key(room), id, name).hGetAll(key(room)).exec();
      const others = Object.entries(seats).filter(([other]) => other !== id);
      if (others.length < SEATS) return others[0] ?? [];
      await redis.hDel(key(room), id);
      return undefined;
    },

    async giveUp(room, id) {
      await redis.hDel(key(room), id);
    },
  };
}
