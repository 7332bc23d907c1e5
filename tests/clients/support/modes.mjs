// The ways to connect: paths and transports.

/** The paths of Socket.IO. */
export const PATHS = ['/socket.io', '/api/v1/signalling/socket'];

/** The transports of a client. */
export const TRANSPORTS = [
  { name: 'WebSocket', transports: ['websocket'] },
  { name: 'long polling', transports: ['polling'] },
  { name: 'long polling upgraded to WebSocket', transports: ['polling', 'websocket'] },
];

/** Every transport at the library's usual path. */
export const MODES = TRANSPORTS.map((mode) => ({ ...mode, path: PATHS[0] }));

/** Every transport at every path. */
export const MODES_AT_ALL_PATHS = PATHS.flatMap((path) =>
  TRANSPORTS.map(({ name, transports }) => ({ name: `${name} at ${path}`, transports, path })),
);
