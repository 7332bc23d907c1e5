// Detects violations by a page: console errors, uncaught errors, dialogs, and requests to any server but its
// own.

/** Console messages of the browser when the server is unreachable. */
const SERVER_LOST = /^(Failed to load resource: net::ERR_|WebSocket connection to 'ws:[^']+' failed)/;

export class Conduct {
  /** Violations, in words. @type {string[]} */
  violations = [];
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
      this.violations.push(`${message.type()} on the console: ${message.text()}`);
    });
    context.on('weberror', (error) => this.violations.push(`uncaught: ${error.error().stack}`));
    context.on('dialog', (dialog) => {
      this.violations.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    context.on('request', (request) => this.#onAddress(request.url()));
    context.on('page', (page) => page.on('websocket', (socket) => this.#onAddress(socket.url())));
  }

  /** Clears the violations and returns them. */
  takeViolations() {
    return this.violations.splice(0);
  }

  #onAddress(address) {
    const { origin, protocol } = new URL(address);
    // Addresses of data in the page's own memory.
    if (protocol === 'blob:' || protocol === 'data:') return;
    if (!this.#origins.has(origin)) this.violations.push(`talked to ${address}`);
  }
}
