// View of a call: the others, and this participant's buttons.

import { addMessage, clearMessages, SELF, Tiles, turn } from '../room/room.js';
import { nameOf } from './client.js';

const $ = (id) => document.getElementById(id);

/** Labels of the buttons. */
export const SWITCHES = { microphone: 'Mute', camera: 'Camera off', sending: 'Stop sending' };

/** Interval of speaker detection, in milliseconds, and the loudness that counts as speech. */
const LISTEN_MS = 400;
const LOUD = 0.02;

/** Maximum number of tiles: a channel message can claim any sender. */
const MOST_TILES = 100;

export class View {
  /**
   * A chat message was not delivered; `null` after one that was. @type {(reason: string | null) =>
   * void}
   */
  onUnsent = () => {};
  /** The number of others has changed; passes it in words. @type {(company: string) => void} */
  onCompany = () => {};
  #client;
  #name;
  #media;
  #tiles = new Tiles();
  #closed = new AbortController();

  /**
   * @param {import('./client.js').Client} client about to join
   * @param {string} name
   * @param {MediaStream | null} media to send
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

  /** Number of others, in words. */
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
    // The SFU sends the message to the others only.
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
