// The two HTTP endpoints of the mesh document.

/** @param {{url: string}} server */
export async function healthStatus(server) {
  const answer = await fetch(new URL('/api/v1/signalling/health-status', server.url));
  return { status: answer.status, body: await answer.text() };
}

/** @param {{url: string}} server */
export async function saveChats(server, appointment, chats) {
  const url = new URL(`/api/v1/signalling/save-chats/${encodeURIComponent(appointment)}`, server.url);
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'PUT', headers, body: JSON.stringify({ chats }) });
  return { status: answer.status, body: await answer.json() };
}
