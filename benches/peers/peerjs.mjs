// npm `peer`, as its documentation starts it, with room for as many clients as are measured.

import { PeerServer } from 'peer';

const host = '127.0.0.1';
const port = Number(process.env.PORT ?? 0);

PeerServer({ host, port, path: '/', concurrent_limit: 100_000 }, (server) => {
  console.log(`open http://${host}:${server.address().port}/`);
});
