// A call in the page: what is heard of the others, and what this participant turns off and on.

import { addMessage, clearMessages, SELF, Tiles, turn } from '../room/room.js';
import { nameOf } from './client.js';

const $ = (id) => document.getElementById(id);

/** What is on the buttons. */
export const SWITCHES = { microphone: 'Mute', camera: 'Camera off', sending: 'Stop sending' };

/** How often it is found out who speaks, and how loud somebody is who does. */
const LISTEN_MS = 400;
const LOUD = 0.02;

/** How many may be seen: whoever says something on a channel may say that they are anybody. */
const MOST_TILES = 100;

export class View {
  /** What was written did not get to the others; or, with `null`, it did. @type {(reason: string | null) => void} */
  onUnsent = () => {};
  /** Somebody came or went; gives how many others are here, in words. @type {(company: string) => void} */
  onCompany = () => {};
  #client;
  #name;
  #media;
  #tiles = new Tiles();
  #closed = new AbortController();

  /**
   * @param {import('./client.js').Client} client who is about to join
   * @param {string} name
   * @param {MediaStream | null} media what is sent
   */
  constructor(client, name, media) {
    [this.#client, this.#name, this.#media] = [client, name, media];
    this.#tiles.onChange = () => this.onCompany(this.company());
    client.onStream = (id, stream) => this.#tiles.showStream(id, this.#nameOf(id), stream);
    client.onFeatures = (id, features) => this.#showFeatures(id, features);
    client.onMessage = (id, text) => addMessage(nameOf(id), text);
    client.onGone = (id) => this.#tiles.remove(id);
    clearMessages();
    this.#tiles.showStream(SELF, this.#nameOf(SELF), media);
    for (const id of Object.keys(SWITCHES)) {
      $(id).setAttribute('aria-pressed', 'false');
      $(id).disabled = !media;
      this.#on(id, 'click', () => this.#toggle(id));
    }
    this.#on('write', 'submit', (event) => this.#write(event));
    this.#tellFeatures();
    const listening = setInterval(() => this.#showSpeaker(), LISTEN_MS);
    this.#closed.signal.addEventListener('abort', () => clearInterval(listening));
  }

  close() {
    this.#closed.abort();
    this.#tiles.clear();
  }

  /** How many others are here, in words. */
  company() {
    return this.#tiles.company();
  }

  #nameOf(key) {
    return key === SELF ? `${this.#name} (you)` : nameOf(key);
  }

  #on(id, event, action) {
    $(id).addEventListener(event, action, { signal: this.#closed.signal });
  }

  #write(event) {
    event.preventDefault();
    const text = $('message').value;
    try {
      this.#client.write(text);
    } catch (error) {
      return this.onUnsent(error.message);
    }
    // Only the others are told.
    addMessage(this.#name, text);
    this.onUnsent(null);
    $('message').value = '';
  }

  async #toggle(id) {
    const isOn = $(id).getAttribute('aria-pressed') !== 'true';
    $(id).setAttribute('aria-pressed', String(isOn));
    this.#tellFeatures();
    if (id === 'sending') await this.#client.setSending(!isOn);
  }

  #tellFeatures() {
    const isPressed = (id) => $(id).getAttribute('aria-pressed') === 'true';
    const has = (kind, off) => {
      const isOn = !isPressed(off);
      return turn(this.#media, kind, isOn) && isOn && !isPressed('sending');
    };
    const features = { audio: has('audio', 'microphone'), video: has('video', 'camera') };
    this.#client.setFeatures(features);
    this.#showFeatures(SELF, features);
  }

  #showFeatures(key, features) {
    if (!this.#tiles.has(key) && this.#tiles.size >= MOST_TILES) return;
    this.#tiles.meet(key, this.#nameOf(key));
    this.#tiles.showFeatures(key, features);
  }

  #showSpeaker() {
    const [loudest] = [...this.#client.levels()].sort(([, one], [, other]) => other - one);
    if (loudest?.[1] >= LOUD) this.#tiles.showSpeaker(loudest[0]);
  }
}
