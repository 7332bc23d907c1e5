// What one sees of a call: a tile of everybody, who speaks, and what is written.

import { nameOf } from './client.js';

const $ = (id) => document.getElementById(id);

/** The tile of this participant, whatever others are called. */
const SELF = Symbol('self');

/** How often it is found out who speaks, and how loud somebody is who does. */
const LISTEN_MS = 400;
const LOUD = 0.02;

/** How many may be seen: whoever says something on a channel may say that they are anybody. */
const MOST_TILES = 100;

export class Room {
  /** What was written did not get to the others. @type {(reason: string) => void} */
  onUnsent = () => {};
  #client;
  #name;
  #media;
  /** @type {Map<string | symbol, HTMLElement>} */
  #tiles = new Map();
  #closed = new AbortController();

  /**
   * @param {import('./client.js').Client} client who is about to join
   * @param {string} name
   * @param {MediaStream | null} media what is sent
   */
  constructor(client, name, media) {
    [this.#client, this.#name, this.#media] = [client, name, media];
    client.onStream = (id, stream) => this.#showStream(id, stream);
    client.onFeatures = (id, features) => this.#showFeatures(id, features);
    client.onMessage = (id, text) => this.#addMessage(nameOf(id), text);
    client.onGone = (id) => this.#remove(id);
    $('messages').replaceChildren();
    this.#showStream(SELF, media);
    for (const id of ['microphone', 'camera', 'sending']) {
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
    $('tiles').replaceChildren();
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
    this.#addMessage(this.#name, text);
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
      const tracks = this.#media?.getTracks().filter((track) => track.kind === kind) ?? [];
      const isOn = !isPressed(off);
      for (const track of tracks) track.enabled = isOn;
      return isOn && !isPressed('sending') && tracks.length > 0;
    };
    const features = { audio: has('audio', 'microphone'), video: has('video', 'camera') };
    this.#client.setFeatures(features);
    this.#showFeatures(SELF, features);
  }

  /** Somebody's tile, made if there is none yet. */
  #tile(key) {
    let figure = this.#tiles.get(key);
    if (!figure) {
      const name = key === SELF ? `${this.#name} (you)` : nameOf(key);
      const [video, caption, label, state] = ['video', 'figcaption', 'bdi', 'span'].map((tag) =>
        document.createElement(tag),
      );
      Object.assign(video, { autoplay: true, playsInline: true, muted: key === SELF });
      video.setAttribute('aria-label', name);
      label.textContent = name;
      label.title = name;
      state.className = 'state';
      caption.append(label, state);
      figure = document.createElement('figure');
      figure.toggleAttribute('data-self', key === SELF);
      figure.dataset.initial = [...name][0].toUpperCase();
      figure.append(video, caption);
      this.#tiles.set(key, figure);
      $('tiles').append(figure);
    }
    return figure;
  }

  #showStream(key, stream) {
    const video = this.#tile(key).querySelector('video');
    if (video.srcObject !== stream) video.srcObject = stream;
  }

  #showFeatures(key, { audio, video }) {
    if (!this.#tiles.has(key) && this.#tiles.size >= MOST_TILES) return;
    const figure = this.#tile(key);
    const missing = [!audio && 'muted', !video && 'no picture'].filter(Boolean);
    figure.querySelector('.state').textContent = missing.join(', ');
    figure.toggleAttribute('data-hidden', !video);
  }

  #showSpeaker() {
    const [loudest] = [...this.#client.levels()].sort(([, one], [, other]) => other - one);
    if (!loudest || loudest[1] < LOUD) return;
    for (const [key, figure] of this.#tiles)
      figure.toggleAttribute('data-speaks', key === loudest[0]);
  }

  #remove(id) {
    this.#tiles.get(id)?.remove();
    this.#tiles.delete(id);
  }

  #addMessage(from, content) {
    const [item, name, text] = ['p', 'bdi', 'span'].map((tag) => document.createElement(tag));
    name.textContent = from;
    text.textContent = content;
    text.dir = 'auto';
    item.append(name, text);
    $('messages').append(item);
    $('messages').scrollTop = $('messages').scrollHeight;
  }
}
