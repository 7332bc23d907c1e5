// What no page of ours may ever do, watched over from the outside: complain, break, open dialogs, or talk to anybody but
// its own server.

/** How the browser itself reports, in the page's name, that a server cannot be reached. */
const SERVER_LOST = /^(Failed to load resource: net::ERR_|WebSocket connection to 'ws:[^']+' failed)/;

export class Conduct {
  /** In words. @type {string[]} */
  offences = [];
  #origins;

  /**
   * @param {import('playwright-core').BrowserContext} context
   * @param {{server: {url: string}, losesServer: boolean}} expectations
   */
  constructor(context, { server, losesServer }) {
    const { host } = new URL(server.url);
    this.#origins = new Set([`http://${host}`, `ws://${host}`]);
    context.on('console', (message) => {
      if (!['error', 'warning'].includes(message.type())) return;
      if (losesServer && SERVER_LOST.test(message.text())) return;
      this.offences.push(`${message.type()} on the console: ${message.text()}`);
    });
    context.on('weberror', (error) => this.offences.push(`uncaught: ${error.error().stack}`));
    context.on('dialog', (dialog) => {
      this.offences.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    context.on('request', (request) => this.#onAddress(request.url()));
    context.on('page', (page) => page.on('websocket', (socket) => this.#onAddress(socket.url())));
  }

  /** Forgives and forgets; what there was to forgive. */
  pardon() {
    return this.offences.splice(0);
  }

  #onAddress(address) {
    const { origin, protocol } = new URL(address);
    // What the page made itself and keeps in memory.
    if (protocol === 'blob:' || protocol === 'data:') return;
    if (!this.#origins.has(origin)) this.offences.push(`talked to ${address}`);
  }
}
