// Several processes that share rooms: socket.io's own adapter carries events between them over Redis, which
// has the seats too.

import { createAdapter } from '@socket.io/redis-adapter';
import { createClient } from 'redis';
import { SEATS } from './seats.mjs';

/** Connects to the Redis at `url` and returns the seats of all its processes. */
export async function serveTogether(io, url) {
  const redis = createClient({ url });
  const subscriber = redis.duplicate();
  await Promise.all([redis.connect(), subscriber.connect()]);
  io.adapter(createAdapter(redis, subscriber));
  return seatsInRedis(redis);
}

/** A hash for each room, socket id → name. A participant that comes too late withdraws. */
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
