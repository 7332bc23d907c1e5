// The ways to connect: paths and transports.

/** The paths of Socket.IO. */
export const PATHS = ['/socket.io', '/api/v1/signalling/socket'];

const WEBSOCKET = { name: 'WebSocket', transports: ['websocket'] };

/** The transports of a client. Without the direct path, only the transport that it affects. */
export const TRANSPORTS =
  process.env.MESH_DIRECT_PATH === 'off'
    ? [WEBSOCKET]
    : [
        WEBSOCKET,
        { name: 'long polling', transports: ['polling'] },
        { name: 'long polling upgraded to WebSocket', transports: ['polling', 'websocket'] },
      ];

/** Every transport at the library's usual path. */
export const MODES = TRANSPORTS.map((mode) => ({ ...mode, path: PATHS[0] }));

/** Every transport at every path. */
export const MODES_AT_ALL_PATHS = PATHS.flatMap((path) =>
  TRANSPORTS.map(({ name, transports }) => ({ name: `${name} at ${path}`, transports, path })),
);
