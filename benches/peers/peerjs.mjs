// npm `peer`, started as its documentation says, with a higher limit of clients.

import { PeerServer } from 'peer';

const host = '127.0.0.1';
const port = Number(process.env.PORT ?? 0);

PeerServer({ host, port, path: '/', concurrent_limit: 100_000 }, (server) => {
  console.log(`open http://${host}:${server.address().port}/`);
});
